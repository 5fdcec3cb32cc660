"""The databases an adapter's contract holds for: each test that asks has a new, empty one of either kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.adapters.books import Books
from tests.adapters.desk_house import Desk
from tests.adapters.rows import Database
from tests.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for all; a machine without PostgreSQL fails the tests, it never skips them."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hotline.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with connections_closed_afterwards():
        yield server.new_database()


@contextmanager
def connections_closed_afterwards() -> Iterator[None]:
    """An adapter keeps its connections as long as its process; psycopg warns of each that is left open."""
    opened: list[Any] = []

    def connected(connection: Any, _record: object) -> None:
        opened.append(connection)

    sa.event.listen(sa.Pool, "connect", connected)
    try:
        yield
    finally:
        sa.event.remove(sa.Pool, "connect", connected)
        for connection in opened:
            connection.close()


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """At the newest schema."""
    made = Database(empty_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def url(database: Database) -> str:
    return database.url


@pytest.fixture
def books(database: Database) -> Iterator[Books]:
    made = Books(database)
    yield made
    made.book.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    """The desk's services over it."""
    return Desk(database)
