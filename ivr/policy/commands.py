"""What to do next: orders, frozen. Line commands go to the door, book commands are written before it hears them.

A line command either returns at once (Say) or awaits an event (Ring, Ask, Hold) or ends the call (HangUp); the one
that awaits or ends is always the last. So a TwiML document and a burst of dialplan verbs mean the same thing.
"""

from dataclasses import dataclass
from enum import StrEnum


class Sound(StrEnum):
    """What the caller hears while a phone rings or while he waits."""

    RINGING = "ringing"  # not picked up yet: his own ring tone
    GREETING = "greeting"  # pick up now: the greeting, then music
    MUSIC = "music"


@dataclass(frozen=True, kw_only=True)
class Say:
    """Play recorded prompts one after the other, picking up first where nobody has."""

    prompts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Ring:
    """Ring one phone for so many seconds; `agent` is None for a fallback phone."""

    agent: str | None
    phone: str
    seconds: float
    sound: Sound


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Play prompts and collect up to `digits` keys, ended by # or by `seconds` of silence."""

    prompts: tuple[str, ...]
    digits: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Let the caller wait so many seconds under ring tone (not picked up yet) or music."""

    seconds: float
    sound: Sound


@dataclass(frozen=True, kw_only=True)
class HangUp:
    """End the call."""


LineCommand = Say | Ring | Ask | Hold | HangUp
Awaiting = Ring | Ask | Hold | HangUp


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """Take this agent for this call for so many seconds; the write fails if anybody else has him."""

    agent: str
    lease_seconds: float


@dataclass(frozen=True, kw_only=True)
class Release:
    """The agent is free again, his place among the idle kept: the caller left, not he."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class CountMiss:
    """He let it ring: free again at the end of the idle order, or stood down."""

    agent: str
    stand_down: bool


@dataclass(frozen=True, kw_only=True)
class StartTalk:
    """He speaks with the caller; his misses are forgotten."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class StartWrapUp:
    """The talk is over; free again after so many seconds."""

    agent: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Take the caller out of the music, once this is written."""


@dataclass(frozen=True, kw_only=True)
class ListForRingBack:
    """Commit the number to the list of callers somebody has to ring back."""

    number: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AlertManager:
    """Something a manager has to know now."""

    kind: str
    agent: str | None


BookCommand = Reserve | Release | CountMiss | StartTalk | StartWrapUp | Fetch | ListForRingBack | AlertManager
Command = LineCommand | BookCommand
