"""A hotline of many years: companies, their numbers, calls and records, written as fast as a database takes them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ivr.adapters import sql_schema as tables
from ivr.adapters.sql_engine import create_engine
from tests.adapters.rows import NINE

A_TIME = 5_000


def number_of(company: int) -> str:
    """Its only one, a mobile."""
    return f"+86138{company:08d}"


def load_many(url: str, companies: int, calls: int) -> None:
    """Calls come from the companies in turn, one a minute until nine; each has left a record."""
    engine = create_engine(url)
    first = NINE - timedelta(minutes=calls)
    ids = range(1, companies + 1)
    _write(
        engine,
        tables.companies,
        ({"id": n, "name": f"第{n}家公司", "match_name": f"company {n}", "agreement": "A"} for n in ids),
    )
    _write(engine, tables.company_numbers, ({"number": number_of(n), "company_id": n} for n in ids))
    told = {"door": "asterisk", "hotline": "12366", "phase": "ended", "state": "{}", "standing": "[]"}
    _write(
        engine,
        tables.calls,
        (
            told
            | {
                "ref": f"many.{n}",
                "caller": number_of(n % companies + 1),
                "presented_at": first + timedelta(minutes=n),
                "line_at": first + timedelta(minutes=n),
                "outcome": "served" if n % 10 else "abandoned",
                "served_at": first + timedelta(minutes=n) if n % 10 else None,
                "id": n + 1,
            }
            for n in range(calls)
        ),
    )
    kept = {"fields": "{}", "open_records": "[]", "state": "closed", "symptom": "打印机"}
    _write(
        engine,
        tables.records,
        (
            kept
            | {
                "call_id": n + 1,
                "number": number_of(n % companies + 1),
                "company_id": n % companies + 1,
                "opened_at": first + timedelta(minutes=n),
            }
            for n in range(calls)
        ),
    )
    engine.dispose()


def _write(engine: sa.Engine, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    for part in _parts(rows):
        with engine.begin() as connection:
            connection.execute(sa.insert(table), part)


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == A_TIME:
            yield part
            part = []
    if part:
        yield part
