"""Who did what to what, in SQL: rows are added and never changed. Numbers are masked before they are written."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import audit
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.policy.masking import masked


class SqlAudit:
    """AuditBook over one database."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)

    def note(
        self, at: datetime, login: str, action: str, about: str | None = None, detail: str | None = None
    ) -> None:
        """One row; `about` reads kind:id."""
        row = {"at": at, "login": login, "action": action, "about": about}
        with self._engine.begin() as connection:
            connection.execute(
                sa.insert(audit), {**row, "detail": None if detail is None else masked(detail)}
            )

    def page(self, before: int | None, size: int) -> list[dict[str, Any]]:
        """The newest first, those with a smaller id than `before`."""
        query = sa.select(audit).order_by(audit.c.id.desc()).limit(size)
        if before is not None:
            query = query.where(audit.c.id < before)
        with self._readers.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
