"""Hours and days in which somebody is here to keep a promise."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.opening_hours import Calendar, Holidays, OpeningHours
from ivr.policy.working_time import after_working_days, after_working_hours, offered_times
from tests.policy.record_stories import NEVER_CLOSED, OFFICE, beijing

CLOSED_FOR_EVER = OpeningHours(
    week=OFFICE.week,
    holidays=Holidays(
        calendar="none", own=Calendar(off=tuple(beijing(0).date() + timedelta(days=n) for n in range(400)))
    ),
)


@pytest.mark.parametrize(
    ("at", "hours", "end"),
    [
        (beijing(9), 2, beijing(11)),
        (beijing(9), 3, beijing(12)),
        (beijing(10), 4, beijing(15, 30)),
        (beijing(16), 4, beijing(11, day=3)),
        (beijing(16, day=6), 2, beijing(9, day=9)),  # over a weekend
        (beijing(3), 1, beijing(9, 30)),
    ],
)
def test_working_hours_run_only_while_we_are_open_r73(at: datetime, hours: float, end: datetime) -> None:
    assert after_working_hours(OFFICE, at, hours) == end


def test_a_hotline_that_never_closes_works_at_every_hour() -> None:
    assert after_working_hours(NEVER_CLOSED, beijing(23), 2) == beijing(1, day=3)
    assert after_working_days(NEVER_CLOSED, beijing(23), 3) == beijing(23, day=5)


def test_where_no_opening_is_seen_there_is_no_end() -> None:
    assert after_working_hours(CLOSED_FOR_EVER, beijing(9), 1) is None
    assert after_working_days(CLOSED_FOR_EVER, beijing(9), 1) is None
    assert offered_times(CLOSED_FOR_EVER, beijing(9), 4) == ()


@pytest.mark.parametrize(
    ("at", "days", "end"),
    [
        (beijing(9, day=2), 1, beijing(9, day=3)),
        (beijing(9, day=6), 1, beijing(9, day=9)),
        (beijing(9, day=5), 3, beijing(9, day=10)),
        (beijing(20, day=2), 1, beijing(17, 30, day=3)),
        (beijing(3, day=2), 1, beijing(8, 30, day=3)),
    ],
)
def test_working_days_are_days_with_office_hours_r80(at: datetime, days: int, end: datetime) -> None:
    assert after_working_days(OFFICE, at, days) == end


def test_times_offered_are_in_office_hours_and_not_at_rest_r10() -> None:
    assert offered_times(OFFICE, beijing(11, 32), 4) == (
        beijing(14),
        beijing(15),
        beijing(17),
    )
    assert offered_times(NEVER_CLOSED, beijing(11, 1), 4) == (beijing(13, 30), beijing(15))


@given(st.integers(0, 60 * 24 * 14), st.sampled_from([OFFICE, NEVER_CLOSED]), st.sampled_from([1, 4, 8]))
def test_no_time_is_offered_that_is_past_closed_or_at_rest_r10(
    minutes: int, hours: OpeningHours, within: int
) -> None:
    at = beijing(0) + timedelta(minutes=minutes)
    times = offered_times(hours, at, within)
    assert times
    for time in times:
        assert at < time == hours.next_callable(time)
        assert hours.open_seconds(at, time) <= within * 3600 or hours is NEVER_CLOSED
