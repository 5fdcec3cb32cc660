"""Asterisk's own log, read as it grows: the only place where it says that it refused a phone's transfer key.

How far it was read is kept beside it, so that nothing is told twice or missed over a restart.
"""

import re
from pathlib import Path

_REFUSED = re.compile(r"Endpoint (\S+) transfer attempt blocked")
_MOST = 1 << 20


class AsteriskLog:
    """RefusedTransfers port over the messages log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = path.with_suffix(".read")
        self._next = 0

    def refused(self) -> tuple[str, ...]:
        """Endpoints whose transfer was refused since the last `seen`, one entry a refusal."""
        try:
            with self._path.open("rb") as log:
                log.seek(self._start())
                text = log.read(_MOST)
        except FileNotFoundError:
            return ()
        whole = text[: text.rfind(b"\n") + 1] or (text if len(text) == _MOST else b"")
        self._next = self._start() + len(whole)
        return tuple(_REFUSED.findall(whole.decode("utf-8", "replace")))

    def seen(self) -> None:
        """What `refused` told is written down."""
        if self._next != self._start():
            self._mark.write_text(str(self._next))

    def _start(self) -> int:
        """Where to read on; from the beginning of a log that was started anew."""
        try:
            start = int(self._mark.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        return start if start <= self._path.stat().st_size else 0
