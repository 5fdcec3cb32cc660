"""Whose page is open, in SQL. A call that has an agent is never torn from him: only who is available is lost.

Every change is one conditional update, in the floor's own turn: of losing him and reserving him one comes first.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents, alerts
from ivr.policy.floor import ON_DUTY, AgentState

PAGE_GONE = "page_gone"
_AVAILABLE, _UNREACHABLE = AgentState.AVAILABLE.value, AgentState.UNREACHABLE.value


class SqlPresence:
    """PresenceBook over one database."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, turn=Turn.FLOOR)
        self._readers = read_engine(url)

    def heard(self, present: Collection[str], left: Mapping[str, datetime], now: datetime) -> tuple[str, ...]:
        """Their pages are open, or were; see the port."""
        if not present and not left:
            return ()
        theirs = agents.c.login.in_(present)
        gone = sa.and_(theirs, agents.c.state == _UNREACHABLE, agents.c.reason == PAGE_GONE)
        with self._engine.begin() as connection:
            connection.execute(sa.update(agents).where(theirs), {"page_seen_at": now})
            for login, seen_at in left.items():
                connection.execute(
                    sa.update(agents).where(agents.c.login == login), {"page_seen_at": seen_at}
                )
            back = sa.update(agents).where(gone).returning(agents.c.login)
            rows = connection.execute(back, {"state": _AVAILABLE, "reason": None, "since": now})
            return tuple(row.login for row in rows)

    def without_page(self, login: str) -> None:
        """From now on he works without one, as he chose to."""
        mine = agents.c.login == login
        with self._engine.begin() as connection:
            connection.execute(sa.update(agents).where(mine), {"page_seen_at": None})

    def lost(self, before: datetime, now: datetime) -> tuple[str, ...]:
        """Who cannot be reached any more; see the port. Looked at first without a lock: mostly nobody is."""
        gone = sa.and_(agents.c.state == _AVAILABLE, agents.c.page_seen_at < before)
        with self._readers.connect() as connection:
            if connection.execute(sa.select(agents.c.login).where(gone).limit(1)).first() is None:
                return ()
        values = {"state": _UNREACHABLE, "reason": PAGE_GONE, "since": now}
        with self._engine.begin() as connection:
            rows = connection.execute(sa.update(agents).where(gone).returning(agents.c.login), values)
            return tuple(sorted(row.login for row in rows))

    def anybody_on_duty(self) -> bool:
        """Whether anybody will take a call now or soon."""
        on_duty = agents.c.state.in_([state.value for state in ON_DUTY])
        with self._readers.connect() as connection:
            return connection.execute(sa.select(agents.c.login).where(on_duty).limit(1)).first() is not None

    def alert(self, kind: str, agent: str, now: datetime) -> None:
        """For the managers."""
        with self._engine.begin() as connection:
            connection.execute(sa.insert(alerts), {"at": now, "kind": kind, "agent": agent})
