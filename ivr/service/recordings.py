"""Recorded talks: found from their record, heard by those entitled, each time written down, removed after their days.

A disk that runs full stops recordings, never a call.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from ivr.policy.roles import Role
from ivr.service.ports import Clock
from ivr.service.recording_ports import Recording, RecordingBook, RecordingFiles

LOOK_SECONDS: Final = 2.0
LEAST_FREE_BYTES: Final = 500_000_000  # the database is on the same disk, as a rule

log = logging.getLogger(__name__)


class NotEntitled(Exception):
    """Another agent's talk."""


class NoRecording(Exception):
    """There is none of that number."""


class RecordingRemoved(Exception):
    """There was one; its days are over, or its file is gone."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What may be played."""

    recording: Recording
    path: Path


class Recordings:
    """For those who listen."""

    def __init__(self, book: RecordingBook, files: RecordingFiles) -> None:
        self._book = book
        self._files = files

    def of_record(self, record_id: int, login: str, role: Role) -> tuple[Recording, ...]:
        """Those of them that he may hear."""
        return tuple(each for each in self._book.of_record(record_id) if _may_hear(each, login, role))

    def play(self, recording_id: int, login: str, role: Role, *, goes_on: bool) -> Heard:
        """Raises NoRecording, NotEntitled, RecordingRemoved. Written down before it is heard."""
        found = self._book.find(recording_id)
        if found is None:
            raise NoRecording
        if not _may_hear(found, login, role):
            raise NotEntitled
        path = self._files.path(found.file)
        if found.removed_at is not None or not path.exists():
            raise RecordingRemoved
        self._book.played(login, recording_id, goes_on=goes_on)
        return Heard(recording=found, path=path)


class RecordingKeeper:
    """Runs beside the relay: books what the switch has recorded, removes what is old, looks after the disk."""

    def __init__(self, book: RecordingBook, files: RecordingFiles, clock: Clock, days: int) -> None:
        self._book = book
        self._files = files
        self._clock = clock
        self._days = days
        self._known: frozenset[str] | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 # what could not be booked or removed is found again
                log.warning("recordings wait: %s", type(error).__name__)

    def turn(self) -> None:
        """One look at the disk, the new and the old."""
        free = self._files.free_bytes()
        self._files.allow(free >= LEAST_FREE_BYTES)
        known = self._book.known() if self._known is None else self._known
        fresh = (file for file in self._files.finished() if file.name not in known)
        self._known = known | {file.name for file in fresh if self._book.add(file)}
        self._remove_old()

    def _remove_old(self) -> None:
        for old in self._book.older_than(self._clock.now() - timedelta(days=self._days)):
            self._files.remove(old.file)
            self._book.removed(old.recording_id)
            log.info("recording %d removed after %d days", old.recording_id, self._days)


def _may_hear(recording: Recording, login: str, role: Role) -> bool:
    """Agents their own talks, managers all; an admin looks after machines and hears nobody."""
    return role is Role.MANAGER or (role is Role.AGENT and recording.agent == login)
