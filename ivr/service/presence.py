"""Whose page is open, and what it means that it is gone: no new calls for who was free; a running call stays his.

A page is open while its stream lives, or while it asks from time to time. The time it is gone counts only while we were
there to hear it: a server that was away itself throws nobody off.
"""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from ivr.service.desk_state_ports import PresenceBook
from ivr.service.live_ports import EVERYBODY, MANAGERS, LiveKind, LiveNews
from ivr.service.ports import Clock

LOOK_SECONDS = 1.0
NOTE_EVERY = timedelta(seconds=5)
GONE_AFTER = timedelta(seconds=15)
LATE_AFTER = timedelta(seconds=5)  # between two looks: then we were not there to hear anybody
LAST_PAGE_GONE = "last_page_gone"


class Presence:
    """One a process that serves pages."""

    def __init__(self, book: PresenceBook, clock: Clock, news: LiveNews) -> None:
        self._book = book
        self._clock = clock
        self._news = news
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}
        self._listening_since: datetime | None = None
        self._looked_at: datetime | None = None
        self._noted_at: datetime | None = None

    def seen(self, login: str) -> None:
        """His page is open at this moment. Who was not here before is written down at once."""
        now = self._clock.now()
        with self._lock:
            before = self._seen.get(login)
            self._seen[login] = now
            is_new = before is None or now - before > NOTE_EVERY
            back = self._book.heard((login,), {}, now) if is_new else ()
        self._moved(back)

    def left(self, login: str) -> None:
        """A page of his was open until now; written down with the next note."""
        with self._lock:
            self._seen[login] = self._clock.now()

    def signed_out(self, login: str) -> None:
        """He works without a page from now on, and as he chose: his phone still rings if he is available."""
        with self._lock:
            self._seen.pop(login, None)
            self._book.without_page(login)

    def look(self, streaming: Collection[str]) -> tuple[str, ...]:
        """Once a second: who has a stream open now. Returns who has become unreachable."""
        now = self._clock.now()
        self._note_look(now)
        with self._lock:
            self._seen.update(dict.fromkeys(streaming, now))
            back = self._note(now)
            gone = self._sweep(now)
        self._moved((*back, *gone))
        if gone and not self._book.anybody_on_duty():
            self._book.alert(LAST_PAGE_GONE, gone[0], now)
            self._news.tell(MANAGERS, LiveKind.ALERT)
        return gone

    def _note_look(self, now: datetime) -> None:
        """A process that was stopped, or whose clock was set, has heard nobody meanwhile."""
        looked = self._looked_at
        if looked is None or not timedelta(0) <= now - looked <= LATE_AFTER:
            self._listening_since = now
        self._looked_at = now

    def _note(self, now: datetime) -> tuple[str, ...]:
        if self._noted_at is not None and timedelta(0) <= now - self._noted_at < NOTE_EVERY:
            return ()
        present = {login for login, at in self._seen.items() if at == now}
        left = {login: at for login, at in self._seen.items() if at != now}
        back = self._book.heard(present, left, now)
        self._noted_at = now
        for login, at in left.items():
            if now - at > NOTE_EVERY:
                del self._seen[login]
        return back

    def _sweep(self, now: datetime) -> tuple[str, ...]:
        before = now - GONE_AFTER
        if self._listening_since is None or self._listening_since > before:
            return ()  # they have not had the time to come back to us yet
        return self._book.lost(before, now)

    def _moved(self, logins: Collection[str]) -> None:
        for login in logins:
            self._news.tell(login, LiveKind.STATE)
        if logins:
            self._news.tell(EVERYBODY, LiveKind.LINE)
