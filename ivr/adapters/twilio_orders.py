"""What is ordered from Twilio over REST and what can come of it, in words of our own; and how fast orders may leave."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ivr.service.ports import Clock

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 2.0, 60.0


class CallRefused(Exception):
    """For certain nothing happened: Twilio said no."""


class NobodyThere(CallRefused):
    """Nor could it be asked."""


class TooFast(Exception):
    """For certain nothing happened; Twilio wants to be left alone for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"to be asked again in {seconds:g} s")


class OutcomeUnknown(Exception):
    """Perhaps it happened."""


@dataclass(frozen=True, kw_only=True)
class NewCall:
    """`rung` is rung for `ring_seconds` and sees `shown`; who picks up hears the document at `url`."""

    rung: str
    shown: str
    url: str
    status_url: str
    ring_seconds: int


@dataclass(frozen=True, kw_only=True)
class LegSeen:
    """A call as Twilio lists it; `status` in Twilio's own word, `made_at` None where it does not say."""

    sid: str
    status: str
    made_at: datetime | None


class CallsOverRest(Protocol):
    """What is asked of Twilio; each raises CallRefused, TooFast or OutcomeUnknown, within seconds."""

    def create(self, call: NewCall) -> str: ...

    def fetch(self, sid: str) -> LegSeen: ...

    def placed_to(self, rung: str, since: datetime) -> tuple[LegSeen, ...]: ...

    def complete(self, sid: str) -> None: ...


class Pace:
    """So many orders a second, and none while Twilio wants rest."""

    def __init__(self, clock: Clock, a_second: float) -> None:
        self._clock, self._between = clock, timedelta(seconds=1 / a_second)
        self._next_at = clock.now()
        self._lock = threading.Lock()
        self._stumbles = 0

    @property
    def waits_seconds(self) -> float:
        """Until the next order may leave."""
        return max((self._next_at - self._clock.now()).total_seconds(), 0.0)

    def take(self) -> float:
        """A turn; how long to wait for it."""
        with self._lock:
            now = self._clock.now()
            at = max(now, self._next_at)
            self._next_at = at + self._between
            return (at - now).total_seconds()

    def back_off(self, seconds: float) -> None:
        """Nothing leaves before."""
        with self._lock:
            self._next_at = max(self._next_at, self._clock.now() + timedelta(seconds=seconds))

    def stumbled(self) -> None:
        """It did not answer, or with an error of its own: left alone for a moment, each time in a row for longer."""
        self._stumbles += 1
        self.back_off(min(FIRST_REST_SECONDS * 2 ** (self._stumbles - 1), LONGEST_REST_SECONDS))

    def went_well(self) -> None:
        """So the next stumble is the first again."""
        self._stumbles = 0
