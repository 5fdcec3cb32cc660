"""What happened to a callback: facts in the past tense, frozen, each with the moment it happened (aware UTC)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ivr.policy.callback_guard import Refusal
from ivr.policy.routes import Route


class AttemptResult(StrEnum):
    """How one attempt ended; a door translates its own words into these and refuses others."""

    REACHED = "reached"  # the customer and a person of ours spoke
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"  # a machine answered
    REFUSED_BY_NETWORK = "refused_by_network"
    AGENT_DECLINED = "agent_declined"  # pressed no key, or the wrong one
    AGENT_DID_NOT_ANSWER = "agent_did_not_answer"
    NOT_PLACED = "not_placed"  # the switch says for certain that nothing ever left it
    INTERRUPTED = "interrupted"  # ended on our side before a person spoke with him, whose phone may have rung
    CUT_OFF = "cut_off"  # over as he was put through: nobody knows whether a word was spoken
    NO_RESULT = "no_result"  # taken by hand, and in his time the agent said nothing of it
    UNKNOWN = "unknown"  # nobody can say whether the customer was rung


class SwitchSays(StrEnum):
    """What the switch, asked for an attempt, knows of it."""

    SEEN = "seen"  # its leg lives, or stands in the log
    NEVER_SEEN = "never_seen"
    UNKNOWN = "unknown"  # the switch is down, or its log cannot be read


@dataclass(frozen=True, kw_only=True)
class CallbackEvent:
    """The moment is taken once, at the edge; a stamp made by the switch outranks our own clock."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Claimed(CallbackEvent):
    """This agent is reserved for the next attempt; nothing has left yet.

    `by_hand`: he dials himself, no switch of ours knows of it, and he says what came of it. Else `nonce` tells this
    attempt from every other that ever had its numbers, also in an earlier database; `route` says which switch.
    """

    agent: str
    nonce: str = ""
    by_hand: bool = False
    route: Route = Route.ASTERISK


@dataclass(frozen=True, kw_only=True)
class AttemptEnded(CallbackEvent):
    """The attempt of that epoch came to its end, or to the end of what we could see of it (UNKNOWN)."""

    epoch: int
    result: AttemptResult


@dataclass(frozen=True, kw_only=True)
class LeaseEnded(CallbackEvent):
    """The time of the attempt is over, nobody told us how it ended, and the switch was asked."""

    epoch: int
    switch_says: SwitchSays


@dataclass(frozen=True, kw_only=True)
class ResultMissing(CallbackEvent):
    """The time of an attempt by hand is over, and nobody has said what came of it."""

    epoch: int


@dataclass(frozen=True, kw_only=True)
class CallerRangAgain(CallbackEvent):
    """The customer is on the line himself, with a new call."""

    call_id: int


@dataclass(frozen=True, kw_only=True)
class CallerServed(CallbackEvent):
    """In that new call a person speaks with him."""

    call_id: int


@dataclass(frozen=True, kw_only=True)
class CallerLeft(CallbackEvent):
    """He ended that new call before anybody spoke with him."""

    call_id: int


@dataclass(frozen=True, kw_only=True)
class SecondPersonNamed(CallbackEvent):
    """A second person goes on trying too (R28b)."""

    login: str


@dataclass(frozen=True, kw_only=True)
class DueTimeCannotBeMet(CallbackEvent):
    """It is certain now that he will not be called by then; `new_due_at` is the time we can keep, None if none."""

    new_due_at: datetime | None


class NewTimeTold(CallbackEvent):
    """The customer has heard the new time: from now on it is the one promised."""


class NewTimeNotTold(CallbackEvent):
    """He could not be told."""


@dataclass(frozen=True, kw_only=True)
class NumberRefused(CallbackEvent):
    """The guard does not let this number be called (any more), or not before `free_at`.

    `known`: a manager has heard of that lately.
    """

    reason: Refusal
    free_at: datetime | None = None
    known: bool = False


class RouteLost(CallbackEvent):
    """No line of ours leads to customers any more, and it is time that somebody calls him all the same."""
