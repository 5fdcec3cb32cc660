"""The agents, whichever door rings them: one telephone a person, so who talks at one door is busy at the other."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Talk:
    login: str
    began_at: float
    ended_at: float


class Agents:
    """Who talks just now; `talks` are over. Each lets it ring and talks for so many seconds."""

    def __init__(
        self, logins: Iterable[str], *, answers_after_seconds: float = 1.0, talk_seconds: float = 5.0
    ) -> None:
        self.logins = frozenset(logins)
        self.answers_after_seconds, self.talk_seconds = answers_after_seconds, talk_seconds
        self.talks: list[Talk] = []
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def is_busy(self, login: str) -> bool:
        with self._lock:
            return login in self._busy

    def begins(self, login: str) -> float:
        """The moment from which he talks."""
        with self._lock:
            self._busy.add(login)
        return time.time()

    def ends(self, login: str, began_at: float) -> None:
        with self._lock:
            self._busy.discard(login)
            self.talks.append(Talk(login=login, began_at=began_at, ended_at=time.time()))
