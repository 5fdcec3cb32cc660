"""What signing in needs of the outside: passwords, sittings, attempts, and the book of who did what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ivr.policy.roles import Role
from ivr.policy.session_life import Sitting


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a login; `password` is the hash, None while nobody set one."""

    login: str
    name: str
    role: Role
    password: str | None


@dataclass(frozen=True, kw_only=True)
class WebSession:
    """A session as it is stored; `who` and `sitting` are None before anybody has signed in."""

    data: Mapping[str, Any]
    started_at: datetime
    acted_at: datetime
    who: Person | None
    sitting: Sitting | None


class WebSessionBook(Protocol):
    """Sessions by the sha256 of their token. Everything may raise DatabaseUnavailableError."""

    def find(self, token_hash: str) -> WebSession | None:
        """None for an unknown one, and for one whose person is gone."""

    def save(self, token_hash: str, login: str | None, data: Mapping[str, Any], at: datetime) -> None:
        """A new one, begun now."""

    def update(self, token_hash: str, data: Mapping[str, Any], acted_at: datetime) -> None:
        """One that may be gone meanwhile: then nothing happens."""

    def end(self, token_hash: str) -> None: ...

    def end_all_of(self, login: str) -> int:
        """How many there were."""

    def clear(self, begun_before: datetime, visits_before: datetime) -> None:
        """Those nobody can use any more: older ones, and visitors' that began before that."""


class Passwords(Protocol):
    """Hashes passwords, slowly on purpose."""

    def hashed(self, password: str) -> str: ...

    def fits(self, password: str, stored: str | None) -> bool:
        """Takes as long for None (nobody by that login) as for a wrong password."""

    def is_old(self, stored: str) -> bool:
        """Whether it should be hashed anew at the next chance."""


class SignInBook(Protocol):
    """People and their attempts to sign in."""

    def person(self, login: str) -> Person | None: ...

    def attempt(self, login: str, address: str, at: datetime, since: datetime) -> "Attempt":
        """Counts what came before and writes this attempt down, at first as one that failed, in one transaction."""

    def succeeded(self, attempt_id: int) -> None: ...

    def set_password(self, login: str, hashed: str) -> bool:
        """False for an unknown login."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`attempt_id` None: it was too soon, nothing was written down."""

    attempt_id: int | None
    open_again_at: datetime | None


class AuditBook(Protocol):
    """Who did what to what, kept for good."""

    def note(
        self, at: datetime, login: str, action: str, about: str | None = None, detail: str | None = None
    ) -> None: ...

    def page(self, before: int | None, size: int) -> Sequence[Mapping[str, Any]]:
        """`id at login action about detail`, the newest first, with ids smaller than `before`."""
