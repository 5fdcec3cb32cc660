"""Reads one day as it was: its calls, what was promised in them, and how many agents each decision saw on duty."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, idle_waits, promises
from ivr.adapters.sql_schema import calls, events
from ivr.adapters.sql_visitors import of_customers
from ivr.policy.call_flow import FLOORLESS
from ivr.policy.callback import NOT_REACHED_SECONDS
from ivr.policy.callback_metrics import MeasuredCallback, told_wait
from ivr.policy.floor import ON_DUTY
from ivr.policy.metrics import MeasuredCall
from ivr.policy.phone_number import number_to_ring
from ivr.service import codec
from ivr.simulation.past_day import PastCall, PastDay

LOOK_EVERY = timedelta(seconds=10)  # agents come and go more slowly than that
_MEASURED = ("presented_at", "greeted_at", "greeted_by", "served_at", "ended_at", "outcome")
_PROMISED = tuple(field.name for field in fields(MeasuredCallback))
_calls = sa.select(
    calls.c.id,
    calls.c.caller,
    calls.c.state,
    calls.c.estimated_wait_seconds,
    *(calls.c[name] for name in _MEASURED),
).order_by(calls.c.presented_at, calls.c.id)
_floors = (
    sa.select(events.c.at, events.c.floor)
    .where(
        events.c.floor.is_not(None),
        events.c.kind.not_in(sorted(kind.__name__ for kind in FLOORLESS)),  # these never look at the floor
    )
    .order_by(events.c.at, events.c.id)
)
_promised = (
    sa.select(callbacks, promises.c.broken_at)
    .outerjoin(
        promises, sa.and_(promises.c.callback_id == callbacks.c.id, promises.c.call_id == callbacks.c.call_id)
    )
    .order_by(callbacks.c.id)
)
_attempts = sa.select(callback_attempts).order_by(callback_attempts.c.id)


class SqlPastDays:
    """PastDays over the tables; looks at the schema's version once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None

    def day(self, from_at: datetime, until_at: datetime) -> PastDay:
        """See the port. Raises DatabaseUnavailableError."""
        if self._engine is None:
            self._engine = reader_at_head(self._url)
        with said_plainly(), self._engine.begin() as connection:
            return _day(connection, from_at, until_at)


def _day(connection: sa.Connection, from_at: datetime, until_at: datetime) -> PastDay:
    presented = sa.and_(
        calls.c.presented_at >= from_at, calls.c.presented_at < until_at, of_customers(calls.c.id, from_at)
    )
    rows = connection.execute(_calls.where(presented)).all()
    of_day = sa.select(calls.c.id).where(presented)
    promised = connection.execute(_promised.where(callbacks.c.call_id.in_(of_day))).all()
    tried = sa.select(callbacks.c.id).where(callbacks.c.call_id.in_(of_day))
    attempts = connection.execute(_attempts.where(callback_attempts.c.callback_id.in_(tried))).all()
    seen = connection.execute(_floors.where(events.c.at >= from_at, events.c.at < until_at))
    idle = idle_waits.c.milliseconds
    waited_at = sa.and_(
        idle_waits.c.at >= from_at, idle_waits.c.at < until_at, of_customers(idle_waits.c.call_id, from_at)
    )
    by_call = {
        row.call_id: (row, [each for each in attempts if each.callback_id == row.id]) for row in promised
    }
    return PastDay(
        calls=tuple(_call(row, by_call.get(row.id)) for row in rows),
        on_duty=tuple(_on_duty(seen)),
        idle_seconds=sum(connection.scalars(sa.select(idle).where(waited_at))) / 1000,
    )


def _call(row: Any, promised: tuple[Any, Sequence[Any]] | None) -> PastCall:
    past = PastCall(
        measured=MeasuredCall(**{name: getattr(row, name) for name in _MEASURED}),
        number=number_to_ring(row.caller),
        answer_seconds=_answer_seconds(row),
        told=told_wait(codec.call_from_json(row.state)) if row.estimated_wait_seconds is not None else None,
    )
    if promised is None:
        return past
    callback, attempts = promised
    return replace(
        past,
        promise=MeasuredCallback(**{name: getattr(callback, name) for name in _PROMISED}),
        broken=callback.broken_at is not None,
        callback_seconds=_talk_seconds(attempts),
        missed_callbacks=sum(attempt.result in NOT_REACHED_SECONDS for attempt in attempts),
    )


def _talk_seconds(attempts: Sequence[Any]) -> float | None:
    """Of the attempt in which he was reached."""
    talks = ((each.served_at, each.ended_at) for each in attempts if each.served_at and each.ended_at)
    return next(((ended_at - served_at).total_seconds() for served_at, ended_at in talks), None)


def _answer_seconds(row: Any) -> float | None:
    """From the first ring of the phone of the agent who answered; the policy's state keeps that moment."""
    rung_at = json.loads(row.state).get("rung_at")
    if rung_at is None or row.served_at is None:
        return None
    rang: timedelta = row.served_at - datetime.fromisoformat(rung_at)
    return max(rang.total_seconds(), 0.0)


def _on_duty(seen: sa.CursorResult[Any]) -> Iterator[tuple[datetime, int]]:
    """Each change of their number."""
    last: tuple[datetime, int] | None = None
    for row in seen:
        if last is not None and row.at - last[0] < LOOK_EVERY:
            continue
        agents = json.loads(row.floor).get("agents", ())
        last = row.at, sum(agent["state"] in ON_DUTY for agent in agents)
        yield last
