"""A caller's story while agents are rung, talk and put down, told second by second."""

from contextlib import suppress

import pytest

from ivr.policy.call import Outcome, Phase
from ivr.policy.call_flow import TRANSITIONS, UnexpectedEventError
from ivr.policy.commands import Reserve
from ivr.policy.events import HungUp, RingResult
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from tests.cast import LI, WANG, ZHAO, Hotline, agent, hotline, noon, who_is

SHORT_RING = Rules(agent_ring_seconds=5)


@pytest.fixture
def three() -> Hotline:
    """Three free agents, each rung five seconds; 王 has been idle longest, 赵 least."""
    return hotline(ZHAO, WANG, LI, rules=SHORT_RING)


# ---- people are rung first ----------------------------------------------------------------------------


def test_a_free_agent_is_rung_first_and_nothing_is_answered_before_him_r64() -> None:
    caller = hotline(WANG).dials(0)
    assert caller.books == ["reserve wang"]
    assert caller.line == ["ring wang 13 s ringing"]
    assert (caller.call.greeted_at, caller.call.outcome) == (None, Outcome.IN_PROGRESS)


def test_a_reservation_outlives_the_fetching_and_the_whole_ring() -> None:
    caller = hotline(WANG).dials(0)
    assert caller.step is not None
    assert [c.lease_seconds >= 30 for c in caller.step.commands if isinstance(c, Reserve)] == [True]


def test_the_agent_idle_the_longest_is_rung_first(three: Hotline) -> None:
    assert three.dials(0).line == ["ring wang 5 s ringing"]
    assert three.dials(1).line == ["ring li 5 s ringing"]
    assert three.dials(2).line == ["ring zhao 5 s ringing"]


def test_at_the_pickup_the_same_agent_rings_on_under_the_greeting_and_it_is_no_miss_r64_r65() -> None:
    people = hotline(WANG, LI)
    caller = people.dials(0)
    caller.is_let_ring(13)
    assert (caller.line, caller.books) == (["ring wang 7 s greeting"], [])
    assert people.agents["wang"].misses == 0
    caller.is_greeted(13.1)
    caller.is_answered(16)
    assert (caller.call.greeted_at, caller.call.greeted_by) == (noon(13.1), "server")
    assert caller.call.served_at == noon(16)


def test_a_ring_cut_a_little_early_goes_on_ringing_until_the_pickup_r64() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_let_ring(12)
    assert (caller.line, caller.books) == (["ring wang 1 s ringing"], [])


def test_a_call_heard_of_only_after_the_third_ring_is_picked_up_while_an_agent_is_rung_r64_r65() -> None:
    caller = hotline(WANG).dials(20, presented=0)
    assert caller.line == ["ring wang 20 s greeting"]


def test_an_agent_rung_just_before_the_pickup_rings_under_the_greeting_at_once_r64() -> None:
    caller = hotline(WANG).dials(12.5, presented=0)
    assert caller.line == ["ring wang 20 s greeting"]


@pytest.mark.parametrize(("agent_ring_seconds", "reported"), [(14, 14.5), (13.05, 13), (15, 15)])
def test_no_phone_is_rung_for_less_than_a_second_after_the_cut_r64(
    agent_ring_seconds: float, reported: float
) -> None:
    caller = hotline(WANG, LI, rules=Rules(agent_ring_seconds=agent_ring_seconds)).dials(0)
    assert caller.line == ["ring wang 13 s ringing"]
    caller.is_let_ring(reported)
    assert caller.ring_seconds >= 1


# ---- an agent lets it ring ----------------------------------------------------------------------------


def test_an_agent_who_lets_it_ring_is_passed_over_and_the_next_is_rung_r64(three: Hotline) -> None:
    caller = three.dials(0)
    caller.is_let_ring(5)
    assert caller.books == ["miss wang", "reserve li"]
    assert caller.line == ["ring li 5 s ringing"]
    caller.is_let_ring(10)
    assert caller.line == ["ring zhao 3 s ringing"]
    caller.is_let_ring(13)
    assert caller.line == ["ring zhao 5 s greeting"]
    assert [someone.misses for someone in three.agents.values()] == [0, 1, 1]


@pytest.mark.parametrize("result", [RingResult.BUSY, RingResult.UNREACHABLE, RingResult.ANSWERED])
def test_a_phone_that_is_not_answered_by_a_person_is_followed_by_the_next_r64(
    three: Hotline, result: RingResult
) -> None:
    caller = three.dials(0)
    caller.is_let_ring(1, result)
    assert (caller.books, caller.line) == (["miss wang", "reserve li"], ["ring li 5 s ringing"])
    assert caller.call.served_at is None


def test_a_ring_that_ends_long_before_the_pickup_is_a_miss_and_not_the_cut_r64() -> None:
    caller = hotline(WANG, LI).dials(0)
    caller.is_let_ring(8)
    assert (caller.books, caller.line) == (["miss wang", "reserve li"], ["ring li 5 s ringing"])


def test_a_refusal_in_the_very_moment_of_the_pickup_is_a_miss_all_the_same() -> None:
    caller = hotline(WANG, LI).dials(0)
    caller.is_let_ring(13, RingResult.BUSY)
    assert (caller.books, caller.line) == (["miss wang", "reserve li"], ["ring li 20 s greeting"])


def test_a_caller_passed_over_keeps_his_place_before_those_who_came_later() -> None:
    people = hotline(WANG, who_is(LI, AgentState.TALKING), rules=SHORT_RING)
    first = people.dials(0)
    second = people.dials(1)
    first.is_let_ring(5)
    assert (first.line, second.line) == (["hold 8 s ringing"], ["hold 10 s ringing"])
    people.looks(5.5)
    assert second.call.phase is Phase.WAITING
    people.becomes("li", AgentState.AVAILABLE, 6)
    people.looks(6)
    assert (first.books[0], second.books[0]) == ("reserve li", "reserve wang")


def test_a_call_does_not_ring_again_at_once_who_has_just_let_it_ring() -> None:
    people = hotline(WANG, rules=SHORT_RING)
    caller = people.dials(0)
    caller.is_let_ring(5)
    people.looks(14.9)
    assert caller.call.phase is Phase.WAITING
    people.looks(15)
    assert caller.books == ["reserve wang", "fetch"]


def test_nobody_of_several_who_let_it_ring_is_rung_again_at_once() -> None:
    caller = hotline(WANG, LI, rules=SHORT_RING).dials(0)
    caller.is_let_ring(5)
    caller.is_let_ring(10)
    assert (caller.books, caller.line) == (["miss li"], ["hold 3 s ringing"])


def test_two_misses_in_a_row_stand_an_agent_down_and_a_manager_hears_of_it() -> None:
    people = hotline(agent("wang", idle_for=300, misses=1), LI, rules=SHORT_RING)
    caller = people.dials(0)
    caller.is_let_ring(5)
    assert caller.books == ["miss wang, stood down", "alert agent_stood_down wang", "reserve li"]
    assert people.state(WANG) is AgentState.AWAY


def test_the_last_agent_on_duty_is_never_stood_down_a_manager_is_alerted_instead() -> None:
    people = hotline(agent("wang", idle_for=300, misses=1), who_is(LI, AgentState.AWAY), rules=SHORT_RING)
    caller = people.dials(0)
    caller.is_let_ring(5)
    assert caller.books == ["miss wang", "alert last_agent_misses wang"]
    assert people.state(WANG) is AgentState.AVAILABLE
    assert caller.line == ["hold 8 s ringing"]


def test_answering_once_forgets_the_miss_before() -> None:
    people = hotline(agent("wang", idle_for=300, misses=1), LI)
    caller = people.dials(0)
    caller.is_answered(3)
    assert (people.state(WANG), people.agents["wang"].misses) == (AgentState.TALKING, 0)


def test_an_agent_who_went_home_while_his_phone_rang_is_only_counted() -> None:
    people = hotline(WANG, LI, rules=SHORT_RING)
    caller = people.dials(0)
    people.becomes("wang", AgentState.OFFLINE, 2)
    caller.is_let_ring(5)
    assert caller.books == ["miss wang", "reserve li"]


# ---- a person speaks ----------------------------------------------------------------------------------


def test_an_agent_who_answers_in_time_greets_the_caller_himself_r64_r65() -> None:
    people = hotline(WANG)
    caller = people.dials(0)
    caller.is_answered(4.2)
    assert caller.books == ["talk wang"]
    assert (caller.call.served_at, caller.call.greeted_at) == (noon(4.2), noon(4.2))
    assert caller.call.greeted_by == "agent"


def test_the_end_of_a_talk_without_the_answering_phones_stamp_is_not_a_service_r68() -> None:
    people = hotline(WANG)
    caller = people.dials(0)
    caller.is_done_talking(8)
    assert caller.call.served_at is None
    caller.hangs_up(9)
    assert caller.call.outcome is Outcome.ABANDONED


def test_the_servers_greeting_counts_also_where_its_stamp_comes_after_the_agents_r65_r68() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_let_ring(13)
    caller.is_answered(16)
    caller.is_greeted(13.1)
    assert (caller.call.greeted_at, caller.call.greeted_by) == (noon(13.1), "server")
    assert caller.call.served_at == noon(16)


def test_a_second_greeting_stamp_changes_nothing_r64() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_let_ring(13)
    caller.is_greeted(13.1)
    caller.is_greeted(30)
    assert caller.call.greeted_at == noon(13.1)


def test_after_a_talk_the_agent_has_his_wrap_up_and_the_call_is_served() -> None:
    people = hotline(WANG, rules=Rules(wrap_up_seconds=45))
    caller = people.dials(0)
    caller.is_answered(3)
    caller.is_done_talking(63)
    assert (caller.books, caller.line) == (["wrap up wang 45 s"], ["hang up"])
    caller.hangs_up(63.1)
    assert (caller.books, people.state(WANG)) == ([], AgentState.WRAP_UP)
    assert (caller.call.outcome, caller.call.ended_at) == (Outcome.SERVED, noon(63.1))


def test_the_first_stamp_of_an_answer_stays_whatever_is_repeated_r68() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_answered(3)
    caller.is_done_talking(63)
    with suppress(UnexpectedEventError):
        caller.is_answered(64)
    assert caller.call.served_at == noon(3)


def test_a_manager_who_wants_short_rings_gets_them_after_the_pickup_too() -> None:
    people = hotline(who_is(WANG, AgentState.TALKING), rules=Rules(agent_ring_seconds=3))
    caller = people.dials(0)
    caller.has_waited(13)
    people.becomes("wang", AgentState.AVAILABLE, 20)
    caller.has_waited(23)
    assert caller.line == ["ring wang 3 s music"]


# ---- the caller leaves --------------------------------------------------------------------------------


def test_a_caller_who_leaves_while_a_phone_rings_leaves_the_agent_free_in_his_old_place_r6() -> None:
    people = hotline(WANG, LI)
    caller = people.dials(0)
    caller.hangs_up(4)
    assert caller.books == ["release wang"]
    assert (caller.call.outcome, caller.call.ended_at) == (Outcome.ABANDONED, noon(4))
    assert people.dials(5).books == ["reserve wang"]


def test_a_caller_who_puts_down_after_the_talk_leaves_the_agent_his_wrap_up_r6() -> None:
    people = hotline(WANG)
    caller = people.dials(0)
    caller.is_answered(3)
    caller.hangs_up(60)
    assert (caller.books, caller.call.outcome) == (["wrap up wang 30 s"], Outcome.SERVED)


def test_a_caller_who_leaves_under_the_greeting_was_greeted_and_not_served_r6_r68() -> None:
    caller = hotline(WANG).dials(0)
    caller.is_let_ring(13)
    caller.is_greeted(13.1)
    caller.hangs_up(14)
    assert (caller.call.greeted_by, caller.call.served_at) == ("server", None)
    assert (caller.books, caller.call.outcome) == (["release wang"], Outcome.ABANDONED)


def test_a_caller_may_leave_in_every_phase_but_the_last_r6() -> None:
    bears = {phase for phase, events in TRANSITIONS.items() if HungUp in events}
    assert bears == set(Phase) - {Phase.ENDED}


def test_what_means_nothing_now_is_refused_and_changes_nothing() -> None:
    caller = hotline(WANG).dials(0)
    before = caller.call
    with pytest.raises(UnexpectedEventError, match=r"CallerFetched while ringing \(call 1\)"):
        caller.is_fetched(1)
    assert caller.call == before
    caller.hangs_up(2)
    with pytest.raises(UnexpectedEventError):
        caller.hangs_up(3)
    assert caller.call.ended_at == noon(2)
