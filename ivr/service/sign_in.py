"""Signing in and out: who is it, may he try now, and what is written down of it. Every refusal reads the same.

Nothing here knows a browser; tokens and cookies are the door's.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from ivr.policy.sign_in_pace import LOOKED_BACK
from ivr.service.agents import LOGIN
from ivr.service.ports import Clock
from ivr.service.sign_in_ports import AuditBook, Passwords, Person, SignInBook

LONGEST_PASSWORD = 200
NOBODY = "?"  # what was typed as a login and can be none is not written down: it may be the password
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{1,45}")


class WrongPasswordError(Exception):
    """Login and password do not belong together; which of them is wrong is not said."""


class TooSoonError(Exception):
    """Too many failures: the next attempt is looked at in `seconds`, at least one."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class SignIns:
    """The one way in."""

    book: SignInBook
    passwords: Passwords
    audit: AuditBook
    clock: Clock

    def sign_in(self, login: str, password: str, address: str) -> Person:
        """Who it is. Raises WrongPasswordError, TooSoonError."""
        now = self.clock.now()
        login = login.strip().lower()
        login = login if LOGIN.fullmatch(login) else NOBODY
        address = address if _ADDRESS.fullmatch(address) else NOBODY
        attempt = self.book.attempt(login, address, now, now - LOOKED_BACK)
        if attempt.attempt_id is None:
            assert attempt.open_again_at is not None
            raise TooSoonError(_whole_seconds(attempt.open_again_at - now))
        person = self.book.person(login)
        stored = person.password if person is not None else None
        if not self.passwords.fits(password[: LONGEST_PASSWORD + 1], stored) or person is None:
            self.audit.note(now, login, "sign_in_failed", None, f"from {address}")
            raise WrongPasswordError
        self.book.succeeded(attempt.attempt_id)
        if stored is not None and self.passwords.is_old(stored):
            self.book.set_password(login, self.passwords.hashed(password))
        self.audit.note(now, login, "sign_in", None, f"from {address}")
        return person

    def signed_out(self, login: str) -> None:
        """He went by himself."""
        self.audit.note(self.clock.now(), login, "sign_out")


def _whole_seconds(span: timedelta) -> int:
    return max(1, -(-span // timedelta(seconds=1)))
