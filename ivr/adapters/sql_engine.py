"""Connections to the database, and its way to the newest schema.

A writing transaction on SQLite takes the write lock at its begin, so that it never fails half-way for having
read first; a reading one never can write. What is committed is on the disk.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

BUSY_TIMEOUT_MS = 1200
_MIGRATIONS = Path(__file__).with_name("migrations")


def create_engine(url: str) -> sa.Engine:
    """For transactions that write; each fork and each process makes its own."""
    if sqlite_path(url) is None:
        return sa.create_engine(url)
    return sqlite_engine(url, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "foreign_keys=ON"))


def read_engine(url: str) -> sa.Engine:
    """For listings and checks: takes no lock, refuses every write, never makes a missing SQLite file."""
    path = sqlite_path(url)
    if path is None:
        return sa.create_engine(url, execution_options={"postgresql_readonly": True})
    # Not mode=ro: the reader of a WAL file has to be able to make its shared-memory index.
    place = f"file:{quote(str(path.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(place, uri=True, check_same_thread=False)

    return sqlite_engine(url, begin="BEGIN", pragmas=("query_only=ON",), creator=connect)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL, None for any other database."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def sqlite_engine(url: str, *, begin: str, pragmas: tuple[str, ...], **options: Any) -> sa.Engine:
    engine = sa.create_engine(url, pool_timeout=BUSY_TIMEOUT_MS / 1000, **options)

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()

    def began(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", began)
    return engine
