"""Companies and their numbers in SQL, taken in a file at a time: compared, then written in few statements.

A whole file is one transaction, so it has to be short: calls are waiting to be written down behind it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_schema import companies, company_numbers
from ivr.service.record_ports import Agreement, ImportCounts

_A_TIME = 500  # values in one statement
_FACTS = ("tax_bureau", "agreement", "agreement_expires_on")
Row = dict[str, Any]


class SqlAgreements:
    """AgreementBook over the tables."""

    def __init__(self, url: str) -> None:
        self._url = url

    def take_in(self, agreements: Sequence[Agreement], *, dry_run: bool) -> ImportCounts:
        reader_at_head(self._url).dispose()
        engine = create_engine(self._url)
        with said_plainly(), engine.connect() as connection, connection.begin() as transaction:
            counts = _take_in(connection, agreements)
            if dry_run:
                transaction.rollback()
        return counts


def _take_in(connection: sa.Connection, agreements: Sequence[Agreement]) -> ImportCounts:
    stored = _stored(connection, agreements)
    new = [agreement for agreement in agreements if agreement.match_name not in stored]
    changed = [
        _changed(agreement, stored[agreement.match_name])
        for agreement in agreements
        if agreement.match_name in stored
    ]
    changes = [row for row in changed if row is not None]
    _insert(connection, companies, [_new_company(agreement) for agreement in new])
    if changes:
        named: dict[str, Any] = {name: sa.bindparam(name) for name in ("name", *_FACTS)}
        update = sa.update(companies).where(companies.c.id == sa.bindparam("company")).values(named)
        connection.execute(update, changes)
    added, renamed, removed = _take_in_numbers(connection, agreements)
    return ImportCounts(
        companies_added=len(new),
        companies_changed=len(changes),
        companies_unchanged=len(changed) - len(changes),
        numbers_added=added,
        numbers_changed=renamed,
        numbers_removed=removed,
    )


def _stored(connection: sa.Connection, agreements: Sequence[Agreement]) -> dict[str, Row]:
    names = [agreement.match_name for agreement in agreements]
    queries = (sa.select(companies).where(companies.c.match_name.in_(some)) for some in _slices(names))
    return {row["match_name"]: dict(row) for query in queries for row in connection.execute(query).mappings()}


def _new_company(agreement: Agreement) -> Row:
    facts = {fact: agreement.facts.get(fact) for fact in _FACTS}
    return {"name": agreement.name, "match_name": agreement.match_name, **facts}


def _changed(agreement: Agreement, stored: Row) -> Row | None:
    """The row as the file wants it, None where it is so already."""
    before = {name: stored[name] for name in ("name", *_FACTS)}
    after = before | {"name": agreement.name} | dict(agreement.facts)
    return None if after == before else {"company": stored["id"], **after}


def _take_in_numbers(connection: sa.Connection, agreements: Sequence[Agreement]) -> tuple[int, int, int]:
    """How many were added, given another contact, removed."""
    ids = {name: row["id"] for name, row in _stored(connection, agreements).items()}
    told = {ids[agreement.match_name]: agreement.numbers for agreement in agreements if agreement.numbers}
    wanted = {(number, key): name for key, numbers in told.items() for number, name in numbers.items()}
    held = _held(connection, list(told))
    added = [pair for pair in wanted if pair not in held]
    renamed = [pair for pair in wanted if pair in held and wanted[pair] not in (None, held[pair])]
    removed = [pair for pair in held if pair not in wanted]
    _insert(connection, company_numbers, [_number(pair, wanted[pair]) for pair in added])
    this = (company_numbers.c.number == sa.bindparam("n"), company_numbers.c.company_id == sa.bindparam("c"))
    if renamed:
        update = sa.update(company_numbers).where(*this).values(contact=sa.bindparam("who"))
        connection.execute(update, [{"n": pair[0], "c": pair[1], "who": wanted[pair]} for pair in renamed])
    if removed:
        delete = sa.delete(company_numbers).where(*this)
        connection.execute(delete, [{"n": pair[0], "c": pair[1]} for pair in removed])
    return len(added), len(renamed), len(removed)


def _held(connection: sa.Connection, company_ids: Sequence[int]) -> dict[tuple[str, int], str | None]:
    mine = company_numbers.c.company_id
    queries = (sa.select(company_numbers).where(mine.in_(some)) for some in _slices(company_ids))
    return {
        (row.number, row.company_id): row.contact for query in queries for row in connection.execute(query)
    }


def _number(pair: tuple[str, int], contact: str | None) -> Row:
    return {"number": pair[0], "company_id": pair[1], "contact": contact}


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _A_TIME):
        yield values[start : start + _A_TIME]
