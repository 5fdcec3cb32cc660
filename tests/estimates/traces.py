"""Callers and agents on a virtual clock: every caller's offered wait, exactly (Kiefer and Wolfowitz).

A heap holds the moment each agent will be free; whoever comes next gets the earliest. A caller whose patience is
shorter than his offered wait leaves and costs no agent's time. Handling is lognormal, arrivals are Poisson.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log, pi, sin, sqrt
from random import Random

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A hotline: `load` is offered work ÷ agents, `swing` how far arrivals rise and fall about it twice a shift."""

    name: str
    agents: int
    load: float
    spread: float  # standard deviation ÷ mean of the handling time
    patience_seconds: float | None = None
    swing: float = 0.0
    handling_seconds: float = 240.0
    shift_seconds: float = 4 * HOUR  # then everybody in line is served and the next shift begins


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """At this second of the trace an agent leaves after his talk, and talks last so many times longer."""

    at: float
    handling_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One caller: what he finds, and what will come of it. `wait` is offered: what he waits if he stays."""

    at: float
    ahead: int
    serving: int
    wait: float
    patience: float
    talk: float

    @property
    def served(self) -> bool:
        return self.patience > self.wait

    @property
    def waited(self) -> float:
        return min(self.wait, self.patience)


def arrivals(scenario: Scenario, seed: int, disturbance: Disturbance | None = None) -> Iterator[Arrival]:
    """Without end, shift after shift; a trace with a disturbance is one single shift."""
    source = Random(seed)
    begins = 0.0
    while True:
        shift = _Shift(scenario, source, begins, disturbance)
        yield from shift.arrivals()
        begins = shift.last_free + 1


class _Shift:
    def __init__(
        self, scenario: Scenario, source: Random, begins: float, disturbance: Disturbance | None
    ) -> None:
        self._scenario, self._source, self._disturbance = scenario, source, disturbance
        self._begins = begins
        self._ends = inf if disturbance else begins + scenario.shift_seconds
        self._leaves_at = disturbance.at if disturbance else inf  # agent 0
        self._free = [(begins, agent) for agent in range(scenario.agents)]
        self._line: list[float] = []  # when each who waits will wait no more

    @property
    def last_free(self) -> float:
        return max(self._ends, *(free for free, _ in self._free))

    def arrivals(self) -> Iterator[Arrival]:
        scenario, at = self._scenario, self._begins
        most = scenario.load * scenario.agents / scenario.handling_seconds * (1 + scenario.swing)
        while (at := at + self._source.expovariate(most)) < self._ends:
            if self._source.random() * (1 + scenario.swing) <= self._share(at):
                yield self._arrival(at)

    def _share(self, at: float) -> float:
        """Of the mean arrival rate, at that moment."""
        turn = 4 * pi * (at - self._begins) / self._scenario.shift_seconds
        return 1 + self._scenario.swing * sin(turn)

    def _arrival(self, at: float) -> Arrival:
        while self._line and self._line[0] <= at:
            heapq.heappop(self._line)
        free, agent = self._next_agent(at)
        patience = self._patience()
        arrival = Arrival(
            at=at,
            ahead=len(self._line),
            serving=self._serving(at),
            wait=max(0.0, free - at),
            patience=patience,
            talk=self._talk(at),
        )
        if arrival.wait:
            heapq.heappush(self._line, at + arrival.waited)
        if arrival.served:
            heapq.heapreplace(self._free, (at + arrival.wait + arrival.talk, agent))
        return arrival

    def _next_agent(self, at: float) -> tuple[float, int]:
        while self._free[0][1] == 0 and max(self._free[0][0], at) >= self._leaves_at:
            heapq.heappop(self._free)
        return self._free[0]

    def _serving(self, at: float) -> int:
        """Who leaves counts until his talk is over."""
        if at < self._leaves_at:
            return len(self._free)
        return sum(agent != 0 or free > at for free, agent in self._free)

    def _patience(self) -> float:
        mean = self._scenario.patience_seconds
        return inf if mean is None else self._source.expovariate(1 / mean)

    def _talk(self, at: float) -> float:
        mean = self._scenario.handling_seconds
        if self._disturbance and at >= self._disturbance.at:
            mean *= self._disturbance.handling_factor
        sigma = sqrt(log(1 + self._scenario.spread**2))
        return self._source.lognormvariate(log(mean) - sigma**2 / 2, sigma)
