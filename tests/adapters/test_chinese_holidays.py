"""The public calendar as the State Council announced it, and how it comes into the rules."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.policy import load_rules
from config.settings import Settings, load
from ivr.adapters import chinese_holidays as adapter
from ivr.policy.opening_hours import Calendar, Holidays
from ivr.policy.rules import Rules
from ivr.service.codec import rules_from_json, rules_to_json

OFFICE = 'opening_hours = {workdays = ["08:30-17:30"]}\n'


@pytest.fixture
def calendar() -> Calendar:
    return adapter.chinese_holidays()


def settings(tmp_path: Path, policy: str) -> Settings:
    path = tmp_path / "policy.toml"
    path.write_text(policy, "utf-8")
    return load({"HOTLINE_POLICY": str(path)})


def test_the_holidays_of_2026_are_the_ones_announced(calendar: Calendar) -> None:
    """General Office of the State Council, 国办发明电, on holidays of 2026."""
    days = {(day.month, day.day) for day in calendar.off if day.year == 2026}
    spring_festival = {(2, day) for day in range(15, 24)}
    national_day = {(10, day) for day in range(1, 8)}
    assert days == {
        *((1, 1), (1, 2), (1, 3)),
        *spring_festival,
        *((4, 4), (4, 5), (4, 6)),
        *((5, 1), (5, 2), (5, 3), (5, 4), (5, 5)),
        *((6, 19), (6, 20), (6, 21)),
        *((9, 25), (9, 26), (9, 27)),
        *national_day,
    }
    worked = {(day.month, day.day) for day in calendar.work if day.year == 2026}
    assert worked == {(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)}


def test_the_calendar_holds_whole_years_and_few_of_them(calendar: Calendar) -> None:
    assert 2026 in calendar.years
    assert len(calendar.years) == adapter.NEWEST_YEARS
    days = (*calendar.off, *calendar.work)
    assert {day.year for day in days} == set(calendar.years)
    assert list(calendar.off) == sorted(set(calendar.off))
    assert all(day.weekday() >= 5 for day in calendar.work)


def test_a_day_announced_ahead_makes_no_year_known() -> None:
    assert adapter._complete([date(2026, 10, 1), date(2027, 1, 1)]) == (2026,)


def test_a_hotline_with_opening_hours_is_closed_on_public_holidays(tmp_path: Path) -> None:
    hours = load_rules(settings(tmp_path, OFFICE)).hours
    assert not hours.is_open(datetime(2026, 2, 16, 2, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 2, 14, 2, tzinfo=UTC))  # a Saturday worked
    assert hours.next_opening(datetime(2026, 9, 30, 10, tzinfo=UTC)) == datetime(
        2026, 10, 8, 0, 30, tzinfo=UTC
    )


def test_a_year_not_announced_yet_is_an_ordinary_one(tmp_path: Path) -> None:
    hours = load_rules(settings(tmp_path, OFFICE)).hours
    far = datetime(2099, 10, 1, 2, tzinfo=UTC)  # a Thursday
    assert hours.is_open(far)
    assert hours.unknown_years(far) == (2099,)


def test_the_companys_list_stands_in_for_the_calendar(tmp_path: Path) -> None:
    own = 'holidays = {calendar = "none", off = ["2026-02-14"], work = []}\n'
    hours = load_rules(settings(tmp_path, OFFICE + own)).hours
    assert hours.is_open(datetime(2026, 2, 16, 2, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 2, 14, 2, tzinfo=UTC))


def test_a_hotline_that_never_closes_carries_no_calendar(tmp_path: Path) -> None:
    assert load_rules(settings(tmp_path, "")) == Rules()
    assert Rules().holidays == Holidays()


def test_the_calendar_a_decision_was_made_by_is_stored_with_it(tmp_path: Path) -> None:
    rules = load_rules(settings(tmp_path, OFFICE + 'quiet_hours = ["18:00-09:00"]\n'))
    stored = rules_to_json(rules)
    assert rules_from_json(stored) == rules
    assert rules_to_json(rules_from_json(stored)) == stored
    assert len(stored) < 4000
