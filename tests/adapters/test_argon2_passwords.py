"""Passwords are kept as hashes nobody can read back; those of an older kind still open."""

import hashlib

import pytest

from ivr.adapters.argon2_passwords import Argon2Passwords


@pytest.fixture(scope="module")
def passwords() -> Argon2Passwords:
    return Argon2Passwords()


def test_the_right_password_fits_and_no_other(passwords: Argon2Passwords) -> None:
    stored = passwords.hashed("three rings")
    assert stored.startswith("$argon2id$")
    assert passwords.fits("three rings", stored)
    assert not passwords.fits("four rings", stored)
    assert not passwords.is_old(stored)
    assert passwords.hashed("three rings") != stored


def test_nobodys_password_never_fits(passwords: Argon2Passwords) -> None:
    assert not passwords.fits("nobody has this password", None)
    assert not passwords.fits("", "not a hash at all")


def test_an_older_hash_opens_once_more_and_is_called_old(passwords: Argon2Passwords) -> None:
    salt = bytes(16)
    digest = hashlib.scrypt(b"three rings", salt=salt, n=2**14, r=8, p=5)
    stored = f"scrypt${salt.hex()}${digest.hex()}"
    assert passwords.fits("three rings", stored)
    assert not passwords.fits("four rings", stored)
    assert passwords.is_old(stored)
