"""What happened to a call: facts in the past tense, frozen, each with the moment it happened (aware UTC)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RingResult(StrEnum):
    """How ringing one phone ended; a door translates its own words into these and refuses others."""

    ANSWERED = "answered"  # the phone was picked up and that talk is over
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"  # not registered, network gone, refused by its side


@dataclass(frozen=True, kw_only=True)
class Event:
    """The moment is taken once, at the edge; a stamp made by the switch outranks our own clock."""

    at: datetime


class CallOffered(Event):
    """A caller reached us; his phone rings back to him."""


class CallerGreeted(Event):
    """The server picked up and the greeting began: the switch's stamp, never our intention."""


class AgentAnswered(Event):
    """A person speaks: the stamp made on the rung phone's own leg."""


@dataclass(frozen=True, kw_only=True)
class RingEnded(Event):
    """The phone we rang stopped ringing, or the talk it led to is over."""

    result: RingResult


class HoldElapsed(Event):
    """The caller has listened to ring tone or music for as long as the last Hold said."""


class TurnCame(Event):
    """The floor found an agent for this call, the first in line."""


class CallerFetched(Event):
    """The caller left the music and is ready for the next command."""


@dataclass(frozen=True, kw_only=True)
class DigitsPressed(Event):
    """What the caller keyed in, '' when nothing came; only 0-9 * # ever get here."""

    digits: str


@dataclass(frozen=True, kw_only=True)
class NumberNoted(Event):
    """The dialplan, alone, told the caller we have his number and wrote it down; `number` as it stood there."""

    number: str


class HungUp(Event):
    """The caller's leg is gone, whoever ended it."""
