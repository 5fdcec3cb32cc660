"""The time slots of a day in which somebody who was not reached is tried again, each time another (R28b).

The same slot of two days is one slot, used twice: whoever is never at his desk in the morning is not there tomorrow
morning either. Moments go in and come out as aware UTC; slots are hours of the hotline's own time zone.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

HORIZON_DAYS = 14  # also over the longest holidays; who is to be tried later than that is a person's task
LEAST_SLOTS = 2  # with one alone there would be no other slot to try in
MOST_SLOTS = 12
_DAY_MINUTES = 24 * 60

CallableAt = Callable[[datetime], datetime | None]
"""The first moment from this one on at which customers may be rung, None if there is none: opening and quiet hours."""


class TimeSlotError(ValueError):
    """Time slots that make no sense; the message names the slot at fault."""


@dataclass(frozen=True, kw_only=True)
class TimeSlot:
    """A named part of every day in minutes after midnight, `until` not included; 1440 is the midnight that ends it."""

    name: str
    start: int
    until: int

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When this slot begins and ends on that day."""
        midnight = datetime.combine(day, time(), zone)
        start, until = (midnight + timedelta(minutes=minutes) for minutes in (self.start, self.until))
        return start.astimezone(UTC), until.astimezone(UTC)


TimeSlots = tuple[TimeSlot, ...]

DEFAULT_SLOTS: TimeSlots = (
    TimeSlot(name="morning", start=9 * 60, until=12 * 60),
    TimeSlot(name="afternoon", start=13 * 60 + 30, until=15 * 60 + 30),
    TimeSlot(name="late_afternoon", start=15 * 60 + 30, until=18 * 60),
)
"""Within the usual hours of an office, since those who call us sit in one."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """When somebody was tried in vain, and the earliest moment for trying again; at most `a_day` times a day."""

    at: tuple[datetime, ...]
    again_from: datetime
    a_day: int


def next_slot_at(tried: Tried, slots: TimeSlots, zone: ZoneInfo, callable_at: CallableAt) -> datetime | None:
    """The earliest moment in the slot used least so far, an unused one if there is any.

    None where no slot of the next 14 days has a moment at which customers may be rung.
    """
    used = Counter(slot.name for moment in tried.at for slot in _slots_at(moment, slots, zone))
    moments = _moments(tried, slots, zone, callable_at)
    best = min(((used[slot.name], moment) for slot, moment in moments), default=None)
    return None if best is None else best[1]


def _slots_at(moment: datetime, slots: TimeSlots, zone: ZoneInfo) -> Iterator[TimeSlot]:
    day = moment.astimezone(zone).date()
    for slot in slots:
        start, until = slot.on(day, zone)
        if start <= moment < until:
            yield slot


def _moments(
    tried: Tried, slots: TimeSlots, zone: ZoneInfo, callable_at: CallableAt
) -> Iterator[tuple[TimeSlot, datetime]]:
    """For each slot of the days to come the first moment to ring; none where this very slot was used already."""
    for day in _days(tried, zone):
        for slot in slots:
            start, until = slot.on(day, zone)
            if any(start <= moment < until for moment in tried.at):
                continue
            moment = callable_at(max(start, tried.again_from))
            if moment is not None and start <= moment < until:
                yield slot, moment


def _days(tried: Tried, zone: ZoneInfo) -> Iterator[date]:
    today = tried.again_from.astimezone(zone).date()
    a_day = Counter(moment.astimezone(zone).date() for moment in tried.at)
    days = (today + timedelta(days=n) for n in range(HORIZON_DAYS + 1))
    return (day for day in days if a_day[day] < tried.a_day)


# ---- from the policy file ---------------------------------------------------------------------------------------


def parse_time_slots(value: Any) -> TimeSlots:
    """A table of slots, {morning = "09:00-12:00", …}, put in the order of the day. Raises TimeSlotError."""
    if not isinstance(value, Mapping):
        raise TimeSlotError(f'must be a table such as {{morning = "09:00-12:00"}}, not {value!r}')
    if not LEAST_SLOTS <= len(value) <= MOST_SLOTS:
        raise TimeSlotError(f"must be {LEAST_SLOTS} to {MOST_SLOTS} slots, not {len(value)}")
    return _in_order(_slot(name, span) for name, span in value.items())


def _slot(name: Any, span: Any) -> TimeSlot:
    if not isinstance(name, str) or not re.fullmatch(r"\w{1,30}", name):
        raise TimeSlotError(f"{name!r}: a slot's name is up to thirty letters, digits and _")
    clock = "([0-9]{1,2}):([0-9]{2})"
    match = re.fullmatch(f"{clock}-{clock}", span) if isinstance(span, str) else None
    if match is None:
        raise TimeSlotError(f'{name}: must be a span such as "09:00-12:00", not {span!r}')
    hour, minute, last_hour, last_minute = map(int, match.groups())
    slot = TimeSlot(name=name, start=60 * hour + minute, until=60 * last_hour + last_minute)
    if minute > 59 or last_minute > 59 or not slot.start < slot.until <= _DAY_MINUTES:
        raise TimeSlotError(f"{name}: {span!r} does not run forward inside one day")
    return slot


def _in_order(slots: Iterable[TimeSlot]) -> TimeSlots:
    ordered = tuple(sorted(slots, key=lambda slot: slot.start))
    for earlier, later in pairwise(ordered):
        if later.start < earlier.until:
            raise TimeSlotError(f"{later.name}: overlaps {earlier.name}")
    return ordered
