"""The shipped form, an office's hours, and the moments the stories of records are told at."""

from datetime import UTC, datetime
from pathlib import Path

from config.form import load_form
from ivr.policy.opening_hours import Holidays, OpeningHours, parse_opening_hours, parse_quiet_hours

FORM = load_form(Path(__file__).parents[2])
TEAM = ("zhao", "qian", "sun")
OFFICE = OpeningHours(
    week=parse_opening_hours({"workdays": ["08:30-12:00", "13:30-17:30"]}),
    holidays=Holidays(calendar="none"),
    quiet=parse_quiet_hours(["12:00-13:30"]),
)
NEVER_CLOSED = OpeningHours(quiet=parse_quiet_hours(["12:00-13:30"]))


def beijing(hour: int, minute: int = 0, day: int = 2) -> datetime:
    """Of March 2026, whose second day is a Monday; aware UTC."""
    return datetime(
        2026, 3, day, hour, minute, tzinfo=OFFICE.local(datetime(2026, 3, 2, tzinfo=UTC)).tzinfo
    ).astimezone(UTC)
