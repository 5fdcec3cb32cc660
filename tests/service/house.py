"""A hotline without telephones: the real book on SQLite, a clock that stands still, people by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.policy.commands import LineCommand
from ivr.policy.events import CallOffered, Event
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import Contact
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_switch import FakeSwitch
from tests.template import at_newest_schema

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class House:
    """Everything of one test; close it."""

    def __init__(self, directory: Path, rules: Rules | None = None) -> None:
        self.url = f"sqlite:///{directory}/hotline.db"
        at_newest_schema(self.url)
        self.rules = rules or Rules()
        self.clock = FakeClock(NOON)
        self.book = SqlCallBook(self.url, self.clock)
        self.switch = FakeSwitch()
        self.switchboard = Switchboard(self.book, self.rules)
        self.floor_loop = FloorLoop(self.book, {"asterisk": self.switch}, self.clock, self.rules)
        self._agents = Agents(SqlAgents(self.url, self.clock), self.clock)
        self._turns: dict[str, int] = {}

    def agent(self, login: str, state: str = "available") -> None:
        """An agent in that state, idle since now."""
        self._agents.add(login, login.title(), f"sip:{login}@127.0.0.1:5070")
        self.set(login, state)

    def set(self, login: str, state: str) -> None:
        self._agents.choose(login, state)

    def contact(self, ref: str, caller: str | None = "+8613800138000") -> Contact:
        presented_at = self.clock.now()
        return Contact(
            door="asterisk",
            ref=ref,
            hotline="400",
            caller=caller,
            presented_at=presented_at,
            channel=f"ch-{ref}",
        )

    def offer(self, ref: str, caller: str | None = "+8613800138000") -> tuple[LineCommand, ...]:
        """A call arrives now."""
        return self.burst(ref, CallOffered(at=self.clock.now()), caller=caller)

    def burst(
        self, ref: str, *events: Event, caller: str | None = "+8613800138000", key: str | None = None
    ) -> tuple[LineCommand, ...]:
        """One burst of that call."""
        self._turns[ref] = self._turns.get(ref, 0) + 1
        return self.switchboard.handle(self.contact(ref, caller), key or str(self._turns[ref]), events)

    def execute(self, statement: str) -> None:
        """A state no burst would make."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()

    def rows(self, table: sa.Table, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table, in order of their keys."""
        statement = sa.select(table).order_by(*table.primary_key.columns)
        for name, value in where.items():
            statement = statement.where(table.c[name] == value)
        engine = read_engine(self.url)
        try:
            with engine.connect() as connection:
                return [dict(row._mapping) for row in connection.execute(statement)]
        finally:
            engine.dispose()


@contextmanager
def house(directory: Path, rules: Rules | None = None) -> Iterator[House]:
    """A House, closed at the end."""
    built = House(directory, rules)
    try:
        yield built
    finally:
        built.book.close()
