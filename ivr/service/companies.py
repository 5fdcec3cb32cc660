"""The file of a company (R45): found by name or pinyin, read by everybody, its contacts kept by managers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ivr.policy.phone_number import caller_identity
from ivr.policy.rules import Rules
from ivr.service.agreements import match_name
from ivr.service.company_ports import CompanyBook, CompanyFile, KnownCompany
from ivr.service.ports import Clock
from ivr.service.sign_in_ports import AuditBook

MOST_HITS = 30
MOST_LISTED = 50
SOON_DAYS = 30


class ContactError(Exception):
    """Nothing was changed; `field` is the one at fault, the text says what is accepted."""

    def __init__(self, field: str, accepted: str) -> None:
        super().__init__(f"{field}: {accepted}")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """How an agreement stands today: none, unknown, valid, soon or expired, and by how many days."""

    word: str
    days: int = 0


def expiry(agreement: str | None, expires_on: date | None, today: date) -> Expiry:
    """The last day still counts."""
    if expires_on is None:
        return Expiry(word="unknown" if agreement else "none")
    days = (expires_on - today).days
    if days < 0:
        return Expiry(word="expired", days=-days)
    return Expiry(word="soon" if days <= SOON_DAYS else "valid", days=days)


class Companies:
    """Raises DatabaseUnavailableError everywhere."""

    def __init__(self, book: CompanyBook, rules: Rules, clock: Clock, audit: AuditBook) -> None:
        self._book = book
        self._rules = rules
        self._clock = clock
        self._audit = audit

    def find(self, typed: str) -> Sequence[KnownCompany]:
        """What has it in its name, however it is spelled, or in its pinyin; nothing for nothing."""
        text = match_name(typed[:200])
        return self._book.like(text, MOST_HITS) if text else ()

    def file(self, company_id: int) -> CompanyFile | None:
        """None where there is no such company."""
        return self._book.file(company_id, MOST_LISTED)

    def expiry(self, agreement: str | None, expires_on: date | None) -> Expiry:
        """As of today where the hotline is."""
        return expiry(agreement, expires_on, self._rules.hours.local(self._clock.now()).date())

    def set_contact(self, login: str, company_id: int, number: str, contact: str) -> str:
        """Who answers that number of theirs; the number as it is kept. Raises ContactError."""
        name = " ".join(contact.split())
        if len(name) > 80 or not name.isprintable():
            raise ContactError("contact", "one line of at most 80 letters")
        whole = self._whole(number)
        if not self._book.set_contact(company_id, whole, name or None):
            raise ContactError("company", "there is none of this number any more")
        self._note(login, "contact_kept", company_id, f"{whole} {name}")
        return whole

    def drop_number(self, login: str, company_id: int, number: str) -> None:
        """Raises ContactError."""
        if not self._book.drop_number(company_id, number):
            raise ContactError("number", "it is not this company's any more")
        self._note(login, "contact_dropped", company_id, number)

    def _note(self, login: str, action: str, company_id: int, detail: str) -> None:
        self._audit.note(self._clock.now(), login, action, f"company:{company_id}", detail)

    def _whole(self, number: str) -> str:
        found = caller_identity(number.strip()[:40], self._rules.area_code)
        if found is None or not found.startswith("+"):
            raise ContactError("number", "a telephone number, as 010-12345678 or 13800138000")
        return found
