"""Companies and their numbers in SQL, taken in a file at a time: compared, then written in few statements.

A file is written in one transaction, with everything worked out before: calls wait to be written behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_pinyin import pinyin_of
from ivr.adapters.sql_schema import companies, company_numbers
from ivr.service.record_ports import Agreement, ImportCounts

_A_TIME = 5000  # values in one statement
_FACTS = ("tax_bureau", "agreement", "agreement_expires_on")
Row = dict[str, Any]
Bound = sa.BindParameter[Any]


class SqlAgreements:
    """AgreementBook over the tables."""

    def __init__(self, url: str) -> None:
        self._url = url

    def take_in(self, agreements: Sequence[Agreement], *, dry_run: bool) -> ImportCounts:
        reader = reader_at_head(self._url)
        with said_plainly(), reader.begin() as connection:
            changes = _compared(connection, agreements)
        if not dry_run:
            # Another import in between would break a unique key: then this one is rolled back.
            with said_plainly(), create_engine(self._url).begin() as connection:
                _write(connection, changes)
        return changes.counts


@dataclass(frozen=True, kw_only=True)
class _Changes:
    """What has to be written. A number's row has no company_id yet where its company is new."""

    new: list[Agreement]
    sounds: Mapping[str, str]  # of the new ones, by match_name
    changed: list[Row]
    unchanged: int
    added: list[Row]
    renamed: list[Row]
    removed: list[Row]

    @property
    def counts(self) -> ImportCounts:
        new_numbers = sum(len(agreement.numbers) for agreement in self.new)
        return ImportCounts(
            companies_added=len(self.new),
            companies_changed=len(self.changed),
            companies_unchanged=self.unchanged,
            numbers_added=len(self.added) + new_numbers,
            numbers_changed=len(self.renamed),
            numbers_removed=len(self.removed),
        )


def _compared(connection: sa.Connection, agreements: Sequence[Agreement]) -> _Changes:
    stored = _stored(connection, [agreement.match_name for agreement in agreements])
    known = [(agreement, stored[key]) for agreement in agreements if (key := agreement.match_name) in stored]
    changed = [row for agreement, company in known if (row := _changed(agreement, company)) is not None]
    told = {company["id"]: agreement.numbers for agreement, company in known if agreement.numbers}
    wanted = {(number, key): name for key, numbers in told.items() for number, name in numbers.items()}
    held = _held(connection, list(told))
    new = [agreement for agreement in agreements if agreement.match_name not in stored]
    return _Changes(
        new=new,
        sounds={agreement.match_name: pinyin_of(agreement.name) for agreement in new},
        changed=changed,
        unchanged=len(known) - len(changed),
        added=[_number(pair, who) for pair, who in wanted.items() if pair not in held],
        renamed=[
            _number(pair, who)
            for pair, who in wanted.items()
            if pair in held and who not in (None, held[pair])
        ],
        removed=[_number(pair, who) for pair, who in held.items() if pair not in wanted],
    )


def _stored(connection: sa.Connection, match_names: Sequence[str]) -> dict[str, Row]:
    queries = (sa.select(companies).where(companies.c.match_name.in_(some)) for some in _slices(match_names))
    return {row["match_name"]: dict(row) for query in queries for row in connection.execute(query).mappings()}


def _held(connection: sa.Connection, company_ids: Sequence[int]) -> dict[tuple[str, int], str | None]:
    mine = company_numbers.c.company_id
    queries = (sa.select(company_numbers).where(mine.in_(some)) for some in _slices(company_ids))
    return {
        (row.number, row.company_id): row.contact for query in queries for row in connection.execute(query)
    }


def _changed(agreement: Agreement, stored: Row) -> Row | None:
    """The row as the file wants it, None where it is so already."""
    before = {name: stored[name] for name in ("name", *_FACTS)}
    after = before | {"name": agreement.name} | dict(agreement.facts)
    return None if after == before else {"this_id": stored["id"], **after}


def _number(pair: tuple[str, int], contact: str | None) -> Row:
    return {"this_number": pair[0], "this_id": pair[1], "who": contact}


def _write(connection: sa.Connection, changes: _Changes) -> None:
    number: Bound = sa.bindparam("this_number")
    company_id: Bound = sa.bindparam("this_id")
    this_company = companies.c.id == company_id
    this = (company_numbers.c.number == number, company_numbers.c.company_id == company_id)
    facts: dict[str, Any] = {name: sa.bindparam(name) for name in ("name", *_FACTS)}
    pair: dict[str, Any] = {"number": number, "company_id": company_id, "contact": sa.bindparam("who")}
    for statement, rows in (
        (sa.update(companies).where(this_company).values(facts), changes.changed),
        (sa.delete(company_numbers).where(*this), changes.removed),
        (sa.update(company_numbers).where(*this).values(contact=sa.bindparam("who")), changes.renamed),
        (
            sa.insert(company_numbers).values(pair),
            changes.added + _write_new(connection, changes.new, changes.sounds),
        ),
    ):
        if rows:
            connection.execute(statement, rows)


def _write_new(connection: sa.Connection, new: Sequence[Agreement], sounds: Mapping[str, str]) -> list[Row]:
    """The new companies; their numbers are returned, to be written with the others."""
    if not new:
        return []
    rows: list[Row] = [
        {"name": agreement.name, "match_name": agreement.match_name, "pinyin": sounds[agreement.match_name]}
        | {fact: agreement.facts.get(fact) for fact in _FACTS}
        for agreement in new
    ]
    insert = sa.insert(companies).returning(companies.c.id, sort_by_parameter_order=True)
    ids = connection.scalars(insert, rows).all()
    return [
        _number((number, key), who)
        for key, agreement in zip(ids, new, strict=True)
        for number, who in agreement.numbers.items()
    ]


def _slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _A_TIME):
        yield values[start : start + _A_TIME]
