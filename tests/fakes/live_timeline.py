"""The timeline of one call in real time: the same processes as in virtual time, on a thread of their own."""

import heapq
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ivr.simulation.timeline import Timeline, VirtualClock


class WallClock(VirtualClock):
    """Nobody moves it."""

    def __init__(self) -> None:
        super().__init__(self.now())

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def move_to(self, at: datetime) -> None:
        """It is that moment already."""


class LiveTimeline(Timeline):
    """Other threads may add what shall happen; it happens in the thread that runs it."""

    def __init__(self) -> None:
        super().__init__(WallClock())
        self._changed = threading.Condition()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        with self._changed:
            super().after(seconds, action)
            self._changed.notify()

    def live(self, over: Callable[[], bool], until_seconds: float) -> None:
        """Until it is over, or so many seconds after the beginning."""
        while not over() and self.seconds < until_seconds:
            action = self._next(min(until_seconds - self.seconds, 0.5))
            if action is not None:
                action()

    def _next(self, at_most_seconds: float) -> Callable[[], object] | None:
        """What is due, within that time."""
        end = self._clock.now() + timedelta(seconds=at_most_seconds)
        with self._changed:
            while True:
                due = self._heap[0][0] if self._heap else end
                rest = (min(due, end) - self._clock.now()).total_seconds()
                if rest <= 0:
                    break
                self._changed.wait(rest)
            if self._heap and self._heap[0][0] <= self._clock.now():
                return heapq.heappop(self._heap)[2]
        return None
