"""People and their attempts to sign in, in SQL. An attempt is written down before its password is looked at.

So a hundred guesses at the same moment are a hundred attempts in a row.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import login_attempts
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents
from ivr.policy.roles import Role
from ivr.policy.sign_in_pace import Failures, open_again_at
from ivr.service.sign_in_ports import Attempt, Person

KNOWN = timedelta(days=30)  # an address from which he signed in so recently is his own
KEPT = timedelta(days=90)
_his = login_attempts.c.login == sa.bindparam("login")
_here = login_attempts.c.address == sa.bindparam("address")


class SqlSignIn:
    """SignInBook over one database."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, turn=Turn.SIGN_IN)
        self._readers = read_engine(url)

    def person(self, login: str) -> Person | None:
        """Whoever has that login."""
        query = sa.select(agents.c.login, agents.c.name, agents.c.role, agents.c.password)
        with self._readers.connect() as connection:
            row = connection.execute(query.where(agents.c.login == login)).one_or_none()
        if row is None:
            return None
        return Person(login=row.login, name=row.name, role=Role(row.role), password=row.password)

    def attempt(self, login: str, address: str, at: datetime, since: datetime) -> Attempt:
        """One turn: what came before is counted, this one is written down."""
        who = {"login": login, "address": address}
        with self._engine.begin() as connection:
            known = _last_success(connection, sa.and_(_his, _here), at - KNOWN, who)
            mine = sa.and_(_his, _here) if known else _his
            by_login = _failures(connection, mine, since, who)
            until = open_again_at(by_login, _failures(connection, _here, since, who))
            if until is not None and until > at:
                return Attempt(attempt_id=None, open_again_at=until)
            row = {**who, "at": at, "succeeded": False}
            added = connection.execute(sa.insert(login_attempts).values(row)).inserted_primary_key
        assert added is not None
        return Attempt(attempt_id=added[0], open_again_at=None)

    def succeeded(self, attempt_id: int) -> None:
        """That one was right; what is older than a quarter goes."""
        mine = login_attempts.c.id == attempt_id
        with self._engine.begin() as connection:
            at = connection.execute(sa.select(login_attempts.c.at).where(mine)).scalar()
            connection.execute(sa.update(login_attempts).where(mine).values(succeeded=True))
            if at is not None:
                connection.execute(sa.delete(login_attempts).where(login_attempts.c.at < at - KEPT))

    def set_password(self, login: str, hashed: str) -> bool:
        """Replaces it."""
        change = sa.update(agents).where(agents.c.login == login).values(password=hashed)
        with self._engine.begin() as connection:
            return connection.execute(change).rowcount == 1


def _last_success(
    connection: sa.Connection, mine: sa.ColumnElement[bool], since: datetime, who: dict[str, str]
) -> datetime | None:
    latest = sa.select(sa.func.max(login_attempts.c.at)).where(mine, login_attempts.c.succeeded)
    found: datetime | None = connection.execute(latest.where(login_attempts.c.at > since), who).scalar()
    return found


def _failures(
    connection: sa.Connection, mine: sa.ColumnElement[bool], since: datetime, who: dict[str, str]
) -> Failures:
    """Since the last right password or `since`, whichever is later."""
    begin = _last_success(connection, mine, since, who) or since
    counted = sa.select(sa.func.count(), sa.func.max(login_attempts.c.at)).where(
        mine, login_attempts.c.at > begin, sa.not_(login_attempts.c.succeeded)
    )
    count, last_at = connection.execute(counted, who).one()
    return Failures(count=count, last_at=last_at)
