"""Listings and figures as the public contract has them: stable keys in their order, ascending, times in UTC.

Numbers leave this module unmasked: it answers people who are asking for them, never a log.
"""

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.policy.callback_metrics import measure_promises, measure_satisfaction
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
CALLBACK_KEYS = ("id", "call", "number", "state", "promised_at", "due_at", "attempts", "agent", "closed_at")
ATTEMPT_KEYS = ("at", "epoch", "result")
PROMISE_KEYS = (
    *("id", "call", "kind", "said_text", "made_by", "made_at", "due_at"),
    *("owner", "state", "kept_at"),
)
ALERT_KEYS = (
    *("id", "at", "kind", "agent", "call", "about", "detail"),
    *("cleared_at", "seen_by", "seen_at"),
)
RING_BACK_KEYS = (
    *("id", "call", "number", "reason", "owner", "listed_at"),
    *("done", "done_by", "done_at", "result"),
)
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

    def callbacks(self, since: datetime | None) -> list[Row]:
        rows = self._book.callbacks(since)
        return [_in_order(row | {"attempts": _attempts(row)}, CALLBACK_KEYS) for row in rows]

    def promises(self, since: datetime | None) -> list[Row]:
        return [_in_order(row, PROMISE_KEYS) for row in self._book.promises(since)]

    def alerts(self, since: datetime | None) -> list[Row]:
        """What managers were told, and who has acknowledged it."""
        return [_in_order(row, ALERT_KEYS) for row in self._book.alerts(since)]

    def ring_backs(self, since: datetime | None) -> list[Row]:
        """Whom a person has to ring back, and who has."""
        return [_in_order(row, RING_BACK_KEYS) for row in self._book.ring_backs(since)]

    def metrics(self, since: datetime | None) -> list[Row]:
        """Over the calls presented since then, else since midnight where the hotline is."""
        now = self._clock.now()
        begin = since or self.midnight(now)
        calls = measure(self._book.measured(begin), self._rules, now)
        kept = self._book.promises_kept(begin)
        promises = (
            *measure_promises(kept, begin, now, self._rules.hours),
            *measure_satisfaction(kept.scores),
        )
        return [dataclasses.asdict(metric) for metric in (*calls, *promises)]

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


def _attempts(row: Row) -> list[Row]:
    return [_in_order(attempt, ATTEMPT_KEYS) for attempt in row["attempts"]]


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)


def _in_order(row: Row, keys: tuple[str, ...]) -> Row:
    return {key: iso(row[key]) if isinstance(row[key], datetime) else row[key] for key in keys}


def iso(moment: datetime) -> str:
    """An aware UTC moment as 2026-03-02T01:00:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
