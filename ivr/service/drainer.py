"""The drainer: what dialplan and doors wrote down while no server or no book answered comes into the book, once.

A call and its stamps are the same however often a line is imported; a file goes only after its commit.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.policy.events import AgentAnswered, CallerGreeted, Event, HungUp, NumberNoted
from ivr.policy.phone_number import caller_identity, number_to_ring
from ivr.policy.rules import Rules
from ivr.service.ports import BookUnavailable, Contact
from ivr.service.switchboard import Switchboard

DRAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SpoolLine:
    """`kind` is noted (number said back to the caller) or ended (the caller's leg is gone), `at` when."""

    door: str
    kind: str
    ref: str
    presented_at: datetime
    hotline: str
    caller: str
    greeted_at: datetime | None
    served_at: datetime | None
    number: str
    at: datetime


def line_about(
    contact: Contact,
    kind: str,
    at: datetime,
    *,
    greeted_at: datetime | None = None,
    served_at: datetime | None = None,
    number: str = "",
) -> SpoolLine:
    """What a door knows of a call when its book does not answer."""
    return SpoolLine(
        door=contact.door,
        kind=kind,
        ref=contact.ref,
        presented_at=contact.presented_at,
        hotline=contact.hotline,
        caller=(contact.caller or "").removeprefix("raw:"),
        greeted_at=greeted_at,
        served_at=served_at,
        number=number,
        at=at,
    )


@dataclass(frozen=True, kw_only=True)
class SpoolFile:
    """A file taken and what it says."""

    name: str
    lines: tuple[SpoolLine, ...]


class Spool(Protocol):
    """Where the dialplan leaves what nobody was there to hear, and the server what its database did not take."""

    def write(self, line: SpoolLine) -> None:
        """On the disk when it returns. Raises OSError."""

    def take(self) -> Iterable[SpoolFile]:
        """Every file that has come to rest; unreadable ones are set aside."""

    def done(self, file: SpoolFile) -> None:
        """What it says is committed."""


class Drainer:
    """Imports the spool."""

    def __init__(self, spool: Spool, switchboard: Switchboard, rules: Rules) -> None:
        self._spool = spool
        self._switchboard = switchboard
        self._rules = rules

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; with the database away the files simply wait."""
        while not stop.wait(DRAIN_SECONDS):
            try:
                self.turn()
            except (BookUnavailable, OSError) as error:
                log.warning("the spool waits: %s", error)
            except Exception:
                log.exception("the spool stumbled; it goes on")

    def turn(self) -> int:
        """Import every file that has come to rest; how many."""
        imported = 0
        for file in self._spool.take():
            self._import(file)
            self._spool.done(file)
            imported += 1
        return imported

    def _import(self, file: SpoolFile) -> None:
        for line in file.lines:
            self._switchboard.handle(self._contact(line), f"spool-{line.kind}", self._events(line))
        log.info("imported %s", file.name)

    def _contact(self, line: SpoolLine) -> Contact:
        return Contact(
            door=line.door,
            ref=line.ref,
            hotline=line.hotline,
            caller=self._identity(line.caller),
            presented_at=line.presented_at,
        )

    def _identity(self, written: str) -> str | None:
        """The server writes down who it knows the caller to be, the dialplan what was presented (digits only)."""
        return written if written.startswith("raw:") else caller_identity(written, self._rules.area_code)

    def _events(self, line: SpoolLine) -> tuple[Event, ...]:
        greeted = () if line.greeted_at is None else (CallerGreeted(at=line.greeted_at),)
        served = () if line.served_at is None else (AgentAnswered(at=line.served_at),)
        if line.kind == "ended":
            return (*greeted, *served, HungUp(at=line.at))
        identity = caller_identity(line.number, self._rules.area_code)
        return (*greeted, NumberNoted(at=line.at, number=number_to_ring(identity) or line.number))
