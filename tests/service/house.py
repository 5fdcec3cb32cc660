"""A hotline without telephones: the real book on SQLite, a clock that stands still, people by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import agents
from ivr.policy.call import Phase, Step
from ivr.policy.commands import LineCommand, PromiseCallback
from ivr.policy.events import CallOffered, DigitsPressed, Event, HungUp
from ivr.policy.floor import Floor
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from ivr.service.callback_ports import AttemptName
from ivr.service.callbacks import CallbackService
from ivr.service.callbacks_by_hand import CallbacksByHand
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import CallUnit, Contact, Decision
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_callback_switch import FakeCallbackSwitch
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_switch import FakeSwitch
from tests.template import at_newest_schema

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class House:
    """Everything of one test; close it. With `dials` customers can be called back."""

    def __init__(self, directory: Path, rules: Rules | None = None, *, dials: bool = False) -> None:
        self.url = f"sqlite:///{directory}/hotline.db"
        at_newest_schema(self.url)
        self.rules = rules or Rules()
        self.clock = FakeClock(NOON)
        self.switch = FakeSwitch()
        self.customers = FakeCallbackSwitch()
        self.book = SqlCallBook(
            self.url,
            self.clock,
            rules=self.rules,
            ways={Route.ASTERISK: lambda: self.switch.connected} if dials else None,
        )
        self.switchboard = Switchboard(self.book, self.rules)
        self.callbacks = CallbackService(self.book, self.customers, self.clock, self.rules)
        self.by_hand = CallbacksByHand(self.book, self.clock, self.rules)
        self.floor_loop = FloorLoop(
            self.book, {"asterisk": self.switch}, self.clock, self.rules, self.callbacks
        )
        self._agents = Agents(SqlAgents(self.url, self.clock), self.clock)
        self._turns: dict[str, int] = {}

    def agent(self, login: str, state: str = "available", phone: str | None = None) -> None:
        """An agent in that state, idle since now."""
        self._agents.add(login, login.title(), phone or f"sip:{login}@127.0.0.1:5070")
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

    def promise(
        self, ref: str = "promise", caller: str = "+8613800138000", due_in_seconds: float = 1800.0
    ) -> int:
        """A caller is promised a call, and hangs up; the callback's id."""
        now = self.clock.now()
        contact = self.contact(ref, caller)
        command = PromiseCallback(
            number=caller,
            due_at=now + timedelta(seconds=due_in_seconds),
            consent_at=now,
            said_prompts=("callback_by",),
        )

        def work(unit: CallUnit) -> None:
            entry = unit.add(contact, caller)
            step = Step(call=replace(entry.call, phase=Phase.CLOSING), commands=(command,))
            pressed = DigitsPressed(at=now, digits="1")
            decision = Decision(event=pressed, floor=Floor(), rules=self.rules, step=step)
            unit.save(unit.write(entry, decision), "0")

        self.book.unit(work)
        self.burst(ref, HungUp(at=now), caller=caller)
        return int(self.rows(callbacks)[-1]["id"])

    def callback(self, callback_id: int = 1) -> dict[str, Any]:
        """Its row."""
        [row] = self.rows(callbacks, id=callback_id)
        return row

    def attempts(self, callback_id: int = 1) -> list[tuple[int, str, str | None]]:
        """Epoch, agent and result of each."""
        rows = self.rows(callback_attempts, callback_id=callback_id)
        return [(row["epoch"], row["agent"], row["result"]) for row in rows]

    def attempt_name(self, callback_id: int = 1, epoch: int = 1) -> AttemptName:
        """As the book gave it to the switch."""
        rows = self.rows(callback_attempts, callback_id=callback_id, epoch=epoch)
        return AttemptName(callback_id=callback_id, number=epoch, nonce=rows[0]["nonce"])

    def agents_state(self, login: str) -> str:
        return str(self.rows(agents, login=login)[0]["state"])

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
def house(directory: Path, rules: Rules | None = None, *, dials: bool = False) -> Iterator[House]:
    """A House, closed at the end."""
    built = House(directory, rules, dials=dials)
    try:
        yield built
    finally:
        built.book.close()
