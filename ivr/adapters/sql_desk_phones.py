"""Agents' pages as telephones, in SQL. One account a page; whoever claims last has it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import audit
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import agents, rung_phone
from ivr.policy.floor import AgentState
from ivr.service.ports import Clock

DIAL_REFUSED = "dial_refused"
_OFF_DUTY = (AgentState.OFFLINE.value, AgentState.AWAY.value)


class SqlDeskPhones:
    """DeskPhoneBook over one database."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)
        self._clock = clock

    def held(self, login: str) -> str | None:
        """See DeskPhoneBook."""
        return self._one(sa.select(agents.c.desk_phone).where(agents.c.login == login))

    def given(self, login: str) -> str | None:
        """See DeskPhoneBook."""
        return self._one(sa.select(agents.c.phone).where(agents.c.login == login))

    def owner(self, account: str) -> str | None:
        """See DeskPhoneBook."""
        return self._one(sa.select(agents.c.login).where(agents.c.desk_phone == account))

    def way_to(self, login: str) -> str | None:
        """See DeskPhoneBook."""
        on_duty = agents.c.state.not_in(_OFF_DUTY)
        return self._one(sa.select(rung_phone()).where(agents.c.login == login, on_duty))

    def on_duty(self) -> tuple[Mapping[str, str], ...]:
        """See DeskPhoneBook."""
        wanted = sa.select(agents.c.login, agents.c.name, agents.c.state)
        there = wanted.where(agents.c.state.not_in(_OFF_DUTY)).order_by(agents.c.name, agents.c.login)
        with self._readers.connect() as connection:
            return tuple(dict(row) for row in connection.execute(there).mappings())

    def any_reserved(self) -> bool:
        """See PagesInCalls."""
        rung = sa.and_(agents.c.state == AgentState.RESERVED.value, agents.c.desk_phone.is_not(None))
        return self._one(sa.select(agents.c.login).where(rung)) is not None

    def take(self, login: str, account: str) -> str | None:
        """See DeskPhoneBook."""
        return self._replace(login, account)

    def give_back(self, login: str) -> str | None:
        """See DeskPhoneBook."""
        return self._replace(login, None)

    def refused_to_dial(self, login: str, number: str) -> None:
        """See DeskPhoneBook."""
        row = {"at": self._clock.now(), "login": login, "action": DIAL_REFUSED, "detail": number[:80]}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(audit), row)

    def _replace(self, login: str, account: str | None) -> str | None:
        his = agents.c.login == login
        with self._engine.begin() as connection:
            before = sa.select(agents.c.desk_phone).where(his).with_for_update()
            found: str | None = connection.execute(before).scalar()
            connection.execute(sa.update(agents).where(his).values(desk_phone=account))
        return found

    def _one(self, question: sa.Select[Any]) -> str | None:
        with self._readers.connect() as connection:
            found: str | None = connection.execute(question.limit(1)).scalar()
        return found
