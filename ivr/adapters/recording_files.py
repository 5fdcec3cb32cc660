"""Recordings as a switch leaves them, or as they were fetched from Twilio: one directory, a file a talk.

Its name says what was recorded and when it began.

The file `.room` lets the switch begin another: it looks for it before every recording, and a full disk can lose it.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ivr.adapters.attempt_fences import parse_name
from ivr.service.recording_ports import RecordedFile

ROOM: Final = ".room"
_AT_REST_SECONDS: Final = 2.0  # a talk that is being recorded is written to several times a second
_HEADER_BYTES: Final = 44
_NAME: Final = re.compile(
    r"(?:call-(?P<ref>[0-9.]{3,60}|CA[0-9a-f]{32})|callback-(?P<attempt>[0-9a-fn-]{3,60}))-(?P<at>[0-9]{9,11}\.[0-9]{1,6})\.wav"
)


class RecordingDirectory:
    """RecordingFiles over a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def finished(self) -> Iterator[RecordedFile]:
        """See RecordingFiles; what holds no sound is none."""
        now = time.time()
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._directory):
                file = parsed(entry.name)
                if file is None:
                    continue
                seen = entry.stat()
                if seen.st_size > _HEADER_BYTES and now - seen.st_mtime >= _AT_REST_SECONDS:
                    yield file

    def remove(self, name: str) -> None:
        """See RecordingFiles."""
        self.path(name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """See RecordingFiles. Raises ValueError for what is no name of ours."""
        if parsed(name) is None:
            raise ValueError(f"no recording's name: {name[:80]!r}")
        return self._directory / name

    def allow(self, room: bool) -> None:
        """See RecordingFiles."""
        mark = self._directory / ROOM
        if room:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """See RecordingFiles."""
        there = self._directory if self._directory.exists() else self._directory.parent
        return shutil.disk_usage(there).free


def parsed(name: str) -> RecordedFile | None:
    """What a file's name says; None for a file that is not ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    attempt = None if found["attempt"] is None else parse_name(found["attempt"])
    if found["ref"] is None and attempt is None:
        return None
    started_at = datetime.fromtimestamp(float(found["at"]), UTC)
    return RecordedFile(name=name, started_at=started_at, ref=found["ref"], attempt=attempt)
