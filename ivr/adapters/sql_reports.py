"""Reads for listings and figures. A database of another version is not read: it may mean other things."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_schema import agents, calls, records
from ivr.policy.metrics import MeasuredCall
from ivr.service.record_ports import Row

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
        query = sa.select(agents, agents.c.call_id.label("call")).order_by(agents.c.login)
        return self._rows(query, agents.c.since, since)

    def measured(self, since: datetime | None) -> Sequence[MeasuredCall]:
        query = sa.select(*(calls.c[name] for name in _MEASURED)).order_by(calls.c.id)
        return [MeasuredCall(**row) for row in self._rows(query, calls.c.presented_at, since)]

    def _rows(self, query: sa.Select[Any], moment: sa.Column[Any], since: datetime | None) -> list[Row]:
        chosen = query if since is None else query.where(moment >= since)
        if self._engine is None:
            self._engine = reader_at_head(self._url)
        with said_plainly(), self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]
