"""What an agent still has to call, or to see to: everything that has a due time, as the books have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class RingBackResult(StrEnum):
    """What an agent says of a caller he has rung back."""

    REACHED = "reached"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, kw_only=True)
class DueCallback:
    """A callback not done yet; `companies` counts those its number is listed for, `company` is one of them."""

    callback_id: int
    call_id: int
    number: str
    company: str | None
    companies: int
    promised_at: datetime
    due_at: datetime
    next_at: datetime | None
    state: str
    by_hand: bool
    agent: str | None
    second_person: str | None
    said_text: str | None
    tries: int
    last_result: str | None


@dataclass(frozen=True, kw_only=True)
class DueRingBack:
    """A caller who never got to anybody, or whom a person must call; `result` is that of the last try."""

    call_id: int
    number: str
    company: str | None
    companies: int
    presented_at: datetime
    reason: str
    owner: str | None
    result: str | None
    tried_by: str | None
    tried_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DuePromise:
    """A promise in an agent's own hands; made in a record, or for a callback."""

    promise_id: int
    record_id: int | None
    callback_id: int | None
    company: str | None
    number: str | None
    said_text: str
    due_at: datetime
    owner: str | None


@dataclass(frozen=True, kw_only=True)
class DueVisit:
    """A visit that is not over: asked for, approved, or agreed for `visit_at`."""

    visit_id: int
    record_id: int
    state: str
    company: str | None
    address: str
    requested_at: datetime
    visit_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DueComplaint:
    """A complaint that is not closed."""

    complaint_id: int
    record_id: int
    company: str | None
    owner: str
    feedback_due_at: datetime


class CallbackDeskBook(Protocol):
    """Reads without a lock; `settle` alone writes."""

    def callbacks(self, most: int) -> Sequence[DueCallback]:
        """By due time."""

    def ring_backs(self, since: datetime, most: int) -> Sequence[DueRingBack]:
        """Those listed and, from then on, callers who gave up and were not spoken with since; the oldest first."""

    def promises(self, login: str, most: int) -> Sequence[DuePromise]:
        """His own, not kept, by due time."""

    def visits(self, most: int) -> Sequence[DueVisit]: ...

    def complaints(self, most: int) -> Sequence[DueComplaint]: ...

    def settle(self, call_id: int, result: RingBackResult, done: bool, login: str, at: datetime) -> bool:
        """What came of ringing that caller back; False where somebody has settled it, or there is nothing to settle."""
