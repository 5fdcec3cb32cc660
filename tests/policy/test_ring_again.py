"""A caller with a callback promised to him rings again: one place in line, in whichever way he is reached first."""

from dataclasses import replace

import pytest

from ivr.policy.call import Offer, Outcome, Phase
from ivr.policy.callback_guard import Refusal, Refused
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.floor import AgentState, Floor, Waiting
from ivr.policy.opening_hours import parse_opening_hours
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import LI, WANG, Caller, hotline, noon, who_is

BUSY = who_is(WANG, AgentState.TALKING)
RULES = Rules(quiet_hours=())
PROMISED = OpenCallback(callback_id=7, presented_at=noon(-300), due_at=noon(600), ahead=1)
STANDS = "callback_stands callback_by part_noon hour_12 number_10 clock_minute callback_by_end"
OFFER = Offer(due_at=noon(900))
TOLD = f"{STANDS} position_before number_1 unit_people hold_or_hang_up"


def desk(promised: OpenCallback = PROMISED) -> CallbackDesk:
    return CallbackDesk(verdict=Refused(reason=Refusal.ALREADY_PROMISED), open=promised)


def seen(promised: OpenCallback = PROMISED) -> Floor:
    return Floor(pace=Pace(handling_seconds=240), ahead=1, desk=desk(promised))


def rings_again(rules: Rules = RULES, promised: OpenCallback = PROMISED) -> Caller:
    return hotline(BUSY, rules=rules, seen=seen(promised)).dials(0)


def test_with_nobody_free_he_hears_his_place_and_time_at_once_r70() -> None:
    caller = rings_again()
    assert caller.books == ["join 7"]
    assert caller.line == [f"say greeting {TOLD} all_busy", "hold 1 s music"]


def test_no_colleague_is_disturbed_before_he_has_heard_that_r70() -> None:
    caller = rings_again(replace(RULES, all_busy_first="colleague"))
    assert caller.line[0].startswith("say greeting callback_stands")


def test_he_may_hang_up_and_the_promise_stands_r70() -> None:
    caller = rings_again()
    caller.hangs_up(20)
    assert (caller.books, caller.call.outcome) == (["leave 7"], Outcome.CALLBACK)


def test_he_is_never_offered_a_second_callback_r70() -> None:
    caller = rings_again()
    for seconds in (13, 17, 27, 37, 47):
        caller.has_waited(seconds)
        assert "key" not in caller.line[-1]
        assert "press_for_callback" not in caller.line[0]


def test_his_place_in_line_is_that_of_the_callback_r70() -> None:
    caller = rings_again()
    assert caller.call.in_line_since == noon(-300)
    later = hotline(BUSY, rules=RULES)
    earlier = later.dials(-60)
    later.seen = seen()
    again = later.dials(0)
    later.becomes("wang", AgentState.AVAILABLE, 20)
    later.looks(20)
    assert (again.books, earlier.call.agent) == (["reserve wang", "fetch"], None)


def test_his_own_callback_in_line_does_not_stand_before_him_r70() -> None:
    people = hotline(BUSY, rules=RULES, seen=seen())
    people.pending = (Waiting(call_id=90, callback_id=7, presented_at=noon(-300)),)
    caller = people.dials(0)
    people.becomes("wang", AgentState.AVAILABLE, 20)
    caller.has_waited(20)
    assert caller.books == ["reserve wang"]


def test_a_free_agent_is_rung_for_him_as_for_anybody_and_the_callback_is_done_when_they_speak_r64_r70() -> (
    None
):
    people = hotline(WANG, rules=RULES, seen=seen())
    caller = people.dials(0)
    assert (caller.books, caller.line) == (["join 7", "reserve wang"], ["ring wang 13 s ringing"])
    caller.is_answered(5)
    assert caller.books == ["talk wang", "serve 7"]
    caller.hangs_up(60)
    assert (caller.books, caller.call.outcome) == (["wrap up wang 30 s"], Outcome.SERVED)


def test_he_is_told_when_that_agent_does_not_answer_r70() -> None:
    people = hotline(WANG, who_is(LI, AgentState.TALKING), rules=RULES, seen=seen())
    caller = people.dials(0)
    caller.is_let_ring(13)
    caller.is_let_ring(21)
    assert caller.line == [f"say {TOLD} all_busy", "hold 1 s music"]


def test_when_his_time_is_past_we_say_that_we_are_sorry_r10() -> None:
    caller = rings_again(promised=replace(PROMISED, due_at=noon(-1), ahead=0))
    assert caller.line[0] == "say greeting callback_late you_are_next hold_or_hang_up all_busy"


@pytest.mark.parametrize(
    "rules", [RULES, replace(RULES, fallback_phones=("endpoint:duty",))], ids=["alone", "fallback"]
)
def test_with_nobody_on_duty_he_hears_that_it_stands_and_is_not_listed_too_r70(rules: Rules) -> None:
    caller = hotline(who_is(WANG, AgentState.AWAY), rules=rules, seen=Floor(desk=desk())).dials(0)
    if rules.fallback_phones:
        caller.is_let_ring(20)
    assert caller.line[0].endswith(f"{STANDS} goodbye")
    assert not any(book.startswith("list") for book in caller.books)


def test_outside_the_hours_he_hears_that_it_stands_r70() -> None:
    closed = replace(RULES, opening_hours=parse_opening_hours({"workdays": ["13:30-17:30"]}))
    caller = rings_again(closed)
    assert caller.line[0].endswith(f"clock_half {STANDS} goodbye")
    caller.hangs_up(20)
    assert (caller.books, caller.call.outcome) == (["leave 7"], Outcome.CALLBACK)


def test_a_callback_closed_in_the_meantime_is_still_spoken_of_as_ours_r70() -> None:
    caller = rings_again(replace(RULES, max_hold_seconds=10))
    caller.hotline.seen = Floor(desk=CallbackDesk(verdict=Refused(reason=Refusal.TOO_OFTEN_TODAY)))
    caller.has_waited(11)
    assert caller.line[0] == "say held_too_long callback_stands goodbye"


# ---- a second call from his number ------------------------------------------------------------------------------


TAKEN = replace(PROMISED, joined_call=99)


def test_a_second_call_from_his_number_takes_nothing_from_the_first_r69_r70() -> None:
    caller = rings_again(promised=TAKEN)
    assert (caller.books, caller.call.in_line_since) == ([], noon(0))
    assert caller.line == [f"say greeting {STANDS} hold_or_hang_up all_busy", "hold 1 s music"]
    caller.hangs_up(20)
    assert (caller.books, caller.call.outcome) == (["leave 7"], Outcome.CALLBACK)


def test_who_is_served_in_the_second_call_is_not_called_back_r70() -> None:
    caller = hotline(WANG, rules=RULES, seen=seen(TAKEN)).dials(0)
    caller.is_answered(5)
    assert caller.books == ["talk wang", "serve 7"]


def test_when_the_first_call_leaves_its_place_is_the_second_ones_r70() -> None:
    caller = rings_again(promised=TAKEN)
    caller.has_waited(10)
    assert caller.call.in_line_since == noon(0)
    caller.hotline.seen = seen(replace(PROMISED, joined_call=caller.call.call_id))
    caller.has_waited(20)
    assert caller.call.in_line_since == noon(-300)


def test_when_he_was_served_in_the_other_call_nobody_says_that_a_callback_stands_r70() -> None:
    caller = rings_again(replace(RULES, max_hold_seconds=10), TAKEN)
    caller.hotline.seen = Floor(desk=CallbackDesk(verdict=Refused(reason=Refusal.TOO_OFTEN_TODAY), done=True))
    caller.has_waited(11)
    assert caller.line[0] == "say held_too_long number_noted goodbye"


def test_who_confirms_a_number_whose_callback_another_call_has_joined_leaves_it_there_r70() -> None:
    caller = hotline(BUSY, rules=replace(RULES, hold_if_wait_at_most_seconds=0), seen=seen()).dials(0)
    offered = replace(caller.call, joined_callback=None, line_at=None, phase=Phase.CONFIRMING, offer=OFFER)
    caller.call = offered
    caller.hotline.seen = seen(TAKEN)
    caller.presses(30, "1")
    assert (caller.books, caller.line[0]) == ([], f"say {STANDS} goodbye")


def test_who_is_served_by_a_person_the_switch_rang_alone_is_not_called_back_r70() -> None:
    caller = rings_again()
    caller.hangs_up(20)
    caller.is_answered(15)
    assert (caller.books, caller.call.outcome) == (["serve 7"], Outcome.SERVED)
