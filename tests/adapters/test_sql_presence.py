"""Whose page is open, on either database: only who is free is lost, and who comes back is free again."""

from datetime import timedelta

import pytest

from ivr.adapters.sql_presence import SqlPresence
from ivr.adapters.sql_schema import alerts
from tests.adapters.rows import NINE, Database

LONG_AGO = NINE - timedelta(seconds=16)
GONE_BEFORE = NINE - timedelta(seconds=15)


@pytest.fixture
def book(url: str) -> SqlPresence:
    return SqlPresence(url)


def test_who_is_free_and_whose_page_is_gone_is_unreachable(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana", page_seen_at=LONG_AGO)
    assert book.lost(GONE_BEFORE, NINE) == ("ana",)
    ana = database.agent("ana")
    assert (ana["state"], ana["reason"], ana["since"]) == ("unreachable", "page_gone", NINE)
    assert book.lost(GONE_BEFORE, NINE) == (), "once"


@pytest.mark.parametrize("state", ["reserved", "talking", "wrap_up", "away", "offline"])
def test_whoever_is_not_free_stays_what_he_is(book: SqlPresence, database: Database, state: str) -> None:
    database.add_agent("ana", state, page_seen_at=LONG_AGO, call_id=7)
    assert book.lost(GONE_BEFORE, NINE) == ()
    assert (database.agent("ana")["state"], database.agent("ana")["call_id"]) == (state, 7)


def test_who_works_without_a_page_is_never_lost(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana")
    assert book.lost(GONE_BEFORE, NINE) == ()
    assert database.agent("ana")["state"] == "available"


def test_a_page_that_is_back_makes_him_available_and_keeps_his_place(
    book: SqlPresence, database: Database
) -> None:
    database.add_agent("ana", page_seen_at=LONG_AGO)
    book.lost(GONE_BEFORE, NINE)
    back_at = NINE + timedelta(seconds=5)
    assert book.heard(("ana",), {}, back_at) == ("ana",)
    ana = database.agent("ana")
    assert (ana["state"], ana["reason"], ana["idle_since"]) == ("available", None, NINE)
    assert ana["page_seen_at"] == back_at


def test_an_open_page_alone_brings_nobody_to_work(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana", "away", reason="lunch")
    database.add_agent("ben", "unreachable")  # for another reason
    assert book.heard(("ana", "ben"), {}, NINE) == ()
    assert database.agent("ana")["state"] == "away"
    assert database.agent("ben")["state"] == "unreachable"


def test_who_has_left_is_noted_at_the_moment_he_left(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana")
    left_at = NINE - timedelta(seconds=3)
    assert book.heard((), {"ana": left_at}, NINE) == ()
    assert database.agent("ana")["page_seen_at"] == left_at


def test_who_signs_out_works_from_his_phone_as_he_chose(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana", page_seen_at=NINE)
    book.without_page("ana")
    assert (database.agent("ana")["state"], database.agent("ana")["page_seen_at"]) == ("available", None)


def test_whether_anybody_is_on_duty_and_an_alert(book: SqlPresence, database: Database) -> None:
    database.add_agent("ana", "unreachable")
    database.add_agent("mia", "away", role="manager")
    assert not book.anybody_on_duty()
    database.add_agent("ben", "wrap_up")
    assert book.anybody_on_duty()
    book.alert("last_page_gone", "ana", NINE)
    assert [(row["kind"], row["agent"]) for row in database.rows(alerts)] == [("last_page_gone", "ana")]
