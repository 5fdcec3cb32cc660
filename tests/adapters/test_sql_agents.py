"""Agents as they are stored, on either database: a word of theirs never overwrites a reservation."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_alerts import SqlAlerts
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import agents, alerts, sip_accounts
from ivr.policy.floor import AgentState
from ivr.policy.phone import parse_phone
from ivr.service.agents import AgentChange, AgentError
from tests.adapters.rows import NINE, Database, SetClock

LATER = NINE + timedelta(seconds=5, milliseconds=7)


@pytest.fixture
def book(url: str) -> SqlAgents:
    return SqlAgents(url, SetClock())


@pytest.fixture
def held_turn(url: str) -> Callable[[Callable[[], object]], bool]:
    """Runs the work while a transaction that reserves Li is open; whether the work waited for it."""

    def run(work: Callable[[], object]) -> bool:
        with create_engine(url, turn=Turn.FLOOR).begin() as connection:
            connection.execute(sa.update(agents).values(state="reserved", call_id=7))
            thread = threading.Thread(target=work)
            thread.start()
            thread.join(0.2)
            waited = thread.is_alive()
        thread.join()
        return waited

    return run


def to(state: AgentState, login: str = "li") -> AgentChange:
    return AgentChange(login=login, state=state, at=LATER)


def test_a_new_agent_is_offline_and_his_new_phone_has_an_account(book: SqlAgents, database: Database) -> None:
    account = book.add("li", "李", "agent", parse_phone("endpoint:NEW"), "long enough")
    assert account is not None
    assert book.accounts() == (account,)
    li = database.agent("li")
    assert (li["state"], li["phone"], li["since"]) == ("offline", f"endpoint:{account.name}", NINE)
    assert li["password"].startswith("$argon2id$")
    assert book.count() == 1
    assert book.login_of(li["phone"]) == "li"


def test_a_login_is_given_once_and_the_second_leaves_no_account_behind(
    book: SqlAgents, database: Database
) -> None:
    book.add("li", "李", "agent", parse_phone("client:li"), None)
    with pytest.raises(AgentError, match="exists"):
        book.add("li", "李", "agent", parse_phone("endpoint:NEW"), None)
    assert database.rows(sip_accounts) == []


def test_who_is_free_or_resting_changes_at_once(book: SqlAgents, database: Database) -> None:
    database.add_agent("li", "away", reason="missed_ring", misses=2)
    assert book.change(to(AgentState.AVAILABLE)) is AgentState.AVAILABLE
    li = database.agent("li")
    assert (li["state"], li["reason"], li["misses"], li["idle_since"]) == ("available", None, 0, LATER)


@pytest.mark.parametrize("state", ["reserved", "talking"])
def test_who_is_in_a_call_changes_after_it(book: SqlAgents, database: Database, state: str) -> None:
    database.add_agent("li", state, call_id=7)
    assert book.change(to(AgentState.AWAY)) is AgentState(state)
    assert (database.agent("li")["wanted"], database.agent("li")["call_id"]) == ("away", 7)
    book.change(to(AgentState.AVAILABLE))
    assert database.agent("li")["wanted"] is None


def test_who_says_twice_that_he_is_free_keeps_his_place(book: SqlAgents, database: Database) -> None:
    database.add_agent("li")
    book.change(to(AgentState.AVAILABLE))
    assert database.agent("li")["idle_since"] == NINE


def test_an_unknown_login_is_none(book: SqlAgents) -> None:
    assert book.change(to(AgentState.AWAY)) is None


def test_of_two_who_share_a_phone_it_is_the_one_who_is_there(book: SqlAgents, database: Database) -> None:
    database.add_agent("early", "offline", phone="endpoint:desk")
    database.add_agent("late", "away", phone="endpoint:desk")
    assert book.login_of("endpoint:desk") == "late"
    assert book.login_of("endpoint:none") is None


def test_a_word_of_his_waits_for_the_decision_that_is_being_made_about_him(
    book: SqlAgents, database: Database, held_turn: Callable[[Callable[[], object]], bool]
) -> None:
    database.add_agent("li")
    assert held_turn(lambda: book.change(to(AgentState.AWAY)))
    li = database.agent("li")
    assert (li["state"], li["wanted"]) == ("reserved", "away"), "not torn out of his reservation"


def test_an_alert_names_the_agent_of_that_phone_and_the_call_he_is_in(database: Database, url: str) -> None:
    database.add_agent("li", "offline", phone="endpoint:desk")
    database.add_agent("wang", "talking", phone="endpoint:desk", call_id=7)
    book = SqlAlerts(url, SetClock())
    book.add("transfer_refused", "endpoint:desk")
    book.add("transfer_refused", "endpoint:nobody")
    known, unknown = database.rows(alerts)
    assert (known["agent"], known["call_id"], known["at"]) == ("wang", 7, NINE)
    assert (unknown["agent"], unknown["call_id"], unknown["detail"]) == (None, None, "endpoint:nobody")
