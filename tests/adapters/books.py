"""The call book over a real database, and the few sentences its contract is told in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_callback_schema import callbacks
from ivr.policy.call import Call, Phase, Step
from ivr.policy.callback import Callback
from ivr.policy.commands import Command, Hold, PromiseCallback, Reserve, Sound
from ivr.policy.events import CallOffered, DigitsPressed, Event, HungUp
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.ports import CallUnit, Contact, Decision, Entry
from tests.adapters.rows import CALLER, NINE, Database, SetClock

HOLD = Hold(seconds=10.0, sound=Sound.MUSIC)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def contact(ref: str = "1764000000.1", seconds: float = 0.0, **values: Any) -> Contact:
    whole = {"door": "asterisk", "ref": ref, "hotline": "12366", "caller": CALLER, "channel": f"PJSIP/{ref}"}
    return Contact(presented_at=after(seconds), **whole | values)


class Books:
    """The book under test and the rows beneath it."""

    def __init__(self, database: Database, rules: Rules | None = None) -> None:
        self.database = database
        self.rules = rules or Rules()
        self.clock = SetClock()
        self.dials: bool | None = True  # None: no way to call anybody
        self.book = self.opened()

    def opened(self) -> SqlCallBook:
        """One more, as another process has it."""
        ways = None if self.dials is None else {Route.ASTERISK: lambda: bool(self.dials)}
        words = {"callback_by": "我们会在", "half_past_nine": "九点半"}
        return SqlCallBook(self.database.url, self.clock, rules=self.rules, ways=ways, words=words)

    def added(self, ref: str = "1764000000.1", seconds: float = 0.0, **state: Any) -> Entry:
        """A call in the book, in that state."""
        entry = self.book.unit(lambda unit: unit.add(contact(ref, seconds), CALLER))
        return self.happens(entry, CallOffered(at=after(seconds)), call=replace(entry.call, **state))

    def happens(self, entry: Entry, event: Event, *commands: Command, call: Call | None = None) -> Entry:
        return self.book.unit(lambda unit: self.written(unit, entry, event, *commands, call=call))

    def written(
        self, unit: CallUnit, entry: Entry, event: Event, *commands: Command, call: Call | None = None
    ) -> Entry:
        step = Step(call=call or entry.call, commands=commands)
        decision = Decision(event=event, floor=unit.floor(), rules=self.rules, step=step)
        written = unit.write(entry, decision)
        unit.save(written)
        return written

    def reserved(self, entry: Entry, login: str, seconds: float = 0.0) -> Entry:
        reserve = Reserve(agent=login, lease_seconds=35.0)
        call = replace(entry.call, phase=Phase.RINGING, agent=login)
        return self.happens(entry, CallOffered(at=after(seconds)), reserve, call=call)

    def promised(self, ref: str = "promise", seconds: float = 0.0, number: str = CALLER, **more: Any) -> int:
        """A callback promised in a call that is over by now; its id."""
        entry = self.added(ref, seconds)
        said = {"consent_at": after(seconds), "said_prompts": ("callback_by", "half_past_nine"), **more}
        promise = PromiseCallback(number=number, due_at=said.pop("due_at", after(1800)), **said)
        self.happens(entry, DigitsPressed(at=after(seconds), digits="1"), promise)
        ended = replace(entry.call, phase=Phase.ENDED, ended_at=after(seconds))
        self.happens(entry, HungUp(at=after(seconds)), call=ended)
        return int(self.database.rows(callbacks)[-1]["id"])

    def callback(self, callback_id: int) -> Callback:
        found = self.book.unit(lambda unit: unit.callback(callback_id))
        assert found is not None
        return found

    def line(self) -> list[tuple[int, int | None]]:
        """Calls and callbacks in the order in which they get an agent."""
        line = self.book.unit(lambda unit: unit.floor()).line
        return [(waiting.call_id, waiting.callback_id) for waiting in line]

    def floor_logins(self) -> list[str]:
        return [agent.login for agent in self.book.unit(lambda unit: unit.floor()).agents]
