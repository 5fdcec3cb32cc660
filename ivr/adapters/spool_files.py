"""The spool: one file a call, written by the dialplan when nobody answered it, one line a fact.

The dialplan's lines are v1, of nine fields; what comes through the other door is v2 and names it in a tenth.

A file is taken by renaming it, so that a line written meanwhile starts a new file; it is deleted only after what it
says is committed. What cannot be read is set aside under `bad/`, never dropped.
"""

import logging
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ivr.adapters.switch_moments import parse_moment
from ivr.policy.one_line import one_line
from ivr.service.drainer import SpoolFile, SpoolLine

_SETTLED_SECONDS = 0.5
_LARGEST = 64 * 1024
log = logging.getLogger(__name__)
_DOORS = frozenset({"asterisk", "twilio"})
_REF = re.compile(r"[A-Za-z0-9_.-]{1,150}")


class SpoolFiles:
    """Spool port over a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, line: SpoolLine) -> None:
        """One more line of that call's file, on the disk before anybody speaks of it."""
        path = self._directory / f"{line.ref}.req"
        with path.open("ab") as file:
            file.write(f"{render_line(line)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def take(self) -> Iterator[SpoolFile]:
        """Every file that has come to rest, oldest first; unreadable ones are set aside."""
        for fresh in self._directory.glob("*.req"):
            fresh.rename(fresh.with_suffix(f".{time.time_ns()}.taken"))
        for path in sorted(self._directory.glob("*.taken")):
            if time.time() - path.stat().st_mtime >= _SETTLED_SECONDS:
                yield from self._read(path)

    def done(self, file: SpoolFile) -> None:
        """What it says is committed."""
        (self._directory / file.name).unlink(missing_ok=True)

    def waiting(self) -> int:
        """Files not yet imported."""
        return sum(1 for path in self._directory.glob("*.*") if path.suffix in {".req", ".taken"})

    def _read(self, path: Path) -> Iterator[SpoolFile]:
        """The lines that can be read; the others are kept under bad/ and said loudly."""
        with path.open("rb") as file:
            texts = file.read(_LARGEST).decode("utf-8", "replace").splitlines()
        lines = []
        for text in filter(None, texts):
            try:
                lines.append(parse_line(text))
            except ValueError as error:
                self._set_aside(path.name, text)
                log.warning("spool file %s: a line cannot be read (%s), kept under bad/", path.name, error)
        yield SpoolFile(name=path.name, lines=tuple(lines))

    def _set_aside(self, name: str, text: str) -> None:
        bad = self._directory / "bad"
        bad.mkdir(exist_ok=True)
        with (bad / name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def parse_line(line: str) -> SpoolLine:
    """One line of the dialplan's or of a door's. Raises ValueError."""
    version, *fields = line.split("|")
    door = {("v1", 8): "asterisk", ("v2", 9): fields[-1] if fields else ""}.get((version, len(fields)))
    if door not in _DOORS or fields[0] not in {"noted", "ended"}:
        raise ValueError("not a spool line")
    kind, ref, presented, hotline, caller, greeted, seventh, at = fields[:8]
    if _REF.fullmatch(ref) is None:
        raise ValueError("no reference")
    return SpoolLine(
        door=door,
        kind=kind,
        ref=ref,
        presented_at=_moment(presented),
        hotline=one_line(hotline, 64),
        caller=one_line(caller, 80),
        greeted_at=_moment(greeted) if greeted else None,
        served_at=_moment(seventh) if kind == "ended" and seventh else None,
        number=one_line(seventh, 40) if kind == "noted" else "",
        at=_moment(at),
    )


def render_line(line: SpoolLine) -> str:
    """The inverse of parse_line; the separator cannot stand in a field."""
    seventh = line.number if line.kind == "noted" else _stamp(line.served_at)
    version, more = ("v1", ()) if line.door == "asterisk" else ("v2", (line.door,))
    fields = (
        *(version, line.kind, line.ref, _stamp(line.presented_at), line.hotline, line.caller),
        *(_stamp(line.greeted_at), seventh, _stamp(line.at), *more),
    )
    return "|".join(one_line(field, 200).replace("|", "/") for field in fields)


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.timestamp():.6f}"


def _moment(text: str) -> datetime:
    moment = parse_moment(text)
    if moment is None:
        raise ValueError("no moment")
    return moment
