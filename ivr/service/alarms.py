"""Looks at the hotline every few seconds and tells managers what is wrong, once an episode.

Nothing of it is on the path of a call: it reads, and writes a row when something begins or ends. Two sweeps at once
tell nothing twice: the book takes each episode once.
"""

import logging
import threading
from datetime import timedelta

from ivr.policy.alarms import change
from ivr.policy.rules import Rules
from ivr.service.alarm_ports import AlarmBook
from ivr.service.live_ports import EVERYBODY, MANAGERS, LiveKind, LiveNews
from ivr.service.ports import Clock

SWEEP_SECONDS = 3.0

log = logging.getLogger(__name__)


class AlarmWatch:
    """Open pages are told after something has begun or ended."""

    def __init__(self, book: AlarmBook, clock: Clock, rules: Rules, news: LiveNews) -> None:
        self._book = book
        self._clock = clock
        self._rules = rules
        self._news = news
        self._blind = False

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a database that does not answer is asked again."""
        while not stop.wait(SWEEP_SECONDS):
            try:
                self.turn()
                self._blind = False
            except Exception as error:  # noqa: BLE001 # the watch outlives whatever the database does
                if not self._blind:
                    log.warning("nobody watches for alarms: %s", type(error).__name__)
                self._blind = True

    def turn(self) -> int:
        """One sweep; how many episodes began or ended. Raises DatabaseUnavailableError."""
        now = self._clock.now()
        look = self._book.look(now, now - timedelta(minutes=self._rules.alarm_minutes))
        todo = change(look, self._book.standing(), self._rules)
        begun = [trouble for trouble in todo.begin if self._book.begin(trouble, now)]
        if todo.go_on:
            self._book.go_on(todo.go_on, now)
        ended = self._book.end(todo.over, now) if todo.over else 0
        for trouble in begun:
            log.warning("alarm: %s %s", trouble.episode.alarm.value, trouble.episode.about)
        if begun or ended:
            self._news.tell(MANAGERS, LiveKind.ALERT)
            self._news.tell(EVERYBODY, LiveKind.BOARD)
        return len(begun) + ended
