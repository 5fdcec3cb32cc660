"""The managers' board: one picture a second at most, whoever looks and however many.

Who comes while a picture is drawn gets the one before it; when the database does not answer, the last one stays and
its moment tells how old it is.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.policy.goals import Goal, Word, goals, judged, judged_wait
from ivr.policy.metrics import Metric
from ivr.policy.rules import Rules
from ivr.service.board_ports import BoardReader, FloorAgent
from ivr.service.ports import Clock
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.service.today import Quarter, Today

FRESH_FOR = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of `hotline metrics`, with what it ought to be and the word for what it is."""

    metric: Metric
    goal: Goal | None
    word: Word


@dataclass(frozen=True, kw_only=True)
class BoardPicture:
    """Everything the board shows, as of one moment."""

    at: datetime
    begin: datetime  # the midnight from which today's figures count
    waiting: int
    longest_since: datetime | None
    wait_word: Word
    agents: tuple[FloorAgent, ...]
    figures: tuple[Figure, ...]
    quarters: tuple[Quarter, ...]
    open: Mapping[str, int]

    def longest_wait_seconds(self, now: datetime) -> float | None:
        """None where nobody waits."""
        return None if self.longest_since is None else (now - self.longest_since).total_seconds()


class Board:
    """One a process."""

    def __init__(self, reader: BoardReader, rules: Rules, clock: Clock) -> None:
        self._reader = reader
        self._rules = rules
        self._clock = clock
        self._drawing = threading.Lock()
        self._picture: BoardPicture | None = None
        self._tried_at: datetime | None = None
        self._today: Today | None = None

    def picture(self) -> BoardPicture:
        """As fresh as it can be had. Raises DatabaseUnavailableError where there never was one."""
        before = self._picture
        if before is not None and self._is_fresh():
            return before
        if not self._drawing.acquire(blocking=before is None):
            assert before is not None
            return before
        try:
            if self._picture is None or not self._is_fresh():
                self._try()
            assert self._picture is not None
            return self._picture
        finally:
            self._drawing.release()

    def _is_fresh(self) -> bool:
        return self._tried_at is not None and self._clock.now() - self._tried_at < FRESH_FOR

    def _try(self) -> None:
        self._tried_at = self._clock.now()
        try:
            self._picture = self._drawn(self._tried_at)
        except DatabaseUnavailableError:
            if self._picture is None:
                raise

    def _drawn(self, now: datetime) -> BoardPicture:
        midnight = now.astimezone(ZoneInfo(self._rules.timezone)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        if self._today is None or self._today.begin != midnight:
            self._today = Today(self._reader, self._rules, midnight)
        floor = self._reader.floor(now)
        metrics, quarters = self._today.figures(now)
        aims = goals(self._rules)
        longest = min(floor.waiting_since, default=None)
        return BoardPicture(
            at=now,
            begin=midnight,
            waiting=len(floor.waiting_since),
            longest_since=longest,
            wait_word=judged_wait(None if longest is None else (now - longest).total_seconds(), self._rules),
            agents=tuple(floor.agents),
            figures=tuple(
                Figure(metric=each, goal=aims.get(each.name), word=judged(each, self._rules))
                for each in metrics
            ),
            quarters=quarters,
            open=floor.open,
        )
