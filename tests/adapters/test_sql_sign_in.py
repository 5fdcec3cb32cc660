"""Attempts to sign in as they are stored, on either database: counted one after the other, forgiven after success."""

import threading
from datetime import timedelta

import pytest

from ivr.adapters.sql_desk_schema import login_attempts
from ivr.adapters.sql_sign_in import SqlSignIn
from ivr.policy.roles import Role
from ivr.service.sign_in_ports import Attempt
from tests.adapters.rows import NINE, Database

HOUR = timedelta(hours=1)
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def book(url: str) -> SqlSignIn:
    return SqlSignIn(url)


def attempt(book: SqlSignIn, seconds: float = 0, login: str = "ana", address: str = HERE) -> Attempt:
    at = NINE + timedelta(seconds=seconds)
    return book.attempt(login, address, at, at - HOUR)


def fail(book: SqlSignIn, times: int, login: str = "ana") -> None:
    for _ in range(times):
        assert attempt(book, login=login).attempt_id is not None


def succeed(book: SqlSignIn, seconds: float = 0) -> None:
    made = attempt(book, seconds).attempt_id
    assert made is not None
    book.succeeded(made)


def test_whoever_has_a_login_is_found_with_his_role(book: SqlSignIn, database: Database) -> None:
    database.add_agent("ana", role="manager", password="hash")
    ana = book.person("ana")
    assert ana is not None
    assert (ana.role, ana.password) == (Role.MANAGER, "hash")
    assert book.person("nobody") is None
    assert book.set_password("ana", "another")
    assert not book.set_password("nobody", "another")


def test_after_five_wrong_passwords_the_sixth_is_not_looked_at(book: SqlSignIn, database: Database) -> None:
    fail(book, 5)
    refused = attempt(book)
    assert refused == Attempt(attempt_id=None, open_again_at=NINE + timedelta(seconds=2))
    assert len(database.rows(login_attempts)) == 5
    assert attempt(book, seconds=2).attempt_id is not None


def test_a_right_password_forgives_the_wrong_ones(book: SqlSignIn) -> None:
    fail(book, 4)
    succeed(book, seconds=1)
    for seconds in range(2, 7):
        assert attempt(book, seconds).attempt_id is not None


def test_wrong_passwords_are_forgotten_after_an_hour(book: SqlSignIn) -> None:
    fail(book, 5)
    assert attempt(book, seconds=3601).attempt_id is not None


def test_nobody_elsewhere_can_lock_the_rightful_person_out(book: SqlSignIn) -> None:
    succeed(book)
    for seconds in (10, 20, 30, 40, 50):
        attempt(book, seconds, address=ELSEWHERE)
    assert attempt(book, seconds=51, address=ELSEWHERE).attempt_id is None
    assert attempt(book, seconds=51, address=HERE).attempt_id is not None


def test_an_address_that_tries_one_login_after_another_waits_too(book: SqlSignIn) -> None:
    for number in range(30):
        fail(book, 1, login=f"agent{number}")
    assert attempt(book, login="one-more").attempt_id is None
    assert attempt(book, login="one-more", address=ELSEWHERE).attempt_id is not None


def test_twenty_guesses_at_the_same_moment_are_five(book: SqlSignIn, database: Database) -> None:
    threads = [threading.Thread(target=attempt, args=(book,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.rows(login_attempts)) == 5


def test_attempts_of_a_quarter_ago_are_thrown_away(book: SqlSignIn, database: Database) -> None:
    fail(book, 3)
    succeed(book, seconds=timedelta(days=91).total_seconds())
    assert len(database.rows(login_attempts)) == 1
