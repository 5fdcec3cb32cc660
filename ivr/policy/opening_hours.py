"""When the hotline is open, and when callers may be rung back: a week, the days that differ from it, hours of rest.

Moments go in and come out as aware UTC; days and hours are those of the hotline's own time zone. An hour that a change
of clocks skips begins that much later, an hour it repeats is counted once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=60)  # a hotline closed for longer has no next opening worth speaking of
CALENDARS = ("CN", "none")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MINUTES = 24 * 60
_LONGEST_RANGE_DAYS = 366
_ONE_DAY = timedelta(days=1)


class HoursError(ValueError):
    """Opening hours, holidays or hours of rest that make no sense; the message names the entry at fault."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a day in minutes after midnight, `until` not included; 1440 is the midnight that ends the day."""

    start: int
    until: int


Spans = tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class WeeklyHours:
    """Seven days, Monday first; `makeup` for a Saturday or Sunday worked instead of another day."""

    days: tuple[Spans, ...]
    makeup: Spans
    public_holidays: Spans


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Days off, and days worked that would be off; `years` it is complete for. All ascending."""

    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()
    years: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Holidays:
    """The company's own days come before the public calendar's; `calendar` names the one `public` is taken from."""

    calendar: str = "CN"
    own: Calendar = Calendar()
    public: Calendar = Calendar()

    def is_off(self, day: date) -> bool | None:
        """None where nothing is said of this day, so that it is as its weekday."""
        for calendar in (self.own, self.public):
            if day in calendar.work:
                return False
            if day in calendar.off:
                return True
        return None

    def knows(self, year: int) -> bool:
        """A year is also known where the company has given days of it."""
        given = (*self.own.off, *self.own.work)
        return self.calendar == "none" or year in self.public.years or any(day.year == year for day in given)


@dataclass(frozen=True, kw_only=True)
class OpeningHours:
    """Answers for any moment; `week` None is a hotline that never closes."""

    week: WeeklyHours | None = None
    holidays: Holidays = Holidays()
    quiet: Spans = ()
    timezone: str = "Asia/Shanghai"

    def local(self, at: datetime) -> datetime:
        """The moment on the hotline's own clock."""
        return at.astimezone(ZoneInfo(self.timezone))

    def is_open(self, at: datetime) -> bool:
        """Somebody may be expected to come to the phone."""
        if self.week is None:
            return True
        return any(start <= at < until for day in self._around(at) for start, until in self._open_on(day))

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself when open, else the next moment we are; None where that is more than 60 days away."""
        if self.is_open(at):
            return at.astimezone(UTC)
        today = self.local(at).date()
        days = (today + n * _ONE_DAY for n in range(-1, HORIZON.days + 1))
        starts = (start for day in days for start, _ in self._open_on(day))
        return next((start for start in starts if at <= start <= at + HORIZON), None)

    def closes(self, at: datetime) -> datetime:
        """The end of the hours of that moment; only for one we are open at, of a week that has closed hours."""
        spans = (span for day in self._around(at) for span in self._open_on(day))
        return next(until for start, until in spans if start <= at < until)

    def next_callable(self, at: datetime) -> datetime | None:
        """The first moment from `at` on that is open and not quiet; None where none comes within 60 days."""
        moment = self.next_opening(at)
        while moment is not None and moment <= at + HORIZON:
            until = self._quiet_until(moment)
            if until is None:
                return moment
            moment = self.next_opening(until)
        return None

    def open_seconds(self, since: datetime, until: datetime) -> float:
        """How long of that time somebody may be expected to come to the phone."""
        if self.week is None:
            return max((until - since).total_seconds(), 0.0)
        first, last = self.local(since).date() - _ONE_DAY, self.local(until).date()
        days = (first + n * _ONE_DAY for n in range((last - first).days + 1))
        spans = (span for day in days for span in self._open_on(day))
        return sum(max((min(ends, until) - max(opens, since)).total_seconds(), 0.0) for opens, ends in spans)

    def callable_until(self, at: datetime) -> datetime | None:
        """The end of the hours, those of `at` or the next, in which callers may be rung; None where none is seen."""
        start = self.next_callable(at)
        if start is None:
            return None
        today = self.local(start).date()
        days = (today + n * _ONE_DAY for n in range(-1, HORIZON.days + 1))
        ends = (end for day in days for end in sorted(self._ends_on(day)) if start < end)
        return next((end for end in ends if self.next_callable(end) != end), None)

    def unknown_years(self, at: datetime) -> tuple[int, ...]:
        """Years of the next 60 days whose holidays nobody has told us: their days are taken for ordinary ones."""
        if self.week is None:
            return ()
        years = {self.local(at).year, self.local(at + HORIZON).year}
        return tuple(sorted(year for year in years if not self.holidays.knows(year)))

    def _spans_on(self, day: date) -> Spans:
        assert self.week is not None
        off, weekday = self.holidays.is_off(day), day.weekday()
        if off:
            return self.week.public_holidays
        if off is False and weekday >= WEEKDAYS.index("saturday"):
            return self.week.makeup
        return self.week.days[weekday]

    def _open_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        return self._moments(day, self._spans_on(day))

    def _ends_on(self, day: date) -> Iterator[datetime]:
        """Where hours in which callers may be rung can end."""
        yield from (start for start, _ in self._moments(day, self.quiet))
        if self.week is not None:
            yield from (until for _, until in self._open_on(day))

    def _quiet_until(self, at: datetime) -> datetime | None:
        quiet = (moments for day in self._around(at) for moments in self._moments(day, self.quiet))
        return next((until for start, until in quiet if start <= at < until), None)

    def _around(self, at: datetime) -> tuple[date, ...]:
        """The day `at` is on and its neighbours: a change of clocks near midnight reaches over it."""
        today = self.local(at).date()
        return today - _ONE_DAY, today, today + _ONE_DAY

    def _moments(self, day: date, spans: Spans) -> Iterator[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, time(), ZoneInfo(self.timezone))
        for span in spans:  # arithmetic within a zone is that of the clock on the wall
            start, until = (
                (midnight + timedelta(minutes=n)).astimezone(UTC) for n in (span.start, span.until)
            )
            if start < until:  # else skipped by a change of clocks
                yield start, until


# ---- from the policy file ---------------------------------------------------------------------------------------


def parse_opening_hours(value: Any) -> WeeklyHours | None:
    """A table of days, each a list of spans; an empty one is a hotline that never closes. Raises HoursError."""
    table = _table(value, (*WEEKDAYS, "workdays", "weekend", "public_holidays"))
    if not table:
        return None
    spans = {name: _day_spans(name, written) for name, written in table.items()}
    workdays, weekend = spans.get("workdays", ()), spans.get("weekend", ())
    days = tuple(
        spans.get(name, weekend if name in {"saturday", "sunday"} else workdays) for name in WEEKDAYS
    )
    if not any(days):
        raise HoursError("no hour of the week is open; write {} for a hotline that never closes")
    return WeeklyHours(
        days=days,
        makeup=spans.get("workdays", days[0]),
        public_holidays=spans.get("public_holidays", ()),
    )


def parse_quiet_hours(value: Any) -> Spans:
    """A list of spans of every day, which may run over midnight. Raises HoursError."""
    halves = [half for span in _spans("", value) for half in _cut_at_midnight(span)]
    quiet = _in_order("", halves)
    if sum(span.until - span.start for span in quiet) == _DAY_MINUTES:
        raise HoursError("no hour of the day is left to ring a caller back")
    return quiet


def parse_holidays(value: Any) -> Holidays:
    """A table of calendar, off and work; the last two list days, "2027-02-06" or "2027-02-06/2027-02-12"."""
    table = _table(value, ("calendar", "off", "work"))
    calendar = table.get("calendar", "CN")
    if calendar not in CALENDARS:
        raise HoursError(f"calendar: must be one of {', '.join(CALENDARS)}, not {calendar!r}")
    off, work = (_days(name, table.get(name, [])) for name in ("off", "work"))
    for day in off:
        if day in work:
            raise HoursError(f"{day} is both off and work")
    return Holidays(calendar=calendar, own=Calendar(off=off, work=work))


def _table(value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HoursError(f"must be a table of {', '.join(known)}, not {value!r}")
    for name in value:
        if name not in known:
            raise HoursError(f"{name}: unknown; known are {', '.join(known)}")
    return value


def _day_spans(name: str, value: Any) -> Spans:
    where = f"{name}: "
    spans = _spans(where, value)
    for span in spans:
        if span.start > span.until:
            raise HoursError(
                f"{where}{_written(span)} runs over midnight: end it at 24:00, go on at 00:00 of the next day"
            )
    return _in_order(where, spans)


def _spans(where: str, value: Any) -> list[Span]:
    if not isinstance(value, list):
        raise HoursError(f'{where}must be a list of spans such as "09:00-12:00", not {value!r}')
    return [_span(where, text) for text in value]


def _span(where: str, text: Any) -> Span:
    clock = "([0-9]{1,2}):([0-9]{2})"
    match = re.fullmatch(f"{clock}-{clock}", text) if isinstance(text, str) else None
    if match is None:
        raise HoursError(f'{where}must be a span such as "09:00-12:00", not {text!r}')
    hour, minute, last_hour, last_minute = map(int, match.groups())
    span = Span(start=60 * hour + minute, until=60 * last_hour + last_minute)
    sound = minute < 60 and last_minute < 60 and span.start < _DAY_MINUTES and span.until <= _DAY_MINUTES
    if not sound or span.start == span.until:
        raise HoursError(f"{where}{text!r} is no span of a day")
    return span


def _cut_at_midnight(span: Span) -> Iterator[Span]:
    if span.start < span.until:
        yield span
        return
    yield Span(start=span.start, until=_DAY_MINUTES)
    if span.until > 0:
        yield Span(start=0, until=span.until)


def _in_order(where: str, spans: Iterable[Span]) -> Spans:
    ordered = sorted(spans, key=lambda span: span.start)
    for earlier, later in pairwise(ordered):
        if later.start < earlier.until:
            raise HoursError(f"{where}{_written(earlier)} and {_written(later)} overlap")
    return tuple(ordered)


def _written(span: Span) -> str:
    return "-".join(f"{n // 60:02}:{n % 60:02}" for n in (span.start, span.until))


def _days(name: str, value: Any) -> tuple[date, ...]:
    if not isinstance(value, list):
        raise HoursError(f"{name}: must be a list of days, not {value!r}")
    return tuple(sorted({day for written in value for day in _day_or_range(name, written)}))


def _day_or_range(name: str, written: Any) -> list[date]:
    try:
        first, last = _ends(written)
    except ValueError as error:
        raise HoursError(
            f'{name}: must be a day such as "2027-02-06" or "2027-02-06/2027-02-12", not {written!r}'
        ) from error
    length = (last - first).days + 1
    if not 1 <= length <= _LONGEST_RANGE_DAYS:
        raise HoursError(f"{name}: {written!r} must run forward, for at most {_LONGEST_RANGE_DAYS} days")
    return [first + n * _ONE_DAY for n in range(length)]


def _ends(written: Any) -> tuple[date, date]:
    """TOML has days of its own, which come as dates; its moments are dates too, for Python, and are not meant."""
    if type(written) is date:
        return written, written
    if not isinstance(written, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(/[0-9-]{10})?", written):
        raise ValueError(written)
    first, _, last = written.partition("/")
    return date.fromisoformat(first), date.fromisoformat(last or first)
