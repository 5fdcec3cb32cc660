"""The desk's bar in SQL: one agent's state, and the counters of all."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import OPEN_STATES, callbacks
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents, alerts, calls
from ivr.policy.call import IN_LINE
from ivr.policy.floor import AgentState
from ivr.service.desk_state_ports import Counters, OwnState

_own = (
    "login name role state reason since until wanted wanted_reason call_id callback_id knock_call_id desk_phone "
    "page_seen_at"
)
_OWN = sa.select(*(agents.c[name] for name in _own.split()))
_in_line = calls.c.phase.in_([phase.value for phase in IN_LINE])
_LINE = sa.select(sa.func.count().label("waiting"), sa.func.min(calls.c.presented_at).label("longest_since"))


class SqlDeskState:
    """DeskStateBook over one database."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, turn=Turn.FLOOR)
        self._readers = read_engine(url)

    def own(self, login: str) -> OwnState | None:
        """One agent; see the port."""
        with self._readers.connect() as connection:
            row = connection.execute(_OWN.where(agents.c.login == login)).one_or_none()
        if row is None:
            return None
        return OwnState(**{**row._mapping, "state": AgentState(row.state)})  # noqa: SLF001 # SQLAlchemy's own name

    def counters(self, now: datetime, soon: datetime) -> Counters:
        """What waits; see the port."""
        due_at, is_open = callbacks.c.due_at, callbacks.c.state.in_(OPEN_STATES)
        due = sa.select(
            sa.func.count().label("due"),
            sa.func.sum(sa.case((due_at < now, 1), else_=0)).label("overdue"),
        ).where(is_open, due_at <= soon)
        with self._readers.connect() as connection:
            line = connection.execute(_LINE.where(_in_line)).one()
            row = connection.execute(due).one()
            newest = connection.execute(sa.select(sa.func.max(alerts.c.id))).scalar()
        overdue = row.overdue or 0
        return Counters(
            waiting=line.waiting,
            longest_since=line.longest_since,
            callbacks_due=row.due - overdue,
            callbacks_overdue=overdue,
            alerts=newest or 0,
        )

    def extend_wrap_up(self, login: str, reason: str, seconds: float, now: datetime) -> bool:
        """Its reason says that it was extended already; see the port."""
        with self._engine.begin() as connection:
            asked = sa.select(agents.c.until).where(
                agents.c.login == login,
                agents.c.state == AgentState.WRAP_UP.value,
                agents.c.reason.is_(None),
                agents.c.until > now,
            )
            until = connection.execute(asked).scalar()
            if until is None:
                return False
            longer = {"until": until + timedelta(seconds=seconds), "reason": reason}
            connection.execute(sa.update(agents).where(agents.c.login == login), longer)
        return True
