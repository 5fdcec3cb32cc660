"""Recordings in SQL: whose talk each was, and who has heard it. A row outlives its file."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks
from ivr.adapters.sql_desk_schema import audit, recordings
from ivr.adapters.sql_engine import create_engine, read_engine
from ivr.adapters.sql_schema import calls, records
from ivr.service.ports import Clock
from ivr.service.recording_ports import RecordedFile, Recording

PLAYED: Final = "recording_played"
_GOES_ON_WITHIN: Final = timedelta(minutes=10)
_MOST: Final = 200


class SqlRecordings:
    """RecordingBook over one database."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = create_engine(url)
        self._readers = read_engine(url)
        self._clock = clock

    def known(self) -> frozenset[str]:
        """See RecordingBook."""
        with self._readers.connect() as connection:
            there = sa.select(recordings.c.file).where(recordings.c.removed_at.is_(None))
            return frozenset(connection.execute(there).scalars())

    def add(self, file: RecordedFile) -> bool:
        """See RecordingBook; twice is once."""
        with self._engine.begin() as connection:
            talk = connection.execute(_talk_of(file)).mappings().one_or_none()
            if talk is None:
                return False
            there = sa.select(recordings.c.id).where(recordings.c.file == file.name)
            if connection.execute(there).first() is None:
                row = {**talk, "started_at": file.started_at, "file": file.name}
                connection.execute(sa.insert(recordings), row)
        return True

    def older_than(self, moment: datetime) -> tuple[Recording, ...]:
        """See RecordingBook."""
        old = sa.and_(recordings.c.removed_at.is_(None), recordings.c.started_at < moment)
        return self._found(sa.select(recordings).where(old).order_by(recordings.c.started_at).limit(_MOST))

    def removed(self, recording_id: int) -> None:
        """See RecordingBook."""
        mine = sa.update(recordings).where(recordings.c.id == recording_id, recordings.c.removed_at.is_(None))
        with self._engine.begin() as connection:
            connection.execute(mine.values(removed_at=self._clock.now()))

    def find(self, recording_id: int) -> Recording | None:
        """See RecordingBook."""
        return next(iter(self._found(sa.select(recordings).where(recordings.c.id == recording_id))), None)

    def of_record(self, record_id: int) -> tuple[Recording, ...]:
        """See RecordingBook."""
        its = sa.select(records.c.call_id).where(records.c.id == record_id).scalar_subquery()
        talks = sa.select(recordings).where(recordings.c.call_id == its)
        return self._found(talks.order_by(recordings.c.started_at, recordings.c.id))

    def played(self, login: str, recording_id: int, *, goes_on: bool) -> None:
        """See RecordingBook."""
        now, about = self._clock.now(), f"recording:{recording_id}"
        lately = sa.select(audit.c.id).where(
            audit.c.login == login,
            audit.c.action == PLAYED,
            audit.c.about == about,
            audit.c.at >= now - _GOES_ON_WITHIN,
        )
        with self._engine.begin() as connection:
            if goes_on and connection.execute(lately.limit(1)).first() is not None:
                return
            connection.execute(
                sa.insert(audit), {"at": now, "login": login, "action": PLAYED, "about": about}
            )

    def _found(self, question: sa.Select[Any]) -> tuple[Recording, ...]:
        with self._readers.connect() as connection:
            return tuple(map(_recording, connection.execute(question)))


def _talk_of(file: RecordedFile) -> sa.Select[Any]:
    """call_id, callback_id and agent of what was recorded."""
    if file.attempt is None:
        door = "twilio" if (file.ref or "").startswith("CA") else "asterisk"
        mine = sa.and_(calls.c.door == door, calls.c.ref == file.ref)
        agent = sa.func.coalesce(calls.c.served_by, calls.c.agent)
        return sa.select(calls.c.id.label("call_id"), agent.label("agent")).where(mine)
    its = callbacks.c.id == file.attempt.callback_id
    tried = sa.and_(
        callback_attempts.c.callback_id == callbacks.c.id, callback_attempts.c.nonce == file.attempt.nonce
    )
    agent = sa.func.coalesce(callback_attempts.c.agent, callbacks.c.agent)
    columns = (callbacks.c.call_id, callbacks.c.id.label("callback_id"), agent.label("agent"))
    return sa.select(*columns).select_from(callbacks.outerjoin(callback_attempts, tried)).where(its)


def _recording(row: Any) -> Recording:
    return Recording(
        recording_id=row.id,
        call_id=row.call_id,
        agent=row.agent,
        started_at=row.started_at,
        file=row.file,
        removed_at=row.removed_at,
    )
