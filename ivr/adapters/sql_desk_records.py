"""The desk's records in SQL. A writing transaction locks its record first; reads take no lock.

It writes no row that the floor writes too, so that no ringing call waits for an agent who types.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_company_search import companies_like, company_of
from ivr.adapters.sql_desk_schema import complaints, record_changes, visitors, visits
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_record_reads import (
    around,
    change_of,
    owed_by,
    record_of,
    visit_of,
    visits_with_companies,
)
from ivr.adapters.sql_schema import agents, calls, companies, records
from ivr.adapters.sql_visitors import arrive, leave, numbers_of
from ivr.policy.complaint import ComplaintState
from ivr.policy.record_answers import Answers
from ivr.policy.stay import Stay
from ivr.policy.visit import VisitState
from ivr.service.company_ports import KnownCompany
from ivr.service.desk_record_ports import (
    OPEN,
    Around,
    Colleague,
    DeskRecord,
    DeskRecordUnit,
    ListedRecord,
    RecordChange,
    RecordVisit,
)

T = TypeVar("T")
_MOST_LISTED = 200


class SqlDeskRecords:
    """DeskRecordBook over the tables; make it after the fork that uses it."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)

    def record(self, record_id: int) -> DeskRecord | None:
        return self._read(lambda connection: record_of(connection, record_id))

    def call_at_hand(self, login: str, since: datetime) -> int | None:
        his = sa.select(agents.c.call_id).where(agents.c.login == login)
        last = (
            sa.select(calls.c.id)
            .where(calls.c.served_by == login, calls.c.presented_at >= since)
            .order_by(calls.c.presented_at.desc(), calls.c.id.desc())
            .limit(1)
        )
        return self._read(
            lambda connection: connection.execute(his).scalar() or connection.execute(last).scalar()
        )

    def around(self, record: DeskRecord) -> Around:
        return self._read(lambda connection: around(connection, record))

    def company(self, company_id: int) -> KnownCompany | None:
        return self._read(lambda connection: company_of(connection, companies.c.id == company_id))

    def companies_like(self, text: str, limit: int) -> Sequence[KnownCompany]:
        return self._read(lambda connection: companies_like(connection, text, limit))

    def bureaus(self) -> Sequence[str]:
        query = (
            sa.select(companies.c.tax_bureau)
            .where(companies.c.tax_bureau.is_not(None))
            .group_by(companies.c.tax_bureau)
            .order_by(sa.func.count().desc(), companies.c.tax_bureau)
            .limit(50)
        )
        return self._read(lambda connection: list(connection.execute(query).scalars()))

    def team(self) -> Sequence[Colleague]:
        query = sa.select(agents.c.login, agents.c.name, agents.c.role, agents.c.state).order_by(
            agents.c.login
        )
        return self._read(
            lambda connection: [Colleague(**row) for row in connection.execute(query).mappings()]
        )

    def open_records_of(self, login: str) -> Sequence[ListedRecord]:
        promised = sa.exists().where(
            promises.c.record_id == records.c.id, promises.c.owner == login, promises.c.kept_at.is_(None)
        )
        complained = sa.exists().where(
            complaints.c.record_id == records.c.id,
            complaints.c.owner == login,
            complaints.c.state != ComplaintState.CLOSED.value,
        )
        served = sa.and_(records.c.owner.is_(None), calls.c.served_by == login)
        mine = sa.or_(records.c.owner == login, served, promised, complained)
        names = ("id", "number", "company", "symptom", "disposition", "opened_at", "saved_at")
        query = (
            sa.select(*(records.c[name] for name in names), records.c.call_id)
            .join(calls, calls.c.id == records.c.call_id)
            .where(records.c.state == OPEN, mine)
            .order_by(records.c.id)
            .limit(_MOST_LISTED)
        )

        def listed(connection: sa.Connection) -> list[ListedRecord]:
            rows = connection.execute(query).mappings().all()
            owed = {row["id"]: bool(owed_by(connection, row["id"], row["call_id"])) for row in rows}
            return [ListedRecord(**{name: row[name] for name in names}, owed=owed[row["id"]]) for row in rows]

        return self._read(listed)

    def visits_to_decide(self) -> Sequence[RecordVisit]:
        requested = visits.c.state == VisitState.REQUESTED.value
        owed = sa.and_(visits.c.state != VisitState.DONE.value, visits.c.told_at.is_(None))
        query = visits_with_companies().where(owed).order_by(sa.case((requested, 0), else_=1), visits.c.id)
        return self._read(
            lambda connection: [visit_of(row) for row in connection.execute(query.limit(_MOST_LISTED))]
        )

    def record_of_visit(self, visit_id: int) -> int | None:
        query = sa.select(visits.c.record_id).where(visits.c.id == visit_id)
        return self._read(lambda connection: connection.execute(query).scalar())

    def unit(self, work: Callable[[DeskRecordUnit], T]) -> T:
        with said_plainly(), self._engine.begin() as connection:
            return work(SqlDeskRecordUnit(connection))

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        with said_plainly(), self._readers.connect() as connection:
            return work(connection)


class SqlDeskRecordUnit:
    """DeskRecordUnit inside one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, record_id: int) -> DeskRecord | None:
        # on SQLite the transaction has the only write lock there is
        self._connection.execute(
            sa.select(records.c.id).where(records.c.id == record_id).with_for_update()
        ).first()
        return record_of(self._connection, record_id)

    def save(
        self, record: DeskRecord, answers: Answers, company_id: int | None, owner: str, at: datetime
    ) -> int:
        values = {
            "company": answers.company,
            "company_id": company_id,
            "contact_phone": answers.contact_phone,
            "phone_confirmed": answers.phone_confirmed,
            "tax_bureau": answers.tax_bureau,
            "symptom": answers.symptom,
            "fields": json.dumps(dict(answers.fields), ensure_ascii=False),
            "owner": record.owner or owner,
            "version": record.version + 1,
            "saved_at": at,
        }
        self.set_record(record.id, **values)
        return record.version + 1

    def company_named(self, match_name: str) -> KnownCompany | None:
        return company_of(self._connection, companies.c.match_name == match_name)

    def log(self, record_id: int, login: str, action: str, at: datetime, **more: Any) -> int:
        before = json.dumps(more.get("before", {}), ensure_ascii=False, default=str)
        row = {"record_id": record_id, "login": login, "action": action, "at": at}
        return self._added(record_changes, **row, before=before, told=more.get("told"))

    def around(self, record: DeskRecord) -> Around:
        return around(self._connection, record)

    def change(self, change_id: int) -> RecordChange | None:
        query = sa.select(record_changes).where(record_changes.c.id == change_id)
        row = self._connection.execute(query).first()
        return None if row is None else change_of(row)

    def mark_undone(self, change_id: int, at: datetime) -> bool:
        mine = (record_changes.c.id == change_id, record_changes.c.undone_at.is_(None))
        done = self._connection.execute(sa.update(record_changes).where(*mine).values(undone_at=at))
        return done.rowcount == 1

    def set_record(self, record_id: int, **values: Any) -> None:
        self._set(records, record_id, values)

    def add_promise(self, record: DeskRecord, **values: Any) -> int:
        row = {"call_id": record.call_id, "record_id": record.id, "kind": "answer", "state": "open"}
        return self._added(promises, **row, **values)

    def keep_promise(self, promise_id: int, owner: str, at: datetime) -> bool:
        broken = promises.c.broken_at.is_not(None)
        kept = (
            sa.update(promises)
            .where(promises.c.id == promise_id, promises.c.kept_at.is_(None))
            .values(kept_at=at, owner=owner, state=sa.case((broken, "broken"), else_="kept"))
        )
        return self._connection.execute(kept).rowcount == 1

    def set_promise(self, promise_id: int, **values: Any) -> None:
        self._set(promises, promise_id, values)

    def remove_promise(self, promise_id: int) -> None:
        self._connection.execute(sa.delete(promises).where(promises.c.id == promise_id))

    def add_visit(self, record: DeskRecord, **values: Any) -> int:
        return self._added(visits, record_id=record.id, **values)

    def set_visit(self, visit_id: int, **values: Any) -> None:
        self._set(visits, visit_id, values)

    def set_stay(
        self, record: DeskRecord, visit_id: int, stay: Stay | None, number: str | None, at: datetime
    ) -> None:
        leave(self._connection, visitors.c.visit_id == visit_id, at)
        if stay is not None:
            theirs = numbers_of(self._connection, record.company_id) | {record.number or "", number or ""}
            arrive(self._connection, stay, theirs - {""}, record.company_id, visit_id)

    def add_complaint(self, record: DeskRecord, **values: Any) -> int:
        return self._added(complaints, record_id=record.id, **values)

    def set_complaint(self, complaint_id: int, **values: Any) -> None:
        self._set(complaints, complaint_id, values)

    def _added(self, table: sa.Table, **values: Any) -> int:
        return int(
            self._connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()
        )

    def _set(self, table: sa.Table, id_: int, values: dict[str, Any]) -> None:
        self._connection.execute(sa.update(table).where(table.c.id == id_).values(values))
