"""The outside things around records: outbox and doorbell, the records' book, the agreements, the reports."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from ivr.policy.callback_metrics import PromisesKept
from ivr.policy.metrics import MeasuredCall

T = TypeVar("T")
OPEN_RECORD = "open_record"  # the outbox's topic; its ref is the call's id


class DoorbellUnavailableError(Exception):
    """Redis did not take the ring; whether a worker hears it is unknown. The outbox still has the row."""


class DatabaseUnavailableError(Exception):
    """The database did not answer, or is not of this version's schema; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A row of the outbox not done yet; `ref` is the id of what the job is about."""

    id: int
    topic: str
    ref: int


class Outbox(Protocol):
    """What has to be done after a call's transaction, written in that transaction."""

    def pending(self, topics: Collection[str], rung_before: datetime, limit: int) -> Sequence[Pending]:
        """Not done, and never rung or last rung before then; the never rung first, in order."""

    def mark_rung(self, ids: Collection[int], at: datetime) -> None: ...


class Doorbell(Protocol):
    """Wakes a worker. Carries a topic and an id, nothing that must not be lost."""

    @property
    def topics(self) -> frozenset[str]: ...

    def ring(self, topic: str, ref: int) -> None:
        """Ask for this to be done; asked twice it may be done twice. Raises DoorbellUnavailableError."""


@dataclass(frozen=True, kw_only=True)
class CallOnRecord:
    """What a record takes from its call; `caller` is E.164, `raw:…` or None."""

    call_id: int
    caller: str | None
    served_by: str | None


@dataclass(frozen=True, kw_only=True)
class CallbackOnRecord:
    """What is logged of a callback; `number` is the one he wants to be called at."""

    callback_id: int
    call_id: int
    number: str


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company we have a service agreement with."""

    id: int
    name: str
    tax_bureau: str | None


@dataclass(frozen=True, kw_only=True)
class NewRecord:
    """A record as it opens; `contact_phone` stays empty until an agent has confirmed it (R71)."""

    call_id: int
    number: str | None
    company: Company | None
    open_records: tuple[int, ...]
    owner: str | None
    opened_at: datetime


class RecordUnit(Protocol):
    """What may be done to the records inside one transaction."""

    def record_of(self, call_id: int) -> int | None: ...

    def call(self, call_id: int) -> CallOnRecord | None: ...

    def companies_with(self, number: str) -> Sequence[Company]: ...

    def open_records(self, number: str | None, company_id: int | None) -> Sequence[int]:
        """Ids of the records in state `open` of that number or that company, ascending."""

    def add(self, record: NewRecord) -> int: ...

    def callback(self, callback_id: int) -> CallbackOnRecord | None: ...

    def know_caller(self, record: NewRecord) -> None:
        """Whose record it is, where it was opened without a number."""

    def mark_done(self, topic: str, ref: int, at: datetime) -> None:
        """Once; the first time counts."""

    def undone(self, topic: str, limit: int) -> Sequence[int]:
        """Refs of the outbox's rows not done yet, oldest first."""


class RecordBook(Protocol):
    """The records, in the same database as the calls."""

    def record_of(self, call_id: int) -> int | None:
        """A look without a lock."""

    def is_logged(self, callback_id: int) -> bool:
        """Likewise; a callback is logged when its row of the outbox is done."""

    def unit(self, work: Callable[[RecordUnit], T]) -> T: ...


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One company as a file of agreements tells it. `facts` has only the columns the file has."""

    name: str
    match_name: str
    facts: Mapping[str, str | date | None] = field(default_factory=dict)
    numbers: Mapping[str, str | None] = field(default_factory=dict)  # E.164 to the contact's name


@dataclass(frozen=True, kw_only=True)
class ImportCounts:
    """What an import changed, or would have changed."""

    companies_added: int = 0
    companies_changed: int = 0
    companies_unchanged: int = 0
    numbers_added: int = 0
    numbers_changed: int = 0
    numbers_removed: int = 0


class AgreementBook(Protocol):
    """The companies and their numbers."""

    def take_in(self, agreements: Sequence[Agreement], *, dry_run: bool) -> ImportCounts:
        """Everything in one transaction, or nothing. Companies are told apart by `match_name`.

        Raises DatabaseUnavailableError.

        A fact the agreement does not have stays as it is; its numbers, if any, replace the company's.
        """


Row = dict[str, Any]


class ReportBook(Protocol):
    """Reads for listings and figures; never writes. Everything ascending; `since` None means from the first.

    Raises DatabaseUnavailableError.
    """

    def calls(self, since: datetime | None) -> Sequence[Row]: ...

    def records(self, since: datetime | None) -> Sequence[Row]: ...

    def agents(self, since: datetime | None) -> Sequence[Row]: ...

    def callbacks(self, since: datetime | None) -> Sequence[Row]: ...

    def promises(self, since: datetime | None) -> Sequence[Row]: ...

    def alerts(self, since: datetime | None) -> Sequence[Row]: ...

    def ring_backs(self, since: datetime | None) -> Sequence[Row]: ...

    def measured(self, since: datetime | None) -> Sequence[MeasuredCall]: ...

    def promises_kept(self, since: datetime) -> PromisesKept: ...
