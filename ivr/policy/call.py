"""One inbound call as the policy sees it: where it stands, its moments, and what it must not forget."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.commands import BookCommand, Command, LineCommand
from ivr.policy.rules import Rules


class Phase(StrEnum):
    """Where a call stands between two events."""

    OFFERED = "offered"  # known to us, nothing decided yet
    RINGING = "ringing"  # a reserved agent's phone rings
    WAITING = "waiting"  # nobody is free, the caller still hears his own ring tone
    HELD = "held"  # picked up, waiting in order with music
    FETCHING = "fetching"  # an agent is reserved, the caller is on his way out of the music
    FALLBACK = "fallback"  # a fallback phone rings
    ASKING = "asking"  # the caller keys in a number
    TALKING = "talking"
    CLOSING = "closing"  # the last words are spoken, we hang up
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended, for ever."""

    IN_PROGRESS = "in_progress"
    SERVED = "served"
    FALLBACK = "fallback"
    ABANDONED = "abandoned"


IN_LINE = (Phase.WAITING, Phase.HELD)
"""Phases in which a call waits for its turn."""


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """An agent who let this call ring, and when: it does not ring him again at once."""

    agent: str
    at: datetime


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
    fetch_at: datetime | None = None
    fallback_tried: int = 0
    listed: bool = False

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

    @property
    def for_the_line(self) -> tuple[LineCommand, ...]:
        """The door's part, in order; the awaiting one is last."""
        return tuple(command for command in self.commands if isinstance(command, LineCommand))

    @property
    def for_the_books(self) -> tuple[BookCommand, ...]:
        """The part that is committed before the door hears anything."""
        return tuple(command for command in self.commands if not isinstance(command, LineCommand))
