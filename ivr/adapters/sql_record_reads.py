"""How rows become what the desk speaks of: a record, what hangs on it, what is owed, companies by name or sound."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import OPEN_STATES, callbacks, promises
from ivr.adapters.sql_desk_schema import complaints, record_changes, visits
from ivr.adapters.sql_schema import calls, records
from ivr.policy.call import Phase
from ivr.policy.complaint import ComplaintState
from ivr.policy.endings import StillOpen
from ivr.policy.record_answers import Answers
from ivr.policy.visit import Visit, VisitState
from ivr.service.desk_record_ports import (
    Around,
    DeskRecord,
    RecordChange,
    RecordComplaint,
    RecordPromise,
    RecordVisit,
)

_MOST_CHANGES = 100


def record_of(connection: sa.Connection, record_id: int) -> DeskRecord | None:
    """The record with what it takes from its call."""
    query = (
        sa.select(
            records,
            sa.func.coalesce(calls.c.served_by, calls.c.agent).label("serving"),
            (calls.c.phase == Phase.ENDED.value).label("call_ended"),
        )
        .join(calls, calls.c.id == records.c.call_id)
        .where(records.c.id == record_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    taken = (
        "id call_id number company_id disposition owner serving state opened_at closed_at version saved_at"
    )
    answers = Answers(
        company=row.company,
        contact_phone=row.contact_phone,
        phone_confirmed=row.phone_confirmed,
        tax_bureau=row.tax_bureau,
        symptom=row.symptom,
        fields=json.loads(row.fields),
    )
    values = {name: getattr(row, name) for name in taken.split()}
    return DeskRecord(**values, answers=answers, call_ended=bool(row.call_ended))


def around(connection: sa.Connection, record: DeskRecord) -> Around:
    """Everything that hangs on it."""

    def rows(table: sa.Table) -> Sequence[Any]:
        query = sa.select(table).where(table.c.record_id == record.id).order_by(table.c.id)
        return connection.execute(query).all()

    latest = (
        sa.select(record_changes)
        .where(record_changes.c.record_id == record.id)
        .order_by(record_changes.c.id.desc())
        .limit(_MOST_CHANGES)
    )
    its_visits = visits_with_companies().where(visits.c.record_id == record.id).order_by(visits.c.id)
    return Around(
        promises=[_promise_of(row) for row in rows(promises)],
        visits=[visit_of(row) for row in connection.execute(its_visits)],
        complaints=[_complaint_of(row) for row in rows(complaints)],
        changes=[change_of(row) for row in reversed(connection.execute(latest).all())],
        owed=owed_by(connection, record.id, record.call_id),
    )


def owed_by(connection: sa.Connection, record_id: int, call_id: int) -> list[StillOpen]:
    """What this record's customer still waits for (R9)."""
    its_call = sa.or_(callbacks.c.call_id == call_id, callbacks.c.joined_call == call_id)
    queries = (
        (
            "promise",
            sa.select(promises.c.id).where(
                promises.c.kept_at.is_(None),
                sa.or_(promises.c.record_id == record_id, promises.c.call_id == call_id),
            ),
        ),
        (
            "complaint",
            sa.select(complaints.c.id).where(
                complaints.c.record_id == record_id, complaints.c.state != ComplaintState.CLOSED.value
            ),
        ),
        ("callback", sa.select(callbacks.c.id).where(its_call, callbacks.c.state.in_(OPEN_STATES))),
    )
    its_visits = connection.execute(visits_with_companies().where(visits.c.record_id == record_id))
    asked_for = [visit_of(row).visit for row in its_visits]
    return [
        *(
            StillOpen(kind=kind, id=id_)
            for kind, query in queries
            for id_ in connection.execute(query).scalars()
        ),
        *(StillOpen(kind="visit", id=visit.id) for visit in asked_for if visit.owed),
    ]


def _promise_of(row: Any) -> RecordPromise:
    names = "id said_text made_by made_at due_at owner state kept_at"
    return RecordPromise(**{name: getattr(row, name) for name in names.split()})


def visits_with_companies() -> sa.Select[Any]:
    """Each visit with whom it is for."""
    return sa.select(visits, records.c.company, records.c.number).join(
        records, records.c.id == visits.c.record_id
    )


def visit_of(row: Any) -> RecordVisit:
    """From a row of visits_with_companies."""
    visit = Visit(
        id=row.id,
        record_id=row.record_id,
        state=VisitState(row.state),
        requested_by=row.requested_by,
        told=row.told_at is not None,
    )
    names = "address charge_explained requested_at decided_by decline_reason visit_at route engineer cancel_reason"
    return RecordVisit(
        visit=visit,
        expires_told=row.agreement_expires_on,
        expiry_unknown=row.agreement_unknown,
        expires_on_file=row.agreement_on_file,
        company=row.company,
        number=row.number,
        **{name: getattr(row, name) for name in names.split()},
    )


def _complaint_of(row: Any) -> RecordComplaint:
    names = (
        "id record_id kind unit said answer owner verify_due_at feedback_due_at verification"
        " verified_at fed_back_at"
    )
    values = {name: getattr(row, name) for name in names.split()}
    return RecordComplaint(state=ComplaintState(row.state), **values)


def change_of(row: Any) -> RecordChange:
    """From a row of record_changes."""
    values = {name: getattr(row, name) for name in ("id", "record_id", "at", "login", "action", "told")}
    return RecordChange(before=json.loads(row.before), undone=row.undone_at is not None, **values)
