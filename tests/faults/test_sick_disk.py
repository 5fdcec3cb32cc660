"""The sick disk really is one to SQLite, and well again afterwards."""

import sqlite3
from pathlib import Path

import pytest

from tests.faults.sick_disk import SickDisk


@pytest.mark.parametrize(
    ("kind", "said"), [("disk_full", "database or disk is full"), ("disk_error", "disk I/O error")]
)
def test_a_commit_fails_as_on_a_sick_disk_and_the_next_one_holds(
    tmp_path: Path, kind: str, said: str
) -> None:
    disk = SickDisk()
    book = sqlite3.connect(tmp_path / "book.db", isolation_level=None)
    book.execute("PRAGMA journal_mode=WAL")
    book.execute("CREATE TABLE calls (number TEXT)")
    try:
        disk.become(kind)
        with pytest.raises(sqlite3.OperationalError, match=said):
            book.execute("INSERT INTO calls VALUES ('lost')")
        assert book.execute("SELECT count(*) FROM calls").fetchone() == (0,)
    finally:
        disk.become(None)
    book.execute("INSERT INTO calls VALUES ('kept')")
    assert book.execute("SELECT number FROM calls").fetchall() == [("kept",)]
    book.close()
