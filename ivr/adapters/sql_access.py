"""Opens the database for a command a person typed: the wrong version or none at all is one plain sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ivr.adapters.sql_engine import read_engine, what_failed
from ivr.service.record_ports import DatabaseUnavailableError


def reader_at_head(url: str) -> sa.Engine:
    """A reading engine on a database of this version. Raises DatabaseUnavailableError."""
    from ivr.adapters.sql_migrations import at_head  # Alembic is slow to load, and servers import this file

    with said_plainly():
        engine = read_engine(url)
        if at_head(engine):
            return engine
    raise DatabaseUnavailableError("the database is not of this version: start the server once")


@contextmanager
def said_plainly() -> Iterator[None]:
    """Translates the library's errors into DatabaseUnavailableError; their long texts would quote values."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise DatabaseUnavailableError(f"the database does not answer: {what_failed(error)}") from error
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise DatabaseUnavailableError(f"the database cannot be used: {error}") from error
