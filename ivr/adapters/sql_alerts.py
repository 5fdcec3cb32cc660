"""Alerts in SQL: what a manager has to know, with the agent and the call it happened in."""

import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_schema import agents, alerts, rung_phone
from ivr.service.ports import Clock


class SqlAlerts:
    """AlertBook over one database."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = create_engine(url)
        self._clock = clock

    def add(self, kind: str, phone: str) -> None:
        """An alert about whoever has that phone, in the call he is in now."""
        whose = sa.select(agents.c.login, agents.c.call_id).where(
            sa.or_(agents.c.phone == phone, rung_phone() == phone)
        )
        in_a_call_first = whose.order_by(agents.c.call_id.is_(None), agents.c.login).limit(1)
        with self._engine.begin() as connection:
            row = connection.execute(in_a_call_first).one_or_none()
            values = {
                "at": self._clock.now(),
                "kind": kind,
                "agent": row.login if row else None,
                "call_id": row.call_id if row else None,
                "detail": phone,
            }
            connection.execute(sa.insert(alerts), values)
