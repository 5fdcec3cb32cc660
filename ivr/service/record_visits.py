"""Visits and complaints that come out of a record (R76-R80, R9, R11): asked for, decided, arranged, answered.

Managers are told of every request at once, and who asked of every decision; so neither can be undone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ivr.policy.complaint import ComplaintWish, dues, may_complain, may_feed_back, may_verify
from ivr.policy.endings import Disposition
from ivr.policy.phone_number import typed_number
from ivr.policy.refusal import Reason, Refused
from ivr.policy.rules import Rules
from ivr.policy.stay import Stay, stay_of_visit
from ivr.policy.visit import (
    ExpiryAsked,
    Visit,
    VisitState,
    may_cancel,
    may_decide,
    may_finish,
    may_request,
    may_schedule,
    may_tell,
)
from ivr.service.desk_record_ports import (
    DeskRecord,
    DeskRecordBook,
    DeskRecordUnit,
    RecordComplaint,
    RecordVisit,
)
from ivr.service.desk_records import By, RecordUnknownError, writable
from ivr.service.live_ports import MANAGERS, LiveNews
from ivr.service.ports import Clock


@dataclass(frozen=True, kw_only=True)
class VisitWish:
    """What an agent asks a manager for; `expires_told` as the customer says, `expiry_unknown`: he was asked in vain."""

    address: str
    expires_told: date | None = None
    expiry_unknown: bool = False
    charge_explained: bool = False


class RecordVisits:
    """Raises Refused, RecordUnknownError and DatabaseUnavailableError; then nothing was changed."""

    def __init__(self, book: DeskRecordBook, clock: Clock, rules: Rules, news: LiveNews) -> None:
        self._book = book
        self._clock = clock
        self._rules = rules
        self._news = news

    def to_decide(self) -> Sequence[RecordVisit]:
        """For the managers' page."""
        return self._book.visits_to_decide()

    # ---- visits -------------------------------------------------------------------------------------------------

    def request(self, by: By, record_id: int, wish: VisitWish) -> int:
        """The new visit's id; it waits for a manager."""
        now, today = self._clock.now(), self._rules.hours.local(self._clock.now()).date()

        def work(unit: DeskRecordUnit) -> tuple[DeskRecord, int]:
            record = writable(unit, by, record_id)
            company = None if record.company_id is None else self._book.company(record.company_id)
            on_file = None if company is None else company.agreement_expires_on
            asked = ExpiryAsked(told=wish.expires_told, unknown=wish.expiry_unknown, on_file=on_file)
            address = may_request(wish.address, asked, today, charge_explained=wish.charge_explained)
            visit_id = unit.add_visit(
                record,
                state=VisitState.REQUESTED.value,
                address=address,
                agreement_expires_on=asked.told,
                agreement_unknown=asked.told is None,
                agreement_on_file=on_file,
                charge_explained=wish.charge_explained,
                requested_by=by.login,
                requested_at=now,
            )
            self._ends(unit, by, record, Disposition.VISIT)
            unit.log(record_id, by.login, "visit", now, before={"visit": visit_id}, told=MANAGERS)
            return record, visit_id

        return self._told(by, self._book.unit(work), MANAGERS)

    def decide(self, by: By, visit_id: int, *, approve: bool, reason: str = "") -> None:
        """A manager's yes or no."""
        now = self._clock.now()

        def change(visit: Visit) -> dict[str, Any]:
            why = may_decide(visit, by.login, manager=by.manager, approve=approve, reason=reason)
            state = VisitState.APPROVED if approve else VisitState.DECLINED
            return {"state": state.value, "decided_by": by.login, "decided_at": now, "decline_reason": why}

        self._with_visit(by, visit_id, "visit_decided", change)

    def schedule(self, by: By, visit_id: int, at: datetime | None, route: str, engineer: str = "") -> None:
        """Agreed with the customer, after the approval. An engineer named is then known by the phones there (R40)."""
        now = self._clock.now()

        stay = stay_of_visit(engineer, at) if at is not None and engineer.strip() else None

        def change(visit: Visit) -> dict[str, Any]:
            way = may_schedule(visit, at, route, now)
            agreed = {"visit_at": at, "route": way, "engineer": stay and stay.who}
            return {"state": VisitState.SCHEDULED.value, **agreed}

        self._with_visit(by, visit_id, "visit_scheduled", change, moves=True, stay=stay)

    def cancel(self, by: By, visit_id: int, reason: str) -> None:
        """By a manager, with a reason the customer will hear."""
        now = self._clock.now()

        def change(visit: Visit) -> dict[str, Any]:
            why = may_cancel(visit, manager=by.manager, reason=reason)
            gone = {"cancelled_by": by.login, "cancelled_at": now, "cancel_reason": why}
            return {"state": VisitState.CANCELLED.value, **gone}

        self._with_visit(by, visit_id, "visit_cancelled", change, moves=True)

    def tell(self, by: By, visit_id: int) -> None:
        """The customer has heard that nobody comes, and why."""
        now = self._clock.now()

        def change(visit: Visit) -> dict[str, Any]:
            may_tell(visit)
            return {"told_at": now}

        self._with_visit(by, visit_id, "visit_told", change)

    def finish(self, by: By, visit_id: int) -> None:
        """It was made, and our engineer has left."""
        now = self._clock.now()

        def change(visit: Visit) -> dict[str, Any]:
            may_finish(visit)
            return {"state": VisitState.DONE.value, "done_at": now}

        self._with_visit(by, visit_id, "visit_done", change, moves=True)

    # ---- complaints ---------------------------------------------------------------------------------------------

    def complain(self, by: By, record_id: int, wish: ComplaintWish) -> int:
        """The new complaint's id; verified and answered within the policy's days."""
        now = self._clock.now()
        team = tuple(colleague.login for colleague in self._book.team())
        times = dues(
            self._rules.hours, now, self._rules.complaint_verify_days, self._rules.complaint_feedback_days
        )

        def work(unit: DeskRecordUnit) -> tuple[DeskRecord, int]:
            record = writable(unit, by, record_id)
            taken = may_complain(wish, team)
            complaint_id = unit.add_complaint(
                record,
                state="open",
                kind=taken.kind,
                unit=taken.unit or None,
                said=taken.said,
                answer=taken.answer or None,
                apologised=taken.apologised,
                owner=taken.owner,
                made_at=now,
                verify_due_at=times.verify_at,
                feedback_due_at=times.feedback_at,
            )
            self._ends(unit, by, record, Disposition.COMPLAINT)
            unit.log(
                record_id, by.login, "complaint", now, before={"complaint": complaint_id}, told=wish.owner
            )
            return record, complaint_id

        return self._told(by, self._book.unit(work), wish.owner, MANAGERS)

    def verify(self, by: By, record_id: int, complaint_id: int, finding: str) -> None:
        """What those it is about say to it."""
        now = self._clock.now()

        def change(complaint: RecordComplaint) -> dict[str, Any]:
            fact = may_verify(complaint.state, finding)
            return {"state": "verified", "verification": fact, "verified_at": now}

        self._with_complaint(by, record_id, complaint_id, "verified", change)

    def feed_back(self, by: By, record_id: int, complaint_id: int, answer: str) -> None:
        """The customer was told our answer."""
        now = self._clock.now()

        def change(complaint: RecordComplaint) -> dict[str, Any]:
            words = may_feed_back(complaint.state, answer)
            return {"state": "closed", "answer": words, "fed_back_at": now}

        self._with_complaint(by, record_id, complaint_id, "fed_back", change)

    # ---- common -------------------------------------------------------------------------------------------------

    def _with_visit(
        self,
        by: By,
        visit_id: int,
        action: str,
        change: Callable[[Visit], dict[str, Any]],
        *,
        moves: bool = False,
        stay: Stay | None = None,
    ) -> None:
        """`moves`: our engineer is there as `stay` says from now on, or not at all."""
        now, record_id = self._clock.now(), self._book.record_of_visit(visit_id)
        if record_id is None:
            raise RecordUnknownError(visit_id)

        def work(unit: DeskRecordUnit) -> tuple[DeskRecord, str]:
            record = writable(unit, by, record_id)
            visit = next(one.visit for one in unit.around(record).visits if one.visit.id == visit_id)
            unit.set_visit(visit_id, **change(visit))
            if moves:
                phone = typed_number(record.answers.contact_phone or "", self._rules.area_code)
                unit.set_stay(record, visit_id, stay, phone, now)
            unit.log(record_id, by.login, action, now, before={"visit": visit_id}, told=visit.requested_by)
            return record, visit.requested_by

        record, asked_by = self._book.unit(work)
        self._told(by, (record, visit_id), asked_by, MANAGERS)

    def _with_complaint(
        self,
        by: By,
        record_id: int,
        complaint_id: int,
        action: str,
        change: Callable[[RecordComplaint], dict[str, Any]],
    ) -> None:
        now = self._clock.now()

        def work(unit: DeskRecordUnit) -> tuple[DeskRecord, int]:
            record = writable(unit, by, record_id)
            mine = [one for one in unit.around(record).complaints if one.id == complaint_id]
            if not mine:
                raise Refused(Reason.NOT_NOW, "complaint")
            unit.set_complaint(complaint_id, **change(mine[0]))
            unit.log(record_id, by.login, action, now, before={"complaint": complaint_id}, told=mine[0].owner)
            return record, complaint_id

        self._told(by, self._book.unit(work), MANAGERS)

    @staticmethod
    def _ends(unit: DeskRecordUnit, by: By, record: DeskRecord, ending: Disposition) -> None:
        unit.set_record(record.id, disposition=ending.value, owner=record.owner or by.login)

    def _told(self, by: By, done: tuple[DeskRecord, int], *others: str) -> int:
        record, id_ = done
        for login in {by.login, record.responsible or "", *others} - {""}:
            self._news.tell(login, "record", call_id=record.call_id)
        return id_
