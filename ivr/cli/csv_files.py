"""CSV files named on the command line: read up to a size, and their faults as a person can mend them."""

from pathlib import Path

import click

from ivr.service.csv_file import LARGEST_FILE, CsvFileError

PROBLEMS_SHOWN = 20


def read(file: Path) -> bytes:
    """The whole file; one too large is refused."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise click.ClickException(
            f"{file}: larger than {LARGEST_FILE // 1024 // 1024} MiB, nothing was read"
        )
    return data


def told(file: Path, error: CsvFileError) -> str:
    """The first faults, a line each."""
    shown = [f"{file}, {problem}" for problem in error.problems[:PROBLEMS_SHOWN]]
    more = len(error.problems) - len(shown)
    rest = [f"and {more} more"] if more else []
    return "\n".join(shown + rest)
