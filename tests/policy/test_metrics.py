"""The figures: greeted is not served, nobody is missed who can still be reached, every share adds up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.metrics import MeasuredCall, Metric, Part, Tally, measure, part_in, rings
from ivr.policy.rules import Rules

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LATER = NINE + timedelta(hours=8)
RULES = Rules()


def call(
    *,
    greeted: float | None = None,
    served: float | None = None,
    ended: float | None = None,
    outcome: str = "in_progress",
    greeted_by: str = "agent",
    presented_at: datetime = NINE,
) -> MeasuredCall:
    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else presented_at + timedelta(seconds=seconds)

    return MeasuredCall(
        presented_at=presented_at,
        greeted_at=at(greeted),
        greeted_by=None if greeted is None else greeted_by,
        served_at=at(served),
        ended_at=at(ended),
        outcome=outcome,
    )


def figure(name: str, *calls: MeasuredCall, now: datetime = LATER, rules: Rules = RULES) -> Metric:
    return {metric.name: metric for metric in measure(calls, rules, now)}[name]


def parts(name: str, *calls: MeasuredCall, now: datetime = LATER, rules: Rules = RULES) -> tuple[float, int]:
    metric = figure(name, *calls, now=now, rules=rules)
    return metric.numerator, metric.denominator


SERVED = call(greeted=4, served=4, ended=100, outcome="served")
SERVER_THEN_AGENT = call(greeted=13, served=40, ended=100, outcome="served", greeted_by="server")
LOST = call(greeted=13, ended=60, outcome="abandoned", greeted_by="server")
LEFT_AT_ONCE = call(ended=3, outcome="abandoned")


def test_picked_up_by_the_server_is_greeted_in_time_and_not_served_in_time_r64_r68() -> None:
    assert parts("greeted_within_three_rings", SERVER_THEN_AGENT) == (1, 1)
    assert parts("served_within_three_rings", SERVER_THEN_AGENT) == (0, 1)


def test_the_end_of_the_third_ring_still_counts_and_a_millisecond_later_does_not_r64() -> None:
    assert parts("greeted_within_three_rings", call(greeted=15.0), call(greeted=15.001)) == (1, 2)


def test_three_rings_follow_the_countrys_ring_cycle_r64() -> None:
    british = Rules(ring_cycle_seconds=3.0)
    assert parts("greeted_within_three_rings", call(greeted=10), rules=british) == (0, 1)


def test_the_strict_reading_ends_with_the_tone_of_the_third_ring_r64() -> None:
    assert parts("three_rings_strict", call(greeted=11), call(greeted=12)) == (1, 2)
    assert "11 s" in figure("three_rings_strict").formula


def test_who_leaves_at_once_is_counted_apart_even_when_greeted_before() -> None:
    hung_up_under_the_greeting = call(greeted=2, ended=4, outcome="abandoned", greeted_by="server")
    calls = (SERVED, LEFT_AT_ONCE, hung_up_under_the_greeting)
    assert parts("greeted_within_three_rings", *calls) == (1, 1)
    assert figure("abandoned_short", *calls).value == 2
    assert figure("abandoned", *calls).value == 0


def test_who_leaves_after_five_seconds_has_abandoned_us() -> None:
    assert parts("abandonment_rate", SERVED, call(ended=5, outcome="abandoned"), LEFT_AT_ONCE) == (1, 2)


def test_a_short_talk_is_no_short_abandon() -> None:
    assert parts("service_level", call(greeted=1, served=1, ended=2, outcome="served")) == (1, 1)


def test_a_call_that_can_still_be_picked_up_in_time_is_not_missed_r64() -> None:
    soon, late = NINE + timedelta(seconds=14.9), NINE + timedelta(seconds=15)
    ringing = call()
    assert parts("greeted_within_three_rings", ringing, now=soon) == (0, 0)
    assert parts("greeted_within_three_rings", ringing, now=late) == (0, 1)
    assert parts("answered_share", ringing, now=soon) == (0, 0)
    assert parts("answered_share", ringing, now=late) == (0, 1)


def test_a_greeted_caller_still_waiting_is_decided_for_one_figure_and_not_for_the_other_r68() -> None:
    now = NINE + timedelta(seconds=14)
    waiting = call(greeted=13, greeted_by="server")
    assert parts("greeted_within_three_rings", waiting, now=now) == (1, 1)
    assert parts("served_within_three_rings", waiting, now=now) == (0, 0)


def test_a_talk_going_on_counts_as_served() -> None:
    assert parts("answered_share", call(greeted=4, served=4)) == (1, 1)


def test_the_service_level_says_by_which_formula() -> None:
    metric = figure("service_level", SERVED, SERVER_THEN_AGENT, LOST, LEFT_AT_ONCE)
    assert (metric.numerator, metric.denominator, metric.value) == (1, 3, 0.3333)
    assert metric.formula == "served ≤ 15 s ÷ (offered − abandoned < 5 s − undecided)"


def test_the_mean_wait_is_over_served_callers_only() -> None:
    metric = figure("asa_seconds", SERVED, SERVER_THEN_AGENT, LOST)
    assert (metric.numerator, metric.denominator, metric.value) == (44, 2, 22)


@pytest.mark.parametrize(("name", "value"), [("wait_p50", 5), ("wait_p80", 8), ("wait_p95", 10)])
def test_a_percentile_is_a_wait_somebody_really_had(name: str, value: float) -> None:
    calls = [call(greeted=n, served=n, ended=60, outcome="served") for n in range(10, 0, -1)]
    assert figure(name, *calls).value == value


def test_fallback_and_answered_share_are_counted_over_all_offered() -> None:
    fallback = call(greeted=13, ended=30, outcome="fallback", greeted_by="server")
    calls = (SERVED, fallback, LOST, LEFT_AT_ONCE)
    assert figure("fallback", *calls).value == 1
    assert parts("answered_share", *calls) == (1, 4)


def test_a_call_refused_before_presentation_was_never_offered() -> None:
    assert figure("offered", call(ended=0, outcome="rejected"), SERVED).value == 1


def test_a_day_without_calls_has_no_shares() -> None:
    for metric in measure([], RULES, LATER):
        assert metric.value == (0 if metric.unit == "calls" else None), metric.name


def test_the_ring_of_the_pickup_is_counted_from_one() -> None:
    assert [rings(call(greeted=s), 5.0) for s in (None, 0, 4.999, 5, 13)] == [None, 1, 1, 2, 3]


moments = st.one_of(st.none(), st.floats(0, 900))
any_call = st.builds(
    call,
    greeted=moments,
    served=moments,
    ended=moments,
    outcome=st.sampled_from(["in_progress", "served", "fallback", "abandoned", "rejected"]),
)


@given(st.lists(any_call, max_size=20), st.floats(0, 1000))
def test_a_share_is_never_more_than_all_of_it(calls: list[MeasuredCall], seconds: float) -> None:
    for metric in measure(calls, RULES, NINE + timedelta(seconds=seconds)):
        if metric.unit == "share":
            assert 0 <= metric.numerator <= metric.denominator, metric.name


SOME = (
    SERVED,
    SERVER_THEN_AGENT,
    LOST,
    LEFT_AT_ONCE,
    call(),
    call(ended=40, outcome="fallback"),
    call(outcome="rejected"),
)


def test_the_calls_behind_a_figure_are_those_it_counts() -> None:
    for name in (
        "greeted_within_three_rings",
        "served_within_three_rings",
        "service_level",
        "answered_share",
    ):
        parts_of = [part_in(name, each, RULES, LATER) for each in SOME]
        made, missed = parts_of.count(Part.MADE), parts_of.count(Part.MISSED)
        assert parts(name, *SOME) == (made, made + missed), name
    for name in ("offered", "abandoned", "abandoned_short", "fallback"):
        counted = [part_in(name, each, RULES, LATER) for each in SOME].count(Part.COUNTED)
        assert figure(name, *SOME).value == counted, name
    served = [part_in("asa_seconds", each, RULES, LATER) for each in SOME].count(Part.COUNTED)
    assert figure("asa_seconds", *SOME).denominator == served


def test_behind_the_share_of_those_who_left_stand_those_who_left() -> None:
    assert part_in("abandonment_rate", LOST, RULES, LATER) is Part.MISSED
    assert part_in("abandonment_rate", SERVED, RULES, LATER) is Part.MADE
    assert part_in("abandonment_rate", LEFT_AT_ONCE, RULES, LATER) is None
    assert part_in("callbacks_reached", SERVED, RULES, LATER) is None


def test_a_copied_tally_goes_on_by_itself() -> None:
    tally = Tally(rules=RULES)
    tally.add(SERVED, LATER)
    other = tally.copy()
    other.add(LOST, LATER)
    assert tally.metrics() == measure([SERVED], RULES, LATER)
    assert other.metrics() == measure([LOST, SERVED], RULES, LATER)
