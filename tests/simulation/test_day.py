"""A played day: everybody is accounted for, nobody overtakes, and the same seed is the same day."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ivr.policy.call import Call, Outcome, Phase
from ivr.simulation.day import Played, play
from ivr.simulation.demand import Caller
from ivr.simulation.figures import figures
from ivr.simulation.guard import Promised
from ivr.simulation.staffing import Shift, Staffing
from ivr.simulation.watch import seconds_of
from tests.simulation.days import HASTY, NINE, PATIENT, a_day, after, callers, who_ring_again

BUSY = callers(90, 1.5)


@pytest.fixture(scope="module")
def busy() -> Played:
    """More than four agents can serve: callers wait, leave, and are called back."""
    return play(a_day(BUSY, 4, 1.5))


@pytest.fixture(scope="module")
def without_callbacks() -> Played:
    return play(a_day(BUSY, 4, 1.5, calls_back=False))


def test_every_caller_has_one_call_and_every_call_has_ended(busy: Played) -> None:
    assert [call.presented_at for call in busy.calls] == [caller.presented_at for caller in BUSY]
    assert {call.phase for call in busy.calls} == {Phase.ENDED}
    outcomes = [call.outcome for call in busy.calls]
    ways = (Outcome.SERVED, Outcome.CALLBACK, Outcome.ABANDONED, Outcome.FALLBACK)
    assert sum(map(outcomes.count, ways)) == len(BUSY)
    assert all(outcomes.count(way) > 3 for way in ways[:3]), outcomes


def test_every_promise_is_of_one_call_and_nobody_is_both_called_back_and_served(busy: Played) -> None:
    promised = {each.callback.call_id for each in busy.promised}
    assert len(promised) == len(busy.promised)
    assert promised == {call.call_id for call in busy.calls if call.outcome is Outcome.CALLBACK}
    assert all(each.reached_at is not None for each in busy.promised if not each.is_open)


def test_the_same_seed_is_the_same_day_and_another_is_not(busy: Played) -> None:
    again = play(a_day(callers(90, 1.5), 4, 1.5))
    assert (again.calls, again.promised, again.seen) == (busy.calls, busy.promised, busy.seen)
    assert play(a_day(callers(90, 1.5, seed=2), 4, 1.5)).calls != busy.calls


def test_nobody_is_rung_for_while_somebody_waits_who_came_before_him_R67(without_callbacks: Played) -> None:
    calls = without_callbacks.calls
    waited = [call for call in calls if call.served_at and _seconds(call) > 20]
    assert len(waited) > 20
    for call in calls:
        taken_at = _taken_at(call)
        if taken_at is not None:
            passed = [other for other in calls[: call.call_id - 1] if _waits(other, taken_at)]
            assert passed == [], call


def _taken_at(call: Call) -> datetime | None:
    """When an agent was reserved for him."""
    return call.fetch_at or call.rung_at if call.served_at else None


def _waits(call: Call, at: datetime) -> bool:
    until = _taken_at(call) or call.ended_at
    return until is not None and until > at


def _seconds(call: Call) -> float:
    assert call.served_at is not None
    return (call.served_at - call.presented_at).total_seconds()


def test_callbacks_are_first_tried_in_the_order_their_callers_came_R70(busy: Played) -> None:
    tried = [each for each in busy.promised if each.callback.attempts]
    assert len(tried) > 20
    for one in tried:
        at = one.callback.attempts[0].at
        passed = [other for other in tried if _could_be_called(other, busy, at) and _came_before(other, one)]
        assert passed == [] or one.first_due_at - at < NEARLY_DUE, one


NEARLY_DUE = timedelta(minutes=7)  # a usual talk and its wrap-up: then the promise comes before the order


def _could_be_called(each: Promised, day: Played, at: datetime) -> bool:
    """Not on the line any more, and not tried yet."""
    ended_at = day.calls[each.callback.call_id - 1].ended_at
    return ended_at is not None and ended_at < at < each.callback.attempts[0].at


def _came_before(other: Promised, one: Promised) -> bool:
    return other.callback.presented_at < one.callback.presented_at


def test_nobody_waits_while_an_agent_is_free(busy: Played) -> None:
    by_name = {metric.name: metric.value for metric in figures(busy)}
    whole = (busy.ended_at - busy.plan.begins_at).total_seconds()
    assert seconds_of(busy.seen, lambda state: bool(state.free and state.waiting)) < 0.002 * whole
    assert by_name["idle_while_somebody_waits"] is not None
    assert by_name["idle_while_somebody_waits"] < 0.002
    assert by_name["occupancy"] is not None
    assert 0.5 < by_name["occupancy"] <= 1


def test_one_callback_tried_again_hours_later_makes_no_longer_day_of_the_floors_figures(busy: Played) -> None:
    last = busy.seen[-1]
    later = tuple(replace(last, at=busy.ended_at + timedelta(hours=hours), free=4) for hours in (3, 4))
    names = ("occupancy", "waiting_mean", "waiting_max")
    floor, stretched = (
        [metric for metric in figures(day) if metric.name in names]
        for day in (busy, replace(busy, seen=(*busy.seen, *later)))
    )
    assert stretched == floor


def test_the_agents_seen_are_the_agents_there_are_and_nobody_does_two_things(busy: Played) -> None:
    assert {state.on_duty for state in busy.seen[1:-1]} == {4}
    assert max(state.busy for state in busy.seen) == 4
    assert max(state.waiting for state in busy.seen) > 4


def test_with_agents_enough_everybody_is_served_at_once() -> None:
    day = play(a_day(callers(30, 1, PATIENT), 30, 1))
    assert {call.outcome for call in day.calls} == {Outcome.SERVED}
    assert {_seconds(call) for call in day.calls} == {4.0}
    assert day.promised == ()


def test_with_nobody_on_duty_every_number_is_taken() -> None:
    day = play(a_day(callers(30, 1, PATIENT), 0, 1))
    assert {call.outcome for call in day.calls} == {Outcome.FALLBACK}


def test_an_agent_whose_shift_is_over_ends_his_talk_first_and_takes_nobody_after_it() -> None:
    shifts = (
        Shift(agents=1, from_at=NINE, until_at=after(9000)),
        Shift(agents=3, from_at=after(600), until_at=after(1800)),
    )
    day = play(a_day(BUSY, 0, 1.5, staffing=Staffing(shifts)))
    late = [state for state in day.seen if after(3600) < state.at < after(8900)]
    assert {state.on_duty for state in late} == {1}
    assert max(state.on_duty for state in day.seen if state.at > after(1800)) > 1, "nobody had a talk to end"


def test_a_caller_who_withholds_his_number_or_rings_again_is_somebody_too() -> None:
    who = who_ring_again(BUSY)
    day = play(a_day(who, 4, 1.5))
    assert len(day.calls) == len(who)
    assert any(call.joined_callback is not None for call in day.calls)
    assert {call.phase for call in day.calls} == {Phase.ENDED}


def test_who_misses_his_callback_is_rung_again_and_the_promise_counts_as_kept() -> None:
    missing = tuple(replace(caller, missed_callbacks=1) for caller in BUSY)
    day = play(a_day(missing, 4, 1.5))
    twice = [each for each in day.promised if len(each.callback.attempts) == 2]
    assert len(twice) > 5
    for each in twice:
        first = each.callback.attempts[0]
        assert each.kept_at == first.ended_at
        assert each.reached_at is None or each.reached_at > first.at


def test_a_day_without_a_caller_has_figures_too() -> None:
    day = play(a_day((), 2, 0.1))
    by_name = {metric.name: metric.value for metric in figures(day)}
    assert (by_name["offered"], by_name["wait_p80"], by_name["occupancy"]) == (0, None, None)


@pytest.mark.timeout(30)
def test_an_hour_of_thirty_agents_is_played_in_seconds() -> None:
    day = play(a_day(callers(480, 1, HASTY), 30, 1))
    assert len(day.calls) > 400


def test_callers_stay_the_same_whatever_is_changed() -> None:
    more = callers(90, 1.5, replace(HASTY, takes_callback=0.1))
    pairs: list[tuple[Caller, Caller]] = list(zip(BUSY, more, strict=True))
    assert all(one.handling_seconds == other.handling_seconds for one, other in pairs)
    assert all(one.patience_seconds == other.patience_seconds for one, other in pairs)
