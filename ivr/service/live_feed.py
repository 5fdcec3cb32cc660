"""Hands what was told to everybody who listens here: one reader a process, a queue a listener, each hears what is his.

A listener is joined before he asks where the log ends, so that what follows that place reaches him, each piece once.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ivr.policy.roles import Role
from ivr.service.live_ports import (
    EVERYBODY,
    MANAGERS,
    LiveLog,
    LiveLogUnavailable,
    News,
    Stamp,
    StampedNews,
)

READ_SECONDS = 1.0
DOWN_SECONDS = 0.25
MOST_LISTENERS = 300

log = logging.getLogger(__name__)


class FeedFull(Exception):
    """So many listen already; who comes now asks from time to time instead."""


class Ended(StrEnum):
    """Why a listener hears nothing more."""

    DOWN = "down"  # the log cannot be read
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, kw_only=True)
class Aside:
    """Something for the moment only, in no order with the news: who misses it is told again."""

    kind: str
    data: Mapping[str, object]


Heard = StampedNews | Aside | Ended


@dataclass(eq=False, kw_only=True)
class Listener:
    """One open page."""

    login: str
    role: Role
    session: str
    inbox: "queue.SimpleQueue[Heard]" = field(default_factory=queue.SimpleQueue)

    def hears(self, news: News) -> bool:
        """Whether this is his to know."""
        managers = news.to == MANAGERS and self.role is not Role.AGENT
        return managers or news.to in (EVERYBODY, self.login)


class LiveFeed:
    """`openlog` gives a connection of its own to the log: one for the reader, one for those who join."""

    def __init__(self, openlog: Callable[[], LiveLog], most: int = MOST_LISTENERS) -> None:
        self._reading = openlog()
        self._joining, self._joining_lock = openlog(), threading.Lock()
        self._most = most
        self._lock = threading.Condition()
        self._listeners: set[Listener] = set()
        self._position: Stamp | None = None  # None: nobody reads
        self._thread: threading.Thread | None = None
        self.on_news: Callable[[Iterable[News]], None] = lambda _news: None

    # ---- who listens -------------------------------------------------------------------------------------------

    def join(self, login: str, role: Role, session: str) -> tuple[Listener, Stamp]:
        """A listener, and the place after which he misses nothing. Raises FeedFull, LiveLogUnavailable."""
        listener = Listener(login=login, role=role, session=session)
        with self._lock:
            if len(self._listeners) >= self._most:
                raise FeedFull
        newest = self.newest()
        with self._lock:
            if self._position is None:
                self._position = newest
            self._listeners.add(listener)
            self._start()
            self._lock.notify_all()
        try:
            return listener, self.newest()
        except LiveLogUnavailable:
            self.leave(listener)
            raise

    def newest(self) -> Stamp:
        """Where the log ends now. Raises LiveLogUnavailable."""
        with self._joining_lock:
            return self._joining.newest()

    def missed(self, after: Stamp, until: Stamp, listener: Listener) -> tuple[StampedNews, ...] | None:
        """What he has not heard in between; None where nobody knows it any more. Raises LiveLogUnavailable."""
        with self._joining_lock:
            between = self._joining.between(after, until)
        return None if between is None else tuple(each for each in between if listener.hears(each.news))

    def leave(self, listener: Listener) -> bool:
        """He is gone; False where he had left already, or his session had ended."""
        with self._lock:
            was_here = listener in self._listeners
            self._listeners.discard(listener)
            if not self._listeners:
                self._position = None
        return was_here

    def settled(self, listener: Listener) -> Stamp | None:
        """Up to where he has heard everything, once his inbox is empty; None while it is not."""
        with self._lock:
            return self._position if listener in self._listeners and listener.inbox.empty() else None

    def end(self, session: str) -> int:
        """Everybody of that session hears nothing more; how many they were."""
        with self._lock:
            mine = [each for each in self._listeners if each.session == session]
            for each in mine:
                each.inbox.put(Ended.SIGNED_OUT)
                self._listeners.discard(each)
        return len(mine)

    @property
    def logins(self) -> Counter[str]:
        """Who listens, with how many pages."""
        with self._lock:
            return Counter(each.login for each in self._listeners)

    def say_aside(self, aside: Aside) -> None:
        """To everybody who listens here now."""
        with self._lock:
            for each in self._listeners:
                each.inbox.put(aside)

    # ---- the reader --------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="live-feed", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while True:
            with self._lock:
                while self._position is None:
                    self._lock.wait()
                position = self._position
            try:
                self._read(position)
            except LiveLogUnavailable as error:
                self._lose(str(error))
            except Exception:  # a listener must never be left without a reader
                log.exception("the live feed stumbled; it goes on")
                time.sleep(DOWN_SECONDS)

    def _read(self, position: Stamp) -> None:
        batch = self._reading.later(position, READ_SECONDS)
        if not batch and self._reading.newest() < position:
            self._lose("it begins anew")
            return
        with self._lock:
            if self._position != position:
                return  # everybody has left meanwhile; whoever is here now begins later
            if batch:
                self._position = batch[-1].stamp
            for told in batch:
                for each in self._listeners:
                    if each.hears(told.news):
                        each.inbox.put(told)
        if batch:
            self.on_news(told.news for told in batch)

    def _lose(self, why: str) -> None:
        """Whatever was told meanwhile is unknown: everybody asks for the state, and comes back."""
        with self._lock:
            log.info(
                "the live log cannot be read (%s): %d pages ask by themselves", why, len(self._listeners)
            )
            for each in self._listeners:
                each.inbox.put(Ended.DOWN)
            self._listeners.clear()
            self._position = None
        time.sleep(DOWN_SECONDS)


def parse_stamp(text: str) -> Stamp | None:
    """What a page says it has heard last; None for what is no such place."""
    milliseconds, dash, number = text.partition("-")
    wanted = milliseconds.isascii() and milliseconds.isdigit() and number.isascii() and number.isdigit()
    if not (dash and wanted and len(milliseconds) <= 15 and len(number) <= 10):
        return None
    return int(milliseconds), int(number)


def stamp_text(stamp: Stamp) -> str:
    """The same, as pages have it."""
    return f"{stamp[0]}-{stamp[1]}"
