"""How fast the line moves, learnt from the latest calls and callbacks; looked up again every ten seconds.

Nobody waits for it.
"""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from ivr.adapters.sql_call_statements import LATEST
from ivr.adapters.sql_callback_statements import LATEST_TALKS
from ivr.adapters.sql_engine import what_failed
from ivr.policy.wait import Pace
from ivr.policy.wait_inputs import EndedWait, Talk, agents_at_once, ended_wait, pace_of
from ivr.service import codec
from ivr.service.ports import Clock

LATEST_CALLS = 1000
FRESH = timedelta(seconds=10)

_log = logging.getLogger(__name__)


class SqlPace:
    """`wrap_up_seconds` are added to every talk: an agent serves nobody in them."""

    def __init__(self, readers: sa.Engine, clock: Clock, wrap_up_seconds: float) -> None:
        self._readers = readers
        self._clock = clock
        self._wrap_up_seconds = wrap_up_seconds
        self._looking = threading.Lock()
        self._looked_at: datetime | None = None
        self.current = pace_of((), ())

    def refresh(self) -> None:
        """Look again where it is time to; one thread does, the others go on with what is known."""
        now = self._clock.now()
        if self._looked_at is not None and abs(now - self._looked_at) < FRESH:
            return
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._looked_at = now
            self.current = self._learnt()
        except sa.exc.SQLAlchemyError as error:
            _log.warning("the pace of the line stays as it was known: %s", what_failed(error))
        finally:
            self._looking.release()

    def _learnt(self) -> Pace:
        most = {"most": LATEST_CALLS}
        with self._readers.connect() as connection:
            calls = LATEST.on(connection, most).rows
            called_back = LATEST_TALKS.on(connection, most).rows
        ended = [row for row in reversed(calls) if row.ended_at is not None]
        pace = pace_of(tuple(self._talks([*ended, *called_back])), tuple(_waits(ended)))
        return replace(pace, agents=agents_at_once(tuple(_spoken([*ended, *called_back]))))

    def _talks(self, ended: Sequence[Any]) -> Iterator[float]:
        """In the order in which they ended, whoever rang whom."""
        for row in sorted(ended, key=attrgetter("ended_at")):
            if row.served_at is not None:
                yield _seconds(row.served_at, row.ended_at) + self._wrap_up_seconds


def _spoken(ended: Sequence[Any]) -> Iterator[Talk]:
    for row in ended:
        if row.served_at is not None and row.agent is not None:
            yield Talk(agent=row.agent, served_at=row.served_at, ended_at=row.ended_at)


def _waits(ended: Sequence[Any]) -> Iterator[EndedWait]:
    """Of callers who were held; a whole call is only read where one was."""
    for row in ended:
        if json.loads(row.state).get("held_since") is not None:
            wait = ended_wait(codec.call_from_json(row.state))
            if wait is not None:
                yield wait


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)
