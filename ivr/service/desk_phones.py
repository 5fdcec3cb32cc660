"""An agent's page as his telephone: claimed, claimed anew after a reload, given back. One page at a time.

No lasting SIP password exists: every page load gets a secret of its own, and the last one is refused from then on.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.policy.phone import PAGE_PREFIX
from ivr.service.desk_phone_ports import DeskPhoneBook, DeskPhoneSwitch, SwitchUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PageAccount:
    """What a page registers with."""

    name: str
    secret: str


class PhoneElsewhere(Exception):
    """Another window is the phone now."""


class DeskPhones:
    """Which page is whose phone."""

    def __init__(self, book: DeskPhoneBook, switch: DeskPhoneSwitch) -> None:
        self._book = book
        self._switch = switch

    def held(self, login: str) -> str | None:
        """The account of the page that is his phone."""
        return self._book.held(login)

    def has_client(self, login: str) -> bool:
        """Whether he was given Twilio's client of his own name: then a page of his can be it as well."""
        return self._book.given(login) == f"client:{login}"

    def on_duty(self) -> tuple[Mapping[str, str], ...]:
        """Whom he may ask: login, name and state of each."""
        return self._book.on_duty()

    def claim(self, login: str, name: str) -> PageAccount:
        """He chose this page. Raises SwitchUnavailable, and then his phone is the one it was."""
        account = PageAccount(name=f"{PAGE_PREFIX}{secrets.token_hex(4)}", secret=secrets.token_urlsafe(24))
        self._switch.make(account.name, account.secret, name)
        self._forget(self._book.take(login, account.name))
        return account

    def renew(self, login: str, name: str, held: str) -> PageAccount:
        """The same page loaded again, or the switch began anew. Raises PhoneElsewhere, SwitchUnavailable."""
        if self._book.held(login) != held:
            raise PhoneElsewhere
        account = PageAccount(name=held, secret=secrets.token_urlsafe(24))
        self._switch.make(account.name, account.secret, name)
        return account

    def give_back(self, login: str) -> None:
        """His desk phone or mobile is his phone again."""
        self._forget(self._book.give_back(login))

    def _forget(self, account: str | None) -> None:
        if account is None:
            return
        try:
            self._switch.forget(account)
        except SwitchUnavailable:
            log.info("an account of a page is forgotten with the switch")
