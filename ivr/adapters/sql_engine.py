"""Connections to the database, and its way to the newest schema.

A writing transaction on SQLite takes the write lock at its begin, so that it never fails half-way for having
read first; a reading one never can write. What is committed is on the disk.
"""

import fcntl
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

BUSY_TIMEOUT_MS = 1200
_MIGRATIONS = Path(__file__).with_name("migrations")


class SchemaFromElsewhereError(Exception):
    """The database has a schema this version has never heard of; nothing was changed."""


def create_engine(url: str) -> sa.Engine:
    """For transactions that write; each fork and each process makes its own."""
    if sqlite_path(url) is None:
        return sa.create_engine(url)
    return _sqlite_engine(url, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "foreign_keys=ON"))


def read_engine(url: str) -> sa.Engine:
    """For listings and checks: takes no lock, refuses every write, never makes a missing SQLite file."""
    path = sqlite_path(url)
    if path is None:
        return sa.create_engine(url, execution_options={"postgresql_readonly": True})
    # Not mode=ro: the reader of a WAL file has to be able to make its shared-memory index.
    place = f"file:{quote(str(path.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(place, uri=True, check_same_thread=False)

    return _sqlite_engine(url, begin="BEGIN", pragmas=("query_only=ON",), creator=connect)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL, None for any other database."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def migrate(url: str) -> None:
    """Bring the database to the newest schema, making it and its directory where missing.

    Two processes may start at once: the second waits and finds nothing left to do.
    Raises SchemaFromElsewhereError.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    path = sqlite_path(url)
    with nullcontext() if path is None else _lock_beside(path):
        engine = _migrating_engine(url)
        try:
            with engine.begin() as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaFromElsewhereError(f"written by another version of the hotline: {error}") from error
        finally:
            engine.dispose()


def at_head(engine: sa.Engine) -> bool:
    """Whether the database has exactly the schema this version was written for."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(_config()).get_heads())


def _sqlite_engine(url: str, *, begin: str, pragmas: tuple[str, ...], **options: Any) -> sa.Engine:
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


def _migrating_engine(url: str) -> sa.Engine:
    """Without foreign keys on SQLite: a revision that rebuilds a table drops the old one first."""
    if sqlite_path(url) is None:
        return sa.create_engine(url)
    return _sqlite_engine(url, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "foreign_keys=OFF"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _lock_beside(path: Path) -> Iterator[None]:
    """Held until released or this process is gone; the empty lock file stays, deleting it would race."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".migrate-lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
