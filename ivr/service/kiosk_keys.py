"""Keys by which a display on the wall shows the board without anybody being signed in: to look, and nothing else.

A key is shown once, when it is made; kept is only its hash. Whoever revokes it puts the display out.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.service.ports import Clock
from ivr.service.sign_in_ports import AuditBook

MOST_KEYS = 50
LONGEST_KEY = 200


class KioskKeyError(Exception):
    """No such key can be made; the text says why, and what is accepted."""


@dataclass(frozen=True, kw_only=True)
class KioskKey:
    """One display's key; without the key."""

    id: int
    name: str
    made_by: str
    made_at: datetime


class KioskKeyBook(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def add(self, key_hash: str, name: str, login: str, at: datetime) -> int: ...

    def valid(self) -> tuple[KioskKey, ...]:
        """Not revoked, the oldest first."""

    def knows(self, key_hash: str) -> bool:
        """Whether it is valid at this moment."""

    def revoke(self, key_id: int, login: str, at: datetime) -> bool:
        """False where there is none, or it was revoked before."""


class KioskKeys:
    """Makes, lists, knows and revokes them."""

    def __init__(self, book: KioskKeyBook, clock: Clock, audit: AuditBook) -> None:
        self._book = book
        self._clock = clock
        self._audit = audit

    def make(self, name: str, login: str) -> str:
        """The key, this once. Raises KioskKeyError."""
        where = " ".join(name.split())
        if not 1 <= len(where) <= 80 or not where.isprintable():
            raise KioskKeyError("name: one line of 1 to 80 letters")
        if len(self._book.valid()) >= MOST_KEYS:
            raise KioskKeyError(f"there are {MOST_KEYS} displays: revoke one first")
        key = secrets.token_urlsafe(32)
        now = self._clock.now()
        key_id = self._book.add(_hashed(key), where, login, now)
        self._audit.note(now, login, "display_key_made", f"display:{key_id}", where)
        return key

    def all(self) -> tuple[KioskKey, ...]:
        """Those that open the board now."""
        return self._book.valid()

    def opens(self, key: str) -> bool:
        """Whether whoever shows this may look."""
        return 0 < len(key) <= LONGEST_KEY and self._book.knows(_hashed(key))

    def revoke(self, key_id: int, login: str) -> bool:
        """Whether it was valid until now."""
        now = self._clock.now()
        revoked = self._book.revoke(key_id, login, now)
        if revoked:
            self._audit.note(now, login, "display_key_revoked", f"display:{key_id}")
        return revoked


def _hashed(key: str) -> str:
    """Its 256 random bits need no salt."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
