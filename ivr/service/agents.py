"""Agents: who they are, what they do now, and their own word about it.

An agent changes his state himself (desk, phone, command line); a reservation or a talk is never overwritten by that.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from ivr.policy.floor import AgentState
from ivr.policy.phone import Phone, parse_phone
from ivr.service.ports import Clock

LOGIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
ROLES = ("agent", "manager")
CHOSEN = (AgentState.AVAILABLE, AgentState.AWAY, AgentState.OFFLINE)


class AgentError(Exception):
    """What was asked of an agent cannot be; the text says why and what is accepted."""


@dataclass(frozen=True, kw_only=True)
class AgentChange:
    """The new state and since when; a change asked for during a call takes effect after it."""

    login: str
    state: AgentState
    at: datetime


A = TypeVar("A", covariant=True)


class AgentBook(Protocol[A]):
    """Agents as they are stored."""

    def add(self, login: str, name: str, role: str, phone: Phone, password: str | None) -> A:
        """What was made for him, if anything. Raises AgentError for a login that exists."""

    def change(self, change: AgentChange) -> AgentState | None:
        """The state he is in afterwards; None for an unknown login."""

    def login_of(self, phone: str) -> str | None: ...


class Agents(Generic[A]):
    """Adds agents and lets them come and go."""

    def __init__(self, book: AgentBook[A], clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def add(self, login: str, name: str, phone: str, role: str = "agent", password: str | None = None) -> A:
        """A new agent, offline. Raises AgentError, PhoneError."""
        if LOGIN.fullmatch(login) is None:
            raise AgentError(f"login {login!r}: small letters, digits, _ . - and at most 32 of them")
        if role not in ROLES:
            raise AgentError(f"role {role!r}: one of {', '.join(ROLES)}")
        if not name.strip() or not name.isprintable() or len(name) > 80:
            raise AgentError("name: one line of 1 to 80 letters")
        if password is not None and not 8 <= len(password) <= 200:
            raise AgentError("password: 8 to 200 letters")
        return self._book.add(login, name.strip(), role, parse_phone(phone), password)

    def choose(self, login: str, state: str) -> AgentState:
        """What he says he does from now on; the state he is in afterwards. Raises AgentError."""
        chosen = next((choice for choice in CHOSEN if choice.value == state), None)
        if chosen is None:
            raise AgentError(f"state {state!r}: one of {', '.join(choice.value for choice in CHOSEN)}")
        now = self._book.change(AgentChange(login=login, state=chosen, at=self._clock.now()))
        if now is None:
            raise AgentError(f"no agent {login!r}")
        return now

    def login_of(self, phone: str) -> str | None:
        """Whose phone it is."""
        return self._book.login_of(phone)
