"""One writer for a process: units of work run one after the other and share their commits.

Each unit stands in a savepoint of its own, so one that fails takes nothing with it, and nobody is released before
the COMMIT that makes his unit durable. That is how one fsync serves many callers at once.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar

import sqlalchemy as sa

from ivr.adapters.sql_engine import what_failed
from ivr.adapters.sql_statement import told
from ivr.service.ports import BookUnavailable, Told

T = TypeVar("T")
Work = Callable[[sa.Connection], Any]

UNITS_A_COMMIT = 128
PATIENCE_TICK_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Unit:
    """Work waiting for its turn, the future of whoever waits for it, and what follows its commit, waited for or not."""

    def __init__(self, work: Work, committed: Callable[[], None]) -> None:
        self.work = work
        self.committed = committed
        self.future: Future[Any] = Future()


class _Patience:
    """Tells whoever asked for later that it took too long, when it did."""

    def __init__(self) -> None:
        self._waiting: dict[Unit, tuple[float, Callable[[], None]]] = {}
        self._some, self._closed = threading.Event(), False
        threading.Thread(target=self._watch, name="sql-patience", daemon=True).start()

    def begin(self, unit: Unit, until: float, give_up: Callable[[], None]) -> None:
        self._waiting[unit] = (until, give_up)
        if not self._some.is_set():
            self._some.set()

    def close(self) -> None:
        """End the thread, once nobody is waited for."""
        self._closed = True
        self._some.set()

    def end(self, unit: Unit) -> bool:
        """Whether it was still waited for: of result and impatience one comes first."""
        return self._waiting.pop(unit, None) is not None

    def _watch(self) -> None:
        while not self._closed:
            self._some.wait()
            self._some.clear()
            while self._waiting:
                time.sleep(PATIENCE_TICK_SECONDS)
                now = time.monotonic()
                for unit, (until, give_up) in list(self._waiting.items()):
                    if until < now and self.end(unit):
                        unit.future.cancel()
                        self._guarded(give_up)

    @staticmethod
    def _guarded(give_up: Callable[[], None]) -> None:
        """Whoever cannot be told must not keep the others from it."""
        try:
            give_up()
        except Exception as error:  # noqa: BLE001 # his to say what goes wrong, ours to go on
            _log.error("who waited too long could not be told: %s", type(error).__name__)


class GroupWriter:
    """Owns one connection; `run` may be called from any thread. One writer, so nothing in a process races."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._patience = _Patience()
        self._thread = threading.Thread(target=self._serve, name="sql-writer", daemon=True)
        self._thread.start()

    def run(
        self,
        work: Callable[[sa.Connection], T],
        budget_seconds: float,
        committed: Callable[[], None] = lambda: None,
    ) -> T:
        """The work's result once it is committed.

        Raises BookUnavailable when that takes longer than the budget: a unit still in the queue is then withdrawn,
        one already begun may yet be written. `committed` is called after the commit in the writer's own thread, also
        then; it must not wait, nor raise.
        """
        unit = Unit(work, committed)
        self._units.put(unit)
        try:
            return _result_of(unit.future, budget_seconds)  # type: ignore[no-any-return] # the work's own type
        except FutureTimeout as error:
            unit.future.cancel()
            raise _too_late(budget_seconds) from error

    def later(
        self,
        work: Callable[[sa.Connection], T],
        then: Told[T],
        budget_seconds: float,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """As `run`, but `then` is told what `run` would have returned or raised."""
        unit = Unit(work, committed)

        def failed() -> T:
            raise _too_late(budget_seconds)

        def settled(future: Future[Any]) -> None:
            if self._patience.end(unit):
                then(lambda: _result_of(future, 0))

        self._patience.begin(unit, time.monotonic() + budget_seconds, lambda: then(failed))
        unit.future.add_done_callback(settled)
        self._units.put(unit)

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._units.put(None)
        self._thread.join(timeout=5)
        self._patience.close()

    def _serve(self) -> None:
        while True:
            first = self._units.get()
            if first is None:
                return
            try:
                self._commit_together(first)
            except Exception:  # noqa: BLE001 # every unit's own waiter has been told; the writer must live on
                time.sleep(0.05)

    def _commit_together(self, first: Unit) -> None:
        taken: list[Unit] = []
        done: list[tuple[Unit, Any]] = []
        try:
            with self._engine.begin() as connection:
                unit: Unit | None = first
                while unit is not None:
                    taken.append(unit)
                    self._attempt(connection, unit, done)
                    unit = self._next() if len(taken) < UNITS_A_COMMIT else None
        except Exception as error:
            for failed in taken or [first]:
                if not failed.future.done():
                    failed.future.set_exception(error)
            raise
        for written, result in done:
            written.future.set_result(result)
        for written, _result in done:
            written.committed()

    def _attempt(self, connection: sa.Connection, unit: Unit, done: list[tuple[Unit, Any]]) -> None:
        if not unit.future.set_running_or_notify_cancel():
            return  # its waiter gave up
        for again in (True, False):
            told(connection, "SAVEPOINT one_unit")
            try:
                result = unit.work(connection)
            except Exception as error:  # noqa: BLE001 # belongs to whoever asked for this unit
                told(connection, "ROLLBACK TO SAVEPOINT one_unit")
                if again and _lost_a_race(error):
                    continue
                unit.future.set_exception(error)
                return
            told(connection, "RELEASE SAVEPOINT one_unit")
            done.append((unit, result))
            return

    def _next(self) -> Unit | None:
        try:
            unit = self._units.get_nowait()
        except queue.Empty:
            return None
        if unit is None:
            self._units.put(None)
        return unit


def _result_of(future: Future[Any], seconds: float) -> Any:
    try:
        return future.result(timeout=seconds)
    except sa.exc.SQLAlchemyError as error:
        raise BookUnavailable(what_failed(error)) from error


def _too_late(budget_seconds: float) -> BookUnavailable:
    return BookUnavailable(f"no commit within {budget_seconds:g} s")


def _lost_a_race(error: Exception) -> bool:
    """PostgreSQL ended it so that another could go on: the unit is as if it had never begun."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in {"40001", "40P01"}
