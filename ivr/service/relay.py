"""Rings the doorbell for what the outbox says is still to do, again and again until it is done.

It writes nothing but when it rang: a lost ring, a wiped Redis or an absent worker costs time, never a record. While
Redis is down it does the work itself, one row a turn: slower, and just as certain.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from ivr.service.ports import Clock
from ivr.service.record_ports import Doorbell, DoorbellUnavailableError, Outbox

RING_AGAIN_SECONDS = 5.0
ROWS_A_TURN = 100
ROWS_A_RING = (
    50  # whoever answers a ring does what else waits: a job for every row would be mostly bookkeeping
)
PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Relay:
    """One is enough; two would ring twice and harm nothing."""

    def __init__(
        self, outbox: Outbox, doorbell: Doorbell, clock: Clock, do: Callable[[str, int], None]
    ) -> None:
        self._outbox = outbox
        self._doorbell = doorbell
        self._clock = clock
        self._do = do
        self._trouble: str | None = None
        self._unheard = False  # the last ring was not taken

    def turn(self) -> int:
        """Ring for what is due now; how many rings were taken. Raises DoorbellUnavailableError."""
        now = self._clock.now()
        due = now - timedelta(seconds=RING_AGAIN_SECONDS)
        rung: list[int] = []
        try:
            rows = self._outbox.pending(self._doorbell.topics, due, ROWS_A_TURN)
            seen: Counter[str] = Counter()
            for row in rows:
                if seen[row.topic] % ROWS_A_RING == 0:
                    self._doorbell.ring(row.topic, row.ref)
                seen[row.topic] += 1
                rung.append(row.id)
        finally:
            if rung:
                self._outbox.mark_rung(rung, now)
        return len(rung)

    def do_one(self) -> bool:
        """The row that waits longest, by ourselves; False where nothing waits."""
        for row in self._outbox.pending(self._doorbell.topics, self._clock.now(), 1):
            self._do(row.topic, row.ref)
            return True
        return False

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; slower while something is down."""
        pause = PAUSE_SECONDS
        while not stop.wait(pause):
            pause = PAUSE_SECONDS if self._safe_turn() else min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _safe_turn(self) -> bool:
        try:
            rung = self.turn()
        except DoorbellUnavailableError as error:
            self._unheard = True
            self._tell(f"Redis is down: {error}")
            self._by_hand()
        except Exception as error:  # noqa: BLE001  the relay outlives whatever the database does
            self._tell(f"the outbox cannot be read: {type(error).__name__}")
        else:
            self._unheard = self._unheard and rung == 0  # nothing to ring for says nothing of Redis
            if not self._unheard:
                self._tell(None)
        return self._trouble is None

    def _by_hand(self) -> None:
        try:
            self.do_one()
        except Exception as error:  # noqa: BLE001  likewise; the row stays and is tried again
            _log.warning("a row of the outbox could not be done by hand: %s", type(error).__name__)

    def _tell(self, trouble: str | None) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            _log.info("ringing again")
        else:
            _log.warning("%s; records open slowly, nothing is lost", trouble)
