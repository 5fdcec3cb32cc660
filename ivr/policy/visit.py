"""A visit at the customer's: asked for, decided by a manager, and only then arranged with the customer (R76, R77, R11).

Nobody approves what he asked for himself, and none vanishes in silence: a refused or cancelled one has a reason, and
is owed to the customer until he has been told.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ivr.policy.refusal import Reason, Refused, may_be_said, written


class VisitState(StrEnum):
    """Where a visit stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """As the book has it."""

    id: int
    record_id: int
    state: VisitState
    requested_by: str
    told: bool = False  # he knows that we do not come

    @property
    def owed(self) -> bool:
        """Something is still to be done for the customer (R9)."""
        if self.state in {VisitState.DECLINED, VisitState.CANCELLED}:
            return not self.told
        return self.state is not VisitState.DONE


@dataclass(frozen=True, kw_only=True)
class ExpiryAsked:
    """The agreement's last day: as the customer says, or that he does not know; and as it stands on file (R77)."""

    told: date | None
    unknown: bool
    on_file: date | None

    @property
    def mismatch(self) -> bool:
        """The customer says another day than the file."""
        return self.told is not None and self.on_file is not None and self.told != self.on_file

    def expired(self, today: date) -> bool:
        """What is on file counts, then what the customer says; the last day itself is still covered."""
        last = self.on_file or self.told
        return last is not None and last < today


def may_request(address: str, asked: ExpiryAsked, today: date, *, charge_explained: bool) -> str:
    """The address. Raises Refused: the agreement's end is asked, and that a visit after it is charged for is told."""
    place = written("address", address)
    if asked.told is None and not asked.unknown:
        raise Refused(Reason.EXPIRY_NOT_ASKED)
    if asked.expired(today) and not charge_explained:
        raise Refused(Reason.CHARGE_NOT_EXPLAINED)
    return place


def may_decide(visit: Visit, login: str, *, manager: bool, approve: bool, reason: str) -> str | None:
    """The reason of a refusal. Raises Refused: a manager decides, and not about his own request (R76)."""
    if not manager:
        raise Refused(Reason.ONLY_A_MANAGER)
    if visit.requested_by == login:
        raise Refused(Reason.OWN_REQUEST)
    if visit.state is not VisitState.REQUESTED:
        raise Refused(Reason.ALREADY_DECIDED, visit.state.value)
    return None if approve else _told(reason)


def may_schedule(visit: Visit, at: datetime | None, route: str, now: datetime) -> str:
    """The route. Raises Refused: time and way are agreed only after the approval (R76)."""
    if visit.state not in {VisitState.APPROVED, VisitState.SCHEDULED}:
        raise Refused(Reason.NOT_APPROVED, visit.state.value)
    if at is None:
        raise Refused(Reason.DUE_MISSING)
    if at <= now:
        raise Refused(Reason.DUE_PASSED)
    return written("route", route)


def may_cancel(visit: Visit, *, manager: bool, reason: str) -> str:
    """The reason. Raises Refused: a visit that is due is not dropped in silence (R11)."""
    if not manager:
        raise Refused(Reason.ONLY_A_MANAGER)
    if visit.state not in {VisitState.REQUESTED, VisitState.APPROVED, VisitState.SCHEDULED}:
        raise Refused(Reason.NOT_NOW, visit.state.value)
    return _told(reason)


def may_tell(visit: Visit) -> None:
    """The customer hears that we do not come. Raises Refused."""
    if visit.state not in {VisitState.DECLINED, VisitState.CANCELLED}:
        raise Refused(Reason.NOT_NOW, visit.state.value)


def may_finish(visit: Visit) -> None:
    """The visit was made. Raises Refused."""
    if visit.state is not VisitState.SCHEDULED:
        raise Refused(Reason.NOT_NOW, visit.state.value)


def _told(reason: str) -> str:
    """The customer will hear it."""
    may_be_said(reason)
    return written("reason", reason)
