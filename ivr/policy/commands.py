"""What to do next: orders, frozen. Line commands go to the door, book commands are written before it hears them.

A line command either returns at once (Say) or awaits an event (Ring, Ask, Hold) or ends the call (HangUp); the one
that awaits or ends is always the last. So a TwiML document and a burst of dialplan verbs mean the same thing.
"""

from dataclasses import dataclass
from datetime import datetime
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
    """Ring one phone for so many seconds; `agent` is None for a fallback phone.

    `whisper` is what he hears between picking up and the caller.
    """

    agent: str | None
    phone: str
    seconds: float
    sound: Sound
    whisper: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Play prompts and collect up to `digits` keys, ended by # or by `seconds` of silence."""

    prompts: tuple[str, ...]
    digits: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Let the caller wait so many seconds under ring tone (not picked up yet) or music; `key` ends music at once."""

    seconds: float
    sound: Sound
    key: str | None = None


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


@dataclass(frozen=True, kw_only=True)
class Knock:
    """Offer this call to an agent who talks: his talk and his state stay as they are.

    The write fails if he no longer talks, or if another call is offered to him. StartTalk, Release and StartWrapUp for
    this call then speak of this second call of his alone.
    """

    agent: str
    lease_seconds: float


@dataclass(frozen=True, kw_only=True)
class PromiseCallback:
    """Commit to calling this number by `due_at`, not before `not_before_at`; the caller hears of it only after that.

    `consent_at` None: released for want of a free channel, without a conversation. `said_prompts` is what he hears.
    """

    number: str
    due_at: datetime
    consent_at: datetime | None
    said_prompts: tuple[str, ...]
    not_before_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class JoinCallback:
    """The caller is on the line himself: this call takes the place in line of his callback, and nobody rings him."""

    callback_id: int


@dataclass(frozen=True, kw_only=True)
class ServeCallback:
    """A person speaks with him: his callback is done with."""

    callback_id: int


@dataclass(frozen=True, kw_only=True)
class LeaveCallback:
    """He left before anybody spoke with him: the promise stands."""

    callback_id: int


@dataclass(frozen=True, kw_only=True)
class AskRating:
    """Note that this caller is asked today how satisfied he is; once a day for one number."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What he answered, from 1 to 5."""

    score: int


BookCommand = (
    Reserve
    | Release
    | CountMiss
    | StartTalk
    | StartWrapUp
    | Fetch
    | ListForRingBack
    | AlertManager
    | Knock
    | PromiseCallback
    | JoinCallback
    | ServeCallback
    | LeaveCallback
    | AskRating
    | Rate
)
Command = LineCommand | BookCommand
