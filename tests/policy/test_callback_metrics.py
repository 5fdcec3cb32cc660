"""The figures of what was promised: each over what is decided, and none hides behind another."""

from dataclasses import replace
from datetime import datetime, timedelta

from ivr.policy.call import Call
from ivr.policy.callback_metrics import (
    MeasuredCallback,
    PromisesKept,
    ToldWait,
    measure_promises,
    measure_satisfaction,
    told_wait,
)
from ivr.policy.metrics import Metric
from ivr.policy.opening_hours import OpeningHours, parse_opening_hours
from ivr.policy.wait import Position, Told
from tests.policy.callback_stories import TEN


def after(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def callback(
    *, due: float = 20, called: float | None = None, served: float | None = None, closed: float | None = None
) -> MeasuredCallback:
    def moment(minutes: float | None) -> datetime | None:
        return None if minutes is None else after(minutes)

    return MeasuredCallback(
        promised_at=TEN,
        first_due_at=after(due),
        called_at=moment(called),
        served_at=moment(served),
        closed_at=moment(closed),
    )


ALWAYS = OpeningHours()


def figures(
    kept: PromisesKept,
    now: datetime = after(30),  # noqa: B008 # a moment is frozen
    hours: OpeningHours = ALWAYS,
) -> dict[str, Metric]:
    return {metric.name: metric for metric in measure_promises(kept, TEN, now, hours)}


def test_a_day_without_promises_has_figures_over_nothing() -> None:
    found = figures(PromisesKept())
    assert found["callbacks_promised"].value == 0
    assert found["callbacks_kept_by_the_promised_minute"].value is None
    assert found["told_wait_kept"].value is None
    assert all(metric.formula for metric in found.values())


def test_a_promise_is_kept_by_the_call_not_by_the_talk_and_later_is_not_kept_r70() -> None:
    given = [
        callback(called=5, served=5, closed=9),
        callback(called=20, closed=60),  # called in time and never reached
        callback(called=20.01, served=20.01, closed=25),
        callback(),  # due and not called
        callback(due=40),  # nothing is decided yet
        callback(due=40, called=3),
    ]
    found = figures(PromisesKept(callbacks=given))
    kept = found["callbacks_kept_by_the_promised_minute"]
    assert (kept.numerator, kept.denominator) == (3, 5)
    reached = found["callbacks_reached"]
    assert (reached.numerator, reached.denominator) == (2, 3)


def test_what_was_given_to_a_person_stands_beside_what_was_kept() -> None:
    given = [callback(called=5), replace(callback(), hand_over_reason="number_refused")]
    handed_over = figures(PromisesKept(callbacks=given))["callbacks_handed_over"]
    assert (handed_over.numerator, handed_over.denominator) == (1, 2)


def test_promises_broken_in_silence_are_a_figure_of_their_own_r10() -> None:
    assert figures(PromisesKept(broken_in_silence=2))["promises_broken_in_silence"].value == 2


def told(minutes: int, *, served: float | None = None, left: float | None = None) -> ToldWait:
    """At ten, by so many minutes; served or gone so many minutes later, else still waiting."""
    return ToldWait(
        told_at=TEN,
        told_seconds=minutes * 60.0,
        served_at=None if served is None else after(served),
        ended_at=after(60) if left is None and served is not None else None if left is None else after(left),
    )


def test_a_told_wait_is_kept_by_who_was_served_within_it_r69() -> None:
    found = figures(PromisesKept(told=[told(2, served=2), told(1, served=1.5), told(3, served=1.5)]))
    assert (found["told_wait_kept"].numerator, found["told_wait_kept"].denominator) == (2, 3)
    assert (found["told_minus_actual_seconds"].numerator, found["told_minus_actual_seconds"].value) == (
        60,
        20,
    )


def test_who_left_after_the_told_time_or_still_waits_then_was_told_too_little_r69() -> None:
    """Who left before it says nothing, and nor does who may still be served within it."""
    longer = [told(5, left=6), told(29)]
    unknown = [told(5, left=4), told(5, left=5), told(31)]
    found = figures(PromisesKept(told=[told(5, served=4), *longer, *unknown]))
    assert (found["told_wait_kept"].numerator, found["told_wait_kept"].denominator) == (1, 3)
    assert found["told_minus_actual_seconds"].denominator == 1


def test_what_he_was_told_first_counts_not_what_he_heard_shortly_before_his_turn_r69() -> None:
    place = Position(ahead=3, serving=1)
    first, last = (Told(minutes=n, at=after(at), position=place) for n, at in ((5, 0), (1, 8)))
    waited = Call(
        call_id=1,
        presented_at=TEN,
        number=None,
        first_told=first,
        told=last,
        served_at=after(8.5),
        ended_at=after(9),
    )
    known = told_wait(waited)
    assert known == ToldWait(told_at=TEN, told_seconds=300, served_at=after(8.5), ended_at=after(9))
    assert figures(PromisesKept(told=[known]))["told_wait_kept"].value == 0
    assert told_wait(Call(call_id=2, presented_at=TEN, number=None)) is None


def test_an_agent_idle_while_somebody_waits_is_a_share_of_the_time_we_are_open() -> None:
    idle = figures(PromisesKept(idle_seconds=3.6))["idle_while_somebody_waits"]
    assert (idle.numerator, idle.denominator, idle.value) == (3.6, 1800, 0.002)
    assert figures(PromisesKept(), now=TEN)["idle_while_somebody_waits"].value is None
    office = OpeningHours(week=parse_opening_hours({"workdays": ["09:00-12:00", "13:30-18:00"]}))
    next_day = figures(PromisesKept(idle_seconds=36), after(24 * 60), office)["idle_while_somebody_waits"]
    assert (next_day.denominator, next_day.value) == (7.5 * 3600, round(36 / 27_000, 4))


def test_satisfaction_is_never_shown_without_how_many_answered_r3() -> None:
    score, rate = measure_satisfaction([5, None, 4, None])
    assert (score.name, score.value, score.denominator) == ("satisfaction", 4.5, 2)
    assert (rate.name, rate.value) == ("satisfaction_response_rate", 0.5)
    assert [metric.value for metric in measure_satisfaction([])] == [None, None]
