"""What the phone in the browser needs of others: who has which page for a phone, and the switch that knows its account.

The account's name is the claim: whoever holds another name than the book has lost the phone to another window.
"""

from collections.abc import Mapping
from typing import Protocol


class SwitchUnavailable(Exception):
    """The switch did not take an account; nobody can be rung there."""


class DeskPhoneBook(Protocol):
    """agents.desk_phone, and the audit of what agents do with their phones."""

    def held(self, login: str) -> str | None:
        """The account of the page that is this agent's phone; None while another phone is, or for nobody's login."""

    def given(self, login: str) -> str | None:
        """The phone he was given, whatever is rung now."""

    def take(self, login: str, account: str) -> str | None:
        """From now on that page is his phone; the account it replaces, if there was one."""

    def give_back(self, login: str) -> str | None:
        """His other phone is rung again; the account that is over, if there was one."""

    def owner(self, account: str) -> str | None:
        """Whose page it is."""

    def way_to(self, login: str) -> str | None:
        """The phone of a colleague who is on duty, as `endpoint:…`; None for nobody such."""

    def on_duty(self) -> tuple[Mapping[str, str], ...]:
        """login, name and state of who may be asked something, in the order of their names."""

    def refused_to_dial(self, login: str, number: str) -> None:
        """A line of the audit log: he dialled what no phone here may dial (R74)."""


class DeskPhoneSwitch(Protocol):
    """Accounts of pages at the switch; they live until it ends."""

    def make(self, account: str, secret: str, name: str) -> None:
        """The account with that secret, or the same account with another one. Raises SwitchUnavailable."""

    def forget(self, account: str) -> None:
        """Nobody registers as it any more; none such is no error. Raises SwitchUnavailable."""
