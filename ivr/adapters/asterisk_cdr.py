"""Asterisk's call log (cdr_custom, one row a leg), read as it grows; rows of one call share its linkedid.

How far it was read is kept beside it. A row of a leg that is no caller's (an agent's feature code) is passed over.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from ivr.adapters.switch_moments import parse_moment
from ivr.policy.one_line import one_line
from ivr.service.reconciler import LoggedCall

_MOST = 1 << 20
_REF = re.compile(r"[A-Za-z0-9_.-]{1,150}")


class AsteriskCdr:
    """CallLog over one CSV file: linkedid, uniqueid, start, answer, end, hotline, caller, disposition."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = path.with_suffix(".read")
        self._ends: dict[str, int] = {}

    def unread(self) -> Iterable[LoggedCall]:
        """Callers' legs, one a call: where a call left two rows the last one counts."""
        calls: dict[str, LoggedCall] = {}
        self._ends = {}
        start = position = self._start()
        for line in self._lines(position):
            position += len(line)
            call = _parsed(line)
            if call is not None:
                calls.pop(call.ref, None)
                calls[call.ref] = call
                self._ends[call.ref] = position
        if not calls and position - start > _MOST // 2:
            self._mark.write_text(str(position))  # nothing of ours in so much: never read again
        return tuple(calls.values())

    def read_up_to(self, call: LoggedCall) -> None:
        """Kept at once: reading a call twice is harmless, missing one is not."""
        self._mark.write_text(str(self._ends[call.ref]))

    def _lines(self, start: int) -> list[bytes]:
        try:
            with self._path.open("rb") as log:
                log.seek(start)
                text = log.read(_MOST)
        except FileNotFoundError:
            return []
        if len(text) == _MOST and b"\n" not in text:
            return [text]  # no line of ours is so long: passed over
        return text[: text.rfind(b"\n") + 1].splitlines(keepends=True)

    def _start(self) -> int:
        try:
            start = int(self._mark.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        return start if self._path.exists() and start <= self._path.stat().st_size else 0


def _parsed(line: bytes) -> LoggedCall | None:
    """None for what is no caller's leg of ours, or cannot be read."""
    try:
        rows = list(csv.reader([line.decode("utf-8", "replace")]))
    except csv.Error:
        return None
    if len(rows) != 1 or len(rows[0]) != 8:
        return None
    ref, unique, start, answer, end, hotline, caller, _disposition = rows[0]
    if ref != unique or not hotline or not _REF.fullmatch(ref):
        return None
    presented_at, ended_at = parse_moment(start), parse_moment(end)
    if presented_at is None or ended_at is None:
        return None
    return LoggedCall(
        ref=ref,
        hotline=one_line(hotline, 64),
        caller=one_line(caller, 80),
        presented_at=presented_at,
        answered_at=parse_moment(answer),  # 0.000000: nobody answered
        ended_at=ended_at,
    )
