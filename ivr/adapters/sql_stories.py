"""Reads one call's story: its events with the rules then in force, and who was in line before it."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_schema import agents, calls, events, rule_sets
from ivr.service.why import StoredEvent, StoredStory

LONGEST_WAIT = timedelta(hours=6)  # nobody presented earlier than that still waits; keeps the look-back short

_events = (
    sa.select(events.c.body, events.c.floor, rule_sets.c.body.label("rules"), events.c.commands)
    .outerjoin(rule_sets, rule_sets.c.digest == events.c.rules)
    .order_by(events.c.id)
)


class SqlStories:
    """StoryBook over the tables; looks at the schema's version once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None

    def story(self, call_id: int) -> StoredStory | None:
        """One call, read in one transaction. Raises DatabaseUnavailableError."""
        if self._engine is None:
            self._engine = reader_at_head(self._url)
        with said_plainly(), self._engine.begin() as connection:
            row = connection.execute(sa.select(calls).where(calls.c.id == call_id)).one_or_none()
            return None if row is None else _story(connection, row)


def _story(connection: sa.Connection, row: sa.Row[Any]) -> StoredStory:
    found = connection.execute(_events.where(events.c.call_id == row.id)).mappings()
    names = connection.execute(sa.select(agents.c.login, agents.c.name))
    return StoredStory(
        call_id=row.id,
        state=row.state,
        caller=row.caller,
        hotline=row.hotline,
        events=tuple(StoredEvent(**event) for event in found),
        earlier=_earlier(connection, row),
        names={agent.login: agent.name for agent in names},
    )


def _earlier(connection: sa.Connection, row: sa.Row[Any]) -> tuple[datetime | None, ...]:
    """When the wait of each call ahead of this one was over: by a person's voice, else by its end."""
    over_at = sa.func.coalesce(calls.c.served_at, calls.c.ended_at, type_=calls.c.ended_at.type)
    before = sa.or_(
        calls.c.presented_at < row.presented_at,
        sa.and_(calls.c.presented_at == row.presented_at, calls.c.id < row.id),
    )
    query = sa.select(over_at).where(
        before,
        calls.c.presented_at > row.presented_at - LONGEST_WAIT,
        sa.or_(over_at.is_(None), over_at > row.presented_at),
    )
    return tuple(connection.execute(query).scalars())
