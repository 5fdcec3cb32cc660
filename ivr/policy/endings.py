"""How a record ends: solved, promised, given up as no customer's (R9, R10, R72, R73, R82), and what can be undone.

A record is closed by one person once, and never over anything that is still owed to the customer (R9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.opening_hours import OpeningHours
from ivr.policy.refusal import Reason, Refused, may_be_said, of_the_team, written
from ivr.policy.working_time import after_working_hours

PROMISE_SENTENCE = "等我们有了确切结果后会尽快和您联系"  # R72
UNDO_SECONDS = 10
_SHORTEST = timedelta(0)


class Disposition(StrEnum):
    """How a record ended, or what it waits for."""

    SOLVED = "solved"
    PROMISE = "promise"
    VISIT = "visit"
    COMPLAINT = "complaint"
    WRONG_NUMBER = "wrong_number"
    NOT_BUSINESS = "not_business"  # 非业务: the hotline is for the hotline (R82)


CLOSING = (Disposition.SOLVED, Disposition.WRONG_NUMBER, Disposition.NOT_BUSINESS)


@dataclass(frozen=True, kw_only=True)
class StillOpen:
    """Something owed to the customer: a promise, visit, complaint or callback."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def may_close(
    ending: Disposition, missing: Sequence[str], owed: Sequence[StillOpen], *, solved_fully: bool
) -> None:
    """Raises Refused. Who dialled wrong, or is no customer, has no company to be asked for."""
    if owed:
        raise Refused(Reason.STILL_OPEN, *(str(thing) for thing in owed))
    if ending is not Disposition.SOLVED:
        return
    if missing:
        raise Refused(Reason.MISSING, *missing)
    if not solved_fully:
        raise Refused(Reason.NOT_SOLVED_FULLY)


# ---- a promise --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PromiseWish:
    """What an agent wants to promise. `said_at`: when the sentence was said, since the last promise of this record."""

    said_at: datetime | None
    due_at: datetime | None
    owner: str
    text: str = ""  # words besides the sentence
    customers_wish: bool = False  # the customer himself asked for a later time


def may_promise(
    wish: PromiseWish, now: datetime, team: Sequence[str], hours: OpeningHours, first_update_hours: float
) -> str:
    """The words promised. Raises Refused: the sentence comes first, then a due time and a named person (R72, R73)."""
    if wish.said_at is None:
        raise Refused(Reason.SENTENCE_FIRST)
    _can_be_met(wish, now, hours, first_update_hours)
    of_the_team(wish.owner, team)
    may_be_said(wish.text)
    return f"{PROMISE_SENTENCE}。{written('text', wish.text)}" if wish.text else PROMISE_SENTENCE


def _can_be_met(wish: PromiseWish, now: datetime, hours: OpeningHours, first_update_hours: float) -> None:
    """Only what will be done is promised (R10): at a moment somebody is here and the customer is not at rest."""
    due_at = wish.due_at
    if due_at is None:
        raise Refused(Reason.DUE_MISSING)
    if due_at - now <= _SHORTEST:
        raise Refused(Reason.DUE_PASSED)
    if hours.next_callable(due_at) != due_at:
        raise Refused(Reason.DUE_OUTSIDE_HOURS)
    if not wish.customers_wish and due_at > _latest(now, hours, first_update_hours):
        raise Refused(Reason.DUE_TOO_LATE)


def _latest(now: datetime, hours: OpeningHours, first_update_hours: float) -> datetime:
    """Where the last of those hours ends at rest, as soon as the rest is over."""
    end = after_working_hours(hours, now, first_update_hours) or now
    return hours.next_callable(end) or end


class Contacted(StrEnum):
    """What came of calling the customer."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"


def keeps(contacted: Contacted) -> None:
    """A promise is kept by contact and by nothing else (R73). Raises Refused."""
    if contacted is not Contacted.REACHED:
        raise Refused(Reason.ONLY_BY_CONTACT, contacted.value)


# ---- undo -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody did to a record. `told`: whom it was told, besides himself."""

    id: int
    login: str
    at: datetime
    undone: bool = False
    told: str | None = None


def may_undo(change: Change, login: str, now: datetime) -> None:
    """For ten seconds, by whoever did it, unless somebody else knows of it already. Raises Refused."""
    if change.login != login:
        raise Refused(Reason.NOT_YOURS)
    if change.told is not None:
        raise Refused(Reason.ALREADY_TOLD, change.told)
    if change.undone or now - change.at > timedelta(seconds=UNDO_SECONDS):
        raise Refused(Reason.TOO_LATE_TO_UNDO)


# ---- who may write ----------------------------------------------------------------------------------------------


def may_write(login: str, responsible: str | None, disposition: str | None, *, manager: bool) -> bool:
    """Everybody reads every record; one writes into his own and into drafts nobody has ended yet, managers into all."""
    return manager or responsible in {login, None} or disposition is None
