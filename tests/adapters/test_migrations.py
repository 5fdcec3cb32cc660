"""The revisions lead to the tables of sql_schema, from nothing, once, whoever starts at the same time."""

import multiprocessing
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ivr.adapters import sql_callback_schema as _callbacks  # noqa: F401  puts its tables beside the others
from ivr.adapters import sql_desk_schema as _desk  # noqa: F401  likewise
from ivr.adapters import sql_migrations, sql_schema
from ivr.adapters.sql_engine import create_engine, read_engine, sqlite_path
from ivr.adapters.sql_migrations import SchemaFromElsewhereError, at_head, migrate


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'not there yet 100%' / 'hotline.db'}"


@pytest.fixture
def url(empty_url: str, file_url: str) -> str:
    """Of either kind."""
    return file_url if empty_url.startswith("sqlite") else empty_url


def test_the_revisions_make_exactly_the_tables_the_code_speaks_of(url: str) -> None:
    migrate(url)
    with create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, sql_schema.metadata) == []


def test_calls_written_before_callbacks_keep_their_place_in_line_and_their_events(url: str) -> None:
    migrate_to(url, "0001")
    engine = create_engine(url)
    call = "id, door, ref, hotline, phase, presented_at, outcome, state, standing"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO calls ({call}) VALUES (1, 'asterisk', 'a', '400', 'held', 1764000000123, 'x', '{{}}', '[]')"
        )
        connection.exec_driver_sql(
            "INSERT INTO events (id, call_id, at, kind, body, commands) VALUES (1, 1, 1, 'CallOffered', '{}', '[]')"
        )
    migrate(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT line_at FROM calls").scalar() == 1764000000123
        assert connection.execute(sa.select(sql_schema.events.c.call_id)).scalars().all() == [1]
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.delete(sql_schema.calls))
    assert at_head(engine)
    engine.dispose()


def migrate_to(url: str, revision: str) -> None:
    """As far as an older version went."""
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True)
    engine = sql_migrations._migrating_engine(url)
    config = sql_migrations._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_a_second_start_finds_nothing_left_to_do(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.insert(sql_schema.rule_sets).values(digest="d", body="{}"))
    migrate(url)
    with engine.connect() as connection:
        assert connection.execute(sa.select(sql_schema.rule_sets.c.digest)).scalars().all() == ["d"]
    assert at_head(engine)


def test_two_processes_starting_at_once_make_one_schema(url: str) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=migrate, args=(url,)) for _number in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert at_head(read_engine(url))


def test_a_revision_that_breaks_half_way_leaves_the_database_as_it_was(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE records (other INTEGER)")
    with pytest.raises(sa.exc.DBAPIError, match="records"):
        migrate(empty_url)
    assert sa.inspect(engine).get_table_names() == ["records"]
    engine.dispose()


def test_an_empty_database_is_not_at_head(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert not at_head(engine)


def test_a_writer_has_the_lock_from_its_first_word_and_its_commit_is_on_the_disk(file_url: str) -> None:
    migrate(file_url)
    engine = create_engine(file_url)
    with engine.begin() as connection:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}.items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        other = sqlite3.connect(str(sa.make_url(file_url).database), timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_reader_neither_waits_for_a_writer_nor_writes_itself(file_url: str) -> None:
    migrate(file_url)
    with create_engine(file_url).begin(), read_engine(file_url).connect() as reader:
        assert reader.execute(sa.select(sql_schema.calls)).all() == []
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            reader.execute(sa.insert(sql_schema.rule_sets).values(digest="d", body="{}"))


def test_looking_at_a_database_that_is_not_there_does_not_make_one(tmp_path: Path) -> None:
    with (
        pytest.raises(sa.exc.OperationalError, match="unable to open"),
        read_engine(f"sqlite:///{tmp_path / 'gone.db'}").connect(),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_database_of_a_newer_version_is_left_as_it_is_and_told(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'tomorrow'")
    with pytest.raises(SchemaFromElsewhereError, match=r"another version.*tomorrow"):
        migrate(url)
    assert not at_head(engine)


def test_no_server_waits_for_alembic_to_be_loaded() -> None:
    """A tenth of a second of each process's start, and of every classic AGI process's call."""
    ask = "import sys, agi_scripts.server, webhooks.app; print(sorted(n for n in sys.modules if n == 'alembic'))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
