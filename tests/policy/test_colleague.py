"""All are talking and `all_busy_first` is "colleague": the call is offered to one of them first (R67)."""

from dataclasses import replace

import pytest

from ivr.policy.call import Phase
from ivr.policy.events import RingResult
from ivr.policy.floor import Agent, AgentState, Floor, Waiting
from ivr.policy.rules import Rules
from tests.cast import LI, WANG, ZHAO, Hotline, hotline, noon, who_is

COLLEAGUE = Rules(all_busy_first="colleague")


def talks(someone: Agent, since: float) -> Agent:
    return replace(who_is(someone, AgentState.TALKING), since=noon(since))


def everybody_talks(rules: Rules = COLLEAGUE) -> Hotline:
    return hotline(talks(WANG, -60), talks(LI, -200), who_is(ZHAO, AgentState.WRAP_UP), rules=rules)


def test_whoever_has_talked_longest_is_offered_the_call_until_the_pickup_r64_r67() -> None:
    caller = everybody_talks().dials(0)
    assert (caller.books, caller.line) == (["knock li"], ["ring li 13 s ringing"])


def test_his_phone_rings_no_longer_than_any_other_r67() -> None:
    assert everybody_talks(replace(COLLEAGUE, agent_ring_seconds=5)).dials(0).line == ["ring li 5 s ringing"]


def test_who_does_not_come_to_a_second_call_has_missed_nothing_r67() -> None:
    caller = everybody_talks().dials(0)
    caller.is_let_ring(13)
    assert caller.books == ["release li"]
    assert caller.line == ["say greeting all_busy", "hold 1 s music"]
    li = caller.hotline.agents["li"]
    assert (li.state, li.misses, caller.call.passed_over) == (AgentState.TALKING, 0, ())


@pytest.mark.parametrize("result", [RingResult.BUSY, RingResult.UNREACHABLE])
def test_a_phone_that_takes_no_second_call_costs_nobody_time_and_is_not_tried_again_r64(
    result: RingResult,
) -> None:
    caller = everybody_talks().dials(0)
    caller.is_let_ring(0.2, result)
    assert (caller.books, caller.line) == (["release li"], ["hold 10 s ringing"])
    caller.has_waited(10.2)
    assert caller.line == ["hold 2.8 s ringing"]


def test_a_colleague_who_takes_it_serves_the_caller_r67() -> None:
    caller = everybody_talks().dials(0)
    caller.is_answered(6)
    assert (caller.books, caller.call.phase, caller.call.greeted_by) == (["talk li"], Phase.TALKING, "agent")
    assert not caller.call.knocking


def test_a_caller_who_leaves_meanwhile_leaves_his_talk_alone_r6() -> None:
    caller = everybody_talks().dials(0)
    caller.hangs_up(4)
    assert caller.books == ["release li"]
    assert caller.hotline.state(LI) is AgentState.TALKING


def test_nobody_is_offered_two_more_calls_at_once_r67() -> None:
    people = everybody_talks()
    people.dials(0)
    second = people.dials(0.5)
    assert second.books == ["knock wang"]
    assert people.dials(1).line == ["hold 10 s ringing"]


def test_who_is_not_first_in_line_does_not_overtake_by_it_r69() -> None:
    people = everybody_talks()
    people.pending = (Waiting(call_id=90, callback_id=9, presented_at=noon(-60)),)
    assert people.dials(0).line == ["hold 10 s ringing"]


def test_a_free_agent_comes_before_any_colleague_r64() -> None:
    people = hotline(WANG, talks(LI, -200), rules=COLLEAGUE)
    assert people.dials(0).books == ["reserve wang"]


def test_after_the_pickup_and_just_before_it_nobody_is_disturbed_r64() -> None:
    people = everybody_talks()
    late = people.dials(12.5, presented=0)
    assert late.line == ["hold 0.5 s ringing"]
    people = hotline(WANG, talks(LI, -200), rules=COLLEAGUE)
    caller = people.dials(0)
    caller.is_let_ring(13)
    caller.is_let_ring(20)
    assert caller.books == ["miss wang"]


def test_with_the_server_first_nobody_is_disturbed_r67() -> None:
    assert everybody_talks(Rules()).dials(0).line == ["hold 10 s ringing"]


def test_of_agents_whose_beginning_is_not_known_the_longest_busy_is_asked() -> None:
    busy = tuple(who_is(someone, AgentState.TALKING) for someone in (LI, WANG))
    call = hotline().dials(0).call
    assert Floor(agents=busy).colleague_for(call) == busy[1]
    assert Floor().colleague_for(call) is None
