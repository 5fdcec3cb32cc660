"""What somebody standing beside the floor would write down: who waits, who is free, who is busy, at every change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from ivr.policy.floor import AgentState
from ivr.service.ports import Clock
from ivr.simulation.book import MemoryBook

BUSY = frozenset({AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP})


@dataclass(frozen=True, slots=True)
class Seen:
    """The floor from that moment on."""

    at: datetime
    waiting: int
    free: int
    busy: int
    promised: int  # callbacks still open

    @property
    def on_duty(self) -> int:
        return self.free + self.busy


class Watch:
    """Everything seen, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seen: list[Seen] = []

    def look(self, book: MemoryBook) -> None:
        """Only the last look of a moment counts, and only if something changed."""
        states = [agent.state for agent in book.seats.on_floor]
        free = states.count(AgentState.AVAILABLE)
        busy = sum(state in BUSY for state in states)
        now = Seen(self._clock.now(), book.waiting, free, busy, book.open_callbacks)
        if self.seen and self.seen[-1].at == now.at:
            self.seen.pop()
        if not self.seen or _differs(self.seen[-1], now):
            self.seen.append(now)


def _differs(before: Seen, now: Seen) -> bool:
    return replace(before, at=now.at) != now


def seconds_of(seen: Sequence[Seen], weigh: Callable[[Seen], float]) -> float:
    """Each state's weight times how long it lasted, added up."""
    return sum(weigh(state) * length for state, length in lengths(seen))


def lengths(seen: Sequence[Seen]) -> Iterator[tuple[Seen, float]]:
    """Each state with the seconds it lasted; the last one lasts none."""
    return ((state, (after.at - state.at).total_seconds()) for state, after in pairwise(seen))
