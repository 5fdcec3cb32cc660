"""The figures of one day, added up call by call as the calls are over; only what still moves is looked at again.

The figures are those of ivr.policy.metrics and nobody else's: a call is tallied once, when it has been over for a
while, and a fingerprint tells when the book has changed behind our back. Then the day is read anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ivr.policy.callback_metrics import ToldWait, measure_promises, measure_satisfaction
from ivr.policy.metrics import Metric, Tally
from ivr.policy.rules import Rules
from ivr.service.board_ports import BoardReader, DayCall, DayRead, Fingerprint

SETTLED_AFTER = timedelta(
    minutes=10
)  # what lower rungs bring home late has come by then, or changes the fingerprint
CHECKED_EVERY = timedelta(seconds=30)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """A quarter of an hour; calls count where they were presented."""

    at: datetime
    offered: int
    served: int
    abandoned: int
    service_level: float | None


@dataclass(kw_only=True)
class _Sum:
    """Tallied so far."""

    day: Tally
    quarters: dict[datetime, Tally] = field(default_factory=dict)
    told: list[ToldWait] = field(default_factory=list)
    over: Fingerprint = field(default_factory=Fingerprint)

    def copy(self) -> "_Sum":
        quarters = {at: tally.copy() for at, tally in self.quarters.items()}
        return replace(self, day=self.day.copy(), quarters=quarters, told=self.told[:])

    def add(self, each: DayCall, now: datetime) -> None:
        self.day.add(each.call, now)
        at = each.call.presented_at
        quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        if quarter not in self.quarters:
            self.quarters[quarter] = Tally(rules=self.day.rules)
        self.quarters[quarter].add(each.call, now)
        if each.told is not None:
            self.told.append(each.told)


class Today:
    """One a process and day. Not for two threads at once."""

    def __init__(self, reader: BoardReader, rules: Rules, begin: datetime) -> None:
        self.begin = begin
        self._reader = reader
        self._rules = rules
        self._checked_at: datetime | None = None
        self._settled = _Sum(day=Tally(rules=rules))
        self._settled_ids: set[int] = set()  # from _from_id on
        self._from_id = 0

    def figures(self, now: datetime) -> tuple[tuple[Metric, ...], tuple[Quarter, ...]]:
        """Every figure of `hotline metrics`, and the day's quarters. Raises DatabaseUnavailableError."""
        read = self._reader.day(self.begin, self._from_id)
        moving = self._settle(read, now)
        if self._changed_behind_us(now):
            self._forget()
            read = self._reader.day(self.begin, 0)
            moving = self._settle(read, now)
        seen = self._settled.copy()
        for each in moving:
            seen.add(each, now)
        kept = replace(read.kept, told=seen.told)
        promises = measure_promises(kept, self.begin, now, self._rules.hours)
        metrics = (*seen.day.metrics(), *promises, *measure_satisfaction(kept.scores))
        return metrics, tuple(_quarters(seen.quarters, now))

    def _settle(self, read: DayRead, now: datetime) -> list[DayCall]:
        """Tallies for ever what has been over for a while; the others."""
        moving = []
        for each in read.calls:
            if each.call_id in self._settled_ids:
                continue
            if each.call.ended_at is not None and each.call.ended_at <= now - SETTLED_AFTER:
                self._settled.add(each, now)
                self._settled.over = self._settled.over.with_(each.call)
                self._settled_ids.add(each.call_id)
            else:
                moving.append(each)
        next_id = max(self._settled_ids, default=self._from_id - 1) + 1
        self._from_id = min((each.call_id for each in moving), default=next_id)
        self._settled_ids = {call_id for call_id in self._settled_ids if call_id >= self._from_id}
        return moving

    def _changed_behind_us(self, now: datetime) -> bool:
        """Looked at now and then: it costs a walk through the day."""
        if self._checked_at is not None and now - self._checked_at < CHECKED_EVERY:
            return False
        self._checked_at = now
        return self._reader.over(self.begin, now - SETTLED_AFTER) != self._settled.over

    def _forget(self) -> None:
        self._settled = _Sum(day=Tally(rules=self._rules))
        self._settled_ids = set()
        self._from_id = 0


def _quarters(tallies: dict[datetime, Tally], now: datetime) -> Iterator[Quarter]:
    """From the first with a call to the one that runs; those between without a call too."""
    at = min(tallies, default=now + QUARTER)
    while at <= now:
        tally = tallies.get(at)
        if tally is None:
            yield Quarter(at=at, offered=0, served=0, abandoned=0, service_level=None)
        else:
            level = next(each.value for each in tally.metrics() if each.name == "service_level")
            yield Quarter(
                at=at,
                offered=tally.offered,
                served=len(tally.waits),
                abandoned=tally.abandoned + tally.abandoned_short,
                service_level=level,
            )
        at += QUARTER
