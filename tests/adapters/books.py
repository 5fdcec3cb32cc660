"""The call book over a real database, and the few sentences its contract is told in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ivr.adapters.sql_call_book import SqlCallBook
from ivr.policy.call import Call, Phase, Step
from ivr.policy.commands import (
    Command,
    Hold,
    Reserve,
    Sound,
)
from ivr.policy.events import CallOffered, Event
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

    def __init__(self, database: Database) -> None:
        self.database = database
        self.book = SqlCallBook(database.url, SetClock())
        self.rules = Rules()

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

    def floor_logins(self) -> list[str]:
        return [agent.login for agent in self.book.unit(lambda unit: unit.floor()).agents]
