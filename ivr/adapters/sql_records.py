"""The records in SQL: one transaction opens a record and takes its row off the outbox."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import calls, companies, company_numbers, outbox, records
from ivr.service.record_ports import CallOnRecord, Company, NewRecord, RecordUnit

T = TypeVar("T")
OPEN = "open"
_MOST_OPEN_RECORDS = 50  # of a number that rings all day the latest tell enough


class SqlRecords:
    """RecordBook over the tables; make it after the fork that uses it."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, turn=Turn.RECORDS)
        self._readers = read_engine(url)

    def record_of(self, call_id: int) -> int | None:
        with self._readers.connect() as connection:
            return SqlRecordUnit(connection).record_of(call_id)

    def unit(self, work: Callable[[RecordUnit], T]) -> T:
        with self._engine.begin() as connection:
            return work(SqlRecordUnit(connection))


class SqlRecordUnit:
    """RecordUnit inside one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def record_of(self, call_id: int) -> int | None:
        return self._connection.scalar(sa.select(records.c.id).where(records.c.call_id == call_id))

    def call(self, call_id: int) -> CallOnRecord | None:
        query = sa.select(calls.c.id, calls.c.caller, calls.c.served_by).where(calls.c.id == call_id)
        row = self._connection.execute(query).one_or_none()
        return row and CallOnRecord(call_id=row.id, caller=row.caller, served_by=row.served_by)

    def companies_with(self, number: str) -> Sequence[Company]:
        query = (
            sa.select(companies.c.id, companies.c.name, companies.c.tax_bureau)
            .join(company_numbers, company_numbers.c.company_id == companies.c.id)
            .where(company_numbers.c.number == number)
            .order_by(companies.c.id)
        )
        rows = self._connection.execute(query)
        return [Company(id=row.id, name=row.name, tax_bureau=row.tax_bureau) for row in rows]

    def open_records(self, number: str | None, company_id: int | None) -> Sequence[int]:
        same = [
            column == value
            for column, value in ((records.c.number, number), (records.c.company_id, company_id))
            if value is not None
        ]
        if not same:
            return []
        query = sa.select(records.c.id).where(records.c.state == OPEN, sa.or_(*same))
        latest = query.order_by(records.c.id.desc()).limit(_MOST_OPEN_RECORDS)
        return sorted(self._connection.scalars(latest))

    def add(self, record: NewRecord) -> int:
        company = record.company
        row = sa.insert(records).values(
            call_id=record.call_id,
            number=record.number,
            company_id=company and company.id,
            company=company and company.name,
            tax_bureau=company and company.tax_bureau,
            fields="{}",
            open_records=json.dumps(record.open_records),
            owner=record.owner,
            state=OPEN,
            opened_at=record.opened_at,
        )
        (key,) = self._connection.execute(row).inserted_primary_key or (0,)
        return int(key)

    def undone(self, topic: str, limit: int) -> Sequence[int]:
        waiting = sa.select(outbox.c.ref).where(
            outbox.c.done_at.is_(None), outbox.c.topic.concat("") == topic
        )
        return self._connection.scalars(waiting.order_by(outbox.c.id).limit(limit)).all()

    def mark_done(self, topic: str, ref: int, at: datetime) -> None:
        undone = (outbox.c.topic == topic, outbox.c.ref == ref, outbox.c.done_at.is_(None))
        self._connection.execute(sa.update(outbox).where(*undone).values(done_at=at))
