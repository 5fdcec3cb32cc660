"""What the board shows, read from connections that cannot write and take no lock."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_callback_schema import OPEN_STATES, callbacks, idle_waits, promises, ratings
from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.adapters.sql_schema import AN_AGENT, agents, calls, records, ring_backs
from ivr.adapters.sql_visitors import of_customers
from ivr.policy.call import UNSERVED
from ivr.policy.callback_metrics import MeasuredCallback, PromisesKept, told_wait
from ivr.policy.floor import AgentState
from ivr.policy.metrics import MeasuredCall
from ivr.service import codec
from ivr.service.board_ports import DayCall, DayRead, Fingerprint, FloorAgent, FloorRead

_MOMENTS = (calls.c.greeted_at, calls.c.served_at, calls.c.ended_at)
_MEASURED = ("presented_at", "greeted_at", "greeted_by", "served_at", "ended_at", "outcome")
_told = sa.case((calls.c.estimated_wait_seconds.is_not(None), calls.c.state)).label("told")
_DAY_CALLS = sa.select(calls.c.id, *(calls.c[name] for name in _MEASURED), _told)
_added = [sa.func.coalesce(sa.func.sum(sa.type_coerce(moment, sa.BigInteger)), 0) for moment in _MOMENTS]
_OVER = sa.select(sa.func.count().label("n"), sum(_added[1:], _added[0]).label("ms")).select_from(calls)
_WAITING = sa.select(calls.c.presented_at).where(
    sa.or_(*(calls.c.phase == phase.value for phase in UNSERVED)), calls.c.ended_at.is_(None)
)
_callback_moments = [callbacks.c[field.name] for field in fields(MeasuredCallback)]


class SqlBoard:
    """BoardReader over one database; looks at the schema's version once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None

    def day(self, since: datetime, from_id: int) -> DayRead:
        with said_plainly(), self._reading() as connection:
            theirs = of_customers(calls.c.id, since)
            rows = connection.execute(_DAY_CALLS.where(_since(since, from_id), theirs))
            return DayRead(
                calls=[each for row in rows if (each := _day_call(*row)).call.presented_at >= since],
                kept=_kept(connection, since),
            )

    def over(self, since: datetime, by: datetime) -> Fingerprint:
        with said_plainly(), self._reading() as connection:
            theirs = of_customers(calls.c.id, since)
            row = connection.execute(
                _OVER.where(calls.c.presented_at >= since, calls.c.ended_at <= by, theirs)
            ).one()
        return Fingerprint(calls=row.n, milliseconds=int(row.ms))

    def floor(self, now: datetime) -> FloorRead:
        with said_plainly(), self._reading() as connection:
            rows = (
                connection.execute(sa.select(agents).where(AN_AGENT).order_by(agents.c.login))
                .mappings()
                .all()
            )
            gone = [row["login"] for row in rows if row["state"] == AgentState.UNREACHABLE.value]
            open_records, open_promises = _held(connection, gone)
            return FloorRead(
                waiting_since=connection.execute(_WAITING).scalars().all(),
                agents=[_agent(row, open_records, open_promises) for row in rows],
                open=dict(_open(connection, now)),
            )

    def _reading(self) -> Any:
        if self._engine is None:
            self._engine = reader_at_head(self._url)
        return self._engine.begin()


def _since(since: datetime, from_id: int) -> sa.ColumnElement[bool]:
    """By number alone once the day has begun: the newest calls are few, and the database must not walk the day."""
    return calls.c.id >= from_id if from_id else calls.c.presented_at >= since


def _day_call(  # the columns of _DAY_CALLS in their order
    call_id: int,
    presented_at: datetime,
    greeted_at: datetime | None,
    greeted_by: str | None,
    served_at: datetime | None,
    ended_at: datetime | None,
    outcome: str,
    told: str | None,
) -> DayCall:
    call = MeasuredCall(
        presented_at=presented_at,
        greeted_at=greeted_at,
        greeted_by=greeted_by,
        served_at=served_at,
        ended_at=ended_at,
        outcome=outcome,
    )
    return DayCall(
        call_id=call_id, call=call, told=None if told is None else told_wait(codec.call_from_json(told))
    )


def _kept(connection: sa.Connection, since: datetime) -> PromisesKept:
    """As `hotline metrics` reads them, added up by the database where only the sum counts."""
    moments = sa.select(*_callback_moments).where(
        callbacks.c.promised_at >= since, of_customers(callbacks.c.call_id, since)
    )
    broken = sa.select(sa.func.count()).where(
        promises.c.broken_at.is_not(None),
        promises.c.made_at >= since,
        of_customers(promises.c.call_id, since),
    )
    idle = sa.select(sa.func.coalesce(sa.func.sum(idle_waits.c.milliseconds), 0)).where(
        idle_waits.c.at >= since, of_customers(idle_waits.c.call_id, since)
    )
    scores = (
        sa.select(ratings.c.score, sa.func.count().label("n"))
        .where(ratings.c.asked_at >= since, of_customers(ratings.c.call_id, since))
        .group_by(ratings.c.score)
    )
    return PromisesKept(
        callbacks=[MeasuredCallback(**row) for row in connection.execute(moments).mappings()],
        broken_in_silence=connection.execute(broken).scalar_one(),
        idle_seconds=int(connection.execute(idle).scalar_one()) / 1000,
        scores=[row.score for row in connection.execute(scores) for _ in range(row.n)],
    )


def _held(connection: sa.Connection, gone: list[str]) -> tuple[dict[str, int], dict[str, int]]:
    """What those who are gone still have in hand: open records, and promises to keep."""
    if not gone:
        return {}, {}
    serving = sa.func.coalesce(records.c.owner, calls.c.served_by).label("owner")
    mine = (
        sa.select(serving, sa.func.count())
        .select_from(records.join(calls, calls.c.id == records.c.call_id))
        .where(records.c.state == "open", serving.in_(gone))
        .group_by(serving)
    )
    due = (
        sa.select(promises.c.owner, sa.func.count())
        .where(promises.c.kept_at.is_(None), promises.c.state == "open", promises.c.owner.in_(gone))
        .group_by(promises.c.owner)
    )
    return _counts(connection, mine), _counts(connection, due)


def _counts(connection: sa.Connection, query: sa.Select[Any, int]) -> dict[str, int]:
    return {login: count for login, count in connection.execute(query)}  # noqa: C416 # rows are not pairs to mypy


def _agent(row: Mapping[str, Any], open_records: dict[str, int], open_promises: dict[str, int]) -> FloorAgent:
    return FloorAgent(
        login=row["login"],
        name=row["name"],
        state=AgentState(row["state"]),
        since=row["since"],
        reason=row["reason"],
        call_id=row["call_id"],
        open_records=open_records.get(row["login"], 0),
        open_promises=open_promises.get(row["login"], 0),
    )


def _open(connection: sa.Connection, now: datetime) -> Iterator[tuple[str, int]]:
    pending = callbacks.c.state.in_(OPEN_STATES)
    counted = {
        "callbacks": sa.select(sa.func.count()).select_from(callbacks).where(pending),
        "callbacks_late": sa.select(sa.func.count())
        .select_from(callbacks)
        .where(pending, callbacks.c.due_at < now),
        "ring_backs": sa.select(sa.func.count()).select_from(ring_backs).where(ring_backs.c.done.is_(False)),
        "visits": sa.select(sa.func.count()).select_from(visits).where(visits.c.state == "requested"),
        "complaints": sa.select(sa.func.count())
        .select_from(complaints)
        .where(complaints.c.state != "closed"),
        "complaints_late": sa.select(sa.func.count())
        .select_from(complaints)
        .where(complaints.c.state != "closed", complaints.c.feedback_due_at < now),
    }
    for name, query in counted.items():
        yield name, connection.execute(query).scalar_one()
