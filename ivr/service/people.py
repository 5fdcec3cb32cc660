"""The administration of logins: every change is written down with who made it. A password is shown once.

A new password ends every sign-in under the old one.
"""

import secrets
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ivr.policy.phone import parse_phone
from ivr.policy.roles import Role
from ivr.service.agents import AgentError, Agents, check_password, checked_name, parse_role
from ivr.service.people_ports import Login, LoginChange, PeopleBook
from ivr.service.ports import Clock
from ivr.service.sign_in_ports import AuditBook, Passwords, SignInBook, WebSessionBook

COMMAND_LINE = "(command line)"  # in the place of a login, and no login
PASSWORD_BYTES = 9  # twelve letters, 72 bits


class Account(Protocol):
    """A SIP account made for somebody: what is typed into his phone, shown once."""

    @property
    def name(self) -> str: ...

    @property
    def secret(self) -> str: ...


A = TypeVar("A", bound=Account | None, covariant=True)


@dataclass(frozen=True, kw_only=True)
class People(Generic[A]):
    """`by` is whoever does it."""

    book: PeopleBook[A]
    agents: Agents[A]
    passwords: Passwords
    sign_in_book: SignInBook
    sessions: WebSessionBook
    audit: AuditBook
    clock: Clock

    def everybody(self) -> tuple[Login, ...]:
        """In order of their logins."""
        return self.book.everybody()

    def add(self, by: str, login: str, name: str, role: str, phone: str, password: str | None) -> A:
        """A new login, offline; the account made for it. Raises AgentError, PhoneError."""
        account = self.agents.add(login, name, phone, role, password)
        self._note(by, "login_added", login, f"role {role}")
        return account

    def change(self, by: str, login: str, name: str, role: str, phone: str) -> A:
        """Name, role and phone ("" leaves it); the account made for `endpoint:NEW`. Raises AgentError, PhoneError."""
        known = parse_role(role)
        if known is Role.ADMIN and phone:
            raise AgentError("phone: an admin takes no calls and has none", "phone_of_admin")
        change = LoginChange(name=checked_name(name), role=known, phone=parse_phone(phone) if phone else None)
        account = self.book.change(login, change)
        self._note(by, "login_changed", login, f"role {role}" + (", phone" if phone else ""))
        return account

    def set_password(self, by: str, login: str, password: str) -> None:
        """From now on; whoever signed in under the old one is signed out. Raises AgentError."""
        check_password(password)
        if not self.sign_in_book.set_password(login, self.passwords.hashed(password)):
            raise AgentError(f"no login {login!r}", "unknown")
        self.sessions.end_all_of(login)
        self._note(by, "password_set", login, None)

    def new_password(self, by: str, login: str) -> str:
        """One nobody chose. Raises AgentError."""
        password = made_password()
        self.set_password(by, login, password)
        return password

    def sign_out(self, by: str, login: str) -> int:
        """At every browser; how many there were."""
        ended = self.sessions.end_all_of(login)
        self._note(by, "signed_out_by_force", login, f"{ended} browsers")
        return ended

    def _note(self, by: str, action: str, login: str, detail: str | None) -> None:
        self.audit.note(self.clock.now(), by, action, f"login:{login}", detail)


def made_password() -> str:
    """Twelve letters nobody chose."""
    return secrets.token_urlsafe(PASSWORD_BYTES)
