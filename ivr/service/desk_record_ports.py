"""What agents do with records needs of the outside: the records' book, the companies, who works here, and live news.

Reads take no lock. A unit is one transaction that begins by locking its record: what it decides on stays so until it
has written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from ivr.policy.complaint import ComplaintState
from ivr.policy.endings import StillOpen
from ivr.policy.record_answers import Answers
from ivr.policy.stay import Stay
from ivr.policy.visit import ExpiryAsked, Visit
from ivr.service.company_ports import KnownCompany

T = TypeVar("T")
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True, kw_only=True)
class DeskRecord:
    """A record as it stands. `serving`: who spoke in its call, or speaks; `number` is E.164, `raw:…` or None."""

    id: int
    call_id: int
    number: str | None
    answers: Answers
    company_id: int | None
    disposition: str | None
    owner: str | None
    serving: str | None
    state: str
    opened_at: datetime
    closed_at: datetime | None
    version: int
    saved_at: datetime | None
    call_ended: bool

    @property
    def is_open(self) -> bool:
        """Still to be worked on."""
        return self.state == OPEN

    @property
    def responsible(self) -> str | None:
        """Whose it is."""
        return self.owner or self.serving


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One of the hotline's own people."""

    login: str
    name: str
    role: str
    state: str


@dataclass(frozen=True, kw_only=True)
class RecordPromise:
    """A promise an agent made; open while nobody has reached the customer."""

    id: int
    said_text: str
    made_by: str
    made_at: datetime
    due_at: datetime
    owner: str | None
    state: str
    kept_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RecordVisit:
    """A visit with what the manager decides on, and what was arranged."""

    visit: Visit
    address: str
    expires_told: date | None
    expiry_unknown: bool
    expires_on_file: date | None
    charge_explained: bool
    requested_at: datetime
    decided_by: str | None = None
    decline_reason: str | None = None
    visit_at: datetime | None = None
    route: str | None = None
    engineer: str | None = None  # who goes: a login of ours, or a name
    cancel_reason: str | None = None
    company: str | None = None
    number: str | None = None

    @property
    def asked(self) -> ExpiryAsked:
        """What was asked of the agreement's end before the visit was."""
        return ExpiryAsked(told=self.expires_told, unknown=self.expiry_unknown, on_file=self.expires_on_file)


@dataclass(frozen=True, kw_only=True)
class RecordComplaint:
    """A complaint with its times."""

    id: int
    record_id: int
    state: ComplaintState
    kind: str
    unit: str | None
    said: str
    answer: str | None
    owner: str
    verify_due_at: datetime
    feedback_due_at: datetime
    verification: str | None = None
    verified_at: datetime | None = None
    fed_back_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RecordChange:
    """What somebody did to a record; `before` is what it replaced."""

    id: int
    record_id: int
    at: datetime
    login: str
    action: str
    before: Mapping[str, Any]
    told: str | None
    undone: bool


@dataclass(frozen=True, kw_only=True)
class Around:
    """Everything that hangs on one record."""

    promises: Sequence[RecordPromise]
    visits: Sequence[RecordVisit]
    complaints: Sequence[RecordComplaint]
    changes: Sequence[RecordChange]  # the latest last, at most a hundred
    owed: Sequence[StillOpen]


@dataclass(frozen=True, kw_only=True)
class ListedRecord:
    """A line in the list of an agent's records."""

    id: int
    number: str | None
    company: str | None
    symptom: str | None
    disposition: str | None
    opened_at: datetime
    saved_at: datetime | None
    owed: bool


class DeskRecordUnit(Protocol):
    """Inside one transaction."""

    def lock(self, record_id: int) -> DeskRecord | None:
        """The record, this transaction's until it ends."""

    def save(
        self, record: DeskRecord, answers: Answers, company_id: int | None, owner: str, at: datetime
    ) -> int:
        """The answers, one version on; the new version."""

    def company_named(self, match_name: str) -> KnownCompany | None: ...

    def log(self, record_id: int, login: str, action: str, at: datetime, **more: Any) -> int:
        """A change; `before` and `told` as in RecordChange. Its id."""

    def around(self, record: DeskRecord) -> Around: ...

    def change(self, change_id: int) -> RecordChange | None: ...

    def mark_undone(self, change_id: int, at: datetime) -> bool:
        """False where somebody was quicker."""

    def set_record(self, record_id: int, **values: Any) -> None:
        """Disposition, owner, state, closed_at."""

    def add_promise(self, record: DeskRecord, **values: Any) -> int: ...

    def keep_promise(self, promise_id: int, owner: str, at: datetime) -> bool:
        """Kept now, unless it was kept before; one already broken stays so."""

    def set_promise(self, promise_id: int, **values: Any) -> None: ...

    def remove_promise(self, promise_id: int) -> None: ...

    def add_visit(self, record: DeskRecord, **values: Any) -> int: ...

    def set_visit(self, visit_id: int, **values: Any) -> None: ...

    def set_stay(
        self, record: DeskRecord, visit_id: int, stay: Stay | None, number: str | None, at: datetime
    ) -> None:
        """Who is at the customer's because of that visit from now on; where he was before is not forgotten."""

    def add_complaint(self, record: DeskRecord, **values: Any) -> int: ...

    def set_complaint(self, complaint_id: int, **values: Any) -> None: ...


class DeskRecordBook(Protocol):
    """The records as the desk sees them. Raises DatabaseUnavailableError."""

    def record(self, record_id: int) -> DeskRecord | None: ...

    def call_at_hand(self, login: str, since: datetime) -> int | None:
        """The call he is in, or wraps up, or is rung for; else the last he served that was presented since then."""

    def around(self, record: DeskRecord) -> Around: ...

    def company(self, company_id: int) -> KnownCompany | None: ...

    def companies_like(self, text: str, limit: int) -> Sequence[KnownCompany]:
        """By a part of the name's normal form, or of its pinyin; those that begin with it first."""

    def bureaus(self) -> Sequence[str]:
        """The tax bureaus on file, the most frequent first, at most fifty."""

    def team(self) -> Sequence[Colleague]:
        """By login."""

    def open_records_of(self, login: str) -> Sequence[ListedRecord]:
        """His, and those in which he was named for a promise or a complaint; oldest first."""

    def visits_to_decide(self) -> Sequence[RecordVisit]:
        """Not decided yet, oldest first; then the decided ones still owed."""

    def record_of_visit(self, visit_id: int) -> int | None: ...

    def unit(self, work: Callable[[DeskRecordUnit], T]) -> T:
        """In one transaction, returned from after its COMMIT."""
