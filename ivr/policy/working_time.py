"""Time counted in office hours: when so many working hours, or working days, from a moment are over.

A hotline that never closes works at every hour; None where no end is seen within the horizon of its opening hours.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.policy.opening_hours import HORIZON, OpeningHours

_ONE_DAY = timedelta(days=1)


def after_working_hours(hours: OpeningHours, at: datetime, wanted: float) -> datetime | None:
    """The moment so many hours of office time after `at`."""
    left = timedelta(hours=wanted)
    if hours.week is None:
        return at + left
    for start, until in _spans(hours, at):
        if until - start >= left:
            return start + left
        left -= until - start
    return None


def after_working_days(hours: OpeningHours, at: datetime, wanted: int) -> datetime | None:
    """The same time of day so many days with office hours later, or that day's last hour where it ends before."""
    if hours.week is None:
        return at + wanted * _ONE_DAY
    zone = ZoneInfo(hours.timezone)
    today, clock = hours.local(at).date(), hours.local(at).time()
    left = wanted
    for n in range(1, HORIZON.days + 1):
        day = today + n * _ONE_DAY
        begins = datetime.combine(day, time(), zone).astimezone(UTC)
        spans = list(_spans(hours, begins, begins + _ONE_DAY))
        left -= bool(spans)
        if spans and left == 0:
            same = datetime.combine(day, clock, zone).astimezone(UTC)
            return min(max(same, spans[0][0]), spans[-1][1])
    return None


def offered_times(hours: OpeningHours, at: datetime, within_hours: float) -> tuple[datetime, ...]:
    """Moments a customer may be promised, ascending: in office hours, not at rest, none after the bound (R10)."""
    shares = (within_hours / 4, within_hours / 2, within_hours)
    moments = (after_working_hours(hours, at, share) for share in shares)
    callable_ = (hours.next_callable(_rounded(moment)) for moment in moments if moment is not None)
    return tuple(sorted({moment for moment in callable_ if moment is not None and moment > at}))


def _rounded(moment: datetime) -> datetime:
    """Down to five minutes: easier to say, and never later than the bound."""
    return moment - timedelta(
        minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond
    )


def _spans(
    hours: OpeningHours, since: datetime, until: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """The office hours from `since` on, each with its end; those that follow without a gap come as they are written."""
    end = since + HORIZON if until is None else until
    moment = hours.next_opening(since)
    while moment is not None and moment < end:
        closes = min(hours.closes(moment), end)
        yield moment, closes
        moment = hours.next_opening(closes)
