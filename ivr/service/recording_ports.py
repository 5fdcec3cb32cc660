"""What recordings need of others: the book that knows whose talk each is, and the place where the switch puts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ivr.service.callback_ports import AttemptName


@dataclass(frozen=True, kw_only=True)
class RecordedFile:
    """What the switch's name of a file says: a call's reference, or an attempt to call somebody back; never both."""

    name: str
    started_at: datetime
    ref: str | None = None
    attempt: AttemptName | None = None


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recorded talk; `agent` is who spoke, `file` its name, `removed_at` when its days were over."""

    recording_id: int
    call_id: int
    agent: str | None
    started_at: datetime
    file: str
    removed_at: datetime | None


class RecordingBook(Protocol):
    """The recordings' table, and the audit log of who heard what."""

    def known(self) -> frozenset[str]:
        """Names of all files that are in the book and not removed."""

    def add(self, file: RecordedFile) -> bool:
        """False where the call is not in the book yet."""

    def older_than(self, moment: datetime) -> tuple[Recording, ...]:
        """Recordings begun before, not removed yet; a bounded number, the oldest first."""

    def removed(self, recording_id: int) -> None:
        """Its file is gone; the row stays."""

    def find(self, recording_id: int) -> Recording | None: ...

    def of_record(self, record_id: int) -> tuple[Recording, ...]:
        """The recorded talks of a record's call, callbacks included, in their order."""

    def played(self, login: str, recording_id: int, *, goes_on: bool) -> None:
        """A line of the audit log; where he only goes on in what he began lately, none."""


class RecordingFiles(Protocol):
    """The directory of them."""

    def finished(self) -> Iterator[RecordedFile]:
        """Files nothing is written to any more."""

    def remove(self, name: str) -> None:
        """None such is no error. Raises OSError."""

    def path(self, name: str) -> Path:
        """Where it is, or would be."""

    def allow(self, room: bool) -> None:
        """Whether the switch may begin another one."""

    def free_bytes(self) -> int:
        """What the disk still takes."""
