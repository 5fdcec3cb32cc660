"""A real database of the newest schema, and the few rows these tests begin with."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ivr.adapters import sql_schema as tables
from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_engine import create_engine
from tests.template import at_newest_schema

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine o'clock in Beijing
CALLER = "+8613800138000"


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NINE) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Database:
    """Rows in, rows out."""

    def __init__(self, place: Path | str) -> None:
        """In an SQLite file in that directory, or wherever that URL says."""
        self.url = place if isinstance(place, str) else f"sqlite:///{place / 'hotline.db'}"
        at_newest_schema(self.url)
        self.engine = create_engine(self.url)
        self._refs = count(1)

    def add(self, table: sa.Table, **values: Any) -> Any:
        """The new row's key."""
        with self.engine.begin() as connection:
            return (connection.execute(sa.insert(table).values(values)).inserted_primary_key or (None,))[0]

    def add_call(self, **values: Any) -> int:
        """With its outbox row, as the switchboard writes them."""
        call: dict[str, Any] = {
            "door": "asterisk",
            "ref": f"1764000000.{next(self._refs)}",
            "hotline": "12366",
        }
        call |= {"caller": CALLER, "phase": "ended", "presented_at": NINE, "outcome": "in_progress"}
        call_id: int = self.add(tables.calls, **call | {"state": "{}", "standing": "[]"} | values)
        self.add(tables.outbox, topic="open_record", ref=call_id, created_at=NINE)
        return call_id

    def add_agent(self, login: str, state: str = "available", **values: Any) -> None:
        """Idle since nine."""
        agent: dict[str, Any] = {"login": login, "name": login.title(), "role": "agent", "state": state}
        agent |= {"phone": f"endpoint:{login}", "since": NINE, "idle_since": NINE, "misses": 0, "epoch": 0}
        self.add(tables.agents, **agent | values)

    def agent(self, login: str) -> dict[str, Any]:
        (row,) = (row for row in self.rows(tables.agents) if row["login"] == login)
        return row

    def add_company(self, name: str, *numbers: str, tax_bureau: str | None = None) -> int:
        company: int = self.add(tables.companies, name=name, match_name=name, tax_bureau=tax_bureau)
        for number in numbers:
            self.add(tables.company_numbers, number=number, company_id=company)
        return company

    def add_callback(
        self, call_id: int, number: str = CALLER, due_seconds: float = 1800, **values: Any
    ) -> int:
        """Promised at nine and open."""
        due_at = NINE + timedelta(seconds=due_seconds)
        row = {"call_id": call_id, "number": number, "prefix": number[:9], "state": "pending", "epoch": 0}
        row |= {"presented_at": NINE, "promised_at": NINE, "due_at": due_at, "first_due_at": due_at}
        callback: int = self.add(callbacks, **row | values)
        return callback

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            query = sa.select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(query).mappings()]

    def undone(self) -> list[int]:
        return [row["ref"] for row in self.rows(tables.outbox) if row["done_at"] is None]
