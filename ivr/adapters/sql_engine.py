"""Connections to the database, for its writers and its readers.

A writing transaction on SQLite takes the write lock at its begin, so that it never fails half-way for having
read first; a reading one never can write. What is committed is on the disk. PostgreSQL: ivr.adapters.sql_postgres.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from ivr.adapters.sql_postgres import Turn, postgres_engine
from ivr.adapters.sql_statement import told

BUSY_TIMEOUT_MS = 1200


def create_engine(url: str, *, turn: Turn | None = None, on_call_path: bool = False) -> sa.Engine:
    """For transactions that write; each fork and each process makes its own.

    Transactions of one `turn` come one after the other, each from its begin: on PostgreSQL by a lock of that name,
    on SQLite whatever writes does. `on_call_path`: give up in time for the caller (on SQLite every writer does).
    """
    if sqlite_path(url) is None:
        return postgres_engine(url, turn=turn, in_time=on_call_path)
    look_again_seconds = 0.001 if on_call_path else 0.008
    return sqlite_engine(
        url,
        begin="BEGIN IMMEDIATE",
        pragmas=("journal_mode=WAL", "foreign_keys=ON"),
        look_again_seconds=look_again_seconds,
    )


def read_engine(url: str, *, on_call_path: bool = False) -> sa.Engine:
    """For listings and checks: takes no lock, refuses every write, never makes a missing SQLite file."""
    path = sqlite_path(url)
    if path is None:
        return postgres_engine(url, read_only=True, in_time=on_call_path)
    # Not mode=ro: the reader of a WAL file has to be able to make its shared-memory index.
    place = f"file:{quote(str(path.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(place, uri=True, check_same_thread=False)

    return sqlite_engine(url, begin="BEGIN", pragmas=("query_only=ON",), creator=connect)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL, None for any other database."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def sqlite_engine(
    url: str, *, begin: str, pragmas: tuple[str, ...], look_again_seconds: float = 0.005, **options: Any
) -> sa.Engine:
    """An engine whose every transaction begins in that way, looking again that often for a lock that is taken."""
    engine = sa.create_engine(url, pool_timeout=BUSY_TIMEOUT_MS / 1000, hide_parameters=True, **options)

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("PRAGMA busy_timeout=0").close()

    def began(connection: sa.Connection) -> None:
        _begin(connection, begin, look_again_seconds)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", began)
    return engine


def _begin(connection: sa.Connection, begin: str, look_again_seconds: float) -> None:
    """SQLite's own waiting sleeps up to 100 ms between two looks and starves whoever sleeps; so we look ourselves."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            told(connection, begin)
        except sa.exc.OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() >= until:
                raise
            time.sleep(look_again_seconds)
        else:
            return


def what_failed(error: sa.exc.SQLAlchemyError) -> str:
    """The database's own first line: what follows it quotes values, and they may be a caller's."""
    origin = getattr(error, "orig", None) or error
    lines = str(origin).splitlines()
    return lines[0] if lines else type(origin).__name__
