"""Managers enter who of ours is at a customer's; a visit given to an engineer enters itself (R40)."""

from collections.abc import Sequence
from datetime import datetime

from ivr.policy.phone_number import typed_number
from ivr.policy.refusal import Reason, Refused
from ivr.policy.rules import Rules
from ivr.policy.stay import may_stay
from ivr.service.ports import Clock
from ivr.service.sign_in_ports import AuditBook
from ivr.service.visitor_ports import ListedStay, VisitorBook


class Visitors:
    """Raises Refused, with nothing changed, and DatabaseUnavailableError."""

    def __init__(self, book: VisitorBook, rules: Rules, clock: Clock, audit: AuditBook) -> None:
        self._book = book
        self._rules = rules
        self._clock = clock
        self._audit = audit

    def listed(self) -> Sequence[ListedStay]:
        """Those not over, the soonest first."""
        return self._book.listed(self._clock.now())

    def enter(
        self,
        login: str,
        who: str,
        place: int | str,
        from_at: datetime | None,
        until_at: datetime | None,
    ) -> None:
        """`place`: a company, by its number in our books, or one telephone."""
        stay = may_stay(who, from_at, until_at)
        company_id = place if isinstance(place, int) else None
        number = self._whole(place) if isinstance(place, str) else None
        if self._book.enter(stay, company_id, number) == 0:
            raise Refused(Reason.NO_NUMBER)
        about = f"company:{company_id}" if company_id is not None else f"number:{number}"
        self._audit.note(self._clock.now(), login, "visitor_entered", about, stay.who)

    def end(self, login: str, stay_id: int) -> None:
        """Once more is no fault: two managers may have seen the same list."""
        now = self._clock.now()
        if self._book.end(stay_id, now):
            self._audit.note(now, login, "visitor_ended", f"visitor:{stay_id}", None)

    def _whole(self, typed: str) -> str:
        found = typed_number(typed[:40], self._rules.area_code)
        if found is None:
            raise Refused(Reason.NO_NUMBER)
        return found
