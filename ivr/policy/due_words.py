"""How far off a moment is, in whole units that people say; the words are the page's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Unit(StrEnum):
    """Seconds only below a minute, minutes below an hour, hours below two days."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, kw_only=True)
class Distance:
    """`late`: the moment has passed. Rounded down, so that nothing is told as later than it is."""

    late: bool
    number: int
    unit: Unit


def distance(due_at: datetime, now: datetime) -> Distance:
    """From now to that moment."""
    left = (due_at - now).total_seconds()
    seconds = int(abs(left))
    for limit, size, unit in (
        (_MINUTE, 1, Unit.SECONDS),
        (_HOUR, _MINUTE, Unit.MINUTES),
        (2 * _DAY, _HOUR, Unit.HOURS),
    ):
        if seconds < limit:
            return Distance(late=left < 0, number=seconds // size, unit=unit)
    return Distance(late=left < 0, number=seconds // _DAY, unit=Unit.DAYS)
