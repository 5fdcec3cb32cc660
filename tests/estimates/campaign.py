"""Our estimate and its rivals over one scenario, learning only from what had ended by the moment they are asked."""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import sqrt

from ivr.policy.wait import Estimate, Pace, Position, estimate_wait
from ivr.policy.wait_inputs import (
    PATIENCE_WAITS,
    USUAL_TALKS,
    EndedWait,
    corrected,
    handling_seconds,
    pace_of,
    theta,
)
from tests.estimates.rivals import LINE_LENGTH, Rivals
from tests.estimates.traces import HOUR, Arrival, Disturbance, Scenario, arrivals

WAITS = 20_000
OURS, TRUE_LINE_LENGTH = "ours", "QL true"

SCENARIOS = (
    Scenario(name="3 agents", agents=3, load=0.9, spread=1.0),
    Scenario(name="3 agents, they leave", agents=3, load=1.1, spread=1.0, patience_seconds=180),
    Scenario(name="5 agents", agents=5, load=1.0, spread=0.8),
    Scenario(name="5 agents, day, leave", agents=5, load=1.0, spread=1.2, patience_seconds=240, swing=0.3),
    Scenario(name="8 agents", agents=8, load=0.95, spread=1.2),
    Scenario(name="8 agents, they leave", agents=8, load=1.2, spread=1.3, patience_seconds=300),
    Scenario(name="8 agents, day, leave", agents=8, load=1.0, spread=1.0, patience_seconds=400, swing=0.4),
    Scenario(name="12 agents, day", agents=12, load=0.95, spread=0.8, swing=0.3),
    Scenario(name="15 agents", agents=15, load=1.1, spread=1.0),
    Scenario(name="20 agents, they leave", agents=20, load=1.0, spread=1.2, patience_seconds=180),
    Scenario(name="30 agents", agents=30, load=0.95, spread=1.3),
    Scenario(name="30 agents, they leave", agents=30, load=1.2, spread=0.8, patience_seconds=240),
)


@dataclass
class Score:
    """What was told, beside what came of it."""

    waits: int = 0
    within_p80: int = 0
    within_p90: int = 0
    waited: float = 0.0
    squares: dict[str, float] = field(default_factory=dict)

    def add(self, wait: float, estimate: Estimate, means: dict[str, float]) -> None:
        self.waits += 1
        self.within_p80 += wait <= estimate.p80_seconds
        self.within_p90 += wait <= estimate.p90_seconds
        self.waited += wait
        for name, seconds in means.items():
            self.squares[name] = self.squares.get(name, 0.0) + (seconds - wait) ** 2

    @property
    def p80(self) -> float:
        return self.within_p80 / self.waits

    @property
    def p90(self) -> float:
        return self.within_p90 / self.waits

    def rmse(self, name: str) -> float:
        """Seconds."""
        return sqrt(self.squares[name] / self.waits)


class Listener:
    """Knows at each moment what has ended by then, and nothing else."""

    def __init__(self, every: int) -> None:
        self.rivals = Rivals()
        self.talks: deque[float] = deque(maxlen=USUAL_TALKS)
        self.waits: deque[EndedWait] = deque(maxlen=PATIENCE_WAITS)
        self._every, self._since = every, every
        self._to_come: list[tuple[float, int, EndedWait | float]] = []
        self._count = 0

    def learn_until(self, at: float) -> bool:
        """Whether enough has ended to reckon the pace anew."""
        while self._to_come and self._to_come[0][0] <= at:
            self._learn(heapq.heappop(self._to_come)[2])
        if self._since < self._every:
            return False
        self._since = 0
        return True

    def _learn(self, ended: EndedWait | float) -> None:
        if isinstance(ended, float):
            self.talks.append(ended)
            return
        self._since += 1
        self.waits.append(ended)
        self.rivals.wait_ended(ended.seconds, ended.served)

    def expect(self, arrival: Arrival, stood: Position | None) -> None:
        wait = EndedWait(seconds=arrival.waited, served=arrival.served, stood=stood)
        self._push(arrival.at + arrival.waited, wait)
        if arrival.served:
            self._push(arrival.at + arrival.wait + arrival.talk, arrival.talk)
        if stood is not None:
            self.rivals.joined(arrival)

    def _push(self, at: float, ended: EndedWait | float) -> None:
        self._count += 1
        heapq.heappush(self._to_come, (at, self._count, ended))


def play(scenario: Scenario, seed: int = 1, waits: int = WAITS) -> Score:
    """Every caller who has to wait is asked about at his arrival, until there were so many."""
    score, listener = Score(), Listener(every=15)
    pace = pace_of((), ())
    for arrival in arrivals(scenario, seed):
        if listener.learn_until(arrival.at):
            pace = pace_of(tuple(listener.talks), tuple(listener.waits))
        stood = _stood(arrival)
        if stood is not None:
            estimate = estimate_wait(stood, pace)
            guesses = listener.rivals.guesses(arrival, pace.handling_seconds)
            true = (arrival.ahead + 1) * scenario.handling_seconds / arrival.serving
            score.add(
                arrival.wait, estimate, {OURS: estimate.mean_seconds, TRUE_LINE_LENGTH: true, **guesses}
            )
        listener.expect(arrival, stood)
        if score.waits == waits:
            break
    return score


def _stood(arrival: Arrival) -> Position | None:
    return Position(ahead=arrival.ahead, serving=arrival.serving) if arrival.wait else None


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An agent leaves, and the handling time we reckon with is off from then on; None: it follows the talks, which
    get so many times longer."""

    name: str
    scenario: Scenario
    believed: float | None = None
    handling_factor: float = 1.0


SMALL = Scenario(name="4 agents", agents=4, load=1.0, spread=0.8, patience_seconds=240)
MIDDLE = Scenario(name="8 agents", agents=8, load=0.95, spread=1.0, patience_seconds=300)
TROUBLES = (
    Trouble(name="4 agents, one leaves, believed 25 % short", scenario=SMALL, believed=0.75),
    Trouble(name="4 agents, one leaves, believed 25 % long", scenario=SMALL, believed=1.25),
    Trouble(name="8 agents, one leaves, believed 25 % short", scenario=MIDDLE, believed=0.75),
    Trouble(name="8 agents, one leaves, believed 25 % long", scenario=MIDDLE, believed=1.25),
    Trouble(name="8 agents, one leaves, talks 25 % longer", scenario=MIDDLE, handling_factor=1.25),
)
TROUBLE_AT = 4 * HOUR
ALREADY_TOLD, TOLD_AFTERWARDS = 50, 100
DAYS = 60


def disturbed(trouble: Trouble, *, correcting: bool = True) -> Score:
    """The waits told of after the first fifty since the trouble, over many days, each with its own seed."""
    score = Score()
    for seed in range(DAYS):
        for wait, estimate in _day(trouble, seed, correcting):
            score.add(wait, estimate, {LINE_LENGTH: estimate.mean_seconds})
    return score


def _day(trouble: Trouble, seed: int, correcting: bool) -> Iterator[tuple[float, Estimate]]:
    told = _told(trouble, seed, correcting)
    return islice(told, ALREADY_TOLD, ALREADY_TOLD + TOLD_AFTERWARDS)


def _told(trouble: Trouble, seed: int, correcting: bool) -> Iterator[tuple[float, Estimate]]:
    listener = Listener(every=5)
    pace = pace_of((), ())
    disturbance = Disturbance(at=TROUBLE_AT, handling_factor=trouble.handling_factor)
    for arrival in arrivals(trouble.scenario, seed, disturbance):
        since = arrival.at >= TROUBLE_AT
        if listener.learn_until(arrival.at):
            pace = _pace(trouble, listener, since, correcting)
        stood = _stood(arrival)
        if stood is not None and since:
            yield arrival.wait, estimate_wait(stood, pace)
        listener.expect(arrival, stood)


def _pace(trouble: Trouble, listener: Listener, since: bool, correcting: bool) -> Pace:
    waits = tuple(listener.waits)
    believed = handling_seconds(tuple(listener.talks))
    if trouble.believed is not None:
        believed = trouble.scenario.handling_seconds * (trouble.believed if since else 1.0)
    pace = Pace(handling_seconds=believed, theta=theta(waits))
    return corrected(pace, waits) if correcting else pace
