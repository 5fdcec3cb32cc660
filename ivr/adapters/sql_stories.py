"""Reads one call's story: its events with the rules then in force, and who was in line before it."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_access import reader_at_head, said_plainly
from ivr.adapters.sql_callback_schema import callback_attempts, callback_events, promises
from ivr.adapters.sql_schema import agents, calls, events, rule_sets
from ivr.service.why import StoredCallback, StoredCallbackEvent, StoredEvent, StoredStory

_promised = sa.select(
    *(promises.c[name] for name in ("callback_id", "due_at", "broken_at", "kept_at"))
).where(promises.c.callback_id.is_not(None))
_its: Any = sa.bindparam("callback_id")
_log = (
    sa.select(*(callback_events.c[name] for name in ("at", "kind", "body", "commands")))
    .where(callback_events.c.callback_id == _its)
    .order_by(callback_events.c.id)
)
_stamps = (
    sa.select(callback_attempts.c.served_at)
    .where(callback_attempts.c.callback_id == _its, callback_attempts.c.served_at.is_not(None))
    .order_by(callback_attempts.c.epoch)
)
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
        callback=_callback(connection, row.id),
    )


def _callback(connection: sa.Connection, call_id: int) -> StoredCallback | None:
    """The one promised in it."""
    found = connection.execute(_promised.where(promises.c.call_id == call_id)).mappings().first()
    if found is None:
        return None
    mine = {"callback_id": found["callback_id"]}
    log = connection.execute(_log, mine).mappings()
    stamps = connection.execute(_stamps, mine).scalars()
    events_ = tuple(StoredCallbackEvent(**event) for event in log)
    return StoredCallback(**found, events=events_, spoke_at=tuple(stamps))


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
