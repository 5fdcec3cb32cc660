"""Listings and figures as the public contract has them: stable keys in their order, ascending, times in UTC.

Numbers leave this module unmasked: it answers people who are asking for them, never a log.
"""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.policy.metrics import MeasuredCall, measure, rings
from ivr.policy.rules import Rules
from ivr.service.ports import Clock
from ivr.service.record_ports import ReportBook, Row

# fmt: off
CALL_KEYS = (
    "id", "door", "ref", "hotline", "caller", "presented_at", "greeted_at", "greeted_by", "served_at",
    "ended_at", "outcome", "agent", "rings", "wait_seconds", "talk_seconds", "estimated_wait_seconds",
)
RECORD_KEYS = (
    "id", "call", "number", "company", "contact_phone", "tax_bureau", "symptom", "fields", "disposition",
    "owner", "state", "opened_at", "closed_at",
)
# fmt: on
AGENT_KEYS = ("login", "name", "role", "phone", "state", "reason", "since", "call")


class Reports:
    """Raises DatabaseUnavailableError everywhere."""

    def __init__(self, book: ReportBook, rules: Rules, clock: Clock) -> None:
        self._book = book
        self._rules = rules
        self._clock = clock

    def calls(self, since: datetime | None) -> list[Row]:
        return [self._call(row) for row in self._book.calls(since)]

    def records(self, since: datetime | None) -> list[Row]:
        return [_in_order(row, RECORD_KEYS) for row in self._book.records(since)]

    def agents(self, since: datetime | None) -> list[Row]:
        return [_in_order(row, AGENT_KEYS) for row in self._book.agents(since)]

    def metrics(self, since: datetime | None) -> list[Row]:
        """Over the calls presented since then, else since midnight where the hotline is."""
        now = self._clock.now()
        calls = self._book.measured(since or self.midnight(now))
        return [dataclasses.asdict(metric) for metric in measure(calls, self._rules, now)]

    def midnight(self, now: datetime) -> datetime:
        local = now.astimezone(ZoneInfo(self._rules.timezone))
        return local.replace(hour=0, minute=0, second=0, microsecond=0)

    def _call(self, row: Row) -> Row:
        moments = {field.name: row[field.name] for field in dataclasses.fields(MeasuredCall)}
        call = MeasuredCall(**moments)
        reckoned = {
            "rings": rings(call, self._rules.ring_cycle_seconds),
            "wait_seconds": call.seconds_to(call.served_at or call.ended_at),
            "talk_seconds": _seconds(call.served_at, call.ended_at),
        }
        return _in_order(row | reckoned, CALL_KEYS)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)


def _in_order(row: Row, keys: tuple[str, ...]) -> Row:
    return {key: iso(row[key]) if isinstance(row[key], datetime) else row[key] for key in keys}


def iso(moment: datetime) -> str:
    """An aware UTC moment as 2026-03-02T01:00:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
