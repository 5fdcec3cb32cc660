"""What a call that is over teaches of waiting."""

from dataclasses import replace

from ivr.policy.call import Call
from ivr.policy.wait import Position, Told
from ivr.policy.wait_inputs import EndedWait, ended_wait
from tests.cast import noon

STOOD = Position(ahead=2, serving=3)
HELD = Call(call_id=1, presented_at=noon(), number=None, held_since=noon(13), ended_at=noon(100))
TOLD = replace(HELD, first_told=Told(minutes=4, at=noon(20), position=STOOD))


def test_a_wait_is_counted_from_what_he_was_told_first_to_the_person_who_spoke__R69() -> None:
    served = replace(TOLD, served_at=noon(60))
    assert ended_wait(served) == EndedWait(seconds=40, served=True, stood=STOOD)


def test_who_was_told_nothing_has_waited_since_the_music_began__R69() -> None:
    assert ended_wait(HELD) == EndedWait(seconds=87, served=False)


def test_who_was_promised_a_call_or_listed_has_not_lost_patience__R69() -> None:
    for released in (replace(TOLD, promised=True), replace(TOLD, listed=True)):
        assert ended_wait(released) == EndedWait(seconds=80, served=False, released=True, stood=STOOD)


def test_who_was_never_held_or_is_still_there_teaches_nothing__R69() -> None:
    assert ended_wait(replace(HELD, held_since=None)) is None
    assert ended_wait(replace(HELD, ended_at=None)) is None
