"""A statement spelled once does what SQLAlchemy's own execution of it would do, on either database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_schema import alerts
from ivr.adapters.sql_statement import Statement, told

AT = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
NAMES = ("at", "kind", "agent", "call_id")
ADD = Statement(sa.insert(alerts).values({name: bindparam(name) for name in NAMES}).returning(alerts.c.id))
OF_KIND = Statement(
    sa.select(alerts).where(alerts.c.kind == bindparam("kind")).order_by(alerts.c.id).limit(bindparam("most"))
)
FIXED = Statement(sa.select(alerts.c.agent, alerts.c.at).where(alerts.c.kind == "one", alerts.c.at >= AT))
RENAME = Statement(sa.update(alerts).where(alerts.c.kind == bindparam("old")).values(kind=bindparam("new")))
TEXT = Statement(sa.text("DELETE FROM alerts WHERE kind = :kind"))


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    engine = create_engine(url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def row(kind: str = "one", agent: str | None = "王芳") -> dict[str, object]:
    return {"at": AT, "kind": kind, "agent": agent, "call_id": None}


def test_values_are_converted_on_the_way_in_and_out(connection: sa.Connection) -> None:
    number = ADD.on(connection, row()).rows[0].id
    found = OF_KIND.on(connection, {"kind": "one", "most": 5}).first
    assert found is not None
    assert (found.id, found.at, found.kind, found.agent, found.call_id) == (number, AT, "one", "王芳", None)
    assert found.at.tzinfo is not None
    assert connection.execute(sa.select(alerts.c.at)).scalar_one() == AT, "as SQLAlchemy reads it"


def test_values_that_stand_in_the_statement_are_converted_too(connection: sa.Connection) -> None:
    ADD.on(connection, row())
    assert [tuple(found) for found in FIXED.on(connection).rows] == [("王芳", AT)]


def test_an_update_counts_and_brings_no_rows(connection: sa.Connection) -> None:
    for _ in range(2):
        ADD.on(connection, row())
    result = RENAME.on(connection, {"old": "one", "new": "two"})
    assert (result.rowcount, list(result.rows), result.first) == (2, [], None)
    assert TEXT.on(connection, {"kind": "two"}).rowcount == 2


def test_it_stands_in_the_transaction_of_its_connection(connection: sa.Connection) -> None:
    with connection.begin():
        ADD.on(connection, row("kept"))
        told(connection, "SAVEPOINT here")
        ADD.on(connection, row("dropped"))
        told(connection, "ROLLBACK TO SAVEPOINT here")
    with connection.begin() as whole:
        ADD.on(connection, row("gone"))
        whole.rollback()
    assert [found.kind for found in connection.execute(sa.select(alerts.c.kind))] == ["kept"]


def test_a_refusal_has_sqlalchemys_name_and_never_the_values(connection: sa.Connection) -> None:
    with pytest.raises(sa.exc.IntegrityError) as refused:
        ADD.on(connection, {**row(agent="13800138000"), "kind": None})
    assert "13800138000" not in str(refused.value).partition("DETAIL")[0]


def test_a_value_not_given_is_named(connection: sa.Connection) -> None:
    with pytest.raises(KeyError, match="most"):
        OF_KIND.on(connection, {"kind": "one"})


def test_a_text_that_changes_with_its_values_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(ValueError, match="changes with its values"):
        Statement(sa.select(alerts).where(alerts.c.kind.in_(("one", "two")))).on(connection)
