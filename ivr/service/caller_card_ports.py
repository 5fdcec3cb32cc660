"""What the caller's card is read from: one seat, and what the books know of one number. Reads only, by indexes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from ivr.policy.caller_card import Guess
from ivr.policy.floor import AgentState


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """A call in an agent's hands; `caller` is E.164, `raw:…` or None, `state` the policy's Call as JSON.

    `ref` is the call's name at its door.
    """

    call_id: int
    ref: str
    caller: str | None
    phase: str
    presented_at: datetime
    greeted_at: datetime | None
    greeted_by: str | None
    served_at: datetime | None
    state: str


@dataclass(frozen=True, kw_only=True)
class CallbackRow:
    """A callback: whose, promised when and for when, in which words; `attempt` is the running one, from 1."""

    callback_id: int
    number: str
    promised_at: datetime
    due_at: datetime
    state: str
    attempt: int
    tried: int
    said_text: str | None


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An agent and what he has in hand; `knock` is a second call, `knock_rings` while it still only rings."""

    login: str
    state: AgentState
    since: datetime
    until: datetime | None
    call: ContactRow | None
    callback_id: int | None
    knock: ContactRow | None
    knock_rings: bool


@dataclass(frozen=True, kw_only=True)
class CompanyRow:
    """A company a number is listed for, with the contact's name for that number."""

    company_id: int
    name: str
    agreement: str | None
    expires_on: date | None
    tax_bureau: str | None
    contact: str | None


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """An earlier record; `company` as it was written then."""

    record_id: int
    call_id: int
    opened_at: datetime
    state: str
    disposition: str | None
    symptom: str | None
    owner: str | None
    company_id: int | None
    company: str | None


@dataclass(frozen=True, kw_only=True)
class PromiseRow:
    """A promise not kept yet."""

    promise_id: int
    due_at: datetime
    owner: str | None
    said_text: str


@dataclass(frozen=True, kw_only=True)
class ComplaintRow:
    """A complaint not closed yet."""

    complaint_id: int
    record_id: int
    feedback_due_at: datetime
    owner: str


@dataclass(frozen=True, kw_only=True)
class VisitRow:
    """A visit asked for and neither declined nor cancelled; `visit_at` once it is agreed."""

    visit_id: int
    record_id: int
    state: str
    visit_at: datetime | None


class CardReader(Protocol):
    """One look at the books; `caller` is as calls have it, `company_id` None where nobody is certain."""

    def seat(self, login: str) -> Seat | None:
        """None where nobody has that login."""

    def callback(self, callback_id: int) -> CallbackRow | None: ...

    def open_callback(self, caller: str) -> CallbackRow | None: ...

    def companies_with(self, number: str) -> Sequence[CompanyRow]:
        """Ascending by id; at most a handful."""

    def companies_between(self, low: str, high: str) -> Sequence[Guess]: ...

    def companies_of_any(self, numbers: Sequence[str]) -> Sequence[Guess]: ...

    def company(self, company_id: int) -> CompanyRow | None: ...

    def chosen_company(self, call_id: int) -> int | None:
        """The one that stands in the call's record."""

    def records(self, caller: str, company_id: int | None, besides: int) -> Sequence[RecordRow]:
        """Of that number or that company, newest first, without that call's own."""

    def calls_since(self, caller: str, since: datetime) -> int: ...

    def promises(self, caller: str, company_id: int | None) -> Sequence[PromiseRow]: ...

    def complaints(self, caller: str, company_id: int | None) -> Sequence[ComplaintRow]: ...

    def visits(self, caller: str, company_id: int | None) -> Sequence[VisitRow]: ...

    def visitor(self, number: str, now: datetime) -> str | None:
        """Which engineer of ours is at that telephone (R40)."""


class CardBook(Protocol):
    """The books, read without a lock."""

    def reader(self) -> AbstractContextManager[CardReader]: ...


class NumberPlaces(Protocol):
    """Where numbers come from."""

    def place(self, number: str | None, language: str) -> str:
        """Place and carrier as far as known, else empty; never waits."""
