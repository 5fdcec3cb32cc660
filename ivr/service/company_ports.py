"""A company as the hotline knows it (R45): who is there, what was agreed, and everything that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class KnownCompany:
    """A company of the file."""

    id: int
    name: str
    tax_bureau: str | None
    agreement: str | None
    agreement_expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class CompanyContact:
    """A number of the company, and who answers it."""

    number: str
    contact: str | None


@dataclass(frozen=True, kw_only=True)
class CompanyRecord:
    """One of its records."""

    id: int
    call_id: int
    opened_at: datetime
    symptom: str | None
    disposition: str | None
    state: str
    owner: str | None


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """Something we still owe: kind is promise, visit, complaint or callback; `about` says it in its own words."""

    kind: str
    id: int
    about: str
    owner: str | None
    due_at: datetime | None
    state: str
    record_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CompanyCall:
    """One call from one of its numbers."""

    id: int
    presented_at: datetime
    caller: str | None
    outcome: str
    agent: str | None
    wait_seconds: float | None
    talk_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class CompanyFile:
    """All of it; records and calls the newest first, at most `most` of each, what is open the most urgent first."""

    id: int
    name: str
    tax_bureau: str | None
    agreement: str | None
    agreement_expires_on: date | None
    contacts: Sequence[CompanyContact]
    records: Sequence[CompanyRecord]
    open: Sequence[OpenItem]
    calls: Sequence[CompanyCall]


class CompanyBook(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def like(self, text: str, most: int) -> Sequence[KnownCompany]:
        """By a part of the name's normal form or of its pinyin; those that begin with it first."""

    def file(self, company_id: int, most: int) -> CompanyFile | None: ...

    def set_contact(self, company_id: int, number: str, contact: str | None) -> bool:
        """Also a number it did not have; False where there is no such company."""

    def drop_number(self, company_id: int, number: str) -> bool:
        """Whether it was its number."""
