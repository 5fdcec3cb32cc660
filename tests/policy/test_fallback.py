"""Nobody can come: the fallback phones in order, else the number is written down before it is said."""

from dataclasses import replace

import pytest

from ivr.policy.call import Call, Outcome
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from tests.cast import CALLER, LI, WANG, Caller, hotline, noon, who_is

NIGHT = who_is(WANG, AgentState.OFFLINE)
PHONES = Rules(fallback_phones=("tel:+8613900000001", "tel:+8613900000002"))
LISTED = f"list {CALLER} nobody_answered"
NOTED = "say number_noted goodbye"


def test_with_nobody_on_duty_the_number_is_taken_at_once_and_said_with_the_same_breath_r70() -> None:
    caller = hotline(NIGHT).dials(0)
    assert caller.books == [LISTED]
    assert caller.line == ["say greeting nobody_on_duty number_noted goodbye", "hang up"]
    caller.hangs_up(9)
    assert caller.call.outcome is Outcome.FALLBACK


def test_with_nobody_on_duty_the_fallback_phones_are_rung_in_order_r70() -> None:
    caller = hotline(NIGHT, rules=PHONES).dials(0)
    assert caller.line == [
        "say greeting nobody_on_duty trying_fallback",
        "ring tel:+8613900000001 20 s music",
    ]
    caller.is_let_ring(25)
    assert (caller.line, caller.books) == (["ring tel:+8613900000002 20 s music"], [])
    caller.is_let_ring(45)
    assert (caller.books, caller.line) == ([LISTED], [NOTED, "hang up"])


def test_a_person_at_a_fallback_phone_serves_the_caller_and_no_agent_is_touched() -> None:
    caller = hotline(NIGHT, rules=PHONES).dials(0)
    caller.is_greeted(0.1)
    caller.is_answered(12)
    assert (caller.books, caller.call.served_at, caller.call.greeted_by) == ([], noon(12), "server")
    caller.is_done_talking(60)
    assert (caller.books, caller.line) == ([], ["hang up"])
    caller.hangs_up(60.1)
    assert caller.call.outcome is Outcome.SERVED


def test_an_answer_at_a_fallback_phone_without_its_stamp_is_followed_by_the_next_phone() -> None:
    caller = hotline(NIGHT, rules=PHONES).dials(0)
    caller.is_done_talking(12)
    assert caller.line == ["ring tel:+8613900000002 20 s music"]
    assert caller.call.served_at is None


def test_a_caller_held_too_long_is_told_so_and_his_number_is_taken_r70() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING), rules=Rules(max_hold_seconds=15))
    caller = people.dials(0)
    caller.has_waited(13)
    caller.has_waited(20)
    caller.has_waited(23)
    assert caller.line == ["hold 5 s music"]
    caller.has_waited(28)
    assert (caller.books, caller.line) == (
        [LISTED],
        ["say held_too_long number_noted goodbye", "hang up"],
    )


def test_an_agent_free_in_the_last_moment_comes_before_the_end_of_the_wait_r69() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING), rules=Rules(max_hold_seconds=10))
    caller = people.dials(0)
    caller.has_waited(13)
    people.becomes("wang", AgentState.AVAILABLE, 23)
    caller.has_waited(23)
    assert caller.line == ["ring wang 20 s music"]


def test_the_last_music_before_the_end_of_the_wait_is_never_shorter_than_a_second() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING), rules=Rules(max_hold_seconds=10.5))
    caller = people.dials(0)
    caller.has_waited(13)
    caller.has_waited(20)
    caller.has_waited(23)
    assert caller.line == ["hold 1 s music"]


def test_when_the_last_agent_goes_home_nobody_waits_for_him_in_vain_r70() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING), rules=PHONES)
    caller = people.dials(0)
    caller.has_waited(13)
    people.becomes("wang", AgentState.AWAY, 20)
    caller.has_waited(23)
    assert caller.line == ["say nobody_on_duty trying_fallback", "ring tel:+8613900000001 20 s music"]


def test_when_the_last_agent_goes_home_under_the_ring_tone_the_greeting_is_not_forgotten_r65() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING))
    caller = people.dials(0)
    people.becomes("wang", AgentState.OFFLINE, 5)
    caller.has_waited(10)
    assert caller.line[0] == "say greeting nobody_on_duty number_noted goodbye"


def test_an_agent_who_comes_on_duty_while_the_fallback_phones_ring_takes_the_caller_r64_r70() -> None:
    people = hotline(NIGHT, rules=Rules(fallback_phones=("tel:+8613900000001",)))
    caller = people.dials(0)
    people.becomes("wang", AgentState.AVAILABLE, 10)
    caller.is_let_ring(25)
    assert (caller.books, caller.line) == (["reserve wang"], ["ring wang 20 s music"])


# ---- a withheld number --------------------------------------------------------------------------------


def test_a_caller_who_withholds_his_number_is_asked_for_it_r70() -> None:
    caller = hotline(NIGHT).dials(0, number=None)
    assert (caller.books, caller.line) == ([], ["ask greeting nobody_on_duty ask_number"])
    caller.presses(20, "13912345678")
    assert caller.books == ["list +8613912345678 nobody_answered"]
    assert caller.line == [NOTED, "hang up"]


def test_a_withheld_caller_is_asked_after_the_last_fallback_phone_r70() -> None:
    caller = hotline(NIGHT, rules=Rules(fallback_phones=("tel:+8613900000001",))).dials(0, number=None)
    caller.is_let_ring(25)
    assert (caller.books, caller.line) == ([], ["ask ask_number"])


@pytest.mark.parametrize("digits", ["", "123", "0", "*#", "000000000000"])
def test_nobody_is_promised_a_call_to_what_is_no_number_r70(digits: str) -> None:
    caller = hotline(NIGHT).dials(0, number=None)
    caller.presses(20, digits)
    assert (caller.books, caller.line) == ([], ["say no_number", "hang up"])
    caller.hangs_up(25)
    assert caller.call.outcome is Outcome.ABANDONED


# ---- he leaves, or the dialplan was alone -------------------------------------------------------------


def test_a_caller_who_leaves_a_ringing_fallback_phone_or_our_question_is_an_abandoned_call_r6() -> None:
    ringing = hotline(NIGHT, rules=PHONES).dials(0)
    asked = hotline(NIGHT).dials(0, number=None)
    for caller in (ringing, asked):
        caller.hangs_up(8)
        assert (caller.call.outcome, caller.books) == (Outcome.ABANDONED, [])


def test_a_number_noted_while_no_server_answered_is_kept_and_the_agent_goes_with_the_caller_r70() -> None:
    people = hotline(WANG, LI)
    caller = people.dials(0)
    caller.is_noted(14)
    assert (caller.books, caller.line) == ([f"list {CALLER} hotline_unreachable"], [])
    caller.hangs_up(15)
    assert (caller.books, caller.call.outcome) == (["release wang"], Outcome.FALLBACK)


def test_a_number_noted_of_whoever_is_promised_a_call_already_is_listed_no_second_time_r70() -> None:
    """The promise was committed, its answer never came, and the switch spoke its own last words."""
    caller = hotline(WANG).dials(0)
    for has_one in ({"promised": True}, {"joined_callback": 7}):
        caller.call = replace(caller.call, **has_one)
        caller.is_noted(14)
        assert (caller.books, caller.call.listed) == ([], False)
        caller.call = replace(caller.call, promised=False, joined_callback=None)


def test_a_number_that_reaches_us_after_the_end_makes_of_the_lost_call_one_to_ring_back_r6_r70() -> None:
    caller = hotline(WANG).dials(0)
    caller.hangs_up(14)
    assert caller.call.outcome is Outcome.ABANDONED
    caller.is_noted(13)
    assert caller.books == [f"list {CALLER} hotline_unreachable"]
    assert (caller.call.outcome, caller.call.ended_at) == (Outcome.FALLBACK, noon(14))


def test_a_caller_who_was_served_stays_served_whatever_was_noted() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_answered(3)
    caller.hangs_up(60)
    caller.is_noted(61)
    assert caller.call.outcome is Outcome.SERVED


# ---- the dialplan, alone, found a person -----------------------------------------------------------------

ALONE = (
    "the stamp of a person reached by the dialplan alone is refused in this phase, the call counts as lost"
)


def test_a_person_the_dialplan_found_for_a_call_we_never_heard_of_served_it_r6() -> None:
    caller = Caller(hotline=hotline(WANG), call=Call(call_id=1, presented_at=noon(), number=CALLER))
    caller.is_greeted(12)
    caller.is_answered(20)
    caller.hangs_up(60)
    assert (caller.call.outcome, caller.call.served_at) == (Outcome.SERVED, noon(20))


@pytest.mark.parametrize("stretches", [(), (13,)], ids=["under his ring tone", "in the music"])
def test_a_person_the_dialplan_found_for_a_waiting_caller_served_him_r6(stretches: tuple[float, ...]) -> None:
    caller = hotline(who_is(WANG, AgentState.TALKING)).dials(0)
    for seconds in stretches:
        caller.has_waited(seconds)
    caller.is_answered(40)
    caller.hangs_up(60)
    assert (caller.call.outcome, caller.call.served_at) == (Outcome.SERVED, noon(40))


def test_a_call_given_up_for_lost_was_served_if_the_switch_wrote_so_down_r6() -> None:
    caller = hotline(who_is(WANG, AgentState.TALKING)).dials(0)
    caller.hangs_up(100)
    caller.is_answered(40)
    assert (caller.call.outcome, caller.call.served_at) == (Outcome.SERVED, noon(40))


def test_a_person_the_dialplan_found_leaves_the_agent_who_was_being_fetched_for_to_others() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING))
    caller = people.dials(0)
    people.becomes("wang", AgentState.AVAILABLE, 5)
    people.looks(5)
    caller.is_answered(40)
    assert (caller.books, people.state(WANG)) == (["release wang"], AgentState.AVAILABLE)
    caller.is_done_talking(60)
    assert (caller.books, caller.line) == ([], ["hang up"])


def test_a_pickup_the_switch_wrote_down_counts_also_for_a_call_given_up_for_lost_r64_r65() -> None:
    caller = hotline(who_is(WANG, AgentState.TALKING)).dials(0)
    caller.hangs_up(100)
    caller.is_greeted(12)
    caller.is_answered(40)
    assert (caller.call.greeted_at, caller.call.greeted_by) == (noon(12), "server")
