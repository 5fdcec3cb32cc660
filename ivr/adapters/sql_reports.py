"""Reads for listings and figures. A database of another version is not read: it may mean other things."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, idle_waits, promises, ratings
from ivr.adapters.sql_schema import AN_AGENT, agents, alerts, calls, records, ring_backs
from ivr.adapters.sql_visitors import of_customers
from ivr.policy.callback_metrics import MeasuredCallback, PromisesKept, told_wait
from ivr.policy.metrics import MeasuredCall
from ivr.service import codec
from ivr.service.record_ports import Row

_moments = [callbacks.c[field.name] for field in fields(MeasuredCallback)]
_told_a_wait = sa.select(calls.c.state).where(calls.c.estimated_wait_seconds.is_not(None))
_MEASURED = ("presented_at", "greeted_at", "greeted_by", "served_at", "ended_at", "outcome")


class SqlReports:
    """ReportBook over the tables; looks at the schema's version once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None

    def calls(self, since: datetime | None) -> Sequence[Row]:
        # Not the policy's state nor the line's last words: they are large, and nobody lists them.
        hidden = {"state", "standing", "last_key", "agent", "served_by", "channel", "phase"}
        columns = [column for column in calls.c if column.name not in hidden]
        agent = sa.func.coalesce(calls.c.served_by, calls.c.agent).label("agent")
        return self._rows(sa.select(*columns, agent).order_by(calls.c.id), calls.c.presented_at, since)

    def records(self, since: datetime | None) -> Sequence[Row]:
        call, owner = records.c.call_id.label("call"), sa.func.coalesce(records.c.owner, calls.c.served_by)
        query = (
            sa.select(records, call, owner.label("serving"))
            .join(calls, calls.c.id == records.c.call_id)
            .order_by(records.c.id)
        )
        rows = self._rows(query, records.c.opened_at, since)
        return [row | {"fields": json.loads(row["fields"]), "owner": row["serving"]} for row in rows]

    def agents(self, since: datetime | None) -> Sequence[Row]:
        query = sa.select(agents, agents.c.call_id.label("call")).where(AN_AGENT).order_by(agents.c.login)
        return self._rows(query, agents.c.since, since)

    def measured(self, since: datetime | None) -> Sequence[MeasuredCall]:
        """Without calls of our own engineers from a customer's telephone: they are no customer's (R40)."""
        measured = sa.select(*(calls.c[name] for name in _MEASURED))
        query = measured.where(of_customers(calls.c.id, since)).order_by(calls.c.id)
        return [MeasuredCall(**row) for row in self._rows(query, calls.c.presented_at, since)]

    def callbacks(self, since: datetime | None) -> Sequence[Row]:
        call = callbacks.c.call_id.label("call")
        rows = self._rows(sa.select(callbacks, call).order_by(callbacks.c.id), callbacks.c.promised_at, since)
        query = sa.select(callback_attempts).join(callbacks).order_by(callback_attempts.c.id)
        attempts: dict[int, list[Row]] = {}
        for attempt in self._rows(query, callbacks.c.promised_at, since):
            attempts.setdefault(attempt["callback_id"], []).append(attempt)
        return [row | {"attempts": attempts.get(row["id"], [])} for row in rows]

    def promises(self, since: datetime | None) -> Sequence[Row]:
        query = sa.select(promises, promises.c.call_id.label("call")).order_by(promises.c.id)
        return self._rows(query, promises.c.made_at, since)

    def alerts(self, since: datetime | None) -> Sequence[Row]:
        query = sa.select(alerts, alerts.c.call_id.label("call")).order_by(alerts.c.id)
        return self._rows(query, alerts.c.at, since)

    def ring_backs(self, since: datetime | None) -> Sequence[Row]:
        query = sa.select(ring_backs, ring_backs.c.call_id.label("call")).order_by(ring_backs.c.id)
        return self._rows(query, ring_backs.c.listed_at, since)

    def promises_kept(self, since: datetime) -> PromisesKept:
        """Of the callbacks promised, the callers presented and the ratings asked for since then; as in `measured`."""
        promised = sa.select(*_moments).where(of_customers(callbacks.c.call_id, since))
        a_wait = _told_a_wait.where(of_customers(calls.c.id, since))
        broken = sa.select(promises.c.id).where(
            promises.c.broken_at.is_not(None), of_customers(promises.c.call_id, since)
        )
        scores = sa.select(ratings.c.score).where(of_customers(ratings.c.call_id, since))
        idle = sa.select(idle_waits.c.milliseconds).where(of_customers(idle_waits.c.call_id, since))
        return PromisesKept(
            callbacks=[
                MeasuredCallback(**row) for row in self._rows(promised, callbacks.c.promised_at, since)
            ],
            broken_in_silence=len(self._rows(broken, promises.c.made_at, since)),
            told=[
                told
                for row in self._rows(a_wait, calls.c.presented_at, since)
                if (told := told_wait(codec.call_from_json(row["state"]))) is not None
            ],
            idle_seconds=sum(row["milliseconds"] for row in self._rows(idle, idle_waits.c.at, since)) / 1000,
            scores=[
                row["score"] for row in self._rows(scores.order_by(ratings.c.id), ratings.c.asked_at, since)
            ],
        )

    def _rows(self, query: sa.Select[Any], moment: sa.Column[Any], since: datetime | None) -> list[Row]:
        chosen = query if since is None else query.where(moment >= since)
        if self._engine is None:
            self._engine = reader_at_head(self._url)
        with said_plainly(), self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]
