"""What is still to be called or seen to, in SQL. Lists are read without a lock; one caller rung back is one write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ivr.adapters.sql_callback_schema import OPEN_STATES, callback_attempts, callbacks, promises
from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import calls, companies, company_numbers, records, ring_backs
from ivr.policy.call import Outcome
from ivr.policy.phone_number import number_to_ring
from ivr.service.callback_desk_ports import (
    DueCallback,
    DueComplaint,
    DuePromise,
    DueRingBack,
    DueVisit,
    RingBackResult,
)

GAVE_UP = "abandoned"
_OPEN_VISITS = ("requested", "approved", "scheduled")


class SqlCallbackDesk:
    """CallbackDeskBook over the tables; make it in the process that uses it."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)

    def callbacks(self, most: int) -> Sequence[DueCallback]:
        return [DueCallback(**row) for row in self._rows(_CALLBACKS.limit(most))]

    def ring_backs(self, since: datetime, most: int) -> Sequence[DueRingBack]:
        gave_up = _GAVE_UP.where(calls.c.presented_at >= since)
        rows = [*self._rows(_RING_BACKS.limit(most)), *self._rows(gave_up.limit(most))]
        return [DueRingBack(**row) for row in sorted(rows, key=lambda row: row["presented_at"])][:most]

    def promises(self, login: str, most: int) -> Sequence[DuePromise]:
        return [
            DuePromise(**row) for row in self._rows(_PROMISES.where(promises.c.owner == login).limit(most))
        ]

    def visits(self, most: int) -> Sequence[DueVisit]:
        return [DueVisit(**row) for row in self._rows(_VISITS.limit(most))]

    def complaints(self, most: int) -> Sequence[DueComplaint]:
        return [DueComplaint(**row) for row in self._rows(_COMPLAINTS.limit(most))]

    def settle(self, call_id: int, result: RingBackResult, done: bool, login: str, at: datetime) -> bool:
        """An abandoned call is not listed before somebody has rung its caller: then its row is written."""
        told = {"done": done, "result": result.value, "done_by": login, "done_at": at}
        listed = sa.update(ring_backs).where(ring_backs.c.call_id == call_id, sa.not_(ring_backs.c.done))
        try:
            with self._engine.begin() as connection:
                if connection.execute(listed.values(told)).rowcount == 1:
                    return True
                gave_up = connection.execute(_NOT_LISTED.where(calls.c.id == call_id)).first()
                number = None if gave_up is None else number_to_ring(gave_up.caller)
                if number is None:
                    return False
                row = {"call_id": call_id, "number": number, "reason": GAVE_UP, "listed_at": at}
                connection.execute(sa.insert(ring_backs).values(row | told))
        except IntegrityError:  # somebody else was there first
            return False
        return True

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._readers.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _named(call_id: Any, number: Any) -> tuple[Any, Any]:
    """The company of the call's record, else one the number is listed for; and how many those are."""
    of_number = company_numbers.c.number == number
    listed = (
        sa.select(companies.c.name)
        .join(company_numbers, company_numbers.c.company_id == companies.c.id)
        .where(of_number)
        .order_by(companies.c.id)
        .limit(1)
        .scalar_subquery()
    )
    recorded = sa.select(records.c.company).where(records.c.call_id == call_id).scalar_subquery()
    many = sa.select(sa.func.count()).select_from(company_numbers).where(of_number).scalar_subquery()
    return sa.func.coalesce(recorded, listed).label("company"), many.label("companies")


_settled = sa.and_(callback_attempts.c.callback_id == callbacks.c.id, callback_attempts.c.result.is_not(None))
_tries = sa.select(sa.func.count()).select_from(callback_attempts).where(_settled).scalar_subquery()
_last = (
    sa.select(callback_attempts.c.result)
    .where(_settled)
    .order_by(callback_attempts.c.epoch.desc())
    .limit(1)
    .scalar_subquery()
)
_words = (
    sa.select(promises.c.said_text)
    .where(promises.c.callback_id == callbacks.c.id)
    .order_by(promises.c.id)
    .limit(1)
    .scalar_subquery()
)
_shown = "call_id number promised_at due_at next_at state by_hand agent second_person"
_CALLBACKS = (
    sa.select(
        callbacks.c.id.label("callback_id"),
        *(callbacks.c[name] for name in _shown.split()),
        *_named(callbacks.c.call_id, callbacks.c.number),
        _tries.label("tries"),
        _last.label("last_result"),
        _words.label("said_text"),
    )
    .where(callbacks.c.state.in_(OPEN_STATES))
    .order_by(callbacks.c.due_at, callbacks.c.id)
)
_RING_BACKS = (
    sa.select(
        *(ring_backs.c[name] for name in ("call_id", "number", "reason", "owner", "result")),
        ring_backs.c.done_by.label("tried_by"),
        ring_backs.c.done_at.label("tried_at"),
        calls.c.presented_at,
        *_named(ring_backs.c.call_id, ring_backs.c.number),
    )
    .join(calls, calls.c.id == ring_backs.c.call_id)
    .where(sa.not_(ring_backs.c.done))
    .order_by(calls.c.presented_at, calls.c.id)
)
_later = calls.alias("later")
_rang_again = sa.exists().where(
    _later.c.caller == calls.c.caller,
    _later.c.id > calls.c.id,
    sa.or_(_later.c.served_at.is_not(None), _later.c.outcome != Outcome.IN_PROGRESS.value),
)
_called_back = sa.exists().where(
    callbacks.c.number == calls.c.caller,
    sa.or_(callbacks.c.state.in_(OPEN_STATES), callbacks.c.served_at > calls.c.presented_at),
)
_is_listed = sa.exists().where(ring_backs.c.call_id == calls.c.id)
_gave_up = sa.and_(calls.c.outcome == Outcome.ABANDONED.value, calls.c.caller.is_not(None))
_GAVE_UP = (
    sa.select(
        calls.c.id.label("call_id"),
        calls.c.caller.label("number"),
        calls.c.presented_at,
        sa.literal(GAVE_UP).label("reason"),
        *(sa.null().label(name) for name in ("owner", "result", "tried_by", "tried_at")),
        *_named(calls.c.id, calls.c.caller),
    )
    .where(_gave_up, sa.not_(_is_listed), sa.not_(_rang_again), sa.not_(_called_back))
    .order_by(calls.c.presented_at, calls.c.id)
)
_NOT_LISTED = sa.select(calls.c.caller).where(_gave_up, sa.not_(_is_listed))
_PROMISES = (
    sa.select(
        promises.c.id.label("promise_id"),
        *(promises.c[name] for name in ("record_id", "callback_id", "said_text", "due_at", "owner")),
        records.c.company,
        sa.func.coalesce(
            callbacks.c.number,
            records.c.contact_phone,
            records.c.number,
            sa.select(calls.c.caller).where(calls.c.id == promises.c.call_id).scalar_subquery(),
        ).label("number"),
    )
    .select_from(
        promises.outerjoin(callbacks, callbacks.c.id == promises.c.callback_id).outerjoin(
            records,
            sa.or_(
                records.c.id == promises.c.record_id,
                sa.and_(promises.c.record_id.is_(None), records.c.call_id == promises.c.call_id),
            ),
        )
    )
    .where(promises.c.kept_at.is_(None), promises.c.state != "kept")
    .order_by(promises.c.due_at, promises.c.id)
)
_VISITS = (
    sa.select(
        visits.c.id.label("visit_id"),
        *(visits.c[name] for name in ("record_id", "state", "address", "requested_at", "visit_at")),
        records.c.company,
    )
    .join(records, records.c.id == visits.c.record_id)
    .where(visits.c.state.in_(_OPEN_VISITS))
    .order_by(sa.func.coalesce(visits.c.visit_at, visits.c.requested_at), visits.c.id)
)
_COMPLAINTS = (
    sa.select(
        complaints.c.id.label("complaint_id"),
        *(complaints.c[name] for name in ("record_id", "owner", "feedback_due_at")),
        records.c.company,
    )
    .join(records, records.c.id == complaints.c.record_id)
    .where(complaints.c.state != "closed")
    .order_by(complaints.c.feedback_due_at, complaints.c.id)
)
