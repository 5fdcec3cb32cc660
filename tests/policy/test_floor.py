"""One order over everybody who waits: who gets which agent."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.call import Call, PassedOver
from ivr.policy.commands import Ring
from ivr.policy.floor import PASSED_OVER_SECONDS, Agent, AgentState, Floor, Waiting, head_of, overtaking
from ivr.policy.ring import reserve_and_ring
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace, Position
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


AT_HIS_PAGE = replace(WANG, phone="endpoint:pg-1f2e3d4c", given="client:wang")


@pytest.mark.parametrize(
    ("door", "given", "rung_at"),
    [
        ("asterisk", "client:wang", "endpoint:pg-1f2e3d4c"),
        ("twilio", "client:wang", "client:wang"),
        ("twilio", "sip:wang@192.0.2.7", None),  # his desk phone is not where he sits
        ("twilio", None, None),
    ],
)
def test_a_page_is_rung_by_twilio_as_the_client_its_agent_was_given(
    door: str, given: str | None, rung_at: str | None
) -> None:
    someone = replace(AT_HIS_PAGE, given=given)
    assert someone.phone_at(door) == rung_at
    caller = Waiting(call_id=1, presented_at=noon(0), door=door)
    assert bool(pairs(Floor(agents=(someone,), line=(caller,)))) is (rung_at is not None)
    assert bool(Floor(agents=(someone,), door=door).on_duty) is (rung_at is not None)


@pytest.mark.parametrize(
    ("door", "rung_at"), [("asterisk", "endpoint:pg-1f2e3d4c"), ("twilio", "client:wang")]
)
def test_whose_page_is_his_phone_is_rung_by_the_switch_that_has_the_caller_r64(
    door: str, rung_at: str
) -> None:
    call = Call(call_id=1, presented_at=noon(0), number=None, door=door)
    step = reserve_and_ring(call, AT_HIS_PAGE, noon(1), Rules())
    assert [command.phone for command in step.commands if isinstance(command, Ring)] == [rung_at]
    assert step.call.phone == rung_at


def test_a_callback_rings_nobody_whom_only_twilio_can_and_a_caller_may_have_him_r70() -> None:
    browser = replace(WANG, phone="client:wang")
    promised = Waiting(call_id=1, presented_at=noon(0), callback_id=7)
    assert pairs(Floor(agents=(browser, LI), line=(promised,))) == [(1, "li")]
    caller = Waiting(call_id=2, presented_at=noon(1), door="twilio")
    assert pairs(Floor(agents=(browser,), line=(promised, caller))) == [(2, "wang")]


def test_a_caller_gets_only_whom_his_switch_can_ring_and_those_behind_him_get_the_others() -> None:
    registered, client = replace(WANG, phone="endpoint:ag-1"), replace(LI, phone="client:li")
    abroad = Waiting(call_id=1, presented_at=noon(0), door="twilio")
    line = (abroad, waits(2, 1), waits(3, 2))
    assert pairs(Floor(agents=(registered, client, ZHAO), line=line)) == [(1, "li"), (2, "wang"), (3, "zhao")]
    assert pairs(Floor(agents=(registered,), line=line)) == [(2, "wang")]
    assert pairs(Floor(agents=(client,), line=(waits(2, -1), abroad))) == [(1, "li")]


def test_whoever_could_be_his_is_kept_for_the_first_in_line_who_gets_nobody_now() -> None:
    at_both, registered = replace(WANG, phone="sip:wang@192.0.2.1"), replace(LI, phone="endpoint:ag-2")
    abroad = Waiting(call_id=1, presented_at=noon(0), door="twilio", passed_over=(let_ring(WANG, 55),))
    assert pairs(Floor(agents=(at_both, registered), line=(abroad, waits(2, 1), waits(3, 2)))) == [(2, "li")]


def test_for_a_caller_only_those_are_on_duty_whom_his_switch_can_ring() -> None:
    registered, at_both = replace(WANG, phone="endpoint:ag-1"), replace(LI, phone="sip:li@192.0.2.1")
    everybody = Floor(agents=(registered, at_both))
    assert everybody.on_duty == everybody.free == (registered, at_both)
    assert replace(everybody, door="asterisk").on_duty == (registered, at_both)
    abroad = replace(everybody, door="twilio")
    assert abroad.on_duty == abroad.free == (at_both,)
    assert abroad.others_on_duty("li")  # for a miss it is all the same


def test_a_colleague_whose_phone_his_switch_cannot_ring_is_not_offered_a_second_caller__R67() -> None:
    talking = replace(who_is(WANG, AgentState.TALKING), phone="endpoint:ag-1")
    floor = Floor(agents=(talking,))
    assert floor.colleague_for(Call(call_id=1, presented_at=noon(0), number=None)) == talking
    assert floor.colleague_for(Call(call_id=1, presented_at=noon(0), number=None, door="twilio")) is None


def test_callers_whom_nobody_free_is_for_hide_nobody_from_the_head_of_the_line() -> None:
    registered = replace(WANG, phone="endpoint:ag-1")
    abroad = [Waiting(call_id=number, presented_at=noon(number), door="twilio") for number in range(1, 5)]
    assert head_of([*abroad, waits(7, 7)], (registered,), noon(60)) == (waits(7, 7),)
    at_both = replace(WANG, phone="sip:wang@192.0.2.1")
    assert head_of(abroad, (at_both,), noon(60)) == (abroad[0], abroad[1])


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
        lambda call_id, since, misses, callback: replace(
            waits(call_id, since, *misses), callback_id=call_id if callback else None
        ),
        st.integers(1, 9),
        st.integers(0, 5),
        passed,
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda waiting: waiting.call_id,
)


@settings(deadline=None)
@given(agents, lines)
def test_no_earlier_caller_would_have_taken_an_agent_given_to_a_later_one(
    people: list[Agent], line: list[Waiting]
) -> None:
    floor = Floor(agents=tuple(people), line=tuple(line))
    given_now = floor.assignments(noon(60))
    order = sorted(line, key=lambda waiting: (waiting.presented_at, waiting.call_id))
    served = [waiting for waiting, _ in given_now]
    assert served == [waiting for waiting in order if waiting in served]
    before_the_last = order[: order.index(served[-1])] if served else []
    passed_by = [waiting for waiting in before_the_last if waiting not in served]
    assert all(waiting.callback_id is not None for waiting in passed_by), "no caller is overtaken"
    left = [someone for someone in floor.free if someone not in [taken for _, taken in given_now]]
    assert not any(waiting.accepts(someone, noon(60)) for waiting in passed_by for someone in left)
    logins = [someone.login for _, someone in given_now]
    assert len(set(logins)) == len(logins)
    assert all(waiting.accepts(someone, noon(60)) for waiting, someone in given_now)
    assert all(someone.state is AgentState.AVAILABLE for _, someone in given_now)


@settings(deadline=None)
@given(agents, lines)
def test_an_agent_is_left_idle_only_where_nobody_before_the_first_caller_without_one_may_ring_him(
    people: list[Agent], line: list[Waiting]
) -> None:
    floor = Floor(agents=tuple(people), line=tuple(line))
    given_now = floor.assignments(noon(60))
    idle = [someone for someone in floor.free if someone not in [taken for _, taken in given_now]]
    order = sorted(line, key=lambda waiting: (waiting.presented_at, waiting.call_id))
    served = [waiting for waiting, _ in given_now]
    for waiting in order:
        if waiting in served:
            continue
        assert not any(waiting.accepts(someone, noon(60)) for someone in idle)
        if waiting.callback_id is None:
            break


@settings(deadline=None)
@given(agents, lines)
def test_the_head_of_the_line_gives_the_same_turns_as_the_whole_of_it(
    people: list[Agent], line: list[Waiting]
) -> None:
    whole = Floor(agents=tuple(people), line=tuple(line))
    head = replace(whole, line=head_of(line, whole.free, noon(60)))
    assert head.assignments(noon(60)) == whole.assignments(noon(60))
    assert len(head.line) <= len(whole.free) + 1


# ---- a callback that nobody takes just now ----------------------------------------------------------------


def declined(call_id: int, since: float, *by: Agent) -> Waiting:
    """A callback that these agents have just not taken."""
    misses = tuple(let_ring(someone, 55) for someone in by)
    return replace(waits(call_id, since, *misses), callback_id=call_id)


def test_a_callback_that_nobody_free_takes_keeps_no_agent_from_the_caller_behind_it_r69_r70() -> None:
    first = declined(1, 0, WANG)
    assert pairs(Floor(agents=(WANG,), line=(first, waits(2, 1), waits(3, 2)))) == [(2, "wang")]
    assert pairs(Floor(agents=(WANG, LI), line=(first, waits(2, 1)))) == [(1, "li"), (2, "wang")]
    assert pairs(Floor(agents=(WANG,), line=(first, waits(2, 1))), 55 + PASSED_OVER_SECONDS) == [(1, "wang")]


def test_behind_a_caller_whom_nobody_free_may_ring_no_callback_is_placed_r69() -> None:
    line = (declined(1, 0, WANG), waits(2, 1, let_ring(WANG, 55)), replace(waits(3, 2), callback_id=3))
    assert pairs(Floor(agents=(WANG,), line=line)) == []


def test_callbacks_that_nobody_free_takes_hide_no_caller_behind_them_r69_r70() -> None:
    callbacks = [declined(call_id, call_id, WANG) for call_id in (1, 2, 3)]
    line = head_of((*callbacks, waits(4, 9), waits(5, 10)), (WANG,), noon(60))
    assert pairs(Floor(agents=(WANG,), line=line)) == [(4, "wang")]
    assert [waiting.call_id for waiting in line] == [4, 5]


def test_a_new_caller_gets_the_agent_who_has_just_declined_a_callback_r69_r70() -> None:
    call = Call(call_id=9, presented_at=noon(58), number=None)
    line = (declined(1, 0, WANG), declined(2, 1, WANG))
    assert Floor(agents=(WANG,), line=line).agent_for(call, noon(60)) == WANG


# ---- callbacks in the line -------------------------------------------------------------------------------


def test_callbacks_stand_in_line_by_the_moment_their_caller_was_presented_r70() -> None:
    promised = Waiting(call_id=5, callback_id=1, presented_at=noon(5))
    floor = Floor(agents=(WANG, LI), line=(waits(8, 10), promised, waits(9, 0)))
    assert pairs(floor) == [(9, "wang"), (5, "li")]


def test_a_callback_whose_promise_would_break_comes_before_everybody_r70() -> None:
    due = Waiting(call_id=5, callback_id=1, presented_at=noon(50), near_due_at=noon(100))
    sooner = Waiting(call_id=6, callback_id=2, presented_at=noon(55), near_due_at=noon(90))
    floor = Floor(agents=(WANG, LI), line=(waits(8, 0), due, sooner))
    assert pairs(floor) == [(6, "wang"), (5, "li")]


def test_only_later_callers_whose_promise_would_break_come_before_an_earlier_place_r70() -> None:
    due = [
        replace(waits(call_id, since), callback_id=call_id, near_due_at=noon(100))
        for call_id, since in ((1, 10), (7, 30), (8, 50))
    ]
    later = replace(waits(9, 60), callback_id=9)
    assert overtaking((noon(30), 5), (*due, later)) == 2
    assert overtaking((noon(30), 7), (*due, later)) == 1


def test_a_new_caller_does_not_get_the_agent_a_callback_waits_for_r70() -> None:
    call = Call(call_id=9, presented_at=noon(30), number=None)
    promised = Waiting(
        call_id=9, callback_id=1, presented_at=noon(5)
    )  # of another call: callbacks are told apart
    assert Floor(agents=(WANG,), line=(promised,)).agent_for(call, noon(60)) is None


def test_of_those_ahead_the_callbacks_never_lose_patience_r69() -> None:
    busy = who_is(WANG, AgentState.TALKING)
    floor = Floor(agents=(busy,), ahead=3, callbacks_ahead=2, pace=Pace(handling_seconds=60))
    assert floor.position == Position(ahead=3, serving=1, callbacks_ahead=2)
