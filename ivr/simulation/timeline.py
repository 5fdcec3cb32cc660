"""Virtual time: people and switches act at their moments, one after the other, and nobody really waits.

A process is a generator that yields what it waits for; others wake it by a word or break in on it.
"""

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

ELAPSED = "elapsed"


class VirtualClock:
    """Clock port; stands still until told."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> datetime:
        self._at += timedelta(seconds=seconds)
        return self._at

    def move_to(self, at: datetime) -> None:
        self._at = at


@dataclass(frozen=True)
class Wait:
    """For so many seconds (None: for ever), or until one of these words is said."""

    seconds: float | None
    words: frozenset[str] = frozenset()


Life = Generator[Wait, str, None]


class Timeline:
    """A heap of moments over a clock that stands still between them; every moment is a whole millisecond."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._began_at = clock.now()
        self._heap: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return (self._clock.now() - self._began_at).total_seconds()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        at = self._clock.now() + timedelta(milliseconds=round(seconds * 1000))
        heapq.heappush(self._heap, (at, next(self._order), action))

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """So many seconds after the beginning."""
        self.after(seconds - self.seconds, action)

    def every(self, seconds: float, action: Callable[[], object]) -> None:
        def again() -> None:
            action()
            self.after(seconds, again)

        self.after(seconds, again)

    def run(self, until_seconds: float) -> None:
        """Everything that is due up to that moment."""
        end = self._began_at + timedelta(seconds=until_seconds)
        while self._heap and self._heap[0][0] <= end:
            at, _, action = heapq.heappop(self._heap)
            self._clock.move_to(at)
            action()
        self._clock.move_to(end)


class Process:
    """A life that is being lived, from the next moment on."""

    def __init__(self, timeline: Timeline, life: Life) -> None:
        self._timeline = timeline
        self._life = life
        self._waits: Wait | None = None
        timeline.after(0, lambda: self._on(lambda: next(self._life)))

    def tell(self, word: str) -> bool:
        """Wakes it if it waits for that word."""
        if self._waits is None or word not in self._waits.words:
            return False
        self._on(lambda: self._life.send(word))
        return True

    def break_in(self, error: Exception) -> None:
        """Wherever it is."""
        if self._waits is not None:
            self._on(lambda: self._life.throw(error))

    def _on(self, step: Callable[[], Wait]) -> None:
        self._waits = None
        try:
            waits = step()
        except StopIteration:
            return
        self._waits = waits
        if waits.seconds is not None:
            self._timeline.after(waits.seconds, lambda: self._elapsed(waits))

    def _elapsed(self, waits: Wait) -> None:
        if self._waits is waits:
            self._on(lambda: self._life.send(ELAPSED))
