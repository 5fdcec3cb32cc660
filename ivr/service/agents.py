"""Agents: who they are, what they do now, and their own word about it.

An agent changes his state himself (desk, phone, command line); a reservation or a talk is never overwritten by that.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from ivr.policy.floor import AgentState
from ivr.policy.phone import Phone, parse_phone
from ivr.policy.roles import ON_THE_FLOOR, Role
from ivr.service.live_ports import EVERYBODY, LiveKind, LiveNews, Silence
from ivr.service.ports import Clock

LOGIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
ROLES = tuple(role.value for role in Role)
CHOSEN = (AgentState.AVAILABLE, AgentState.AWAY, AgentState.OFFLINE)
AWAY_REASONS = ("break", "lunch", "training", "meeting")


class AgentError(Exception):
    """What was asked of an agent cannot be; the text says why and what is accepted, `why` is that in one word."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class AgentChange:
    """The new state and since when; a change asked for during a call takes effect after it.

    `from_page`: said in his page; else he works without one from then on.
    """

    login: str
    state: AgentState
    at: datetime
    reason: str | None = None
    from_page: bool = False


A = TypeVar("A", covariant=True)


class AgentBook(Protocol[A]):
    """Agents as they are stored."""

    def add(self, login: str, name: str, role: str, phone: Phone | None, password: str | None) -> A:
        """What was made for him, if anything. Raises AgentError for a login that exists."""

    def change(self, change: AgentChange) -> AgentState | None:
        """The state he is in afterwards; None for an unknown login."""

    def login_of(self, phone: str) -> str | None: ...


class Agents(Generic[A]):
    """Adds agents and lets them come and go."""

    def __init__(self, book: AgentBook[A], clock: Clock, news: LiveNews | None = None) -> None:
        self._book = book
        self._clock = clock
        self._news = news or Silence()

    def add(self, login: str, name: str, phone: str, role: str = "agent", password: str | None = None) -> A:
        """A new agent, offline; an admin has no phone (""). Raises AgentError, PhoneError."""
        if LOGIN.fullmatch(login) is None:
            raise AgentError(f"login {login!r}: small letters, digits, _ . - and at most 32 of them", "login")
        known = parse_role(role)
        if password is not None:
            check_password(password)
        return self._book.add(login, checked_name(name), known.value, phone_for(known, phone), password)

    def choose(
        self, login: str, state: str, reason: str | None = None, *, from_page: bool = False
    ) -> AgentState:
        """What he says he does from now on; the state he is in afterwards. Raises AgentError.

        `reason`: one of AWAY_REASONS, for being away.
        """
        if reason is not None and (state != AgentState.AWAY.value or reason not in AWAY_REASONS):
            raise AgentError(f"reason {reason!r}: for away, one of {', '.join(AWAY_REASONS)}")
        chosen = next((choice for choice in CHOSEN if choice.value == state), None)
        if chosen is None:
            raise AgentError(f"state {state!r}: one of {', '.join(choice.value for choice in CHOSEN)}")
        change = AgentChange(
            login=login, state=chosen, at=self._clock.now(), reason=reason, from_page=from_page
        )
        now = self._book.change(change)
        if now is None:
            raise AgentError(f"no agent {login!r}")
        self._news.tell(login, LiveKind.STATE)
        self._news.tell(EVERYBODY, LiveKind.LINE)
        return now

    def login_of(self, phone: str) -> str | None:
        """Whose phone it is."""
        return self._book.login_of(phone)


def parse_role(text: str) -> Role:
    """Raises AgentError."""
    if text not in ROLES:
        raise AgentError(f"role {text!r}: one of {', '.join(ROLES)}", "role")
    return Role(text)


def checked_name(text: str) -> str:
    """Raises AgentError."""
    if not text.strip() or not text.isprintable() or len(text) > 80:
        raise AgentError("name: one line of 1 to 80 letters", "name")
    return text.strip()


def check_password(text: str) -> None:
    """Raises AgentError."""
    if not 8 <= len(text) <= 200:
        raise AgentError("password: 8 to 200 letters", "password")


def phone_for(role: Role, text: str) -> Phone | None:
    """Who can be given calls has a phone, an admin none. Raises AgentError, PhoneError."""
    if role in ON_THE_FLOOR:
        return parse_phone(text)
    if text:
        raise AgentError("phone: an admin takes no calls and has none", "phone_of_admin")
    return None
