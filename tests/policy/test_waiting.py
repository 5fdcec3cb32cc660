"""Nobody is free: what a waiting caller hears, and in which order callers are served."""

import pytest

from ivr.policy.call import Outcome, Phase
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from tests.cast import LI, WANG, Caller, Hotline, hotline, noon, who_is

BUSY_WANG = who_is(WANG, AgentState.TALKING)
BUSY_LI = who_is(LI, AgentState.TALKING)
GREETING_AND_REASON = "say greeting all_busy"


@pytest.fixture
def saturated() -> Hotline:
    """Both agents are talking."""
    return hotline(BUSY_WANG, BUSY_LI)


def held(people: Hotline, seconds: float = 0) -> Caller:
    """A caller in the music."""
    caller = people.dials(seconds)
    caller.has_waited(seconds + 10)
    caller.has_waited(seconds + 13)
    caller.is_greeted(seconds + 13)
    return caller


# ---- what he hears ------------------------------------------------------------------------------------


def test_with_nobody_free_the_caller_hears_his_ring_tone_until_the_pickup_r64(saturated: Hotline) -> None:
    caller = saturated.dials(0)
    assert (caller.line, caller.books) == (["hold 10 s ringing"], [])
    caller.has_waited(10)
    assert caller.line == ["hold 3 s ringing"]


def test_at_the_pickup_he_hears_the_greeting_then_the_reason_then_is_asked_to_wait_r65_r67_r68_r69(
    saturated: Hotline,
) -> None:
    caller = held(saturated)
    assert (caller.call.greeted_by, caller.call.served_at) == ("server", None)
    again = saturated.dials(1)
    again.has_waited(14)
    assert again.line == [GREETING_AND_REASON, "hold 1 s music"]


def test_a_manager_may_have_him_picked_up_at_once_r68() -> None:
    caller = hotline(BUSY_WANG, rules=Rules(answer_when_saturated="now")).dials(0)
    assert caller.line == [GREETING_AND_REASON, "hold 1 s music"]


def test_also_then_a_free_agent_is_rung_before_anything_is_answered_r64() -> None:
    caller = hotline(WANG, rules=Rules(answer_when_saturated="now")).dials(0)
    assert caller.line == ["ring wang 13 s ringing"]


def test_a_call_heard_of_late_is_picked_up_at_once_r64(saturated: Hotline) -> None:
    caller = saturated.dials(12.9, presented=0)
    assert caller.line == [GREETING_AND_REASON, "hold 1 s music"]


def test_a_caller_already_greeted_is_told_the_reason_and_not_greeted_twice_r65_r68() -> None:
    people = hotline(WANG, BUSY_LI)
    caller = people.dials(0)
    caller.is_let_ring(13)
    assert caller.line == ["ring wang 7 s greeting"]
    caller.is_let_ring(20)
    assert caller.line == ["say all_busy", "hold 1 s music"]


def test_a_waiting_caller_is_told_now_and_then_that_he_is_not_forgotten_r69(saturated: Hotline) -> None:
    caller = held(saturated)
    heard = []
    for stretch in range(1, 7):
        caller.has_waited(13 + 10 * stretch)
        heard.append(caller.line[0])
    assert heard[:3] == ["say please_hold", "hold 10 s music", "say still_busy"]
    assert heard[3:] == ["hold 10 s music", "hold 10 s music", "say still_busy"]


def test_a_caller_is_told_the_reason_once_however_often_he_is_passed_over_r68() -> None:
    people = hotline(BUSY_WANG, rules=Rules(agent_ring_seconds=5))
    caller = held(people)
    people.becomes("wang", AgentState.AVAILABLE, 20)
    caller.has_waited(23)
    assert caller.line == ["ring wang 5 s music"]
    caller.is_let_ring(28)
    assert caller.line == ["hold 10 s music"]


# ---- his turn -----------------------------------------------------------------------------------------


def test_whoever_is_first_in_line_is_fetched_when_an_agent_is_free_again_r69(saturated: Hotline) -> None:
    caller = held(saturated)
    saturated.becomes("li", AgentState.AVAILABLE, 40)
    saturated.looks(40.1)
    assert (caller.books, caller.line) == (["reserve li", "fetch"], [])
    caller.is_fetched(40.2)
    assert caller.line == ["ring li 20 s music"]
    caller.is_answered(42)
    assert (caller.call.served_at, caller.call.greeted_at) == (noon(42), noon(13))


def test_a_turn_also_comes_with_the_end_of_a_stretch_of_music(saturated: Hotline) -> None:
    caller = held(saturated)
    saturated.becomes("wang", AgentState.AVAILABLE, 20)
    caller.has_waited(23)
    assert (caller.books, caller.line) == (["reserve wang"], ["ring wang 20 s music"])


def test_an_agent_free_before_the_pickup_is_rung_and_nothing_is_answered_r64(saturated: Hotline) -> None:
    caller = saturated.dials(0)
    saturated.becomes("li", AgentState.AVAILABLE, 5)
    saturated.looks(5)
    assert caller.books == ["reserve li", "fetch"]
    caller.is_fetched(5.1)
    assert caller.line == ["ring li 7.9 s ringing"]
    assert caller.call.greeted_at is None


def test_callers_are_served_in_the_order_they_came_r69(saturated: Hotline) -> None:
    first, second, third = held(saturated, 0), held(saturated, 1), held(saturated, 2)
    saturated.becomes("li", AgentState.AVAILABLE, 30)
    third.has_waited(30)
    second.has_waited(30)
    assert (second.call.phase, third.call.phase) == (Phase.HELD, Phase.HELD)
    saturated.looks(30)
    assert first.call.phase is Phase.FETCHING
    saturated.becomes("wang", AgentState.AVAILABLE, 31)
    saturated.looks(31)
    assert (second.call.phase, third.call.phase) == (Phase.FETCHING, Phase.HELD)


def test_a_new_caller_does_not_overtake_one_who_waits_for_a_free_agent(saturated: Hotline) -> None:
    waiting = held(saturated)
    saturated.becomes("li", AgentState.AVAILABLE, 30)
    newcomer = saturated.dials(30)
    assert newcomer.line == ["hold 10 s ringing"]
    saturated.looks(30.1)
    assert waiting.books == ["reserve li", "fetch"]


def test_with_two_free_agents_the_one_who_waits_and_the_newcomer_get_one_each(saturated: Hotline) -> None:
    waiting = held(saturated)
    saturated.becomes("wang", AgentState.AVAILABLE, 29)
    saturated.becomes("li", AgentState.AVAILABLE, 30)
    newcomer = saturated.dials(30)
    assert newcomer.books == ["reserve li"]
    saturated.looks(30.1)
    assert waiting.books == ["reserve wang", "fetch"]


def test_a_turn_that_is_gone_when_it_comes_leaves_him_waiting_as_before(saturated: Hotline) -> None:
    caller = held(saturated)
    before = caller.call
    caller.gets_his_turn(30)
    assert (caller.call, caller.books, caller.line) == (before, [], [])


# ---- fetched late -------------------------------------------------------------------------------------


def test_a_caller_not_fetched_from_the_music_waits_a_second_at_a_time_then_comes_by_himself(
    saturated: Hotline,
) -> None:
    caller = held(saturated)
    saturated.becomes("li", AgentState.AVAILABLE, 22)
    saturated.looks(22)
    caller.has_waited(23)
    assert (caller.line, caller.books) == (["hold 1 s music"], [])
    caller.has_waited(24)
    assert (caller.line, caller.books) == (["ring li 20 s music"], [])
    caller.is_answered(26)
    assert saturated.state(LI) is AgentState.TALKING


def test_a_caller_not_fetched_from_his_ring_tone_hears_it_on_r64(saturated: Hotline) -> None:
    caller = saturated.dials(0)
    saturated.becomes("li", AgentState.AVAILABLE, 9.5)
    saturated.looks(9.5)
    caller.has_waited(10)
    assert caller.line == ["hold 1 s ringing"]
    caller.has_waited(12)
    assert caller.line == ["ring li 1 s ringing"]


def test_a_caller_not_yet_fetched_is_picked_up_in_time_all_the_same_r64(saturated: Hotline) -> None:
    caller = saturated.dials(0)
    caller.has_waited(10)
    assert caller.line == ["hold 3 s ringing"]
    saturated.becomes("li", AgentState.AVAILABLE, 12.9)
    saturated.looks(12.9)
    caller.has_waited(13)
    assert caller.line == ["ring li 20 s greeting"]


def test_the_wait_for_the_fetch_ends_with_the_pickup_r64(saturated: Hotline) -> None:
    caller = saturated.dials(2.5, presented=0)
    saturated.becomes("li", AgentState.AVAILABLE, 12)
    saturated.looks(12)
    caller.has_waited(12.5)
    assert caller.line == ["hold 0.5 s ringing"]
    caller.has_waited(13)
    assert caller.line == ["ring li 20 s greeting"]


# ---- he leaves ----------------------------------------------------------------------------------------


def test_a_caller_who_leaves_his_ring_tone_or_the_music_is_an_abandoned_call_r6(saturated: Hotline) -> None:
    ringing, in_music = saturated.dials(0), held(saturated)
    for caller in (ringing, in_music):
        caller.hangs_up(25)
        assert (caller.call.outcome, caller.books, caller.line) == (Outcome.ABANDONED, [], [])
    assert saturated.floor.line == ()


def test_a_caller_who_leaves_while_being_fetched_leaves_the_agent_to_the_next_r6(saturated: Hotline) -> None:
    first, second = held(saturated, 0), held(saturated, 1)
    saturated.becomes("li", AgentState.AVAILABLE, 30)
    saturated.looks(30)
    first.hangs_up(30.05)
    assert (first.books, first.call.outcome) == (["release li"], Outcome.ABANDONED)
    saturated.looks(30.1)
    assert second.books == ["reserve li", "fetch"]
