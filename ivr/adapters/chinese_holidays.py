"""The statutory holidays of China, and the Saturdays and Sundays worked for them, from the library `chinese_calendar`.

The State Council announces a year in the November before it; what it announced after the library's release is unknown.
"""

from collections.abc import Iterable
from datetime import date

import chinese_calendar

from ivr.policy.opening_hours import Calendar

NEWEST_YEARS = 3  # the rules are looked up with every event, so they carry no day that nobody asks for


def chinese_holidays() -> Calendar:
    """Days off (weekends within a holiday too) and days worked, of the newest years the library knows to their end."""
    years = _complete(chinese_calendar.holidays)[-NEWEST_YEARS:]
    return Calendar(
        off=_days_of(years, chinese_calendar.holidays),
        work=_days_of(years, chinese_calendar.workdays),
        years=years,
    )


def _complete(days: Iterable[date]) -> tuple[int, ...]:
    """A January day off may be announced with the year before: a year is known when its National Day is."""
    return tuple(sorted(day.year for day in days if (day.month, day.day) == (10, 1)))


def _days_of(years: tuple[int, ...], days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(day for day in days if day.year in years))
