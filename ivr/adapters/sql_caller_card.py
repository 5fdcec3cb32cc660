"""The caller's card in SQL: a seat and what is known of a number, each by one statement and an index.

Nothing here takes a lock or writes; the newest few rows tell enough of whoever has thousands.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_callback_schema import OPEN_STATES, callback_attempts, callbacks, promises
from ivr.adapters.sql_desk_schema import complaints, visitors, visits
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import Moment, agents, calls, companies, company_numbers, records
from ivr.adapters.sql_statement import Statement
from ivr.policy.caller_card import EXTENSION_DIGITS, Guess, Why
from ivr.policy.floor import AgentState
from ivr.service.caller_card_ports import (
    CallbackRow,
    CardReader,
    CompanyRow,
    ComplaintRow,
    ContactRow,
    PromiseRow,
    RecordRow,
    Seat,
    VisitRow,
)

_MOST = 8
_OPEN_VISITS = ("requested", "approved", "scheduled")


class SqlCallerCard:
    """CardBook over the tables; make it in the process that uses it."""

    def __init__(self, url: str) -> None:
        self._engine = read_engine(url)

    @contextmanager
    def reader(self) -> Iterator[CardReader]:
        with self._engine.begin() as connection:
            yield SqlCardReader(connection)


class SqlCardReader:
    """CardReader over one reading transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def seat(self, login: str) -> Seat | None:
        row = self._first(_SEAT, login=login)
        if row is None:
            return None
        return Seat(
            login=login,
            state=AgentState(row.state),
            since=row.since,
            until=row.until,
            call=_contact(row, "call"),
            callback_id=row.callback_id,
            knock=_contact(row, "knock"),
            knock_rings=row.knock_until is not None,
        )

    def callback(self, callback_id: int) -> CallbackRow | None:
        return self._callback(_CALLBACK, id=callback_id)

    def open_callback(self, caller: str) -> CallbackRow | None:
        return self._callback(_OPEN_CALLBACK, number=caller)

    def _callback(self, statement: Statement, **values: Any) -> CallbackRow | None:
        row = self._first(statement, **values)
        return row and CallbackRow(
            callback_id=row.id,
            number=row.number,
            promised_at=row.promised_at,
            due_at=row.due_at,
            state=row.state,
            attempt=row.epoch,
            tried=row.tried,
            said_text=row.said_text,
        )

    def companies_with(self, number: str) -> Sequence[CompanyRow]:
        return [_company(row) for row in self._rows(_COMPANIES_WITH, number=number)]

    def companies_between(self, low: str, high: str) -> Sequence[Guess]:
        rows = self._rows(_COMPANIES_BETWEEN, low=low, high=high)
        return [Guess(company_id=row.id, name=row.name, why=Why.SWITCHBOARD) for row in rows]

    def companies_of_any(self, numbers: Sequence[str]) -> Sequence[Guess]:
        asked = [*numbers, *[""] * EXTENSION_DIGITS][:EXTENSION_DIGITS]
        rows = self._rows(_COMPANIES_OF_ANY, **{f"number_{n}": number for n, number in enumerate(asked)})
        return [Guess(company_id=row.id, name=row.name, why=Why.EXTENSION) for row in rows]

    def company(self, company_id: int) -> CompanyRow | None:
        row = self._first(_COMPANY, id=company_id)
        return row and _company(row)

    def chosen_company(self, call_id: int) -> int | None:
        row = self._first(_CHOSEN, call_id=call_id)
        return row and row.company_id

    def records(self, caller: str, company_id: int | None, besides: int) -> Sequence[RecordRow]:
        of_number = self._rows(_RECORDS_OF_NUMBER, number=caller, besides=besides)
        of_company = self._of_company(_RECORDS_OF_COMPANY, company_id, besides=besides)
        found = {row.id: row for row in (*of_number, *of_company)}
        return [_record(found[key]) for key in sorted(found, reverse=True)[:_MOST]]

    def calls_since(self, caller: str, since: datetime) -> int:
        return int(self._rows(_CALLS_SINCE, caller=caller, since=since)[0].n)

    def promises(self, caller: str, company_id: int | None) -> Sequence[PromiseRow]:
        rows = [
            *self._rows(_PROMISED_CALLBACKS, number=caller),
            *self._rows(_PROMISES_OF_NUMBER, number=caller),
            *self._of_company(_PROMISES_OF_COMPANY, company_id),
        ]
        found = {row.id: row for row in rows}
        return [
            PromiseRow(promise_id=row.id, due_at=row.due_at, owner=row.owner, said_text=row.said_text)
            for row in sorted(found.values(), key=lambda row: (row.due_at, row.id))
        ]

    def complaints(self, caller: str, company_id: int | None) -> Sequence[ComplaintRow]:
        of_company = self._of_company(_COMPLAINTS_OF_COMPANY, company_id)
        rows = {row.id: row for row in (*self._rows(_COMPLAINTS_OF_NUMBER, number=caller), *of_company)}
        return [
            ComplaintRow(
                complaint_id=row.id,
                record_id=row.record_id,
                feedback_due_at=row.feedback_due_at,
                owner=row.owner,
            )
            for row in sorted(rows.values(), key=lambda row: (row.feedback_due_at, row.id))
        ]

    def visits(self, caller: str, company_id: int | None) -> Sequence[VisitRow]:
        of_company = self._of_company(_VISITS_OF_COMPANY, company_id)
        rows = {row.id: row for row in (*self._rows(_VISITS_OF_NUMBER, number=caller), *of_company)}
        return [
            VisitRow(visit_id=row.id, record_id=row.record_id, state=row.state, visit_at=row.visit_at)
            for _, row in sorted(rows.items())
        ]

    def visitor(self, number: str, now: datetime) -> str | None:
        row = self._first(_VISITOR, number=number, now=now)
        return row and str(row.name)

    def _rows(self, statement: Statement, **values: Any) -> Sequence[Any]:
        return statement.on(self._connection, values).rows

    def _first(self, statement: Statement, **values: Any) -> Any | None:
        return statement.on(self._connection, values).first

    def _of_company(self, statement: Statement, company_id: int | None, **values: Any) -> Sequence[Any]:
        return () if company_id is None else self._rows(statement, company_id=company_id, **values)


def _contact(row: Any, name: str) -> ContactRow | None:
    call_id = getattr(row, f"{name}_id")
    if call_id is None:
        return None
    told = {column: getattr(row, f"{name}_{column}") for column in _TOLD}
    return ContactRow(call_id=call_id, **told)


def _company(row: Any) -> CompanyRow:
    return CompanyRow(
        company_id=row.id,
        name=row.name,
        agreement=row.agreement,
        expires_on=row.agreement_expires_on,
        tax_bureau=row.tax_bureau,
        contact=row.contact,
    )


def _record(row: Any) -> RecordRow:
    return RecordRow(
        record_id=row.id,
        call_id=row.call_id,
        opened_at=row.opened_at,
        state=row.state,
        disposition=row.disposition,
        symptom=row.symptom,
        owner=row.owner,
        company_id=row.company_id,
        company=row.company,
    )


def _newest(columns: Sequence[Any], table: Any, *where: Any, joined: Any = None) -> Statement:
    chosen = sa.select(*columns).select_from(table if joined is None else joined)
    return Statement(chosen.where(*where).order_by(table.c.id.desc()).limit(_MOST))


# ---- the seat -----------------------------------------------------------------------------------------------------

_TOLD = ("ref", "caller", "phase", "presented_at", "greeted_at", "greeted_by", "served_at", "state")
_call, _knock = calls.alias("his_call"), calls.alias("his_knock")
_SEAT = Statement(
    sa.select(
        *(agents.c[name] for name in ("state", "since", "until", "callback_id", "knock_until")),
        *(
            its.c[column].label(f"{name}_{column}")
            for name, its in (("call", _call), ("knock", _knock))
            for column in ("id", *_TOLD)
        ),
    )
    .outerjoin(_call, _call.c.id == agents.c.call_id)
    .outerjoin(_knock, _knock.c.id == agents.c.knock_call_id)
    .where(agents.c.login == bindparam("login"))
)

# ---- callbacks ------------------------------------------------------------------------------------------------------

_tried = (
    sa.select(sa.func.count())
    .where(callback_attempts.c.callback_id == callbacks.c.id, callback_attempts.c.result.is_not(None))
    .scalar_subquery()
)
_words = (
    sa.select(promises.c.said_text)
    .where(promises.c.callback_id == callbacks.c.id)
    .order_by(promises.c.id)
    .limit(1)
    .scalar_subquery()
)
_shown = sa.select(
    *(callbacks.c[name] for name in ("id", "number", "promised_at", "due_at", "state", "epoch")),
    _tried.label("tried"),
    _words.label("said_text"),
)
_CALLBACK = Statement(_shown.where(callbacks.c.id == bindparam("id")))
_OPEN_CALLBACK = Statement(
    _shown.where(
        callbacks.c.number == bindparam("number"),
        sa.or_(*(callbacks.c.state == state for state in OPEN_STATES)),
    ).limit(1)
)

# ---- whose number ------------------------------------------------------------------------------------------------

_facts = ("id", "name", "agreement", "agreement_expires_on", "tax_bureau")
_listed = companies.join(company_numbers, company_numbers.c.company_id == companies.c.id)
_COMPANIES_WITH = Statement(
    sa.select(*(companies.c[name] for name in _facts), company_numbers.c.contact)
    .select_from(_listed)
    .where(company_numbers.c.number == bindparam("number"))
    .order_by(companies.c.id)
    .limit(_MOST)
)
_COMPANY = Statement(
    sa.select(*(companies.c[name] for name in _facts), sa.null().label("contact")).where(
        companies.c.id == bindparam("id")
    )
)
_guess = sa.select(companies.c.id, companies.c.name).select_from(_listed)
_COMPANIES_BETWEEN = Statement(
    _guess.where(company_numbers.c.number.between(bindparam("low"), bindparam("high")))
    .order_by(company_numbers.c.number, companies.c.id)
    .limit(_MOST)
)
_COMPANIES_OF_ANY = Statement(
    _guess.where(
        sa.or_(*(company_numbers.c.number == bindparam(f"number_{n}") for n in range(EXTENSION_DIGITS)))
    )
    .order_by(company_numbers.c.number.desc(), companies.c.id)
    .limit(_MOST)
)
_CHOSEN = Statement(sa.select(records.c.company_id).where(records.c.call_id == bindparam("call_id")))

# ---- what was before ----------------------------------------------------------------------------------------------

_of_number = records.c.number == bindparam("number")
_of_company = records.c.company_id == bindparam("company_id")
_told_of = "id call_id opened_at state disposition symptom owner company_id company"
_earlier = [records.c[name] for name in _told_of.split()]
_others = records.c.call_id != bindparam("besides")
_RECORDS_OF_NUMBER = _newest(_earlier, records, _of_number, _others)
_RECORDS_OF_COMPANY = _newest(_earlier, records, _of_company, _others)
_CALLS_SINCE = Statement(
    sa.select(sa.func.count().label("n"))
    .select_from(calls)
    .where(calls.c.caller == bindparam("caller"), calls.c.presented_at >= bindparam("since", type_=Moment()))
)


def _named(owner: Any) -> Any:
    """As the customer is told it: by name; a login that is nobody's any more stays one."""
    name = sa.select(agents.c.name).where(agents.c.login == owner).scalar_subquery()
    return sa.func.coalesce(name, owner).label("owner")


_promise = [*(promises.c[name] for name in ("id", "due_at", "said_text")), _named(promises.c.owner)]
_unkept = promises.c.kept_at.is_(None)
_its_record = promises.join(records, records.c.id == promises.c.record_id)
_its_callback = promises.join(callbacks, callbacks.c.id == promises.c.callback_id)
_PROMISED_CALLBACKS = _newest(
    _promise, promises, callbacks.c.number == bindparam("number"), _unkept, joined=_its_callback
)
_PROMISES_OF_NUMBER = _newest(_promise, promises, _of_number, _unkept, joined=_its_record)
_PROMISES_OF_COMPANY = _newest(_promise, promises, _of_company, _unkept, joined=_its_record)
_complaint = [
    *(complaints.c[name] for name in ("id", "record_id", "feedback_due_at")),
    _named(complaints.c.owner),
]
_open = complaints.c.state != "closed"
_complained = complaints.join(records, records.c.id == complaints.c.record_id)
_COMPLAINTS_OF_NUMBER = _newest(_complaint, complaints, _of_number, _open, joined=_complained)
_COMPLAINTS_OF_COMPANY = _newest(_complaint, complaints, _of_company, _open, joined=_complained)
_visit = [visits.c[name] for name in ("id", "record_id", "state", "visit_at")]
_still = sa.or_(*(visits.c.state == state for state in _OPEN_VISITS))
_visited = visits.join(records, records.c.id == visits.c.record_id)
_VISITS_OF_NUMBER = _newest(_visit, visits, _of_number, _still, joined=_visited)
_VISITS_OF_COMPANY = _newest(_visit, visits, _of_company, _still, joined=_visited)
_VISITOR = Statement(
    sa.select(sa.func.coalesce(agents.c.name, visitors.c.login).label("name"))
    .select_from(visitors.outerjoin(agents, agents.c.login == visitors.c.login))
    .where(
        visitors.c.number == bindparam("number"),
        visitors.c.from_at <= bindparam("now", type_=Moment()),
        visitors.c.until_at > bindparam("now", type_=Moment()),
    )
    .order_by(visitors.c.id.desc())
    .limit(1)
)
