"""Alarms in SQL: an index lets each episode stand once, so that the first writer tells and the others find it told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_desk_schema import complaints
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import AN_AGENT, agents, alerts, calls, records
from ivr.adapters.sql_visitors import of_customers
from ivr.policy.alarms import Alarm, Episode, Look, SeenAgent, SeenComplaint, SeenPromise, Trouble
from ivr.policy.call import UNSERVED
from ivr.policy.complaint import ComplaintState
from ivr.policy.floor import AgentState
from ivr.policy.metrics import MeasuredCall
from ivr.service.alarm_ports import Alert

_MEASURED = ("presented_at", "greeted_at", "greeted_by", "served_at", "ended_at", "outcome")
_WAITING = sa.select(calls.c.presented_at).where(
    sa.or_(*(calls.c.phase == phase.value for phase in UNSERVED)), calls.c.ended_at.is_(None)
)
_AGENTS = sa.select(agents.c.login, agents.c.state, agents.c.since, agents.c.call_id).where(AN_AGENT)
# A callback's own promise is watched by the callbacks themselves, which can still do something about it.
_PROMISES = sa.select(promises.c.id, promises.c.due_at, promises.c.owner, promises.c.call_id).where(
    promises.c.state.in_(("open", "broken")), promises.c.kept_at.is_(None), promises.c.callback_id.is_(None)
)
_COMPLAINTS = (
    sa.select(complaints.c.id, complaints.c.feedback_due_at, complaints.c.owner, records.c.call_id)
    .join(records, records.c.id == complaints.c.record_id)
    .where(complaints.c.state != ComplaintState.CLOSED.value)
)
_stands = sa.and_(alerts.c.about.is_not(None), alerts.c.cleared_at.is_(None))
_BEGIN = sa.text(
    "INSERT INTO alerts (at, kind, agent, call_id, detail, about, still_at)"
    " VALUES (:at, :kind, :agent, :call_id, :detail, :about, :at) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("at", type_=alerts.c.at.type))


class SqlAlarms:
    """AlarmBook and AlertReader over one database."""

    def __init__(self, url: str) -> None:
        self._writers = create_engine(url)
        self._readers = read_engine(url)

    def look(self, at: datetime, since: datetime) -> Look:
        measured = sa.select(*(calls.c[name] for name in _MEASURED)).where(
            calls.c.presented_at >= since, of_customers(calls.c.id, since)
        )
        with self._read() as connection:
            return Look(
                at=at,
                calls=[MeasuredCall(**row) for row in connection.execute(measured).mappings()],
                waiting_since=connection.execute(_WAITING).scalars().all(),
                agents=[
                    SeenAgent(
                        login=row.login, state=AgentState(row.state), since=row.since, call_id=row.call_id
                    )
                    for row in connection.execute(_AGENTS)
                ],
                promises=[
                    SeenPromise(promise_id=row.id, due_at=row.due_at, owner=row.owner, call_id=row.call_id)
                    for row in connection.execute(_PROMISES)
                ],
                complaints=[
                    SeenComplaint(
                        complaint_id=row.id,
                        due_at=row.feedback_due_at,
                        owner=row.owner,
                        call_id=row.call_id,
                    )
                    for row in connection.execute(_COMPLAINTS)
                ],
            )

    def standing(self) -> Mapping[Episode, datetime]:
        query = sa.select(alerts.c.kind, alerts.c.about, alerts.c.still_at).where(
            _stands, alerts.c.kind.in_([alarm.value for alarm in Alarm])
        )
        with self._read() as connection:
            return {Episode(Alarm(row.kind), row.about): row.still_at for row in connection.execute(query)}

    def begin(self, trouble: Trouble, at: datetime) -> bool:
        row = {
            "at": at,
            "kind": trouble.episode.alarm.value,
            "agent": trouble.agent,
            "call_id": trouble.call_id,
            "detail": json.dumps(dict(trouble.figures)),
            "about": trouble.episode.about,
        }
        with said_plainly(), self._writers.begin() as connection:
            return connection.execute(_BEGIN, row).rowcount == 1

    def go_on(self, episodes: tuple[Episode, ...], at: datetime) -> None:
        self._mark(episodes, still_at=at)

    def end(self, episodes: tuple[Episode, ...], at: datetime) -> int:
        return self._mark(episodes, cleared_at=at)

    def unseen(self, since: datetime, most: int) -> tuple[Alert, ...]:
        query = (
            sa.select(alerts)
            .where(alerts.c.seen_at.is_(None), alerts.c.at >= since)
            .order_by(alerts.c.at.desc(), alerts.c.id.desc())
            .limit(most)
        )
        with self._read() as connection:
            return tuple(_alert(row) for row in connection.execute(query).mappings())

    def acknowledge(self, alert_id: int, login: str, at: datetime) -> bool:
        seen = sa.update(alerts).where(alerts.c.id == alert_id, alerts.c.seen_at.is_(None))
        with said_plainly(), self._writers.begin() as connection:
            return connection.execute(seen, {"seen_by": login, "seen_at": at}).rowcount == 1

    def _mark(self, episodes: tuple[Episode, ...], **values: datetime) -> int:
        marked = 0
        with said_plainly(), self._writers.begin() as connection:
            for episode in episodes:
                mine = sa.and_(alerts.c.kind == episode.alarm.value, alerts.c.about == episode.about)
                marked += connection.execute(sa.update(alerts).where(_stands, mine).values(values)).rowcount
        return marked

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with said_plainly(), self._readers.begin() as connection:
            yield connection


def figures_of(detail: str | None) -> dict[str, Any]:
    """What the alarms wrote in numbers; nothing where it was somebody's words."""
    try:
        found = json.loads(detail or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _alert(row: Mapping[Any, Any]) -> Alert:
    return Alert(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        agent=row["agent"],
        call=row["call_id"],
        about=row["about"],
        figures=figures_of(row["detail"]),
        detail=row["detail"],
        cleared_at=row["cleared_at"],
        seen_by=row["seen_by"],
        seen_at=row["seen_at"],
    )
