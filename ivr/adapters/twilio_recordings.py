"""Talks that Twilio recorded are fetched into our own directory and deleted there: then they are as all others are.

Only recordings of calls of ours are touched; an account may have others. What cannot be fetched is fetched later.
"""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from ivr.adapters.recording_files import ROOM, parsed
from ivr.adapters.twilio_orders import CallRefused, OutcomeUnknown, TooFast
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import BookUnavailable

EVERY_SECONDS: Final = 15.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RecordingSeen:
    """A whole recording, as Twilio lists it; `call_sid` is the leg that dialled the other."""

    sid: str
    call_sid: str
    began_at: datetime


class RecordingsOverRest(Protocol):
    """Every method raises CallRefused, TooFast or OutcomeUnknown."""

    def recorded(self) -> tuple[RecordingSeen, ...]:
        """Of all calls of the account, the oldest first."""

    def save(self, sid: str, path: Path) -> None:
        """Its sound. Raises OSError too."""

    def forget(self, sid: str) -> None: ...


class WhoseLegs(Protocol):
    """Which of Twilio's legs are ours. Raises BookUnavailable."""

    def is_call(self, sid: str) -> bool:
        """Whether a caller of ours came in by it."""

    def attempt_of(self, sid: str) -> AttemptName | None:
        """Which attempt to call somebody back it is."""


class TwilioRecordings:
    """Runs beside the relay. `rest` is made when it is first needed."""

    def __init__(self, rest: Callable[[], RecordingsOverRest], legs: WhoseLegs, directory: Path) -> None:
        self._rest, self._legs, self._directory = rest, legs, directory

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(EVERY_SECONDS):
            try:
                self.turn()
            except (CallRefused, TooFast, OutcomeUnknown, BookUnavailable, OSError) as error:
                log.info("recordings wait at Twilio: %s", type(error).__name__)

    def turn(self) -> None:
        """Everything that is there, one after the other. Raises what keeps it from all of that."""
        if not (self._directory / ROOM).exists():
            return  # the disk has none, or nobody has looked yet
        for recording in self._rest().recorded():
            name = self._name(recording)
            if name is not None:
                self._tried(recording, self._directory / name)

    def _name(self, recording: RecordingSeen) -> str | None:
        """As the switch on this machine would name it; None for a call of somebody else's."""
        at = f"{recording.began_at.timestamp():.3f}"
        if self._legs.is_call(recording.call_sid):
            return f"call-{recording.call_sid}-{at}.wav"
        attempt = self._legs.attempt_of(recording.call_sid)
        return None if attempt is None else f"callback-{attempt}-{at}.wav"

    def _tried(self, recording: RecordingSeen, path: Path) -> None:
        """One that cannot be had keeps nobody from the others."""
        try:
            self._fetch(recording, path)
        except (CallRefused, OutcomeUnknown) as error:
            log.info("recording %s waits at Twilio: %s", recording.sid, error)

    def _fetch(self, recording: RecordingSeen, path: Path) -> None:
        """Whole or not at all, and only then deleted there; a second time nothing is fetched again."""
        assert parsed(path.name) is not None
        if not path.exists():
            part = path.with_name(f".{recording.sid}.part")
            self._rest().save(recording.sid, part)
            os.replace(part, path)
            log.info("a talk recorded at Twilio was fetched")
        self._rest().forget(recording.sid)
