"""What a caller is told about his wait: an upper bound that holds, whole minutes, and never longer in silence."""

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.wait import (
    Estimate,
    Longer,
    Pace,
    Position,
    Remaining,
    Told,
    WaitError,
    estimate_wait,
    remaining_wait,
    wait_quantile,
)
from tests.cast import noon

PACE = Pace(handling_seconds=240, theta=1 / 300)
THIRD = Position(ahead=2, serving=4)

positions = st.builds(
    lambda ahead, callbacks, serving: Position(
        ahead=ahead, callbacks_ahead=min(callbacks, ahead), serving=serving
    ),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(1, 30),
)
paces = st.builds(
    Pace,
    handling_seconds=st.floats(1, 3600),
    theta=st.floats(0, 0.05),
    correction=st.floats(0.4, 2.5),
)


def estimate(p80: float = 0, p90: float = 0) -> Estimate:
    return Estimate(mean_seconds=p80 / 2, p80_seconds=p80, p90_seconds=p90)


def test_the_first_in_line_waits_for_the_next_of_the_agents_to_end_a_talk__R69() -> None:
    assert estimate_wait(Position(ahead=0, serving=4), PACE).mean_seconds == pytest.approx(60)


def test_everybody_ahead_costs_a_talk_s_share_until_they_lose_patience__R69() -> None:
    patient = estimate_wait(THIRD, replace(PACE, theta=0)).mean_seconds
    assert patient == pytest.approx(3 * 240 / 4)
    steps = 1 / (4 / 240) + 1 / (4 / 240 + 1 / 300) + 1 / (4 / 240 + 2 / 300)
    assert estimate_wait(THIRD, PACE).mean_seconds == pytest.approx(steps)


def test_a_pending_callback_ahead_never_loses_patience__R70() -> None:
    callbacks = estimate_wait(replace(THIRD, callbacks_ahead=2), PACE)
    assert callbacks.mean_seconds == pytest.approx(180)
    mixed = estimate_wait(replace(THIRD, callbacks_ahead=1), PACE)
    assert estimate_wait(THIRD, PACE).mean_seconds < mixed.mean_seconds < callbacks.mean_seconds


@pytest.mark.parametrize(
    ("share", "ahead", "exact"),  # of the gamma distribution, in means of one step
    [(0.8, 0, 1.609), (0.9, 0, 2.303), (0.8, 9, 12.519), (0.9, 9, 14.206), (0.5, 9, 9.669)],
)
def test_the_bounds_are_the_gamma_distribution_s__R69(share: float, ahead: int, exact: float) -> None:
    pace = Pace(handling_seconds=100)
    assert wait_quantile(Position(ahead=ahead, serving=1), pace, share) == pytest.approx(
        100 * exact, rel=0.02
    )


def test_p80_and_p90_are_quantiles_like_any_other__R69() -> None:
    found = estimate_wait(THIRD, PACE)
    assert found.p80_seconds == wait_quantile(THIRD, PACE, 0.8)
    assert found.p90_seconds == wait_quantile(THIRD, PACE, 0.9)
    assert wait_quantile(THIRD, PACE, 1e-9) == 0


def test_experience_stretches_what_is_told_and_promised_and_leaves_the_mean__R69() -> None:
    plain, mended = estimate_wait(THIRD, PACE), estimate_wait(THIRD, replace(PACE, correction=1.5))
    assert mended.mean_seconds == plain.mean_seconds
    assert mended.p80_seconds == pytest.approx(1.5 * plain.p80_seconds)
    assert mended.p90_seconds == pytest.approx(1.5 * plain.p90_seconds)
    assert wait_quantile(THIRD, replace(PACE, correction=1.5), 0.8) == mended.p80_seconds


@given(positions, paces)
def test_the_promise_is_never_below_what_is_told__R69__R70(position: Position, pace: Pace) -> None:
    found = estimate_wait(position, pace)
    assert found.mean_seconds > 0
    assert found.p80_seconds < found.p90_seconds
    assert found.p80_seconds <= found.announced_minutes * 60 + 0.001
    assert found.announced_minutes <= found.promised_minutes


@given(positions, paces)
def test_nobody_further_back_is_told_a_shorter_time__R69(position: Position, pace: Pace) -> None:
    behind = replace(position, ahead=position.ahead + 1, callbacks_ahead=position.callbacks_ahead)
    first, second = (estimate_wait(replace(place, callbacks_ahead=0), pace) for place in (position, behind))
    assert first.mean_seconds < second.mean_seconds
    assert first.p80_seconds < second.p80_seconds


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 1), (1, 1), (60, 1), (60.0001, 1), (60.01, 2), (299, 5)]
)
def test_a_caller_is_told_whole_minutes_rounded_up__R69(seconds: float, minutes: int) -> None:
    assert estimate(p80=seconds).announced_minutes == minutes


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 10), (600, 10), (601, 15), (900, 15), (3590, 60)])
def test_a_callback_is_promised_within_five_minute_steps_at_least_ten__R70(
    seconds: float, minutes: int
) -> None:
    assert estimate(p90=seconds).promised_minutes == minutes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("handling_seconds", value) for value in (0, -1, nan, inf)),
        *(("correction", value) for value in (0, -1, nan, inf)),
        *(("theta", value) for value in (-0.1, nan, inf)),
        ("agents", 0),
    ],
)
def test_a_pace_that_makes_no_sense_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(WaitError, match=rf"^{field}: ") as refused:
        replace(PACE, **{field: value})  # type: ignore[arg-type] # of a Pace
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "ahead", "callbacks", "serving"),
    [
        ("serving", 0, 0, 0),
        ("callbacks_ahead", 1, 2, 1),
        ("callbacks_ahead", 1, -1, 1),
        ("callbacks_ahead", -1, 0, 1),
    ],
)
def test_a_position_that_makes_no_sense_is_refused_by_name(
    field: str, ahead: int, callbacks: int, serving: int
) -> None:
    with pytest.raises(WaitError, match=rf"^{field}: "):
        Position(ahead=ahead, callbacks_ahead=callbacks, serving=serving)


@pytest.mark.parametrize("share", [0, 1, -0.5, nan])
def test_a_share_that_is_none_is_refused_by_name(share: float) -> None:
    with pytest.raises(WaitError, match=r"^share: "):
        wait_quantile(THIRD, PACE, share)


# ---- while he waits -------------------------------------------------------------------------------------------

CALM = Pace(handling_seconds=240)
FIVE = Told(minutes=5, at=noon(0), position=THIRD)  # P80 of THIRD at this pace: 256 s


def told_again(after: float, position: Position = THIRD, pace: Pace = CALM) -> tuple[int, Longer | None]:
    remaining = remaining_wait(FIVE, noon(after), position, pace)
    return remaining.told.minutes, remaining.longer


def test_what_he_was_told_first_is_what_the_estimate_says() -> None:
    assert estimate_wait(THIRD, CALM).announced_minutes == FIVE.minutes


@pytest.mark.parametrize(
    ("after", "left"), [(0, 5), (1, 5), (60, 4), (61, 4), (299.9, 1), (300, 0), (900, 0)]
)
def test_what_is_left_of_the_time_told_is_rounded_up__R69(after: float, left: int) -> None:
    assert FIVE.minutes_left(noon(after)) == left


def test_a_caller_who_has_come_forward_hears_the_shorter_time_without_a_reason__R69() -> None:
    assert told_again(60, Position(ahead=0, serving=4)) == (2, None)


def test_the_same_time_again_needs_no_reason__R69() -> None:
    assert told_again(0) == (5, None)


def test_a_longer_time_is_said_with_its_reason__R69() -> None:
    assert told_again(120) == (5, Longer.LONGER_TALKS)
    assert told_again(120, replace(THIRD, serving=3)) == (6, Longer.FEWER_AGENTS)
    assert told_again(60, Position(ahead=3, serving=4, callbacks_ahead=1)) == (6, Longer.EARLIER_CALLER)


def test_no_reason_is_named_that_is_not_true__R69() -> None:
    later = Position(ahead=3, serving=4, callbacks_ahead=1, overtaking=1)
    assert told_again(60, later) == (6, Longer.OTHERWISE), "a promised call of somebody who rang after him"
    both = Position(ahead=4, serving=4, callbacks_ahead=1, overtaking=1)
    assert told_again(60, both)[1] is Longer.EARLIER_CALLER
    learnt = replace(CALM, correction=1.5)
    assert told_again(0, pace=learnt) == (7, Longer.OTHERWISE), "nothing has happened but that we tell more"
    assert told_again(120, pace=learnt)[1] is Longer.LONGER_TALKS


def test_a_time_that_has_run_out_is_not_told_as_nothing__R69() -> None:
    assert told_again(400, Position(ahead=0, serving=4)) == (2, Longer.LONGER_TALKS)


@given(st.floats(0, 3600), positions, positions, paces, st.integers(1, 60))
def test_never_longer_than_told_before_without_a_reason__R69(
    after: float, then: Position, now: Position, pace: Pace, minutes: int
) -> None:
    before = Told(minutes=minutes, at=noon(0), position=then)
    remaining = remaining_wait(before, noon(after), now, pace)
    until_then = before.at + timedelta(minutes=before.minutes_left(noon(after))) + timedelta(seconds=after)
    until_now = remaining.told.at + timedelta(minutes=remaining.told.minutes)
    assert (remaining.longer is not None) is (until_now > until_then)
    minutes_now = estimate_wait(now, pace).announced_minutes
    told = Told(minutes=minutes_now, at=noon(after), position=now, correction=pace.correction)
    assert remaining == Remaining(told=told, longer=remaining.longer)
