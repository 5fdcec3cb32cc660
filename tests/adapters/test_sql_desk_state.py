"""The bar's own view of the books, on either database."""

from datetime import timedelta

import pytest

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_desk_state import SqlDeskState
from ivr.policy.floor import AgentState
from tests.adapters.rows import NINE, Database

SOON = NINE + timedelta(minutes=30)


@pytest.fixture
def book(url: str) -> SqlDeskState:
    return SqlDeskState(url)


def add_callback(database: Database, minutes: int, state: str = "pending") -> None:
    due_at = NINE + timedelta(minutes=minutes)
    common = {"prefix": "+86138001380", "presented_at": NINE, "promised_at": NINE, "epoch": 0}
    number = f"+86138001380{minutes % 100:02d}"
    due = {"due_at": due_at, "first_due_at": due_at, "state": state, "number": number}
    database.add(callbacks, call_id=database.add_call(), **common, **due)


def test_an_agent_as_his_page_shows_him(book: SqlDeskState, database: Database) -> None:
    until = NINE + timedelta(seconds=30)
    database.add_agent("ana", "wrap_up", until=until, wanted="away", wanted_reason="lunch", call_id=7)
    own = book.own("ana")
    assert own is not None
    assert (own.state, own.until, own.call_id) == (AgentState.WRAP_UP, until, 7)
    assert (own.wanted, own.wanted_reason, own.page_seen_at) == ("away", "lunch", None)
    assert book.own("nobody") is None


def test_who_waits_is_counted_and_the_first_of_them_named(book: SqlDeskState, database: Database) -> None:
    assert book.counters(NINE, SOON).longest_since is None
    for phase, minutes in (("held", 2), ("waiting", 1), ("choosing", 3), ("ringing", 9), ("ended", 20)):
        database.add_call(phase=phase, presented_at=NINE - timedelta(minutes=minutes))
    counters = book.counters(NINE, SOON)
    assert (counters.waiting, counters.longest_since) == (3, NINE - timedelta(minutes=3))


def test_callbacks_due_soon_and_overdue_are_told_apart(book: SqlDeskState, database: Database) -> None:
    for minutes in (-5, -1, 10, 25, 31):
        add_callback(database, minutes)
    add_callback(database, -20, "done")
    counters = book.counters(NINE, SOON)
    assert (counters.callbacks_due, counters.callbacks_overdue) == (2, 2)


def test_a_wrap_up_is_longer_once_and_only_while_it_runs(book: SqlDeskState, database: Database) -> None:
    until = NINE + timedelta(seconds=10)
    database.add_agent("ana", "wrap_up", until=until)
    assert not book.extend_wrap_up("ana", "system_slow", 30.0, until), "it is over"
    assert book.extend_wrap_up("ana", "system_slow", 30.0, NINE)
    assert not book.extend_wrap_up("ana", "system_slow", 30.0, NINE), "once"
    ana = database.agent("ana")
    assert (ana["until"], ana["reason"]) == (until + timedelta(seconds=30), "system_slow")
    database.add_agent("ben")
    assert not book.extend_wrap_up("ben", "system_slow", 30.0, NINE)
