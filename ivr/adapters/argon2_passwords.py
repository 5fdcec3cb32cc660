"""Passwords as argon2id hashes. Older scrypt ones (`scrypt$SALT$DIGEST`) are still understood and called old.

One hash at a time in a process: a hundred guesses at once must not take the memory and cores a call needs.
"""

import hashlib
import hmac
import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_ONE_AT_A_TIME = threading.Lock()


class Argon2Passwords:
    """Passwords; 19 MiB, two passes, one lane, as OWASP's cheat sheet has it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

    @cached_property
    def _nobodys(self) -> str:
        return self.hashed("nobody has this password")

    def hashed(self, password: str) -> str:
        """With a salt of its own."""
        with _ONE_AT_A_TIME:
            return self._hasher.hash(password)

    def fits(self, password: str, stored: str | None) -> bool:
        """Whether it is the one; for nobody's hash never, after as long."""
        if stored is not None and stored.startswith("scrypt$"):
            return _fits_scrypt(password, stored)
        compared = stored or self._nobodys
        try:
            with _ONE_AT_A_TIME:
                self._hasher.verify(compared, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_old(self, stored: str) -> bool:
        """Of another kind, or cheaper than today's."""
        return stored.startswith("scrypt$") or self._hasher.check_needs_rehash(stored)


def _fits_scrypt(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    with _ONE_AT_A_TIME:
        found = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=5)
    return hmac.compare_digest(found, bytes.fromhex(digest))
