"""May this number be called back? Whoever rings us chooses the number we pay for, so only what is surely harmless is.

A valid number of a person's phone, in a country that is ours to ring, not our own, and not too often. What is refused
goes with its reason to the list a person works through.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

from ivr.policy.phone_number import caller_identity
from ivr.policy.rules import Rules

PREFIX_DIGITS = 7
CHINA = "CN"
_PERSONS_PHONES = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
)
# emergency, operators, messages, government, banks, shared cost, free and premium lines, as dialled inside China
_SERVICE_NUMBER = re.compile(r"(?:\+86|raw:)?(?:(?:10|11|12|95|96|16[08])[0-9]*|[48]00[0-9]{7})")
_SUBSCRIBER_IN_CHINA = re.compile(r"[2-8][0-9]{6,7}")


class Refusal(StrEnum):
    """Why a number is not called back by itself."""

    NOT_VALID = "not_valid"  # no telephone number as the world's numbering plans know them
    SERVICE_NUMBER = "service_number"  # 400, 800, 95xxx, 96xxx, 12xxx, 10xxx, 110, also behind an area code
    NOT_A_PERSONS_PHONE = "not_a_persons_phone"  # premium rate, shared cost, toll free, paging, internet …
    REGION_NOT_ALLOWED = "region_not_allowed"
    OUR_OWN_NUMBER = "our_own_number"
    ALREADY_PROMISED = "already_promised"  # one open callback a number
    TOO_OFTEN_TODAY = "too_often_today"
    TOO_MANY_ALIKE = "too_many_alike"  # numbers side by side, as somebody makes them up
    SPENDING_STOP = "spending_stop"
    NO_ROUTE = "no_route"  # no line of ours leads to this number


PASSING = frozenset({Refusal.TOO_MANY_ALIKE, Refusal.SPENDING_STOP})
"""Nothing is wrong with the number: there were too many attempts in this hour."""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """This number may be called back."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """This number is for a person to look at, or before a dial what passes: then it is free again from `free_at` on."""

    reason: Refusal
    free_at: datetime | None = None


Verdict = Allowed | Refused


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the books say, leaving out the callback in question: a day is one of the hotline's own time zone.

    Before a promise the last two count promises made, before a dial attempts made.
    """

    open_for_number: int = 0  # callbacks pending or dialing
    attempts_today: int = 0  # to this number
    prefix_last_hour: int = 0  # for numbers of the same `prefix`
    all_last_hour: int = 0  # for any number


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How often we dial by ourselves; the last one stops the spending whatever else goes wrong."""

    attempts_a_day: int = 3
    prefix_an_hour: int = 10
    all_an_hour: int = 300

    def an_hour(self, passing: Refusal) -> int:
        """How many attempts in an hour lead to that refusal."""
        return self.prefix_an_hour if passing is Refusal.TOO_MANY_ALIKE else self.all_an_hour


LIMITS = Limits()


def limits_of(rules: Rules) -> Limits:
    """The usual ones, with the policy's own stop."""
    return replace(LIMITS, all_an_hour=rules.callbacks_an_hour)


def judge_number(number: str, counts: Counts, rules: Rules, limits: Limits | None = None) -> Verdict:
    """Whether `number`, E.164 or as it stands in the books, may be called back.

    Asked before the promise and again before each dial. `limits` None: those of the policy.
    """
    reason = _fault(number, rules) or _excess(counts, limits or limits_of(rules))
    return Allowed() if reason is None else Refused(reason=reason)


def prefix(number: str) -> str:
    """The country and the first seven digits after it: what numbers have in common that somebody makes up in a row.

    Of a text that is no number the text itself.
    """
    parsed = _parsed(number)
    if parsed is None:
        return number
    return f"+{parsed.country_code}{phonenumbers.national_significant_number(parsed)[:PREFIX_DIGITS]}"


def _fault(number: str, rules: Rules) -> Refusal | None:
    """What is wrong with the number itself."""
    parsed = _parsed(number)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return Refusal.SERVICE_NUMBER if _SERVICE_NUMBER.fullmatch(number) else Refusal.NOT_VALID
    kind, region = phonenumbers.number_type(parsed), phonenumbers.region_code_for_number(parsed)
    if kind not in _PERSONS_PHONES:
        return Refusal.NOT_A_PERSONS_PHONE
    if region == CHINA and kind == PhoneNumberType.FIXED_LINE and not _is_subscribers(parsed):
        return Refusal.SERVICE_NUMBER
    if region not in rules.allowed_regions:
        return Refusal.REGION_NOT_ALLOWED
    if number in {caller_identity(own, rules.area_code) for own in (*rules.own_numbers, rules.twilio_number)}:
        return Refusal.OUR_OWN_NUMBER
    return None


def _is_subscribers(parsed: phonenumbers.PhoneNumber) -> bool:
    """010-95588 counts as a valid fixed line of Beijing, and is the bank."""
    national = phonenumbers.national_significant_number(parsed)
    local = national[phonenumbers.length_of_geographical_area_code(parsed) :]
    return _SUBSCRIBER_IN_CHINA.fullmatch(local) is not None


def _excess(counts: Counts, limits: Limits) -> Refusal | None:
    """What is too much of it; one's own history first, since that reason says most."""
    if counts.open_for_number > 0:
        return Refusal.ALREADY_PROMISED
    if counts.attempts_today >= limits.attempts_a_day:
        return Refusal.TOO_OFTEN_TODAY
    if counts.prefix_last_hour >= limits.prefix_an_hour:
        return Refusal.TOO_MANY_ALIKE
    return Refusal.SPENDING_STOP if counts.all_last_hour >= limits.all_an_hour else None


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    """E.164 only: a number whose country has to be guessed is not called."""
    if not re.fullmatch(r"\+[1-9][0-9]{3,14}", number):
        return None
    try:
        return phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
