"""Clauses that statements of several kinds are made of."""

from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_schema import Moment


def moment(name: str) -> Any:
    """A moment that is given when the statement is carried out."""
    return sa.bindparam(name, type_=Moment())


def insert(table: sa.Table, names: str) -> sa.Insert:
    """Those columns, by names with blanks between them; each is given when the statement is carried out."""
    return sa.insert(table).values({name: sa.bindparam(name) for name in names.split()})
