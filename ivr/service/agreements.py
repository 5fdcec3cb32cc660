"""Brings companies and their service agreements in from a spreadsheet's CSV: all of it, or nothing.

Every row is looked at before anything is written, and every fault is told with its line and column.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ivr.policy.phone_number import caller_identity
from ivr.service.csv_file import CsvFileError, Problem, csv_rows
from ivr.service.record_ports import Agreement, AgreementBook, ImportCounts

Progress = Callable[[int, int], None]
Fact = str | date | None

_COLUMNS = {
    "company": "企业名称",
    "numbers": "电话",
    "tax_bureau": "税务分局",
    "agreement": "协议编号",
    "expires_on": "协议截止日期",
    "contact": "联系人",
}
_BY_HEADING = {name: name for name in _COLUMNS} | {heading: name for name, heading in _COLUMNS.items()}
_LONGEST = {"company": 200, "tax_bureau": 200, "agreement": 80, "contact": 80, "numbers": 2000}
_FACTS = {"tax_bureau": "tax_bureau", "agreement": "agreement", "expires_on": "agreement_expires_on"}
_BETWEEN_NUMBERS = re.compile(r"[;,、；，\s]+")
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_BRACKETS = str.maketrans("[]{}〔〕【】〈〉《》", "()()()()()()")


def import_agreements(
    book: AgreementBook,
    data: bytes,
    *,
    area_code: str,
    dry_run: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> ImportCounts:
    """Raises CsvFileError with every fault of the file, and then has written nothing."""
    return book.take_in(parse_agreements(data, area_code, progress), dry_run=dry_run)


def match_name(name: str) -> str:
    """The form by which two spellings of one company are the same: width, spaces, brackets and case aside."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name).translate(_BRACKETS)).casefold()


def parse_agreements(
    data: bytes, area_code: str, progress: Progress = lambda _done, _all: None
) -> list[Agreement]:
    """Lines of the same company become one agreement. Raises CsvFileError."""
    rows = list(csv_rows(data))
    if not rows:
        raise CsvFileError([Problem(line=1, column=None, reason=f"is empty: {_wanted()}")])
    reading = _Reading(_headings(rows[0]), area_code)
    for number, (line, cells) in enumerate(rows[1:], start=1):
        reading.take(line, cells)
        progress(number, len(rows) - 1)
    if reading.problems:
        raise CsvFileError(reading.problems)
    return [draft.agreement() for draft in reading.drafts.values()]


def _headings(row: tuple[int, list[str]]) -> list[tuple[str, str] | None]:
    """For each column our name and the file's; None for one without a name, which has to stay empty."""
    line, cells = row
    given = [" ".join(cell.split()) for cell in cells]
    known = [_BY_HEADING.get(unicodedata.normalize("NFKC", cell).casefold()) for cell in given]
    if not any(known):
        raise CsvFileError([Problem(line=line, column=None, reason=f"is no header: {_wanted()}")])
    problems = [
        Problem(line=line, column=cell[:40], reason=f"is not known: {_wanted()}")
        for cell, name in zip(given, known, strict=True)
        if cell and name is None
    ]
    problems += [
        Problem(line=line, column=given[place], reason="stands there twice")
        for place, name in enumerate(known)
        if name is not None and name in known[:place]
    ]
    problems += [
        Problem(line=line, column=name, reason="is missing")
        for name in ("company", "numbers")
        if name not in known
    ]
    if problems:
        raise CsvFileError(problems)
    return [None if name is None else (name, cell) for cell, name in zip(given, known, strict=True)]


def _wanted() -> str:
    return f"columns are {','.join(_COLUMNS)} or {','.join(_COLUMNS.values())}"


@dataclass(kw_only=True)
class _Draft:
    """One company while its lines are read."""

    name: str
    match_name: str
    line: int
    facts: dict[str, Fact] = field(default_factory=dict)
    numbers: dict[str, str | None] = field(default_factory=dict)

    def agreement(self) -> Agreement:
        return Agreement(name=self.name, match_name=self.match_name, facts=self.facts, numbers=self.numbers)


class _Reading:
    """The companies read so far, and what was wrong."""

    def __init__(self, headings: Sequence[tuple[str, str] | None], area_code: str) -> None:
        self._headings = headings
        self._shown = {heading[0]: heading[1] for heading in headings if heading}
        self._area_code = area_code
        self._known: dict[str, str | None] = {}  # a number on many lines is looked at once
        self.drafts: dict[str, _Draft] = {}
        self.problems: list[Problem] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        values = self._values(line, cells)
        if not values.get("company"):
            self._fault(line, "company", "is empty")
            return
        draft = self._draft(line, values["company"])
        for column, fact in self._facts(line, values).items():
            self._state(draft, line, column, fact)
        for number in self._numbers(line, values["numbers"]):
            self._add_number(draft, line, number, values.get("contact") or None)

    def _values(self, line: int, cells: Sequence[str]) -> dict[str, str]:
        """The row's texts by our names, each clean enough to be stored."""
        values = dict.fromkeys(self._shown, "")
        for place, cell in enumerate(cells):
            text = " ".join(cell.split())
            heading = self._headings[place] if place < len(self._headings) else None
            if heading is None:
                if text:
                    self._fault(line, None, f"has a value in column {place + 1}, which has no heading")
                continue
            values[heading[0]] = self._clean(line, heading[0], text)
        return values

    def _clean(self, line: int, column: str, text: str) -> str:
        if len(text) > _LONGEST.get(column, 40):
            self._fault(line, column, f"is longer than {_LONGEST.get(column, 40)} characters")
            return "?"
        if not text.isprintable():
            self._fault(line, column, "holds a control character")
            return "?"
        return text

    def _draft(self, line: int, name: str) -> _Draft:
        key = match_name(name)
        if not key or len(key) > _LONGEST["company"]:
            self._fault(line, "company", "is not a name")
        return self.drafts.setdefault(key, _Draft(name=name, match_name=key, line=line))

    def _facts(self, line: int, values: Mapping[str, str]) -> dict[str, Fact]:
        facts: dict[str, Fact] = {column: values[column] or None for column in _FACTS if column in values}
        if facts.get("expires_on") is not None:
            facts["expires_on"] = self._date(line, values["expires_on"])
        return facts

    def _date(self, line: int, text: str) -> date | None:
        match = _DATE.fullmatch(text)
        try:
            return date(*map(int, match.groups())) if match else date.fromisoformat(text)
        except ValueError:
            self._fault(line, "expires_on", f"{text!r} is no date: write it as 2026-12-31")
            return None

    def _state(self, draft: _Draft, line: int, column: str, fact: Fact) -> None:
        """A company on several lines may leave a fact out, not contradict it."""
        stated = draft.facts.get(_FACTS[column])
        if stated is not None and fact not in (None, stated):
            self._fault(line, column, f"differs from line {draft.line} of the same company")
        draft.facts[_FACTS[column]] = fact if stated is None else stated

    def _numbers(self, line: int, text: str) -> Iterator[str]:
        for part in filter(None, _BETWEEN_NUMBERS.split(text)):
            if part not in self._known:
                self._known[part] = caller_identity(part, self._area_code)
            number = self._known[part]
            if number is not None and number.startswith("+"):
                yield number
            else:
                self._fault(line, "numbers", f"{part[:40]!r} is no telephone number")

    def _add_number(self, draft: _Draft, line: int, number: str, contact: str | None) -> None:
        stated = draft.numbers.get(number)
        if stated is not None and contact not in (None, stated):
            self._fault(line, "contact", f"of {number} is {stated!r} on another line")
        draft.numbers[number] = stated or contact

    def _fault(self, line: int, column: str | None, reason: str) -> None:
        shown = self._shown.get(column, column) if column else None
        self.problems.append(Problem(line=line, column=shown, reason=reason))
