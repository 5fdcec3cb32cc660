"""Telephone numbers: what the switch says of a caller, and what a caller keys in.

E.164 where it is certain; never guessed. A number that cannot be certain stays raw and is shown as it came.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from ivr.policy.one_line import one_line

HOME_REGION = "CN"
_WITHHELD_WORDS = frozenset(
    {"", "anonymous", "unknown", "private", "restricted", "unavailable", "withheld", "blocked", "asterisk"}
)
# keypad spellings of UNKNOWN, UNAVAILABLE, ANONYMOUS, RESTRICTED, BLOCKED; the first two look Chinese
_WITHHELD_DIGITS = frozenset({"8656696", "86282452253", "266696687", "7378742833", "2562533"})
_RAW_LENGTH = 40


def caller_identity(presented: str, area_code: str) -> str | None:
    """`+86…` (E.164), `raw:…` for what cannot be read as a number, None for a caller who withholds it."""
    text = unicodedata.normalize("NFKC", presented).strip()
    digits = re.sub(r"[^0-9]", "", text)
    if text.lower() in _WITHHELD_WORDS or digits in _WITHHELD_DIGITS:
        return None
    number = _e164(text, area_code)
    return number if number is not None else _raw(text)


def _raw(text: str) -> str | None:
    printable = one_line(text, _RAW_LENGTH)
    return f"raw:{printable}" if printable else None


def number_to_ring(caller: str | None) -> str | None:
    """What somebody could dial to reach this caller again: E.164, or a raw number of digits only."""
    if caller is None:
        return None
    number = caller.removeprefix("raw:")
    return number if re.fullmatch(r"\+?[0-9]{3,15}", number) else None


def typed_number(digits: str, area_code: str) -> str | None:
    """A number keyed in by the caller as E.164, or None where it is not a valid one."""
    typed = re.sub(r"[^0-9]", "", digits)
    return _e164(typed, area_code) if typed not in _WITHHELD_DIGITS else None


@lru_cache(maxsize=4096)  # asked again at every burst of a call
def _e164(text: str, area_code: str) -> str | None:
    """Valid numbers only; an eight or seven digit local number is completed with the hotline's area code."""
    for candidate in (text, area_code + text if re.fullmatch(r"[2-8][0-9]{6,7}", text) else ""):
        number = _parsed(candidate)
        if number is not None and phonenumbers.is_valid_number(number) and not number.extension:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    if not re.fullmatch(r"\+?[0-9 ()-]{5,20}", text):
        return None
    try:
        return phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
