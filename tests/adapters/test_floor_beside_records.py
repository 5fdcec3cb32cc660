"""On PostgreSQL the floor and the records have a turn each, and nothing of one stands in the way of the other.

SQLite has one writer in all: there a worker is short, or nobody is.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_records import SqlRecords
from ivr.policy.rules import Rules
from ivr.service.callbacks import CallbackService
from ivr.service.floor_loop import FloorLoop
from ivr.service.record_ports import RecordUnit
from ivr.service.records import RecordService
from tests.adapters.books import Books
from tests.adapters.conftest import connections_closed_afterwards
from tests.adapters.rows import Database
from tests.fakes.fake_callback_switch import FakeCallbackSwitch
from tests.postgres import Postgres

T = TypeVar("T")
RULES = Rules(quiet_hours=())
A_TURN_SECONDS = 0.1


@pytest.fixture
def empty_url(postgres: Postgres) -> Iterator[str]:
    with connections_closed_afterwards():
        yield postgres.new_database()


class StoppedRecords(SqlRecords):
    """Stands still with its work done and nothing committed, as a worker under SIGSTOP does."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.stands, self.goes_on = threading.Event(), threading.Event()

    def unit(self, work: Callable[[RecordUnit], T]) -> T:
        def stopped(unit: RecordUnit) -> T:
            result = work(unit)
            self.stands.set()
            self.goes_on.wait(30)
            return result

        return super().unit(stopped)


@contextmanager
def worker_stopped(books: Books, callback_id: int) -> Iterator[None]:
    """In the middle of its transaction that logs that callback, and all others."""
    records = StoppedRecords(books.database.url)
    service = RecordService(records, books.clock)
    worker = threading.Thread(target=service.log_callback, args=(callback_id,))
    worker.start()
    try:
        assert records.stands.wait(10)
        yield
        assert worker.is_alive()
    finally:
        records.goes_on.set()
        worker.join(10)


def test_a_worker_stopped_in_the_middle_of_its_transaction_does_not_stop_the_floor_r65(
    database: Database,
) -> None:
    books, switch = Books(database, RULES), FakeCallbackSwitch()
    ids = [books.promised(f"p{number}", number, f"+861390013900{number}") for number in range(4)]
    floor = FloorLoop(
        books.book, {}, books.clock, RULES, CallbackService(books.book, switch, books.clock, RULES)
    )
    with worker_stopped(books, ids[0]):
        seconds = []
        for number in range(4):
            database.add_agent(f"agent{number}")
            began = time.monotonic()
            assert floor.turn() == 1
            seconds.append(time.monotonic() - began)
        began = time.monotonic()
        books.added("new caller")
        seconds.append(time.monotonic() - began)
    assert sorted(seconds)[2] < A_TURN_SECONDS, seconds
    assert [order.name.callback_id for order in switch.placed] == ids
    assert {row["state"] for row in database.rows(callbacks)} == {"dialing"}
    assert database.undone() == [database.rows(callbacks)[-1]["call_id"] + 1], (
        "all is logged but the new caller"
    )
    books.book.close()
