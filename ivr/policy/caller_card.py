"""What an agent is shown of whoever rings him, decided from what the books know; it says things, it words nothing.

A number that may be several companies' names none for certain: the agent is shown who it may be, and asks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import floor

import phonenumbers

from ivr.policy.call import Call
from ivr.policy.rules import Rules
from ivr.policy.stay import VISIT_EARLY, VISIT_LONG

MOST_GUESSES = 3  # one key each
SPREAD_DIGITS = 2  # numbers of one switchboard differ in their last two digits
EXTENSION_DIGITS = 4  # an extension dialled through, at most so long
REPEATED_HOURS = 24


class Agreed(StrEnum):
    """How a company stands with us."""

    VALID = "valid"
    EXPIRED = "expired"
    NONE = "none"


class Why(StrEnum):
    """Why a number may be a company's."""

    SHARED = "shared"  # the number is listed for several companies
    RECORD = "record"  # an earlier record of this number is another company's
    SWITCHBOARD = "switchboard"  # its listed number is this one but for the last digits
    EXTENSION = "extension"  # this number is its listed one with an extension


class Heard(StrEnum):
    """Something the caller has heard or done while he waited, in the order of the telling."""

    NOTHING = "nothing"  # his own ring tone
    GREETING = "greeting"
    APOLOGY = "apology"  # and the reason
    POSITION = "position"
    WAIT = "wait"
    WAIT_CHANGED = "wait_changed"
    OFFERED = "offered"
    PROMISED = "promised"
    JOINED = "joined"
    HELD = "held"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A company it may be."""

    company_id: int
    name: str
    why: Why


@dataclass(frozen=True, kw_only=True)
class HeardFact:
    """`number` counts minutes, places, calls or agents as its kind has them; `at` is a time he was told."""

    kind: Heard
    number: int = 0
    at: datetime | None = None


def agreed(agreement: str | None, expires_on: date | None, today: date) -> Agreed:
    """An agreement without an end holds; its last day is a day of it."""
    if expires_on is None:
        return Agreed.VALID if agreement else Agreed.NONE
    return Agreed.VALID if today <= expires_on else Agreed.EXPIRED


def days_left(expires_on: date, today: date) -> int:
    """Negative once it is over."""
    return (expires_on - today).days


def ring_number(presented_at: datetime, now: datetime, rules: Rules) -> int:
    """In which ring we are, from 1, by the caller's own ring tone (R64)."""
    rung = max((now - presented_at).total_seconds(), 0.0)
    return floor(round(rung / rules.ring_cycle_seconds, 6)) + 1


def guesses(*kinds: Sequence[Guess], certain: int | None) -> tuple[Guess, ...]:
    """Whom it may be, the better reasons first, each company once, and never the one we are certain of."""
    found: dict[int, Guess] = {}
    for guess in (guess for kind in kinds for guess in kind):
        found.setdefault(guess.company_id, guess)
    uncertain = (guess for guess in found.values() if guess.company_id != certain)
    return tuple(uncertain)[:MOST_GUESSES]


def neighbours(number: str) -> tuple[str, str] | None:
    """The first and the last number of its switchboard; None for one that has none: a mobile, a foreign, a raw one."""
    parsed = _parsed(number)
    if parsed is None or phonenumbers.number_type(parsed) is not phonenumbers.PhoneNumberType.FIXED_LINE:
        return None
    stem = number[:-SPREAD_DIGITS]
    return stem + "0" * SPREAD_DIGITS, stem + "9" * SPREAD_DIGITS


def without_extension(caller: str) -> tuple[str, ...]:
    """Valid numbers that are the beginning of one too long to be one; a longer one first."""
    digits = caller.removeprefix("raw:").removeprefix("+86").removeprefix("0")
    if not (caller.startswith("raw:") and digits.isascii() and digits.isdigit()):
        return ()
    shorter = (f"+86{digits[:-cut]}" for cut in range(1, EXTENSION_DIGITS + 1) if len(digits) > cut)
    return tuple(number for number in shorter if _parsed(number) is not None)


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def formatted(caller: str | None) -> str | None:
    """As people read it: nationally at home, with its country elsewhere, a raw one as it came; None is withheld."""
    if caller is None:
        return None
    parsed = _parsed(caller)
    if parsed is None:
        return caller.removeprefix("raw:")
    form = phonenumbers.PhoneNumberFormat
    at_home = phonenumbers.region_code_for_number(parsed) == "CN"
    return phonenumbers.format_number(parsed, form.NATIONAL if at_home else form.INTERNATIONAL)


def region_abroad(caller: str | None) -> str | None:
    """The country's two letters, where it is not ours."""
    parsed = None if caller is None else _parsed(caller)
    region = None if parsed is None else phonenumbers.region_code_for_number(parsed)
    return None if region == "CN" else region


def is_visiting(visit_at: datetime, now: datetime) -> bool:
    """Our engineer is about there: from shortly before the time agreed until he must have left (R40)."""
    return visit_at - VISIT_EARLY <= now <= visit_at + VISIT_LONG


def heard(call: Call) -> tuple[HeardFact, ...]:
    """What he was told while he waited, so that nobody tells him anything else."""
    facts = tuple(_heard(call))
    return facts or (HeardFact(kind=Heard.NOTHING),)


def _heard(call: Call) -> Iterator[HeardFact]:
    if call.joined_callback is not None:
        yield HeardFact(kind=Heard.JOINED, number=max(call.calls_today, 2))
    if call.said_greeting:
        yield HeardFact(kind=Heard.GREETING)
    if call.apologised or call.told is not None:
        yield HeardFact(kind=Heard.APOLOGY)
    yield from _wait_told(call)
    yield from _offered(call)
    if call.held_since is not None:
        yield HeardFact(kind=Heard.HELD, at=call.held_since)
    if call.passed_over:
        yield HeardFact(kind=Heard.PASSED_OVER, number=len({miss.agent for miss in call.passed_over}))


def _wait_told(call: Call) -> Iterator[HeardFact]:
    first, last = call.first_told, call.told
    if first is None or last is None:
        return
    yield HeardFact(kind=Heard.POSITION, number=last.position.ahead, at=last.at)
    yield HeardFact(kind=Heard.WAIT, number=first.minutes, at=first.at)
    if last.minutes != first.minutes:
        yield HeardFact(kind=Heard.WAIT_CHANGED, number=last.minutes, at=last.at)


def _offered(call: Call) -> Iterator[HeardFact]:
    if call.offer is not None:
        kind = Heard.PROMISED if call.promised else Heard.OFFERED
        yield HeardFact(kind=kind, at=call.offer.due_at)
