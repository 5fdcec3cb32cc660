"""The records in SQL: one transaction opens a record and takes its row off the outbox.

It writes no row that the floor writes too: on PostgreSQL their turns are two, and neither waits for the other.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import calls, companies, company_numbers, outbox, records
from ivr.adapters.sql_statement import Statement
from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.record_ports import CallbackOnRecord, CallOnRecord, Company, NewRecord, RecordUnit

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

    def is_logged(self, callback_id: int) -> bool:
        with self._readers.connect() as connection:
            return _DONE.on(connection, {"topic": LOG_CALLBACK, "ref": callback_id}).first is not None

    def unit(self, work: Callable[[RecordUnit], T]) -> T:
        with self._engine.begin() as connection:
            return work(SqlRecordUnit(connection))


class SqlRecordUnit:
    """RecordUnit inside one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def record_of(self, call_id: int) -> int | None:
        row = _RECORD_OF.on(self._connection, {"call_id": call_id}).first
        return row and int(row.id)

    def call(self, call_id: int) -> CallOnRecord | None:
        row = _CALL.on(self._connection, {"id": call_id}).first
        return row and CallOnRecord(call_id=row.id, caller=row.caller, served_by=row.served_by)

    def companies_with(self, number: str) -> Sequence[Company]:
        rows = _COMPANIES_WITH.on(self._connection, {"number": number}).rows
        return [Company(id=row.id, name=row.name, tax_bureau=row.tax_bureau) for row in rows]

    def open_records(self, number: str | None, company_id: int | None) -> Sequence[int]:
        # to equal null is to equal nothing
        rows = _OPEN_RECORDS.on(self._connection, {"number": number, "company_id": company_id}).rows
        return sorted(row.id for row in rows)

    def add(self, record: NewRecord) -> int:
        company = record.company
        row = {
            "call_id": record.call_id,
            "number": record.number,
            "company_id": company and company.id,
            "company": company and company.name,
            "tax_bureau": company and company.tax_bureau,
            "fields": "{}",
            "open_records": json.dumps(record.open_records),
            "owner": record.owner,
            "state": OPEN,
            "opened_at": record.opened_at,
        }
        return int(_ADD.on(self._connection, row).rows[0].id)

    def callback(self, callback_id: int) -> CallbackOnRecord | None:
        row = _CALLBACK.on(self._connection, {"id": callback_id}).first
        return row and CallbackOnRecord(callback_id=row.id, call_id=row.call_id, number=row.number)

    def know_caller(self, record: NewRecord) -> None:
        company = record.company
        row = {
            "call_id": record.call_id,
            "number": record.number,
            "company_id": company and company.id,
            "company": company and company.name,
            "tax_bureau": company and company.tax_bureau,
            "open_records": json.dumps(record.open_records),
        }
        _KNOW_CALLER.on(self._connection, row)

    def undone(self, topic: str, limit: int) -> Sequence[int]:
        rows = _UNDONE.on(self._connection, {"topic": topic, "most": limit}).rows
        return [row.ref for row in rows]

    def mark_done(self, topic: str, ref: int, at: datetime) -> None:
        _MARK_DONE.on(self._connection, {"topic": topic, "ref": ref, "at": at})


_RECORD_OF = Statement(sa.select(records.c.id).where(records.c.call_id == bindparam("call_id")))
_CALL = Statement(
    sa.select(calls.c.id, calls.c.caller, calls.c.served_by).where(calls.c.id == bindparam("id"))
)
_COMPANIES_WITH = Statement(
    sa.select(companies.c.id, companies.c.name, companies.c.tax_bureau)
    .join(company_numbers, company_numbers.c.company_id == companies.c.id)
    .where(company_numbers.c.number == bindparam("number"))
    .order_by(companies.c.id)
)
_same = sa.or_(
    records.c.number == bindparam("number"),
    records.c.company_id == bindparam("company_id"),
)
_OPEN_RECORDS = Statement(
    sa.select(records.c.id)
    .where(records.c.state == OPEN, _same)
    .order_by(records.c.id.desc())
    .limit(_MOST_OPEN_RECORDS)
)
_columns = "call_id number company_id company tax_bureau fields open_records owner state opened_at"
_ADD = Statement(
    sa.insert(records).values({name: bindparam(name) for name in _columns.split()}).returning(records.c.id)
)
_CALLBACK = Statement(
    sa.select(callbacks.c.id, callbacks.c.call_id, callbacks.c.number).where(
        callbacks.c.id == bindparam("id")
    )
)
_known = "number company_id company tax_bureau open_records"
_KNOW_CALLER = Statement(
    sa.update(records)
    .where(records.c.call_id == bindparam("call_id"), records.c.number.is_(None))
    .values({name: bindparam(name) for name in _known.split()})
)
# Joined to nothing: else SQLite takes the index on topic and reads every row ever done.
_UNDONE = Statement(
    sa.select(outbox.c.ref)
    .where(outbox.c.done_at.is_(None), outbox.c.topic.concat("") == bindparam("topic"))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_its = sa.and_(outbox.c.topic == bindparam("topic"), outbox.c.ref == bindparam("ref"))
_DONE = Statement(sa.select(outbox.c.id).where(_its, outbox.c.done_at.is_not(None)))
_MARK_DONE = Statement(
    sa.update(outbox).where(_its, outbox.c.done_at.is_(None)).values(done_at=bindparam("at"))
)
