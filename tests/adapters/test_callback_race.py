"""Four processes look at the same floor: each callback is claimed by one of them, each attempt leaves once (R70)."""

import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_call_book import SqlCallBook, SqlCallUnit
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks
from ivr.adapters.system_clock import SystemClock
from ivr.policy.callback_events import AttemptResult
from ivr.policy.callback_guard import Limits
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.callback_ports import Placed, PlaceOrder
from ivr.service.callbacks import CallbackService
from ivr.service.floor_loop import FloorLoop
from ivr.service.ports import BookUnavailable
from tests.adapters.books import Books
from tests.adapters.rows import Database
from tests.fakes.fake_callback_switch import FakeCallbackSwitch

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PROCESSES, AGENTS, CALLBACKS = 4, 3, 60
RULES = Rules(wrap_up_seconds=0, quiet_hours=(), inbound_reserve=0)
NO_LIMITS = Limits(prefix_an_hour=10_000, all_an_hour=10_000)
_CLOCK = SystemClock()


class JournalSwitch(FakeCallbackSwitch):
    """Writes down what left this process, after its commit, and what is over, before its own."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self.running: list[PlaceOrder] = []
        self._file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def place(self, order: PlaceOrder) -> Placed:
        self.note("holds", order)
        self.running.append(order)
        return Placed.SENT

    def note(self, what: str, order: PlaceOrder) -> None:
        """Now, on the clock all processes of a machine share."""
        line = f"{time.monotonic_ns()} {what} {order.name.callback_id} {order.name.number} {order.agent}\n"
        os.write(self._file, line.encode())


def race(url: str, journal: Path, make_book: type[SqlCallBook], seconds: float) -> None:
    """One process: looks at the floor until nothing is left to do."""
    book = make_book(url, _CLOCK, rules=RULES, ways={Route.ASTERISK: lambda: True}, limits=NO_LIMITS)
    switch = JournalSwitch(journal)
    service = CallbackService(book, switch, _CLOCK, RULES)
    loop = FloorLoop(book, {}, _CLOCK, RULES, service)
    until = time.monotonic() + seconds
    idle = 0
    while time.monotonic() < until and idle < 40:
        try:
            idle = 0 if loop.turn() else idle + 1
            while switch.running:
                order, at = switch.running[0], _CLOCK.now()
                switch.note("lets-go", order)
                service.ended(order.name, AttemptResult.REACHED, at, at)
                switch.running.pop(0)
        except BookUnavailable:
            pass  # too busy to answer in time: asked again in the same words
        time.sleep(0.005)
    book.close()


def raced(
    database: Database, journal: Path, make_book: type[SqlCallBook] = SqlCallBook, seconds: float = 60.0
) -> list[list[str]]:
    """The journal in the order of time: moment, what, callback, epoch, agent."""
    books = Books(database)
    for number in range(AGENTS):
        database.add_agent(f"a{number}")
    for number in range(CALLBACKS):
        books.promised(f"c{number}", number=f"+86138{number:08d}")
    books.book.close()
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=race, args=(database.url, journal, make_book, seconds)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    return sorted((line.split() for line in journal.read_text().splitlines()), key=lambda line: int(line[0]))


def left(lines: list[list[str]]) -> Counter[str]:
    """How often something left for each callback."""
    return Counter(callback for _at, what, callback, _epoch, _agent in lines if what == "holds")


def double_booked(lines: list[list[str]]) -> list[str]:
    """Agents who were certainly in two attempts at once."""
    held: dict[str, str] = {}
    found = []
    for _at, what, callback, _epoch, agent in lines:
        if what == "lets-go":
            held.pop(agent, None)
        elif agent in held:
            found.append(f"{agent} with {held[agent]} and {callback}")
        else:
            held[agent] = callback
    return found


@pytest.mark.timeout(200)
def test_of_many_who_look_at_one_floor_each_attempt_leaves_exactly_one_r70(
    database: Database, tmp_path: Path
) -> None:
    lines = raced(database, tmp_path / "journal")
    assert sorted(left(lines).values()) == [1] * CALLBACKS
    assert double_booked(lines) == []
    assert {row["state"] for row in database.rows(callbacks)} == {"done"}
    assert len(database.rows(callback_attempts)) == CALLBACKS


@pytest.mark.timeout(200)
def test_the_judge_finds_a_book_that_claims_without_looking_again(database: Database, tmp_path: Path) -> None:
    lines = raced(database, tmp_path / "journal", Careless, seconds=4.0)
    assert max(left(lines).values()) > 1
    assert double_booked(lines) != []


class CarelessUnit(SqlCallUnit):
    """Broken on purpose: what it saw of a callback is what it saw first."""

    seen: dict[int, Any] = {}  # noqa: RUF012 # shared by all units of a process: that is the fault

    def callback(self, callback_id: int) -> Any:
        return self.seen.setdefault(callback_id, super().callback(callback_id))

    def save_callback(self, before: Any, after: Any) -> None:
        """Whatever it is by now."""

    def reserve_for(self, *_args: Any) -> None:
        """Whoever has him."""


class Careless(SqlCallBook):
    """Its units are."""

    def _unit(self, connection: Any, written: dict[Any, str]) -> SqlCallUnit:
        sound = super()._unit(connection, written)
        return CarelessUnit(**vars(sound))
