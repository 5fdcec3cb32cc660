"""The outbox in SQL, as the relay sees it: reads take no lock, only the ring marks are written."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import outbox
from ivr.service.record_ports import Pending


class SqlOutbox:
    """Outbox over the tables."""

    def __init__(self, url: str) -> None:
        self._readers = read_engine(url)
        self._writers = create_engine(url)

    def pending(self, topics: Collection[str], rung_before: datetime, limit: int) -> Sequence[Pending]:
        query = (
            sa.select(outbox.c.id, outbox.c.topic, outbox.c.ref)
            .where(
                outbox.c.done_at.is_(None),
                sa.or_(outbox.c.rung_at.is_(None), outbox.c.rung_at <= rung_before),
                # Joined to nothing: else SQLite takes the index on topic and reads every row ever done.
                outbox.c.topic.concat("").in_(topics),
            )
            .order_by(outbox.c.rung_at.is_not(None), outbox.c.rung_at, outbox.c.id)
            .limit(limit)
        )
        with self._readers.begin() as connection:
            return [Pending(id=row.id, topic=row.topic, ref=row.ref) for row in connection.execute(query)]

    def mark_rung(self, ids: Collection[int], at: datetime) -> None:
        # Rows somebody else is writing are being done: to wait for them would be to wait in a circle.
        mine = sa.select(outbox.c.id).where(outbox.c.id.in_(ids)).with_for_update(skip_locked=True)
        with self._writers.begin() as connection:
            connection.execute(sa.update(outbox).where(outbox.c.id.in_(mine)).values(rung_at=at))
