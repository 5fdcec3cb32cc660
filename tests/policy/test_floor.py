"""One order over everybody who waits: who gets which agent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.call import Call, PassedOver
from ivr.policy.floor import PASSED_OVER_SECONDS, Agent, AgentState, Floor, Waiting
from tests.cast import LI, WANG, ZHAO, agent, noon, who_is


def waits(call_id: int, since: float, *passed_over: PassedOver) -> Waiting:
    return Waiting(call_id=call_id, presented_at=noon(since), passed_over=passed_over)


def pairs(floor: Floor, seconds: float = 60) -> list[tuple[int, str]]:
    return [(waiting.call_id, someone.login) for waiting, someone in floor.assignments(noon(seconds))]


def let_ring(someone: Agent, seconds: float) -> PassedOver:
    return PassedOver(agent=someone.login, at=noon(seconds))


def test_the_longest_idle_comes_first_and_only_the_available_count() -> None:
    resting = (
        who_is(agent(state.value, idle_for=900), state) for state in AgentState if state != "available"
    )
    assert Floor(agents=(ZHAO, WANG, LI, *resting)).free == (WANG, LI, ZHAO)


def test_of_two_idle_equally_long_the_order_is_always_the_same() -> None:
    twin = agent("an", idle_for=300)
    assert Floor(agents=(WANG, twin)).free == Floor(agents=(twin, WANG)).free == (twin, WANG)


@pytest.mark.parametrize("state", AgentState)
def test_on_duty_is_who_takes_a_call_now_or_soon(state: AgentState) -> None:
    on_duty = Floor(agents=(who_is(WANG, state),)).on_duty
    assert bool(on_duty) is (state in {"available", "reserved", "talking", "wrap_up"})


def test_an_agent_is_known_by_his_login_and_nobody_else() -> None:
    floor = Floor(agents=(WANG, who_is(LI, AgentState.AWAY)))
    assert (floor.agent("wang"), floor.agent("zhao"), floor.agent(None)) == (WANG, None, None)
    assert (floor.others_on_duty("wang"), floor.others_on_duty("li")) == (False, True)


def test_callers_get_agents_in_the_order_they_were_presented_whatever_the_order_told() -> None:
    floor = Floor(agents=(LI, WANG), line=(waits(3, 20), waits(1, 10), waits(2, 5)))
    assert pairs(floor) == [(2, "wang"), (1, "li")]


def test_two_presented_in_the_same_moment_keep_the_order_of_their_numbers() -> None:
    assert pairs(Floor(agents=(WANG, LI), line=(waits(8, 5), waits(7, 5)))) == [(7, "wang"), (8, "li")]


def test_whoever_let_this_call_ring_is_left_out_for_a_while_and_the_next_agent_comes() -> None:
    first = waits(1, 0, let_ring(WANG, 55))
    assert pairs(Floor(agents=(WANG, LI), line=(first, waits(2, 1)))) == [(1, "li"), (2, "wang")]
    assert pairs(Floor(agents=(WANG,), line=(first,)), 55 + PASSED_OVER_SECONDS) == [(1, "wang")]


def test_nobody_overtakes_a_first_in_line_who_gets_nobody() -> None:
    first = waits(1, 0, let_ring(WANG, 55))
    assert pairs(Floor(agents=(WANG,), line=(first, waits(2, 1)))) == []


def test_a_new_caller_gets_the_agent_left_over_after_all_who_waited_before_him() -> None:
    call = Call(call_id=9, presented_at=noon(30), number=None)
    line = (waits(1, 0), waits(2, 40))
    assert Floor(agents=(WANG, LI), line=line).agent_for(call, noon(60)) == LI
    assert Floor(agents=(WANG,), line=line).agent_for(call, noon(60)) is None


def test_a_waiting_caller_stands_in_line_once() -> None:
    call = Call(call_id=1, presented_at=noon(0), number=None)
    assert Floor(agents=(WANG,), line=(waits(1, 0),)).agent_for(call, noon(60)) == WANG


agents = st.lists(
    st.builds(
        agent,
        st.sampled_from(["wang", "li", "zhao", "sun"]),
        idle_for=st.integers(0, 3),
        state=st.sampled_from(AgentState),
    ),
    unique_by=lambda someone: someone.login,
)
passed = st.lists(st.builds(let_ring, st.sampled_from([WANG, LI, ZHAO]), st.integers(40, 60)), max_size=3)
lines = st.lists(
    st.builds(
        lambda call_id, since, misses: waits(call_id, since, *misses),
        st.integers(1, 9),
        st.integers(0, 5),
        passed,
    ),
    max_size=5,
    unique_by=lambda waiting: waiting.call_id,
)


@settings(deadline=None)
@given(agents, lines)
def test_no_earlier_caller_would_have_taken_an_agent_given_to_a_later_one(
    people: list[Agent], line: list[Waiting]
) -> None:
    given_now = Floor(agents=tuple(people), line=tuple(line)).assignments(noon(60))
    order = sorted(line, key=lambda waiting: (waiting.presented_at, waiting.call_id))
    assert [waiting for waiting, _ in given_now] == order[: len(given_now)]
    logins = [someone.login for _, someone in given_now]
    assert len(set(logins)) == len(logins)
    assert all(waiting.accepts(someone, noon(60)) for waiting, someone in given_now)
    assert all(someone.state is AgentState.AVAILABLE for _, someone in given_now)


@settings(deadline=None)
@given(agents, lines)
def test_an_agent_is_left_idle_only_by_a_first_in_line_who_was_let_ring(
    people: list[Agent], line: list[Waiting]
) -> None:
    floor = Floor(agents=tuple(people), line=tuple(line))
    given_now = floor.assignments(noon(60))
    idle = [someone for someone in floor.free if someone not in [taken for _, taken in given_now]]
    order = sorted(line, key=lambda waiting: (waiting.presented_at, waiting.call_id))
    for waiting in order[len(given_now) : len(given_now) + 1]:
        assert not any(waiting.accepts(someone, noon(60)) for someone in idle)
