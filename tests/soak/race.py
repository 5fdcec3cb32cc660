"""Callers from eight processes at two doors race for few agents, through the real switchboard and call book.

Every process appends to one history what its doors saw: an agent is held from after the commit that gave him until
before the burst that lets him go, so whatever overlaps there was certainly double-booked.
"""

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.system_clock import SystemClock
from ivr.policy.call import Phase
from ivr.policy.commands import Hold, LineCommand, Ring
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallOffered,
    Event,
    HoldElapsed,
    HungUp,
    RingEnded,
    RingResult,
    TurnCame,
)
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from ivr.service.ports import BookUnavailable, CallBook, Contact
from ivr.service.switchboard import Switchboard

PROCESSES = 8
CALLERS_A_PROCESS = 8
AGENTS = tuple(f"agent{number}" for number in range(8))
DOORS = ("asterisk", "twilio")
PATIENCE = 4  # stretches of waiting, then the caller gives up
_RULES = Rules(wrap_up_seconds=0.0)
_CLOCK = SystemClock()

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Race:
    """`make_book` is the class to try: the real one, or one a test has broken."""

    url: str
    history: Path
    attempts: int
    make_book: type[SqlCallBook] = SqlCallBook


def run(race: Race, seconds: float = 3600) -> None:
    """Hire the agents, run the race to its end. Raises RuntimeError where a process broke."""
    roster = Agents(SqlAgents(race.url, _CLOCK), _CLOCK)
    for login in AGENTS:
        roster.add(login, login.title(), f"sip:{login}@127.0.0.1:5070")
        roster.choose(login, "available")
    start = multiprocessing.get_context("spawn").Process
    processes = [start(target=_process, args=(race, number)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    end = time.monotonic() + seconds
    for process in processes:
        process.join(max(end - time.monotonic(), 0))
    late = [process for process in processes if process.is_alive()]
    for process in late:
        process.kill()
        process.join()
    if late or any(process.exitcode != 0 for process in processes):
        raise RuntimeError(f"exit codes {[process.exitcode for process in processes]}, {len(late)} too late")


def _process(race: Race, number: int) -> None:
    """One server at one of the two doors."""
    with History(race.history).opened() as history:
        book = race.make_book(race.url, _CLOCK)
        door = Door(book, race, number, history)
        threads = [threading.Thread(target=door.serve, args=(thread,)) for thread in range(CALLERS_A_PROCESS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        book.close()
    if door.broken:
        raise SystemExit(1)


class History:
    """An append-only file: one write a line, so that the lines of many processes never mix."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    @contextmanager
    def opened(self) -> Iterator["History"]:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            yield self
        finally:
            os.close(self._file)

    def add(self, door: str, ref: str, what: str, agent: str) -> None:
        """Now, on the clock all processes of a machine share."""
        os.write(self._file, f"{time.monotonic_ns()} {door} {ref} {what} {agent}\n".encode())


class Door:
    """One process's switchboard, and its share of the attempts."""

    def __init__(self, book: CallBook, race: Race, number: int, history: History) -> None:
        self.name = DOORS[number % len(DOORS)]
        self.number = number
        self.history = history
        self.switchboard = Switchboard(book, _RULES)
        self.roster = Agents(SqlAgents(race.url, _CLOCK), _CLOCK)
        self.broken = False
        self._left = race.attempts // PROCESSES
        self._lock = threading.Lock()

    def serve(self, thread: int) -> None:
        """Callers one after the other until the share is used up."""
        chance = random.Random(f"{self.number}-{thread}")  # a story, not a secret
        try:
            turn = 0
            while self._left > 0:
                turn += 1
                Caller(self, f"{self.number}-{thread}-{turn}", chance).lives()
        except Exception:
            self.broken = True
            raise

    def attempt(self) -> None:
        """One more decision that asked for an agent."""
        with self._lock:
            self._left -= 1


class Caller:
    """One call, from its offer to its end."""

    def __init__(self, door: Door, ref: str, chance: random.Random) -> None:
        self._door = door
        self._chance = chance
        self._turn = 0
        self._contact = Contact(
            door=door.name, ref=ref, hotline="12366", caller="+8613800138000", presented_at=_CLOCK.now()
        )

    def lives(self) -> None:
        """Offered, waiting, rung for, talking, gone."""
        commands = self._asks(CallOffered(at=_CLOCK.now()))
        for _ in range(PATIENCE):
            match commands[-1]:
                case Ring(agent=str(login)):
                    more = self._is_rung_for(login)
                    if more is None:
                        return
                    commands = more
                case Hold():
                    commands = self._waits()
                case _:
                    break
        self._leaves(commands)

    def _is_rung_for(self, login: str) -> tuple[LineCommand, ...] | None:
        time.sleep(self._chance.random() * 0.002)
        ending = self._chance.random()
        if ending < 0.15:
            self._burst(AgentAnswered(at=_CLOCK.now()))
        self._lets_go(login)
        if ending < 0.9:
            self._burst(HungUp(at=_CLOCK.now()))
            return None
        commands = self._asks(RingEnded(at=_CLOCK.now(), result=RingResult.BUSY))
        self._patiently(lambda: self._door.roster.choose(login, "available"))  # perhaps he was stood down
        return commands

    def _waits(self) -> tuple[LineCommand, ...]:
        time.sleep(self._chance.random() * 0.005)
        if self._chance.random() < 0.9:
            return self._asks(HoldElapsed(at=_CLOCK.now()))
        switchboard, contact = self._door.switchboard, self._contact
        self._counts()
        self._patiently(lambda: switchboard.note(contact, TurnCame(at=_CLOCK.now())))
        if self._patiently(lambda: switchboard.phase(contact)) is Phase.FETCHING:
            return self._heard(self._burst(CallerFetched(at=_CLOCK.now())))
        return self._asks(HoldElapsed(at=_CLOCK.now()))

    def _leaves(self, commands: tuple[LineCommand, ...]) -> None:
        """A caller who lost his patience; perhaps somebody is being rung for him."""
        if (login := _rung(commands)) is not None:
            self._lets_go(login)
        self._burst(HungUp(at=_CLOCK.now()))

    def _asks(self, event: Event) -> tuple[LineCommand, ...]:
        """A burst that wants an agent."""
        self._counts()
        return self._heard(self._burst(event))

    def _counts(self) -> None:
        self._tell("asks", "-")
        self._door.attempt()

    def _heard(self, commands: tuple[LineCommand, ...]) -> tuple[LineCommand, ...]:
        if (login := _rung(commands)) is not None:
            self._tell("holds", login)
        return commands

    def _lets_go(self, login: str) -> None:
        self._tell("lets-go", login)

    def _tell(self, what: str, agent: str) -> None:
        self._door.history.add(self._door.name, self._contact.ref, what, agent)

    def _burst(self, event: Event) -> tuple[LineCommand, ...]:
        self._turn += 1
        key, switchboard = str(self._turn), self._door.switchboard
        return self._patiently(lambda: switchboard.handle(self._contact, key, (event,)))

    def _patiently(self, ask: Callable[[], T]) -> T:
        """A database too busy to answer in time is asked again, in the same words, as the dialplan does."""
        while True:
            try:
                return ask()
            except (BookUnavailable, sa.exc.OperationalError):
                self._tell("asks-again", "-")


def _rung(commands: tuple[LineCommand, ...]) -> str | None:
    """The agent these commands ring."""
    return commands[-1].agent if isinstance(commands[-1], Ring) else None
