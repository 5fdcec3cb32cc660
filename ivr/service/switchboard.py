"""The one way in for both doors: an event about a call goes in, the next line commands come out.

Everything an event leads to is written in one transaction before the door hears a word of it: write, then speak.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ivr.policy.call import IN_LINE, Phase
from ivr.policy.call_flow import FLOORLESS, UnexpectedEventError, advance, repeated
from ivr.policy.commands import HangUp, LineCommand
from ivr.policy.events import AgentAnswered, CallerGreeted, CallOffered, Event, HungUp, NumberNoted
from ivr.policy.floor import Floor
from ivr.policy.phone_number import number_to_ring
from ivr.policy.rules import Rules
from ivr.service.callback_steps import tell_callbacks
from ivr.service.ports import CallBook, CallUnit, Contact, Decision, Entry, ReservationLost, Told

RESERVATION_TRIES = 3


def apply(unit: CallUnit, entry: Entry, event: Event, rules: Rules) -> Entry:
    """Advance one call by one event inside a unit, without saving it yet.

    An event that means nothing now is noted and changes nothing.
    """
    for _ in range(RESERVATION_TRIES):
        floor = Floor() if type(event) in FLOORLESS else unit.floor(entry.call)
        try:
            step = advance(entry.call, event, floor, rules)
            written = unit.write(entry, Decision(event=event, floor=floor, rules=rules, step=step))
            tell_callbacks(unit, step, event.at, rules)
            return written  # noqa: TRY300 # what is written and told is one thing
        except UnexpectedEventError:
            unit.refuse(entry, event)
            return entry
        except ReservationLost:
            continue  # somebody else took this agent: look at the floor again
    raise ReservationLost


class Switchboard:
    """Handles events about calls; `on_change` is told after a commit that gives the floor something to look at."""

    def __init__(self, book: CallBook, rules: Rules, on_change: Callable[[], None] = lambda: None) -> None:
        self._book = book
        self._rules = rules
        self.on_change = on_change

    def handle(self, contact: Contact, key: str, events: tuple[Event, ...]) -> tuple[LineCommand, ...]:
        """What the line shall do next. A repeated `key` gets the same answer and changes nothing.

        Raises BookUnavailable.
        """
        return self._told(*self._book.unit(lambda unit: self._handle(unit, contact, key, events)))

    def handle_later(
        self,
        contact: Contact,
        key: str,
        events: tuple[Event, ...],
        then: Told[tuple[LineCommand, ...]],
    ) -> None:
        """The same for a door that does not wait: `then` is called once, from any thread, with what tells it."""
        self._book.unit_later(
            lambda unit: self._handle(unit, contact, key, events),
            lambda result: then(lambda: self._told(*result())),
        )

    def _told(self, entry: Entry, floor_moved: bool) -> tuple[LineCommand, ...]:
        if floor_moved:
            self.on_change()
        return (HangUp(),) if entry.call.phase is Phase.ENDED else entry.standing

    def note(self, contact: Contact, event: Event) -> None:
        """A fact from beside the door (a stamp heard live); only for calls already in the book."""
        self._book.unit(lambda unit: self._note(unit, contact, event))
        self.on_change()

    def phase(self, contact: Contact) -> Phase | None:
        """Where that call stands; None for one the book does not know."""
        entry = self._book.unit(lambda unit: unit.find(contact.door, contact.ref))
        return None if entry is None else entry.call.phase

    def _handle(
        self, unit: CallUnit, contact: Contact, key: str, events: tuple[Event, ...]
    ) -> tuple[Entry, bool]:
        """The call afterwards, and whether an agent or the line may be looked at anew for it."""
        entry = unit.find(contact.door, contact.ref)
        if entry is None:
            entry = unit.add(contact, number_to_ring(contact.caller))
            events = _from_the_beginning(events)
        if _not_newer(key, entry.last_key):
            return self._repeat(entry, events[-1].at), False
        before = entry
        for event in events:
            if _is_news(entry, event):
                entry = apply(unit, entry, event, self._rules)
        unit.save(entry, key)
        if entry.standing is before.standing:
            entry = self._repeat(entry, events[-1].at)
        floor_moved = before.call.agent is not None or entry.call.phase in IN_LINE
        return replace(entry, last_key=key), floor_moved

    def _repeat(self, entry: Entry, at: datetime) -> Entry:
        return replace(entry, standing=repeated(entry.call, entry.standing, at, self._rules))

    def _note(self, unit: CallUnit, contact: Contact, event: Event) -> None:
        entry = unit.find(contact.door, contact.ref)
        if entry is not None and _is_news(entry, event):  # a stamp may reach us after the end
            unit.save(apply(unit, entry, event, self._rules))


def _is_news(entry: Entry, event: Event) -> bool:
    """The switch repeats its two stamps in every burst; a stamp already known says nothing."""
    match event:
        case CallerGreeted():
            return entry.call.greeted_at is None or event.at < entry.call.greeted_at
        case AgentAnswered():
            return entry.call.served_at is None
        case _:
            return True


def _not_newer(key: str, last: str | None) -> bool:
    """The same burst again, or one that was overtaken by its own repetition: both doors number theirs upwards."""
    if last is not None and key.isdigit() and last.isdigit():
        return int(key) <= int(last)
    return key == last


def _from_the_beginning(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """A call whose first burst never reached us starts with the one that did, its stamps kept."""
    last = events[-1]
    if isinstance(last, CallOffered | HungUp | NumberNoted):
        return events
    return (*events[:-1], CallOffered(at=last.at))
