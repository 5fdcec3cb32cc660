"""How an agent or a fallback phone is reached: `endpoint:NAME`, `sip:user@host[:port]`, `tel:+86…`, `client:NAME`.

A Phone is only ever made by `parse_phone`, so what reaches a dial string has been looked at letter by letter.
"""

import re
from dataclasses import dataclass

_FORMS = {
    "endpoint": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "sip": re.compile(r"[A-Za-z0-9+*#_.-]{1,64}@[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"),
    "tel": re.compile(r"\+[1-9][0-9]{4,14}"),
    "client": re.compile(r"[A-Za-z0-9_]{1,64}"),
}

PAGE_PREFIX = "pg-"
"""Accounts of pages that are phones; never digits, so that no caller's number can be one."""


class PhoneError(ValueError):
    """Not a phone we can ring; the text says which forms there are."""


@dataclass(frozen=True, kw_only=True)
class Phone:
    """`kind` is endpoint, sip, tel or client; `address` is what follows the colon, checked."""

    kind: str
    address: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


_NOT_RUNG = {"asterisk": "client:", "twilio": "endpoint:"}


def rung_from(door: str, phone: str) -> bool:
    """Whether the switch behind that door rings such phones: clients Twilio alone, registered ones ours alone.

    (A tel: is dialled as the customers are: where there is no way, nobody is.)
    """
    return not phone.startswith(_NOT_RUNG[door])


def is_client(phone: str) -> bool:
    """Whether it is one of Twilio's own, which a page can be beside its account at our switch."""
    return phone.startswith(_NOT_RUNG["asterisk"])


def is_page(phone: Phone) -> bool:
    """An agent's page, which may be loaded anew in the middle of a talk."""
    return phone.kind == "endpoint" and phone.address.startswith(PAGE_PREFIX)


def parse_phone(text: str) -> Phone:
    """A phone from its text. Raises PhoneError."""
    kind, colon, address = text.partition(":")
    form = _FORMS.get(kind)
    if not colon or form is None or form.fullmatch(address) is None:
        raise PhoneError(
            f"phone {text!r}: give endpoint:NAME, sip:user@host[:port], tel:+<country><number> or client:NAME"
        )
    return Phone(kind=kind, address=address)
