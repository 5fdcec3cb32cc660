"""Who of ours is at a customer's (R40), and by it which calls are ours and no customer's.

One row a telephone. Few are ever there at a time: their calls are looked up from them, never each call among them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import said_plainly
from ivr.adapters.sql_desk_schema import visitors
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import agents, calls, companies, company_numbers
from ivr.policy.stay import MOST_DAYS, Stay
from ivr.service.visitor_ports import ListedStay

_ITS_CALLS = timedelta(days=MOST_DAYS)  # so long after a call what was promised in it may still be counted
_ONE_STAY = ("login", "company_id", "visit_id", "from_at", "until_at")


def our_own_calls(since: datetime | None = None) -> sa.Select[tuple[int]]:
    """The ids of calls of our engineers from customers' telephones; `since` bounds how far back it looks."""
    theirs = sa.select(calls.c.id).join(
        visitors,
        sa.and_(
            calls.c.caller == visitors.c.number,
            calls.c.presented_at >= visitors.c.from_at,
            calls.c.presented_at < visitors.c.until_at,
        ),
    )
    return theirs if since is None else theirs.where(visitors.c.until_at > since - _ITS_CALLS)


def of_customers(call_id: sa.Column[Any], since: datetime | None = None) -> sa.ColumnElement[bool]:
    """Whether the call of that column is a customer's."""
    return call_id.not_in(our_own_calls(since))


def numbers_of(connection: sa.Connection, company_id: int | None) -> set[str]:
    """All its telephones."""
    query = sa.select(company_numbers.c.number).where(company_numbers.c.company_id == company_id)
    return set() if company_id is None else set(connection.execute(query).scalars())


def arrive(
    connection: sa.Connection,
    stay: Stay,
    numbers: Collection[str],
    company_id: int | None,
    visit_id: int | None = None,
) -> int:
    """He is there; at how many telephones."""
    row = {"login": stay.who, "from_at": stay.from_at, "until_at": stay.until_at}
    row |= {"company_id": company_id, "visit_id": visit_id}
    if numbers:
        connection.execute(sa.insert(visitors), [row | {"number": number} for number in sorted(numbers)])
    return len(numbers)


def leave(connection: sa.Connection, which: sa.ColumnElement[bool], at: datetime) -> bool:
    """From then on he is not; until then he was. Whether that changed anything."""
    not_come = sa.delete(visitors).where(which, visitors.c.from_at >= at)
    left = sa.update(visitors).where(which, visitors.c.until_at > at).values(until_at=at)
    return connection.execute(not_come).rowcount + connection.execute(left).rowcount > 0


class SqlVisitors:
    """VisitorBook over one database."""

    def __init__(self, url: str) -> None:
        self._writers = create_engine(url)
        self._readers = read_engine(url)

    def listed(self, now: datetime) -> Sequence[ListedStay]:
        query = (
            sa.select(visitors, agents.c.name, companies.c.name.label("company"))
            .select_from(
                visitors.outerjoin(agents, agents.c.login == visitors.c.login).outerjoin(
                    companies, companies.c.id == visitors.c.company_id
                )
            )
            .where(visitors.c.until_at > now)
            .order_by(visitors.c.from_at, visitors.c.id)
        )
        stays: dict[tuple[Any, ...], list[Any]] = {}
        with said_plainly(), self._readers.begin() as connection:
            for row in connection.execute(query):
                stays.setdefault(tuple(getattr(row, name) for name in _ONE_STAY), []).append(row)
        return [_listed(rows) for rows in stays.values()]

    def enter(self, stay: Stay, company_id: int | None, number: str | None) -> int:
        with said_plainly(), self._writers.begin() as connection:
            numbers = numbers_of(connection, company_id) | ({number} if number else set())
            return arrive(connection, stay, numbers, company_id)

    def end(self, stay_id: int, at: datetime) -> bool:
        with said_plainly(), self._writers.begin() as connection:
            row = connection.execute(sa.select(visitors).where(visitors.c.id == stay_id)).mappings().first()
            if row is None:
                return False
            same = (visitors.c[name].is_not_distinct_from(row[name]) for name in _ONE_STAY)
            return leave(connection, sa.and_(*same), at)


def _listed(rows: Sequence[Any]) -> ListedStay:
    first = rows[0]
    return ListedStay(
        id=first.id,
        stay=Stay(who=first.login, from_at=first.from_at, until_at=first.until_at),
        name=first.name or first.login,
        numbers=[row.number for row in rows],
        company_id=first.company_id,
        company=first.company,
        visit_id=first.visit_id,
    )
