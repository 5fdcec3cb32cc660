"""Logins as the administration changes them, on either database: no call is torn apart, the last admin stays."""

import threading

import pytest

from ivr.adapters.sql_people import SqlPeople
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_web_sessions import SqlWebSessions
from ivr.policy.phone import parse_phone
from ivr.policy.roles import Role
from ivr.service.agents import AgentError
from ivr.service.people_ports import LoginChange
from tests.adapters.rows import NINE, Database, SetClock


@pytest.fixture
def book(url: str) -> SqlPeople:
    return SqlPeople(url, SetClock())


def to(role: Role, phone: str | None = None, name: str = "Name") -> LoginChange:
    return LoginChange(name=name, role=role, phone=parse_phone(phone) if phone else None)


def test_everybody_is_listed_and_only_the_agents_are_agents(
    book: SqlPeople, database: Database, url: str
) -> None:
    database.add_agent("ana", "available", password="hash")
    database.add_agent("root", "offline", role="admin", phone="")
    SqlWebSessions(url).save("hash", "root", {}, NINE)
    ana, root = book.everybody()
    assert (ana.login, ana.has_password, ana.signed_in) == ("ana", True, 0)
    assert (root.login, root.has_password, root.signed_in) == ("root", False, 1)
    assert [row["login"] for row in SqlReports(url).agents(None)] == ["ana"]


def test_a_new_phone_comes_with_its_account(book: SqlPeople, database: Database) -> None:
    database.add_agent("ana")
    account = book.change("ana", to(Role.MANAGER, "endpoint:NEW", "Anna"))
    assert account is not None
    ana = database.agent("ana")
    assert (ana["name"], ana["role"], ana["phone"]) == ("Anna", "manager", f"endpoint:{account.name}")
    assert book.change("ana", to(Role.AGENT)) is None
    assert database.agent("ana")["phone"] == f"endpoint:{account.name}"


@pytest.mark.parametrize(
    ("state", "change", "why"),
    [
        ("talking", to(Role.AGENT, "endpoint:other"), "in_call"),
        ("reserved", to(Role.AGENT, "endpoint:NEW"), "in_call"),
        ("available", to(Role.ADMIN), "on_duty"),
        ("wrap_up", to(Role.ADMIN), "on_duty"),
    ],
)
def test_what_would_tear_a_call_apart_is_refused(
    book: SqlPeople, database: Database, state: str, change: LoginChange, why: str
) -> None:
    database.add_agent("ana", state)
    with pytest.raises(AgentError) as refused:
        book.change("ana", change)
    assert refused.value.why == why
    assert database.agent("ana")["role"] == "agent"


def test_an_admin_who_takes_calls_again_needs_a_phone(book: SqlPeople, database: Database) -> None:
    for login in ("root", "other"):
        database.add_agent(login, "offline", role="admin", phone="")
    with pytest.raises(AgentError) as refused:
        book.change("root", to(Role.AGENT))
    assert refused.value.why == "phone_needed"


def test_of_two_admins_who_leave_at_once_one_stays(book: SqlPeople, database: Database) -> None:
    for login in ("one", "two"):
        database.add_agent(login, "offline", role="admin", phone="")
    refused = []

    def leave(login: str) -> None:
        try:
            book.change(login, to(Role.AGENT, f"endpoint:{login}"))
        except AgentError as error:
            refused.append(error.why)

    threads = [threading.Thread(target=leave, args=(login,)) for login in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_admin"]
    assert [one.role for one in book.everybody()].count(Role.ADMIN) == 1


def test_a_login_nobody_has_is_refused(book: SqlPeople) -> None:
    with pytest.raises(AgentError) as refused:
        book.change("nobody", to(Role.AGENT))
    assert refused.value.why == "unknown"
