"""Agents come and go by their own word, and no word of theirs tears a talk apart."""

from pathlib import Path

import pytest

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.policy.phone import PhoneError
from ivr.service.agents import AgentError, Agents
from tests.fakes.fake_clock import FakeClock
from tests.service.house import NOON
from tests.template import at_newest_schema


@pytest.fixture
def book(tmp_path: Path) -> SqlAgents:
    url = f"sqlite:///{tmp_path}/hotline.db"
    at_newest_schema(url)
    return SqlAgents(url, FakeClock(NOON))


@pytest.fixture
def agents(book: SqlAgents) -> Agents[SipAccount | None]:
    return Agents(book, FakeClock(NOON))


def test_a_new_phone_gets_a_name_no_caller_can_have_and_a_secret(
    agents: Agents[SipAccount | None], book: SqlAgents
) -> None:
    account = agents.add("ana", "Ana", "endpoint:NEW")
    assert account is not None
    assert account.name.startswith("ag-")
    assert len(account.secret) >= 20
    assert book.accounts() == (account,)
    assert agents.login_of(f"endpoint:{account.name}") == "ana"
    assert agents.add("ben", "Ben", "sip:ben@192.0.2.7:5060") is None


@pytest.mark.parametrize(
    ("login", "name", "phone", "role", "names"),
    [
        ("Ana", "Ana", "client:ana", "agent", "login"),
        ("ana", " ", "client:ana", "agent", "name"),
        ("ana", "A\nB", "client:ana", "agent", "name"),
        ("ana", "Ana", "client:ana", "boss", "role"),
    ],
)
def test_what_cannot_be_an_agent_is_refused_by_name(
    agents: Agents[SipAccount | None], login: str, name: str, phone: str, role: str, names: str
) -> None:
    with pytest.raises(AgentError, match=names):
        agents.add(login, name, phone, role)


def test_a_login_is_given_once_and_a_phone_must_be_one(agents: Agents[SipAccount | None]) -> None:
    agents.add("ana", "Ana", "client:ana")
    with pytest.raises(AgentError, match="exists"):
        agents.add("ana", "Ana", "client:ana")
    with pytest.raises(PhoneError, match="endpoint:NAME"):
        agents.add("ben", "Ben", "13800138000")
    with pytest.raises(AgentError, match="password"):
        agents.add("ben", "Ben", "client:ben", password="short")  # refused for being one


def test_a_new_agent_is_offline_until_he_says_otherwise(agents: Agents[SipAccount | None]) -> None:
    agents.add("ana", "Ana", "client:ana", password="long enough")  # a test's
    assert agents.choose("ana", "available") == "available"
    assert agents.choose("ana", "away") == "away"
    with pytest.raises(AgentError, match="no agent"):
        agents.choose("ben", "available")
    with pytest.raises(AgentError, match="state"):
        agents.choose("ana", "talking")
