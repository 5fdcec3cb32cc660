"""The floor loop: whenever an agent is free and somebody waits, the first in line is fetched to him.

The reservation is committed first, only then is the caller taken out of his music, or a customer called back; a switch
that cannot be told delays him by one stretch of music and nobody else.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ivr.policy.call import Phase
from ivr.policy.events import HungUp, TurnCame
from ivr.policy.floor import Agent, Floor, Waiting
from ivr.policy.rules import Rules
from ivr.service.callback_ports import PlaceOrder
from ivr.service.callbacks import CallbackService
from ivr.service.ports import BookUnavailable, CallBook, CallUnit, Clock, Entry, Switch
from ivr.service.switchboard import apply

POLL_SECONDS = 0.2
GATHER_SECONDS = 0.005
RECONCILE_SECONDS = 5.0
LOST_AFTER_SECONDS = 10.0
LATE_SECONDS = 0.5  # a fetch not sent by then is not sent: the caller comes by himself

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Whose turn it is, committed: callers to be fetched and customers to be called."""

    fetching: list[Entry] = field(default_factory=list)
    orders: list[PlaceOrder] = field(default_factory=list)


class FloorLoop:
    """`switches` by door; `callbacks` are swept also where no customer can be called (any more).

    Signalled in-process, else it looks all 200 ms.
    """

    def __init__(
        self,
        book: CallBook,
        switches: Mapping[str, Switch],
        clock: Clock,
        rules: Rules,
        callbacks: CallbackService | None = None,
    ) -> None:
        self._book = book
        self._switches = switches
        self._clock = clock
        self._rules = rules
        self._callbacks = callbacks
        self._changed = threading.Event()
        self._reconciled_at = datetime.min.replace(tzinfo=clock.now().tzinfo)

    def signal(self) -> None:
        """Something changed: look now."""
        self._changed.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a database that does not answer is tried again. The callbacks are swept beside it."""
        if self._callbacks is not None:
            sweep = self._callbacks.run
            threading.Thread(target=sweep, args=(stop,), name="callbacks", daemon=True).start()
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
        """Fetch, or call back, everybody whose turn it is; how many."""
        now = self._clock.now()
        if not self._book.anything_due(now):
            return 0
        turns = self._book.unit(lambda unit: self._reserve(unit, now))
        for entry in turns.fetching:
            self._fetch(entry, now)
        for order in turns.orders:
            assert self._callbacks is not None
            self._callbacks.place(order)
        return len(turns.fetching) + len(turns.orders)

    def _reserve(self, unit: CallUnit, now: datetime) -> Turns:
        unit.free_agents_due(now)
        floor, turns = unit.floor(), Turns()
        for waiting, agent in floor.assignments(now):
            if waiting.callback_id is not None:
                self._call_back(unit, floor, waiting, agent, turns, now)
                continue
            entry = unit.find_id(waiting.call_id)
            if entry is None or not self._can_fetch(entry):
                break  # he comes by himself; who stands behind him does not overtake
            moved = self._turn_came(unit, entry, now)
            if moved.call.phase is Phase.FETCHING:
                turns.fetching.append(moved)
                _note_idle(unit, agent, waiting.call_id, entry.call.presented_at, now)
        return turns

    def _call_back(
        self, unit: CallUnit, floor: Floor, waiting: Waiting, agent: Agent, turns: Turns, now: datetime
    ) -> None:
        """Claimed in the same transaction in which live callers get their agents; placed after its commit."""
        order = None if self._callbacks is None else self._callbacks.claim(unit, waiting, agent, now)
        if order is None:
            return
        turns.orders.append(order)
        earlier = sum(other.presented_at < waiting.presented_at for other in floor.line)
        if waiting.near_due_at is not None and earlier:
            unit.note_overtaking(order.name.callback_id, now, waiting, earlier)

    def _can_fetch(self, entry: Entry) -> bool:
        """An agent reserved for a caller nobody can fetch would only wait."""
        switch = self._switches.get(entry.contact.door)
        return switch is not None and switch.connected

    def _turn_came(self, unit: CallUnit, entry: Entry, now: datetime) -> Entry:
        moved = apply(unit, entry, TurnCame(at=now), self._rules)
        unit.save(moved)  # before the next one looks at the line
        return moved

    def _fetch(self, entry: Entry, decided_at: datetime) -> None:
        if self._clock.now() - decided_at > timedelta(seconds=LATE_SECONDS):
            log.warning("call %d: too late to fetch, it comes by itself", entry.call.call_id)
            return
        if not self._switches[entry.contact.door].fetch(entry):
            log.warning("call %d: the switch could not be told, it comes by itself", entry.call.call_id)

    def _reconcile_in_time(self) -> None:
        now = self._clock.now()
        if now - self._reconciled_at >= timedelta(seconds=RECONCILE_SECONDS):
            self._reconciled_at = now
            self.reconcile(now)

    def reconcile(self, now: datetime) -> int:
        """End every call its own switch no longer has: its hang-up never reached us. How many."""
        before = now - timedelta(seconds=LOST_AFTER_SECONDS)
        suspects = self._book.unit(lambda unit: unit.unfinished(before))
        lost = [entry for door in self._switches for entry in self._lost(door, suspects)]
        for entry in lost:
            log.warning("call %d: gone from the switch without a hang-up", entry.call.call_id)
            self._book.unit(lambda unit, call_id=entry.call.call_id: self._end(unit, call_id, now))  # type: ignore[misc] # a default binds the loop's value
        return len(lost)

    def _lost(self, door: str, suspects: tuple[Entry, ...]) -> list[Entry]:
        mine = [entry for entry in suspects if entry.contact.door == door]
        live = self._switches[door].live_refs() if mine else None
        return [] if live is None else [entry for entry in mine if entry.contact.ref not in live]

    def _end(self, unit: CallUnit, call_id: int, now: datetime) -> None:
        entry = unit.find_id(call_id)
        if entry is not None and entry.call.phase is not Phase.ENDED:
            unit.save(apply(unit, entry, HungUp(at=now), self._rules))


def _note_idle(unit: CallUnit, agent: Agent, call_id: int, waited_from: datetime, now: datetime) -> None:
    """So long somebody was free while somebody waited: the figure that says whether the floor is quick."""
    if agent.since is not None and (seconds := (now - max(agent.since, waited_from)).total_seconds()) > 0:
        unit.note_idle(agent.login, call_id, now, seconds)
