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


class PhoneError(ValueError):
    """Not a phone we can ring; the text says which forms there are."""


@dataclass(frozen=True, kw_only=True)
class Phone:
    """`kind` is endpoint, sip, tel or client; `address` is what follows the colon, checked."""

    kind: str
    address: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


def parse_phone(text: str) -> Phone:
    """A phone from its text. Raises PhoneError."""
    kind, colon, address = text.partition(":")
    form = _FORMS.get(kind)
    if not colon or form is None or form.fullmatch(address) is None:
        raise PhoneError(
            f"phone {text!r}: give endpoint:NAME, sip:user@host[:port], tel:+<country><number> or client:NAME"
        )
    return Phone(kind=kind, address=address)
