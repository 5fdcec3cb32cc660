"""A complaint: taken down in the customer's words, with an apology (R78, R79), verified and answered in time (R80).

The customer's words are his: they are checked for nothing. What we answer is ours, and is checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ivr.policy.opening_hours import OpeningHours
from ivr.policy.refusal import Reason, Refused, may_be_said, of_the_team, written
from ivr.policy.working_time import after_working_days


class ComplaintKind(StrEnum):
    """What it is about."""

    SERVICE = "service"
    SKILL = "skill"
    PERSON = "person"
    PRODUCT = "product"
    OTHER = "other"


class ComplaintState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    VERIFIED = "verified"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Dues:
    """Until when it is verified and fed back."""

    verify_at: datetime
    feedback_at: datetime


@dataclass(frozen=True, kw_only=True)
class ComplaintWish:
    """What an agent wants to take down."""

    kind: str
    said: str
    unit: str = ""
    answer: str = ""
    apologised: bool = False
    owner: str = ""


def may_complain(wish: ComplaintWish, team: Sequence[str]) -> ComplaintWish:
    """As it is taken down. Raises Refused: an apology was given (R79), one person has it, the answer may be said."""
    if wish.kind not in {kind.value for kind in ComplaintKind}:
        raise Refused(Reason.KIND_UNKNOWN, wish.kind)
    said = written("said", wish.said, 4000)
    if not wish.apologised:
        raise Refused(Reason.APOLOGY_MISSING)
    of_the_team(wish.owner, team)
    may_be_said(wish.answer)
    unit, answer = _if_any("unit", wish.unit, 200), _if_any("answer", wish.answer, 1000)
    return replace(wish, said=said, unit=unit, answer=answer)


def _if_any(name: str, text: str, most: int) -> str:
    return written(name, text, most) if text.strip() else ""


def dues(hours: OpeningHours, at: datetime, verify_days: int, feedback_days: int) -> Dues:
    """In working days; where the calendar sees no end, at once."""
    verify_at = after_working_days(hours, at, verify_days) or at
    return Dues(verify_at=verify_at, feedback_at=after_working_days(hours, at, feedback_days) or verify_at)


def may_verify(state: ComplaintState, finding: str) -> str:
    """What the unit it is about says to it. Raises Refused."""
    if state is not ComplaintState.OPEN:
        raise Refused(Reason.NOT_NOW, state.value)
    return written("verification", finding, 1000)


def may_feed_back(state: ComplaintState, answer: str) -> str:
    """What the customer was told. Raises Refused: first the facts, then the answer (R80)."""
    if state is ComplaintState.OPEN:
        raise Refused(Reason.NOT_VERIFIED)
    if state is ComplaintState.CLOSED:
        raise Refused(Reason.NOT_NOW, state.value)
    may_be_said(answer)
    return written("answer", answer, 1000)
