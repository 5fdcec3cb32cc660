"""Reads a file of real calls: every row is looked at, and every fault is told with its line and column."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from ivr.service.csv_file import CsvFileError, Problem, csv_rows
from ivr.simulation.demand import KnownCall

LONGEST_SECONDS = 86_400.0
LONGEST_SPAN = timedelta(days=7)
_COLUMNS = {"presented_at": "来电时间", "handling_seconds": "处理秒数", "patience_seconds": "耐心秒数"}
_BY_HEADING = {name: name for name in _COLUMNS} | {heading: name for name, heading in _COLUMNS.items()}
_WANTED = f"columns are {','.join(_COLUMNS)} or {','.join(_COLUMNS.values())}; only the first is needed"
YEARS = range(1990, 2100)
_SPREADSHEET = re.compile(
    "([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def parse_calls(data: bytes, zone: tzinfo) -> tuple[KnownCall, ...]:
    """Calls in order of their moments; one without an offset is meant in `zone`. Raises CsvFileError."""
    rows = list(csv_rows(data))
    if len(rows) < 2:
        raise CsvFileError([Problem(line=1, column=None, reason=f"holds no call: {_WANTED}")])
    reading = _Reading(_headings(*rows[0]), zone)
    for line, cells in rows[1:]:
        reading.take(line, cells)
    if reading.problems:
        raise CsvFileError(reading.problems)
    return _within_a_week(sorted(reading.calls, key=lambda call: call.presented_at))


def _within_a_week(calls: Sequence[KnownCall]) -> tuple[KnownCall, ...]:
    span = calls[-1].presented_at - calls[0].presented_at
    if span > LONGEST_SPAN:
        reason = f"the calls stretch over {span.days} days; at most {LONGEST_SPAN.days} are played at once"
        raise CsvFileError([Problem(line=1, column="presented_at", reason=reason)])
    return tuple(calls)


def _headings(line: int, cells: Sequence[str]) -> dict[str, int]:
    """Our name for each column → its place."""
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        heading = unicodedata.normalize("NFKC", cell).strip().casefold()
        name = _BY_HEADING.get(heading)
        if name is None or name in places:
            reason = "stands there twice" if name else f"is not known: {_WANTED}"
            raise CsvFileError([Problem(line=line, column=_shown(cell), reason=reason)])
        places[name] = place
    if "presented_at" not in places:
        raise CsvFileError([Problem(line=line, column="presented_at", reason=f"is missing: {_WANTED}")])
    return places


class _Reading:
    """The calls read so far, and what was wrong."""

    def __init__(self, places: Mapping[str, int], zone: tzinfo) -> None:
        self._places = places
        self._zone = zone
        self.calls: list[KnownCall] = []
        self.problems: list[Problem] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        if len(cells) > len(self._places):
            self._fault(line, None, f"has {len(cells)} values under {len(self._places)} headings")
        moment = self._moment(line, self._cell("presented_at", cells))
        handling = self._seconds(line, "handling_seconds", cells, least=0.001)
        patience = self._seconds(line, "patience_seconds", cells, least=0.0)
        if moment is not None:
            self.calls.append(
                KnownCall(presented_at=moment, handling_seconds=handling, patience_seconds=patience)
            )

    def _cell(self, name: str, cells: Sequence[str]) -> str:
        place = self._places.get(name)
        return "" if place is None or place >= len(cells) else cells[place].strip()

    def _moment(self, line: int, text: str) -> datetime | None:
        moment: datetime | None
        try:
            moment = _parsed(text)
        except ValueError:
            moment = None
        if moment is None or moment.year not in YEARS:
            self._fault(
                line, "presented_at", f"{_shown(text)!r} is no moment: write it as 2026-03-02 09:00:05"
            )
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def _seconds(self, line: int, name: str, cells: Sequence[str], least: float) -> float | None:
        """None where nothing stands there: it is drawn."""
        text = self._cell(name, cells)
        if not text:
            return None
        seconds = float(text) if _NUMBER.fullmatch(text) else -1.0
        if least <= seconds <= LONGEST_SECONDS:
            return seconds
        self._fault(line, name, f"{_shown(text)!r} is no number of seconds up to {LONGEST_SECONDS:g}")
        return None

    def _fault(self, line: int, column: str | None, reason: str) -> None:
        self.problems.append(Problem(line=line, column=column, reason=reason))


def _parsed(text: str) -> datetime:
    """ISO-8601, or as a spreadsheet shows it: 2026/3/2 9:00."""
    match = _SPREADSHEET.fullmatch(text)
    if match is None:
        return datetime.fromisoformat(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 # its zone is added by the caller


def _shown(text: str) -> str:
    """A fault's words never steer a terminal."""
    return _printable(text[:40])


def _printable(letters: Iterable[str]) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in letters)
