"""How long callers would have waited: known of those who left; of all others only that it is longer (Kaplan, Meier)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log
from random import Random


@dataclass(frozen=True, kw_only=True)
class Waited:
    """One caller's wait in seconds; `left`: he ended it himself, unserved."""

    seconds: float
    left: bool


@dataclass(frozen=True, kw_only=True)
class Survival:
    """The share of callers still waiting after each of these seconds, both in order; and what follows the last.

    `hazard` is abandonments per waited second, for the time nobody has been seen to wait.
    """

    seconds: tuple[float, ...]
    staying: tuple[float, ...]
    hazard: float

    def share(self, seconds: float) -> float:
        """Of callers who wait longer than that."""
        place = bisect_right(self.seconds, seconds)
        return self.staying[place - 1] if place else 1.0

    def draw_beyond(self, seconds: float, source: Random) -> float:
        """The patience of a caller who has waited so long already."""
        chance = 1.0 - source.random()
        goal = self.share(seconds) * chance
        for at, staying in zip(self.seconds, self.staying, strict=True):
            if at > seconds and staying <= goal:
                return at
        return self._after_the_last(seconds, goal)

    def _after_the_last(self, seconds: float, goal: float) -> float:
        """Nobody was seen to stay so long: the mean hazard goes on."""
        last = max(seconds, self.seconds[-1] if self.seconds else 0.0)
        share = self.staying[-1] if self.staying else 1.0
        if self.hazard == 0:
            return inf
        return last + (log(share / goal) / self.hazard if share > goal else 0.0)


def survival(waits: Sequence[Waited]) -> Survival:
    """The product-limit estimate; at the same second who left counts before who was served."""
    seconds: list[float] = []
    staying: list[float] = []
    share, waiting = 1.0, len(waits)
    for wait in sorted(waits, key=lambda wait: (wait.seconds, not wait.left)):
        if wait.left:
            share *= 1 - 1 / waiting
            seconds.append(wait.seconds)
            staying.append(share)
        waiting -= 1
    waited = sum(wait.seconds for wait in waits)
    return Survival(
        seconds=tuple(seconds), staying=tuple(staying), hazard=len(seconds) / waited if waited else 0.0
    )
