"""Calls for the list behind a figure; reading takes no lock."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import calls, companies, records
from ivr.adapters.sql_visitors import of_customers
from ivr.policy.call import UNSERVED
from ivr.policy.metrics import MeasuredCall
from ivr.service.call_list import ListedCall

_moments = [field.name for field in fields(MeasuredCall)]
_LISTED = (
    sa.select(
        calls.c.id,
        calls.c.caller,
        *(calls.c[name] for name in _moments),
        sa.func.coalesce(calls.c.served_by, calls.c.agent).label("agent"),
        companies.c.name.label("company"),
        companies.c.id.label("company_id"),
    )
    .select_from(
        calls.outerjoin(records, records.c.call_id == calls.c.id).outerjoin(
            companies, companies.c.id == records.c.company_id
        )
    )
    .order_by(calls.c.id.desc())
)


class SqlCallList:
    """CallListBook over one database."""

    def __init__(self, url: str) -> None:
        self._readers = read_engine(url)

    def since(self, since: datetime, before: int | None, most: int) -> Sequence[ListedCall]:
        query = _LISTED.where(calls.c.presented_at >= since, of_customers(calls.c.id, since)).limit(most)
        return self._listed(query if before is None else query.where(calls.c.id < before))

    def waiting(self) -> Sequence[ListedCall]:
        phases = [phase.value for phase in UNSERVED]
        now = _LISTED.where(calls.c.phase.in_(phases), calls.c.ended_at.is_(None)).order_by(None)
        return self._listed(now.order_by(calls.c.presented_at, calls.c.id).limit(200))

    def _listed(self, query: sa.Select[Any]) -> list[ListedCall]:
        with said_plainly(), self._readers.begin() as connection:
            return [_call(row) for row in connection.execute(query).mappings()]


def _call(row: Mapping[Any, Any]) -> ListedCall:
    return ListedCall(
        id=row["id"],
        caller=row["caller"],
        company=row["company"],
        company_id=row["company_id"],
        agent=row["agent"],
        call=MeasuredCall(**{name: row[name] for name in _moments}),
    )
