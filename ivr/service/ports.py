"""The outside things the services need, one Protocol each; an adapter, its fake and its test share the stem."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from ivr.policy.call import Call, Step
from ivr.policy.commands import LineCommand
from ivr.policy.events import Event
from ivr.policy.floor import Floor
from ivr.policy.rules import Rules
from ivr.service.callback_book import CallbackUnit

T = TypeVar("T")

Told = Callable[[Callable[[], T]], None]
"""Called once, from any thread, with what returns the result or raises; it must not wait for anything itself."""


class BookUnavailable(Exception):
    """The call book did not answer in its budget, or refused; whether the unit was written is unknown."""


class ReservationLost(Exception):
    """Somebody else has this agent: decide again with a fresh floor."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Who and where, as the door knows it: enough to write the call down whichever of its bursts comes first.

    `ref` is the call's own reference (Asterisk linkedid, Twilio CallSid), `caller` E.164, `raw:…` or None.
    """

    door: str
    ref: str
    hotline: str
    caller: str | None
    presented_at: datetime
    channel: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A call as it stands in the book."""

    call: Call
    contact: Contact
    standing: tuple[LineCommand, ...]
    last_key: str | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One event, what was seen when it was decided, and the step it led to."""

    event: Event
    floor: Floor
    rules: Rules
    step: Step


class Clock(Protocol):
    """The one source of the time."""

    def now(self) -> datetime: ...


class CallUnit(CallbackUnit, Protocol):
    """What may be done to the book inside one transaction; nothing of it is seen before the commit."""

    def find(self, door: str, ref: str) -> Entry | None: ...

    def find_id(self, call_id: int) -> Entry | None: ...

    def add(self, contact: Contact, number: str | None) -> Entry:
        """A new call, with the outbox row that opens its record: no call without one (R6, R71)."""

    def floor(self, call: Call | None = None) -> Floor:
        """Every agent not offline; the head of the line of calls and callbacks, longer than there are free agents.

        For this call: its desk; with nobody free how many wait before it, and how fast the line moves.
        """

    def write(self, entry: Entry, decision: Decision) -> Entry:
        """The event and what it led to; the book commands carried out; the call as it then stands, not yet saved.

        Raises ReservationLost.
        """

    def refuse(self, entry: Entry, event: Event) -> None:
        """Note an event that meant nothing in the call's phase."""

    def save(self, entry: Entry, key: str | None = None) -> None:
        """The call as it stands, and the key of the burst just handled."""

    def free_agents_due(self, at: datetime) -> int:
        """End wrap-ups that are over and reservations whose lease is; how many agents that freed."""

    def unfinished(self, before: datetime) -> tuple[Entry, ...]:
        """Calls not ended that were presented before that moment."""


class CallBook(Protocol):
    """Calls, their events, the agents and the outbox: the truth."""

    def unit(self, work: Callable[[CallUnit], T], *, budget_seconds: float = 1.5) -> T:
        """Run `work` in one durable transaction and return after its COMMIT. Raises BookUnavailable."""

    def unit_later(
        self, work: Callable[[CallUnit], T], then: Told[T], *, budget_seconds: float = 1.5
    ) -> None:
        """As `unit` for who does not wait: `then` is told what `unit` would have returned or raised."""

    def anything_due(self, at: datetime) -> bool:
        """A cheap look without a lock: could the floor do anything now?"""


class Switch(Protocol):
    """The switch behind one door, as far as it can be told something between bursts."""

    @property
    def connected(self) -> bool: ...

    def fetch(self, entry: Entry) -> bool:
        """Take this caller out of his music now; False where the switch could not be told."""

    def live_refs(self) -> frozenset[str] | None:
        """References of every call the switch has; None where it could not be asked."""
