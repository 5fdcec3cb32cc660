"""What PostgreSQL does differently must not be felt: one decision after the other, an answer in time, nothing lost."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_postgres import Turn, with_driver
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import calls, outbox
from ivr.service.ports import BookUnavailable, CallUnit
from ivr.service.record_ports import DatabaseUnavailableError
from tests.adapters.books import contact
from tests.adapters.conftest import connections_closed_afterwards
from tests.adapters.rows import CALLER, NINE, Database, SetClock
from tests.postgres import Postgres

pytestmark = pytest.mark.slow

BUDGET_SECONDS = 1.5


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with connections_closed_afterwards():
        made = Database(postgres.new_database())
        yield made.url
        made.engine.dispose()


@contextmanager
def call_book(url: str) -> Iterator[SqlCallBook]:
    book = SqlCallBook(url, SetClock())
    try:
        yield book
    finally:
        book.close()


def add(book: SqlCallBook, ref: str) -> int:
    return book.unit(lambda unit: unit.add(contact(ref), CALLER)).call.call_id


def seconds_until_unavailable(book: SqlCallBook) -> float:
    started = time.monotonic()
    with pytest.raises(BookUnavailable):
        add(book, "late")
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("written", "driver"),
    [("postgresql://u@h/n", "postgresql+psycopg"), ("postgresql+asyncpg://u@h/n", "postgresql+asyncpg")],
)
def test_a_url_without_a_driver_means_the_one_we_bring(written: str, driver: str) -> None:
    assert with_driver(written).drivername == driver


def test_a_commit_is_on_the_disk_and_a_look_is_fresh_whatever_the_server_prefers(
    postgres: Postgres, url: str
) -> None:
    name = sa.make_url(url).database
    for setting in ("synchronous_commit = off", "default_transaction_isolation = 'repeatable read'"):
        postgres.execute(f"ALTER DATABASE {name} SET {setting}")
    with create_engine(url, turn=Turn.FLOOR, on_call_path=True).begin() as connection:
        for setting, value in {
            "synchronous_commit": "on",
            "transaction_isolation": "read committed",
            "lock_timeout": "1200ms",
            "statement_timeout": "1200ms",
        }.items():
            assert connection.exec_driver_sql(f"SHOW {setting}").scalar() == value


def test_a_reader_refuses_every_write(url: str) -> None:
    with read_engine(url).connect() as reader, pytest.raises(sa.exc.InternalError, match="read-only"):
        reader.execute(sa.delete(calls))


def test_a_decision_waits_for_the_one_before_it_and_then_sees_it(url: str) -> None:
    entered, leave = threading.Event(), threading.Event()
    seen: list[bool] = []

    def slow(unit: CallUnit) -> None:
        unit.save(unit.add(contact("first"), CALLER))
        entered.set()
        leave.wait(5)

    def look(unit: CallUnit) -> None:
        seen.append(unit.find("asterisk", "first") is not None)

    with call_book(url) as one, call_book(url) as other:
        first = threading.Thread(target=lambda: one.unit(slow, budget_seconds=5))
        first.start()
        assert entered.wait(5)
        second = threading.Thread(target=lambda: other.unit(look, budget_seconds=5))
        second.start()
        time.sleep(0.2)
        assert seen == [], "it has not even begun to look"
        leave.set()
        for thread in (first, second):
            thread.join()
    assert seen == [True]


def test_a_turn_somebody_else_does_not_give_back_costs_a_caller_no_more_than_his_budget(url: str) -> None:
    with call_book(url) as book:
        with create_engine(url, turn=Turn.FLOOR).begin():
            assert seconds_until_unavailable(book) < BUDGET_SECONDS
        add(book, "after")


def test_a_server_that_hangs_costs_a_caller_no_more_than_his_budget(postgres: Postgres, url: str) -> None:
    with call_book(url) as book:
        add(book, "before")
        with postgres.hung():
            assert seconds_until_unavailable(book) < BUDGET_SECONDS + 0.3
        assert add(book, "after")


def test_a_server_that_is_gone_is_told_at_once_and_found_again_at_the_first_try(
    postgres: Postgres, url: str
) -> None:
    with call_book(url) as book, connections_closed_afterwards():
        add(book, "before")
        postgres.stop(signal.SIGQUIT)
        try:
            assert seconds_until_unavailable(book) < BUDGET_SECONDS
            with pytest.raises(BookUnavailable):
                book.anything_due(NINE)
        finally:
            postgres.start()
        add(book, "after")
        assert book.anything_due(NINE) is False


def test_a_server_restarted_between_two_calls_is_not_felt(postgres: Postgres, url: str) -> None:
    with call_book(url) as book:
        add(book, "before")
        assert book.anything_due(NINE) is False
        postgres.stop(signal.SIGINT)
        postgres.start()
        add(book, "after")
        assert book.anything_due(NINE) is False


def test_the_relay_does_not_wait_for_rows_a_worker_is_just_doing(url: str) -> None:
    database = Database(url)
    first, second = (database.add_call() for _ in range(2))
    with database.engine.begin() as worker:
        worker.execute(sa.update(outbox).where(outbox.c.ref == first).values(done_at=NINE))
        rows = SqlOutbox(url).pending({"open_record"}, NINE, 10)
        SqlOutbox(url).mark_rung([row.id for row in rows], NINE)
    assert [(row["ref"], row["rung_at"]) for row in database.rows(outbox)] == [(first, None), (second, NINE)]
    database.engine.dispose()


def test_a_wrong_password_is_one_plain_sentence_without_it(postgres: Postgres, url: str) -> None:
    name = str(sa.make_url(url).database)
    assert SqlReports(postgres.tcp_url(name)).calls(None) == []
    wrong = postgres.tcp_url(name).replace(postgres.password, "hunter2")
    with pytest.raises(DatabaseUnavailableError, match="password authentication failed") as told:
        SqlReports(wrong).calls(None)
    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)
