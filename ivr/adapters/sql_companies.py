"""The company's file out of the tables; reading takes no lock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_callback_schema import OPEN_STATES, callbacks, promises
from ivr.adapters.sql_company_search import companies_like
from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import calls, companies, company_numbers, records
from ivr.service.company_ports import (
    CompanyCall,
    CompanyContact,
    CompanyFile,
    CompanyRecord,
    KnownCompany,
    OpenItem,
)

_NEVER = datetime.max.replace(tzinfo=UTC)
VISITS_OWED = ("requested", "approved", "scheduled")


class SqlCompanies:
    """CompanyBook over one database."""

    def __init__(self, url: str) -> None:
        self._writers = create_engine(url)
        self._readers = read_engine(url)

    def like(self, text: str, most: int) -> Sequence[KnownCompany]:
        with said_plainly(), self._readers.begin() as connection:
            return companies_like(connection, text, most)

    def file(self, company_id: int, most: int) -> CompanyFile | None:
        with said_plainly(), self._readers.begin() as connection:
            this = sa.select(companies).where(companies.c.id == company_id)
            row = connection.execute(this).mappings().one_or_none()
            if row is None:
                return None
            contacts = _contacts(connection, company_id)
            numbers = [each.number for each in contacts]
            return CompanyFile(
                id=row["id"],
                name=row["name"],
                tax_bureau=row["tax_bureau"],
                agreement=row["agreement"],
                agreement_expires_on=row["agreement_expires_on"],
                contacts=contacts,
                records=_records(connection, company_id, most),
                open=_open(connection, company_id, numbers),
                calls=_calls(connection, company_id, numbers, most),
            )

    def set_contact(self, company_id: int, number: str, contact: str | None) -> bool:
        mine = sa.and_(company_numbers.c.company_id == company_id, company_numbers.c.number == number)
        with said_plainly(), self._writers.begin() as connection:
            known = sa.select(companies.c.id).where(companies.c.id == company_id)
            if connection.execute(known).first() is None:
                return False
            if connection.execute(sa.update(company_numbers).where(mine), {"contact": contact}).rowcount == 0:
                row = {"company_id": company_id, "number": number, "contact": contact}
                connection.execute(sa.insert(company_numbers), row)
        return True

    def drop_number(self, company_id: int, number: str) -> bool:
        mine = sa.and_(company_numbers.c.company_id == company_id, company_numbers.c.number == number)
        with said_plainly(), self._writers.begin() as connection:
            return connection.execute(sa.delete(company_numbers).where(mine)).rowcount == 1


def _contacts(connection: sa.Connection, company_id: int) -> list[CompanyContact]:
    query = (
        sa.select(company_numbers.c.number, company_numbers.c.contact)
        .where(company_numbers.c.company_id == company_id)
        .order_by(company_numbers.c.number)
    )
    return [CompanyContact(**row) for row in connection.execute(query).mappings()]


def _records(connection: sa.Connection, company_id: int, most: int) -> list[CompanyRecord]:
    columns = (records.c[name] for name in ("id", "call_id", "opened_at", "symptom", "disposition", "state"))
    owner = sa.func.coalesce(records.c.owner, calls.c.served_by).label("owner")
    query = (
        sa.select(*columns, owner)
        .join(calls, calls.c.id == records.c.call_id)
        .where(records.c.company_id == company_id)
        .order_by(records.c.id.desc())
        .limit(most)
    )
    return [CompanyRecord(**row) for row in connection.execute(query).mappings()]


def _open(connection: sa.Connection, company_id: int, numbers: Sequence[str]) -> list[OpenItem]:
    of_company = sa.select(records.c.id).where(records.c.company_id == company_id)
    owed = [
        *_items(connection, "promise", _promises(of_company)),
        *_items(connection, "visit", _visits(of_company)),
        *_items(connection, "complaint", _complaints(of_company)),
        *_items(connection, "callback", _callbacks(numbers)),
    ]
    return sorted(owed, key=lambda item: (item.due_at or _NEVER, item.kind, item.id))


def _items(connection: sa.Connection, kind: str, query: sa.Select[Any]) -> list[OpenItem]:
    rows: Sequence[Mapping[Any, Any]] = connection.execute(query).mappings().all()
    return [OpenItem(kind=kind, **row) for row in rows]


def _promises(of_company: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(
        promises.c.id,
        promises.c.said_text.label("about"),
        promises.c.owner,
        promises.c.due_at,
        promises.c.state,
        promises.c.record_id,
    ).where(promises.c.record_id.in_(of_company), promises.c.kept_at.is_(None), promises.c.state != "kept")


def _visits(of_company: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(
        visits.c.id,
        visits.c.address.label("about"),
        visits.c.requested_by.label("owner"),
        visits.c.visit_at.label("due_at"),
        visits.c.state,
        visits.c.record_id,
    ).where(visits.c.record_id.in_(of_company), visits.c.state.in_(VISITS_OWED))


def _complaints(of_company: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(
        complaints.c.id,
        complaints.c.said.label("about"),
        complaints.c.owner,
        complaints.c.feedback_due_at.label("due_at"),
        complaints.c.state,
        complaints.c.record_id,
    ).where(complaints.c.record_id.in_(of_company), complaints.c.state != "closed")


def _callbacks(numbers: Sequence[str]) -> sa.Select[Any]:
    return sa.select(
        callbacks.c.id,
        callbacks.c.number.label("about"),
        callbacks.c.second_person.label("owner"),
        callbacks.c.due_at,
        callbacks.c.state,
    ).where(callbacks.c.number.in_(numbers), callbacks.c.state.in_(OPEN_STATES))


def _calls(
    connection: sa.Connection, company_id: int, numbers: Sequence[str], most: int
) -> list[CompanyCall]:
    """From its numbers, and those whose record an agent gave to it."""
    of_records = sa.select(records.c.call_id).where(records.c.company_id == company_id)
    query = (
        sa.select(calls)
        .where(sa.or_(calls.c.caller.in_(numbers), calls.c.id.in_(of_records)))
        .order_by(calls.c.id.desc())
        .limit(most)
    )
    return [_call(row) for row in connection.execute(query).mappings()]


def _call(row: Mapping[Any, Any]) -> CompanyCall:
    served, ended = row["served_at"], row["ended_at"]
    waited = served or ended
    return CompanyCall(
        id=row["id"],
        presented_at=row["presented_at"],
        caller=row["caller"],
        outcome=row["outcome"],
        agent=row["served_by"] or row["agent"],
        wait_seconds=None if waited is None else (waited - row["presented_at"]).total_seconds(),
        talk_seconds=None if served is None or ended is None else (ended - served).total_seconds(),
    )
