"""The way to the newest schema; apart from connections, because Alembic is slow to load and no call needs it."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ivr.adapters.sql_engine import create_engine, sqlite_engine, sqlite_path
from ivr.adapters.sql_postgres import Turn

_MIGRATIONS = Path(__file__).with_name("migrations")


class SchemaFromElsewhereError(Exception):
    """The database has a schema this version has never heard of; nothing was changed."""


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


def _migrating_engine(url: str) -> sa.Engine:
    """Without foreign keys on SQLite: a revision that rebuilds a table drops the old one first."""
    if sqlite_path(url) is None:
        return create_engine(url, turn=Turn.MIGRATION)
    return sqlite_engine(url, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "foreign_keys=OFF"))


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
