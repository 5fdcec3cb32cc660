"""One writer for a process: units of work run one after the other and share their commits.

Each unit stands in a savepoint of its own, so one that fails takes nothing with it, and nobody is released before
the COMMIT that makes his unit durable. That is how one fsync serves many callers at once.
"""

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
from ivr.service.ports import BookUnavailable

T = TypeVar("T")
Work = Callable[[sa.Connection], Any]

UNITS_A_COMMIT = 128


class Unit:
    """Work waiting for its turn, and the future of whoever waits for it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.future: Future[Any] = Future()


class GroupWriter:
    """Owns one connection; `run` may be called from any thread. One writer, so nothing in a process races."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="sql-writer", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[sa.Connection], T], budget_seconds: float) -> T:
        """The work's result once it is committed.

        Raises BookUnavailable when that takes longer than the budget: a unit still in the queue is then withdrawn,
        one already begun may yet be written.
        """
        unit = Unit(work)
        self._units.put(unit)
        try:
            result: T = unit.future.result(timeout=budget_seconds)
        except FutureTimeout as error:
            unit.future.cancel()
            raise BookUnavailable(f"no commit within {budget_seconds:g} s") from error
        except sa.exc.SQLAlchemyError as error:
            raise BookUnavailable(what_failed(error)) from error
        return result

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._units.put(None)
        self._thread.join(timeout=5)

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


def _lost_a_race(error: Exception) -> bool:
    """PostgreSQL ended it so that another could go on: the unit is as if it had never begun."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in {"40001", "40P01"}
