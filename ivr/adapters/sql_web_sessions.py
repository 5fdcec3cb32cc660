"""Sessions of the pages in SQL, found by the sha256 of their token: who reads this table can sign in as nobody."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_desk_schema import web_sessions
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import agents
from ivr.policy.floor import AgentState
from ivr.policy.roles import Role
from ivr.policy.session_life import Sitting
from ivr.service.sign_in_ports import Person, WebSession

_of_person = web_sessions.outerjoin(agents, agents.c.login == web_sessions.c.login)
_person = (agents.c.name, agents.c.role, agents.c.password, agents.c.state, agents.c.since, agents.c.misses)


class SqlWebSessions:
    """WebSessionBook over one database. Everything may raise DatabaseUnavailableError."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)

    def find(self, token_hash: str) -> WebSession | None:
        """With the person as he stands now: a role that changed holds from the next request on."""
        query = sa.select(web_sessions, *_person).select_from(_of_person)
        with said_plainly(), self._readers.connect() as connection:
            row = connection.execute(query.where(web_sessions.c.token_hash == token_hash)).one_or_none()
        if row is None or (row.login is not None and row.name is None):
            return None
        return WebSession(
            data=json.loads(row.data),
            started_at=row.started_at,
            acted_at=row.seen_at,
            who=_who(row) if row.login is not None else None,
            sitting=_sitting(row) if row.login is not None else None,
        )

    def save(self, token_hash: str, login: str | None, data: Mapping[str, Any], at: datetime) -> None:
        """A new one."""
        row = {"token_hash": token_hash, "login": login, "started_at": at, "seen_at": at}
        with said_plainly(), self._engine.begin() as connection:
            connection.execute(sa.insert(web_sessions), {**row, "data": json.dumps(dict(data))})

    def update(self, token_hash: str, data: Mapping[str, Any], acted_at: datetime) -> None:
        """What it carries, and when the person did something last."""
        change = sa.update(web_sessions).where(web_sessions.c.token_hash == token_hash)
        with said_plainly(), self._engine.begin() as connection:
            connection.execute(change, {"data": json.dumps(dict(data)), "seen_at": acted_at})

    def end(self, token_hash: str) -> None:
        """No request finds it any more."""
        with said_plainly(), self._engine.begin() as connection:
            connection.execute(sa.delete(web_sessions).where(web_sessions.c.token_hash == token_hash))

    def end_all_of(self, login: str) -> int:
        """On every machine where he is signed in."""
        with said_plainly(), self._engine.begin() as connection:
            return connection.execute(sa.delete(web_sessions).where(web_sessions.c.login == login)).rowcount

    def clear(self, begun_before: datetime, visits_before: datetime) -> None:
        """What nobody can use any more."""
        visits = sa.and_(web_sessions.c.login.is_(None), web_sessions.c.started_at < visits_before)
        old = sa.or_(web_sessions.c.started_at < begun_before, visits)
        with said_plainly(), self._engine.begin() as connection:
            connection.execute(sa.delete(web_sessions).where(old))


def _who(row: Any) -> Person:
    return Person(login=row.login, name=row.name, role=Role(row.role), password=row.password)


def _sitting(row: Any) -> Sitting:
    return Sitting(
        started_at=row.started_at,
        acted_at=row.seen_at,
        state=AgentState(row.state),
        since=row.since,
        misses=row.misses,
    )
