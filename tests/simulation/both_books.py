"""The book in memory and the real one on SQLite, led through the same day unit by unit: they must never differ."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_callback_schema import callback_events, promises
from ivr.adapters.sql_engine import read_engine
from ivr.policy.floor import AgentState
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from ivr.service.agents import Agents
from ivr.service.ports import CallUnit, Clock
from ivr.simulation.book import MemoryBook
from tests.template import at_newest_schema

T = TypeVar("T")


class _SamePace:
    """What the real book has learnt."""

    def __init__(self, book: SqlCallBook) -> None:
        self._book = book

    def current(self) -> Pace:
        return self._book._pace.current

    def learn(self, call: object) -> None:
        """It reads by itself."""

    def learn_talk(self, seconds: float) -> None:
        """It reads by itself."""


class BothBooks(MemoryBook):
    """MemoryBook; each unit is carried out by the other one too, and both results are compared."""

    def __init__(
        self, clock: Clock, rules: Rules, *, directory: Path, dials: bool = True, **rest: Any
    ) -> None:
        super().__init__(clock, rules, dials=dials, **rest)
        self.url = f"sqlite:///{directory / 'hotline.db'}"
        at_newest_schema(self.url)
        self.real = SqlCallBook(
            self.url, clock, rules=rules, ways={Route.ASTERISK: lambda: True} if dials else None
        )
        self._pace = _SamePace(self.real)  # type: ignore[assignment] # learnt at other moments they would differ
        self._agents = Agents(SqlAgents(self.url, clock), clock)
        self._known: set[str] = set()
        self.units = 0

    def unit(self, work: Callable[[CallUnit], T], *, budget_seconds: float = 1.5) -> T:
        really = self.real.unit(work, budget_seconds=60)
        result = super().unit(work)
        assert result == really
        self.units += 1
        return result

    def really_kept(self) -> list[tuple[datetime | None, bool]]:
        """By promise in the real book: when it was kept, and whether its time passed in silence."""
        found = self._rows(sa.select(promises).order_by(promises.c.id))
        return [(row.kept_at, row.broken_at is not None) for row in found]

    def held_back(self) -> int:
        """How often the guard put somebody off just before a dial."""
        return len(self._rows(sa.select(callback_events).where(callback_events.c.kind == "NumberRefused")))

    def _rows(self, query: sa.Select[Any]) -> list[Any]:
        engine = read_engine(self.url)
        try:
            with engine.connect() as connection:
                return [*connection.execute(query)]
        finally:
            engine.dispose()

    def anything_due(self, at: datetime) -> bool:
        due = super().anything_due(at)
        assert due or not self.real.anything_due(at) or self.open_callbacks
        return due

    def choose(self, login: str, state: AgentState, at: datetime) -> None:
        if login not in self._known:
            self._agents.add(login, login, f"sip:{login}@simulation")
            self._known.add(login)
        self._agents.choose(login, state.value)
        super().choose(login, state, at)
