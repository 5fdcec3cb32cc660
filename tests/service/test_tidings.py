"""What a call's decision tells open pages: the rung agent hears of his ring and of its end, nobody else does."""

from dataclasses import replace

from ivr.policy.call import Call, Phase, Step
from ivr.policy.commands import (
    AlertManager,
    Command,
    CountMiss,
    ListForRingBack,
    Release,
    Reserve,
    Ring,
    Sound,
    StartTalk,
    StartWrapUp,
)
from ivr.service.tidings import Tidings
from tests.adapters.rows import NINE
from tests.fakes.fake_live import FakeLive

CALL = Call(call_id=7, presented_at=NINE, number=None)
RINGS = replace(CALL, phase=Phase.RINGING, agent="ana")
TALKS = replace(CALL, phase=Phase.TALKING, agent="ana")
HELD = replace(CALL, phase=Phase.HELD)


def ring(agent: str) -> Ring:
    return Ring(agent=agent, phone="endpoint:x", seconds=10.0, sound=Sound.RINGING)


def told(before: Call, after: Call, *commands: Command) -> list[tuple[str, str]]:
    live, tidings = FakeLive(), Tidings()
    tidings.of_call(before, Step(call=after, commands=commands))
    tidings.tell(live)
    return [(each.news.to, each.news.kind) for each in live.told]


def test_an_agent_hears_that_his_phone_rings_and_everybody_that_the_floor_moved_r66() -> None:
    heard = told(CALL, RINGS, Reserve(agent="ana", lease_seconds=30.0), ring("ana"))
    assert heard == [("ana", "ring"), ("ana", "state"), ("*", "line")]


def test_a_ring_that_goes_on_under_the_greeting_is_no_second_ring_r65() -> None:
    assert told(RINGS, RINGS, ring("ana")) == [("ana", "state")]


def test_who_answers_talks_and_nobody_is_told_that_the_ring_is_over() -> None:
    assert told(RINGS, TALKS, StartTalk(agent="ana")) == [("ana", "talk"), ("*", "line")]


def test_who_lets_it_ring_is_told_that_it_is_over_and_the_next_that_his_rings() -> None:
    next_one = replace(RINGS, agent="ben")
    missed = CountMiss(agent="ana", stand_down=False)
    heard = told(RINGS, next_one, missed, Reserve(agent="ben", lease_seconds=30.0), ring("ben"))
    assert heard[:2] == [("ana", "ring_over"), ("ben", "ring")]
    assert {("ana", "state"), ("ben", "state")} <= set(heard)


def test_a_caller_who_leaves_takes_the_pop_along() -> None:
    heard = told(RINGS, replace(CALL, phase=Phase.ENDED), Release(agent="ana"))
    assert heard == [("ana", "ring_over"), ("ana", "state"), ("*", "line")]


def test_the_end_of_a_talk_is_his_own_news() -> None:
    heard = told(TALKS, replace(CALL, phase=Phase.ENDED), StartWrapUp(agent="ana", seconds=30.0))
    assert heard == [("ana", "state"), ("*", "line")]


def test_whoever_joins_or_leaves_the_line_moves_it() -> None:
    assert told(CALL, HELD) == [("*", "line")]
    assert told(HELD, replace(CALL, phase=Phase.ENDED)) == [("*", "line")]
    assert told(HELD, HELD) == []


def test_alerts_go_to_managers_and_the_ring_back_list_to_all() -> None:
    listed = ListForRingBack(number="+8613800138000", reason="nobody_came")
    heard = told(CALL, CALL, AlertManager(kind="last_agent_misses", agent="ana"), listed)
    assert heard == [("managers", "alert"), ("*", "callbacks")]


def test_of_one_transaction_each_thing_is_told_once() -> None:
    live, tidings = FakeLive(), Tidings()
    for _ in range(3):
        tidings.of_freed(["ana"])
    tidings.tell(live)
    assert [(each.news.to, each.news.kind) for each in live.told] == [("ana", "state"), ("*", "line")]
