"""Sessions as they are stored, on either database."""

from datetime import timedelta

import pytest

from ivr.adapters.sql_desk_schema import web_sessions
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_schema import agents
from ivr.adapters.sql_web_sessions import SqlWebSessions
from ivr.policy.floor import AgentState
from ivr.policy.roles import Role
from tests.adapters.rows import NINE, Database

MINUTE = timedelta(minutes=1)


@pytest.fixture
def book(url: str) -> SqlWebSessions:
    return SqlWebSessions(url)


def test_a_session_is_found_with_its_person_as_he_stands_now(
    book: SqlWebSessions, database: Database
) -> None:
    database.add_agent("ana", "talking", misses=1)
    book.save("hash", "ana", {"_user_id": "ana", "_fresh": True}, NINE)
    found = book.find("hash")
    assert found is not None
    assert found.data == {"_user_id": "ana", "_fresh": True}
    assert found.who is not None
    assert (found.who.login, found.who.role) == ("ana", Role.AGENT)
    assert found.sitting is not None
    assert (found.sitting.state, found.sitting.misses) == (AgentState.TALKING, 1)
    book.update("hash", {"_user_id": "ana"}, NINE + MINUTE)
    later = book.find("hash")
    assert later is not None
    assert (later.data, later.started_at, later.acted_at) == ({"_user_id": "ana"}, NINE, NINE + MINUTE)


def test_a_visitors_session_has_nobody(book: SqlWebSessions) -> None:
    book.save("hash", None, {}, NINE)
    found = book.find("hash")
    assert found is not None
    assert (found.who, found.sitting) == (None, None)
    assert book.find("another") is None


def test_whose_login_is_gone_is_signed_in_nowhere(book: SqlWebSessions, database: Database) -> None:
    database.add_agent("ana")
    book.save("hash", "ana", {}, NINE)
    with create_engine(database.url).begin() as connection:
        connection.execute(agents.delete())
    assert book.find("hash") is None


def test_an_ended_session_is_gone_and_takes_no_more_notes(book: SqlWebSessions, database: Database) -> None:
    book.save("hash", None, {}, NINE)
    book.end("hash")
    book.update("hash", {}, NINE)
    assert database.rows(web_sessions) == []


def test_all_of_one_person_end_and_nobody_elses(book: SqlWebSessions, database: Database) -> None:
    for login in ("ana", "ben"):
        database.add_agent(login)
        book.save(f"{login}-1", login, {}, NINE)
        book.save(f"{login}-2", login, {}, NINE)
    assert book.end_all_of("ana") == 2
    assert [row["login"] for row in database.rows(web_sessions)] == ["ben", "ben"]


def test_what_nobody_can_use_any_more_is_cleared_away(book: SqlWebSessions, database: Database) -> None:
    database.add_agent("ana")
    for name, login, minutes in (
        ("old", "ana", 0),
        ("visit", None, 5),
        ("mine", "ana", 5),
        ("fresh", None, 9),
    ):
        book.save(name, login, {}, NINE + minutes * MINUTE)
    book.clear(begun_before=NINE + MINUTE, visits_before=NINE + 8 * MINUTE)
    assert [row["token_hash"] for row in database.rows(web_sessions)] == ["fresh", "mine"]
