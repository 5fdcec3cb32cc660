"""What open pages are served from, in the one process that serves them: news, presence, the bar's counters.

Its keeper looks once a second whose page is open, and tells everybody the counters when the line has moved.
"""

import logging
import threading
from collections.abc import Iterable

from ivr.policy.roles import Role
from ivr.service.desk_state import DeskState, Snapshot
from ivr.service.desk_state_ports import Counters
from ivr.service.live_feed import Aside, Listener, LiveFeed
from ivr.service.live_ports import LiveKind, News, Stamp
from ivr.service.presence import LOOK_SECONDS, Presence

COUNTERS = "counters"
COUNTERS_EVERY_SECONDS = 0.5
_MOVES = {LiveKind.LINE.value, LiveKind.CALLBACKS.value, LiveKind.ALERT.value, LiveKind.MISSED.value}

log = logging.getLogger(__name__)


class LiveDesk:
    """`start` once, in the process that serves; before that nothing runs."""

    def __init__(self, feed: LiveFeed, presence: Presence, desk: DeskState) -> None:
        self.feed = feed
        self.presence = presence
        self.desk = desk
        self._moved = threading.Event()
        self._starting = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._last: Counters | None = None
        feed.on_news = self._heard

    def start(self) -> None:
        """The keeper; twice as once."""
        with self._starting:
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="live-keeper", daemon=True)
                self._keeper.start()

    def open(self, login: str, role: Role, session: str) -> tuple[Listener, Stamp, Snapshot | None]:
        """A page's stream: who hears, from which place, and how everything stood no earlier than there.

        Raises FeedFull, LiveLogUnavailable.
        """
        self.start()
        listener, place = self.feed.join(login, role, session)
        try:
            self.presence.seen(login)
            return listener, place, self.desk.snapshot(login)
        except Exception:
            self.feed.leave(listener)
            raise

    def close(self, listener: Listener) -> None:
        """The stream is over, for whatever reason; twice as once."""
        if self.feed.leave(listener):
            self.presence.left(listener.login)

    def asked(self, login: str) -> Snapshot | None:
        """A page without a stream asks from time to time, and is as present by it."""
        self.start()
        self.presence.seen(login)
        return self.desk.snapshot(login)

    def signed_out(self, login: str, session: str) -> None:
        """He said so: his streams end now, and he works without a page."""
        self.feed.end(session)
        self.presence.signed_out(login)

    def _heard(self, news: Iterable[News]) -> None:
        if any(each.kind in _MOVES for each in news):
            self._moved.set()

    def _keep(self) -> None:
        pause = threading.Event()
        while True:
            moved = self._moved.wait(LOOK_SECONDS)
            self._moved.clear()
            try:
                self.look(moved)
            except Exception as error:  # noqa: BLE001 # whatever the database does, the next look is taken
                log.warning("pages could not be looked at: %s", type(error).__name__)
            if moved:
                pause.wait(COUNTERS_EVERY_SECONDS)

    def look(self, moved: bool = True) -> None:
        """Who is here; and, where something moved, what everybody's bar counts now."""
        self.presence.look(self.feed.logins)
        if not moved:
            return
        counters = self.desk.counters()
        if counters != self._last:
            self._last = counters
            self.feed.say_aside(Aside(kind=COUNTERS, data=counters_of(counters)))


def counters_of(counters: Counters) -> dict[str, object]:
    """As pages have them; moments in milliseconds since 1970."""
    since = counters.longest_since
    return {
        "waiting": counters.waiting,
        "longest_since": None if since is None else round(since.timestamp() * 1000),
        "callbacks_due": counters.callbacks_due,
        "callbacks_overdue": counters.callbacks_overdue,
    }
