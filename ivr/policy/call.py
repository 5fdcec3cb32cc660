"""One inbound call as the policy sees it: where it stands, its moments, and what it must not forget."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.commands import BookCommand, Command, LineCommand
from ivr.policy.rules import Rules
from ivr.policy.wait import Told


class Phase(StrEnum):
    """Where a call stands between two events."""

    OFFERED = "offered"  # known to us, nothing decided yet
    RINGING = "ringing"  # a reserved agent's phone rings
    WAITING = "waiting"  # nobody is free, the caller still hears his own ring tone
    HELD = "held"  # picked up, waiting in order with music
    FETCHING = "fetching"  # an agent is reserved, the caller is on his way out of the music
    FALLBACK = "fallback"  # a fallback phone rings
    ASKING = "asking"  # the caller keys in a number
    CHOOSING = "choosing"  # he hears the offer: wait on, or be called back
    BOOKING = "booking"  # the same where there is nothing to wait for
    KEYING = "keying"  # he keys in the number to be called back
    CONFIRMING = "confirming"  # that number is read back to him
    RATING = "rating"  # he is asked how satisfied he is
    TALKING = "talking"
    CLOSING = "closing"  # the last words are spoken, we hang up
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended, for ever."""

    IN_PROGRESS = "in_progress"
    SERVED = "served"
    CALLBACK = "callback"
    FALLBACK = "fallback"
    ABANDONED = "abandoned"


IN_LINE = (Phase.WAITING, Phase.HELD, Phase.CHOOSING)
"""Phases in which a call waits for its turn, also while the caller thinks about an offer."""
UNSERVED = (*IN_LINE, Phase.OFFERED, Phase.RINGING, Phase.FETCHING, Phase.FALLBACK)
"""The caller waits for a person and nothing else is asked of him: what "waiting now" counts."""


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """An agent who let this call ring, and when: it does not ring him again at once."""

    agent: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a caller was offered: a callback by `due_at`, and not before the other moment, where there is one."""

    due_at: datetime
    not_before_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """`number` is the caller's number if it can be rung back, in E.164, else None."""

    call_id: int
    presented_at: datetime
    number: str | None
    phase: Phase = Phase.OFFERED
    greeted_at: datetime | None = None
    greeted_by: str | None = None  # agent | server
    served_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome = Outcome.IN_PROGRESS
    agent: str | None = None  # reserved for, or talking with, this call
    phone: str | None = None  # the phone ringing or talking
    rung_at: datetime | None = None  # when this agent's phone began to ring for this call
    ring_until: datetime | None = None
    ring_cut: bool = False  # the running ring ends at the pickup, before the agent's own ring time is over
    passed_over: tuple[PassedOver, ...] = ()
    said_greeting: bool = False
    apologised: bool = False
    held_since: datetime | None = None
    holds: int = 0
    told: Told | None = None  # the wait he was told last
    first_told: Told | None = None
    estimated_wait_seconds: int | None = None  # and first
    fetch_at: datetime | None = None
    fallback_tried: int = 0
    outside_hours: bool = False
    listed: bool = False
    line_at: datetime | None = None  # his place in line, where it is that of a callback he has joined
    joined_callback: int | None = None
    calls_today: int = 0  # counted only for who has joined a callback
    callback_number: str | None = None  # the one keyed in, else his own is meant
    offer: Offer | None = None
    promised: bool = False
    knocking: bool = False  # offered to an agent who talks
    knocked: bool = False  # or was
    door: str = "asterisk"  # whose switch has the caller: it cannot ring every phone
    left_ringing: str | None = None  # whose phone rang when the caller's leg ended

    @property
    def in_line_since(self) -> datetime:
        """What orders him in line."""
        return self.line_at or self.presented_at

    @property
    def picked_up(self) -> bool:
        """By the switch's stamp, or because we have told it to."""
        return self.said_greeting or self.greeted_at is not None

    @property
    def number_to_call(self) -> str | None:
        """Where he wants to be called back."""
        return self.callback_number or self.number

    def greeting(self, rules: Rules) -> tuple[str, ...]:
        """What comes before anything else he hears (R65)."""
        return () if self.picked_up else (rules.greeting,)

    def deadline_at(self, rules: Rules) -> datetime:
        """The end of the third ring (R64)."""
        return self.presented_at + timedelta(seconds=rules.rings * rules.ring_cycle_seconds)

    def pickup_at(self, rules: Rules) -> datetime:
        """When the server picks up if nobody has."""
        return self.deadline_at(rules) - timedelta(seconds=rules.pickup_margin_seconds)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one event leads to: the call as it stands now, and what to do."""

    call: Call
    commands: tuple[Command, ...] = ()

    def after(self, *commands: Command) -> "Step":
        """The same step with these commands before its own."""
        return Step(call=self.call, commands=(*commands, *self.commands))

    @property
    def for_the_line(self) -> tuple[LineCommand, ...]:
        """The door's part, in order; the awaiting one is last."""
        return tuple(command for command in self.commands if isinstance(command, LineCommand))

    @property
    def for_the_books(self) -> tuple[BookCommand, ...]:
        """The part that is committed before the door hears anything."""
        return tuple(command for command in self.commands if not isinstance(command, LineCommand))
