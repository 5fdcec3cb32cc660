"""Why something an agent wants to do with a record is not done: a reason and what it is about; words are the page's."""

from collections.abc import Sequence
from enum import StrEnum

from ivr.policy.phrases import lint


class Reason(StrEnum):
    """One a fact; the page has a sentence for each."""

    STILL_OPEN = "still_open"  # about: promise:7, visit:3 … (R9)
    MISSING = "missing"  # about: the questions (R72a)
    NOT_SOLVED_FULLY = "not_solved_fully"  # R9
    ALREADY_CLOSED = "already_closed"
    SENTENCE_FIRST = "sentence_first"  # R72
    DUE_MISSING = "due_missing"
    DUE_PASSED = "due_passed"
    DUE_OUTSIDE_HOURS = "due_outside_hours"  # R10
    DUE_TOO_LATE = "due_too_late"  # R73
    PERSON_MISSING = "person_missing"  # R73
    NOT_OF_THE_TEAM = "not_of_the_team"  # R74
    ONLY_BY_CONTACT = "only_by_contact"  # R73
    TEXT_MISSING = "text_missing"  # about: the field
    TEXT_TOO_LONG = "text_too_long"  # about: the field
    FORBIDDEN_PHRASE = "forbidden_phrase"  # about: the phrase, what to say instead (R12-R18, R75)
    EXPIRY_NOT_ASKED = "expiry_not_asked"  # R77
    CHARGE_NOT_EXPLAINED = "charge_not_explained"  # R77
    OWN_REQUEST = "own_request"  # R76
    ONLY_A_MANAGER = "only_a_manager"  # R76, R11
    ALREADY_DECIDED = "already_decided"
    NOT_APPROVED = "not_approved"  # R76
    NOT_NOW = "not_now"  # the thing is in another state
    KIND_UNKNOWN = "kind_unknown"
    APOLOGY_MISSING = "apology_missing"  # R79
    NOT_VERIFIED = "not_verified"  # R80
    TOO_LATE_TO_UNDO = "too_late_to_undo"
    ALREADY_TOLD = "already_told"  # somebody else knows of it by now
    NOT_YOURS = "not_yours"
    STAY_TOO_LONG = "stay_too_long"  # R40
    NO_NUMBER = "no_number"  # R40


class Refused(Exception):
    """Nothing was changed."""

    def __init__(self, reason: Reason, *about: str) -> None:
        self.reason = reason
        self.about = about
        super().__init__(" ".join((reason.value, *about)))


def may_be_said(*texts: str | None) -> None:
    """Texts meant for the customer. Raises Refused with the phrase nobody may say and what to say instead (R12)."""
    for text in texts:
        for finding in lint(text or ""):
            raise Refused(Reason.FORBIDDEN_PHRASE, finding.phrase, finding.replacement)


def written(name: str, text: str, most: int = 400) -> str:
    """A text that has to be there, of printable letters and line breaks. Raises Refused naming the field."""
    found = "".join(letter for letter in text.strip() if letter.isprintable() or letter == "\n")
    if not found:
        raise Refused(Reason.TEXT_MISSING, name)
    if len(found) > most:
        raise Refused(Reason.TEXT_TOO_LONG, name)
    return found


def of_the_team(login: str, team: Sequence[str]) -> str:
    """A person named: somebody of the hotline's own people and nobody else (R73, R74). Raises Refused."""
    if not login:
        raise Refused(Reason.PERSON_MISSING)
    if login not in team:
        raise Refused(Reason.NOT_OF_THE_TEAM, login)
    return login
