"""A spreadsheet's CSV as people save it: its rows with their lines, and every fault told by line and column."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LARGEST_FILE = 32 * 1024 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One fault of the file; `column` as the file's own heading has it, None for the whole line."""

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.reason}"


class CsvFileError(Exception):
    """The file cannot be taken in; nothing was done."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def csv_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not blank, with the line it begins on. Raises CsvFileError."""
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CsvFileError([Problem(line=begins, column=None, reason=f"is not CSV: {error}")]) from error


def _text(data: bytes) -> str:
    """What Excel writes in China is UTF-8 with a mark, or GB18030 without one."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise CsvFileError([Problem(line=1, column=None, reason="is neither UTF-8 nor GB18030 text")])
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CsvFileError([Problem(line=line, column=None, reason="holds a NUL: save it as CSV UTF-8")])
    return text
