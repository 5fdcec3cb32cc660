"""News for open pages, told after a commit: it only says what changed, and who wants to know more asks for it.

Whoever tells never waits and is never refused; what is lost on the way is found again in SQL.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

EVERYBODY = "*"
MANAGERS = "managers"

Stamp = tuple[int, int]
"""Where a piece of news stands in the one order of all: (milliseconds, number). (0, 0) is before everything."""

BEGINNING: Stamp = (0, 0)


class LiveKind(StrEnum):
    """What changed."""

    RING = "ring"  # his phone rings now
    RING_OVER = "ring_over"  # it does not any more, and he has not answered; an answer is `talk`
    TALK = "talk"  # he speaks with somebody now
    STATE = "state"  # his own state changed
    RECORD = "record"  # a record of his changed
    LINE = "line"  # who waits, who is there
    CALLBACKS = "callbacks"
    BOARD = "board"
    ALERT = "alert"
    MISSED = "missed"  # something was not told: whoever shows anything asks for it anew


@dataclass(frozen=True, kw_only=True)
class News:
    """One thing that changed; `to` is a login, EVERYBODY or MANAGERS."""

    to: str
    kind: str
    call_id: int | None = None
    callback_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class StampedNews:
    """News in its place."""

    stamp: Stamp
    news: News


class LiveNews(Protocol):
    """Tells open pages."""

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        """Never blocks, never raises. Only after the commit that made it true."""


class Silence:
    """LiveNews where nobody listens."""

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        """Nothing."""


class LiveLogUnavailable(Exception):
    """What was told cannot be read just now."""


class LiveLog(Protocol):
    """What was told, in order, as far back as it is kept. Every method raises LiveLogUnavailable."""

    def newest(self) -> Stamp:
        """Where the last one stands; BEGINNING where there is none (any more)."""

    def later(self, than: Stamp, wait_seconds: float) -> tuple[StampedNews, ...]:
        """What was told after that, waiting so long for the first of it."""

    def between(self, after: Stamp, until: Stamp) -> tuple[StampedNews, ...] | None:
        """What was told after the one and not after the other; None where not all of it is kept any more."""
