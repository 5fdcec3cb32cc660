"""The floor loop: whenever an agent is free and somebody waits, the first in line is fetched to him.

The reservation is committed first, only then is the caller taken out of his music; a switch that cannot be told
delays him by one stretch of music and nobody else.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ivr.policy.call import Phase
from ivr.policy.events import HungUp, TurnCame
from ivr.policy.rules import Rules
from ivr.service.ports import BookUnavailable, CallBook, CallUnit, Clock, Entry, Switch
from ivr.service.switchboard import apply

POLL_SECONDS = 0.2
GATHER_SECONDS = 0.005
RECONCILE_SECONDS = 5.0
LOST_AFTER_SECONDS = 10.0
LATE_SECONDS = 0.5  # a fetch not sent by then is not sent: the caller comes by himself

log = logging.getLogger(__name__)


class FloorLoop:
    """Owns the switch's action connection; signalled in-process, else it looks every 200 ms."""

    def __init__(self, book: CallBook, switch: Switch, clock: Clock, rules: Rules) -> None:
        self._book = book
        self._switch = switch
        self._clock = clock
        self._rules = rules
        self._changed = threading.Event()
        self._reconciled_at = datetime.min.replace(tzinfo=clock.now().tzinfo)

    def signal(self) -> None:
        """Something changed: look now."""
        self._changed.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a database that does not answer is tried again."""
        while not stop.is_set():
            self._changed.wait(POLL_SECONDS)
            stop.wait(GATHER_SECONDS)  # what changes at the same time is looked at once
            self._changed.clear()
            self._guarded(self.turn)
            self._guarded(self._reconcile_in_time)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BookUnavailable:
            log.warning("the call book does not answer; the floor looks again in %.1f s", POLL_SECONDS)
        except Exception:
            log.exception("the floor stumbled; it goes on")

    def turn(self) -> int:
        """Fetch everybody whose turn it is; how many."""
        now = self._clock.now()
        if not self._book.anything_due(now):
            return 0
        if not self._switch.connected:  # an agent reserved for a caller nobody can fetch would only wait
            self._book.unit(lambda unit: unit.free_agents_due(now))
            return 0
        fetched = self._book.unit(lambda unit: self._reserve(unit, now))
        for entry in fetched:
            self._fetch(entry, now)
        return len(fetched)

    def _reserve(self, unit: CallUnit, now: datetime) -> tuple[Entry, ...]:
        unit.free_agents_due(now)
        turns = unit.floor().assignments(now)
        found = (unit.find_id(waiting.call_id) for waiting, _agent in turns)
        moved = (self._turn_came(unit, entry, now) for entry in found if entry is not None)
        return tuple(entry for entry in moved if entry.call.phase is Phase.FETCHING)

    def _turn_came(self, unit: CallUnit, entry: Entry, now: datetime) -> Entry:
        moved = apply(unit, entry, TurnCame(at=now), self._rules)
        unit.save(moved)  # before the next one looks at the line
        return moved

    def _fetch(self, entry: Entry, decided_at: datetime) -> None:
        if self._clock.now() - decided_at > timedelta(seconds=LATE_SECONDS):
            log.warning("call %d: too late to fetch, it comes by itself", entry.call.call_id)
            return
        channel = entry.contact.channel
        if channel is None or not self._switch.fetch(channel):
            log.warning("call %d: the switch could not be told, it comes by itself", entry.call.call_id)

    def _reconcile_in_time(self) -> None:
        now = self._clock.now()
        if now - self._reconciled_at >= timedelta(seconds=RECONCILE_SECONDS):
            self._reconciled_at = now
            self.reconcile(now)

    def reconcile(self, now: datetime) -> int:
        """End every call the switch no longer has: its hang-up never reached us. How many."""
        before = now - timedelta(seconds=LOST_AFTER_SECONDS)
        suspects = self._book.unit(lambda unit: unit.unfinished(before))
        live = self._switch.live_refs() if suspects else None
        if live is None:
            return 0
        lost = [entry for entry in suspects if entry.contact.ref not in live]
        for entry in lost:
            log.warning("call %d: gone from the switch without a hang-up", entry.call.call_id)
            self._book.unit(lambda unit, call_id=entry.call.call_id: self._end(unit, call_id, now))  # type: ignore[misc] # a default binds the loop's value
        return len(lost)

    def _end(self, unit: CallUnit, call_id: int, now: datetime) -> None:
        entry = unit.find_id(call_id)
        if entry is not None and entry.call.phase is not Phase.ENDED:
            unit.save(apply(unit, entry, HungUp(at=now), self._rules))
