"""What the wait estimate is fed with, from facts of the past alone: nothing here is set by hand but the first guesses.

Handling time follows the last fifty talks, patience the last two hundred waits, and the correction compares what was
told with what came of it. What cannot be told from chance leaves an input where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, log, sqrt

from ivr.policy.call import Call
from ivr.policy.wait import ANNOUNCED_SHARE, Pace, Position, WaitError, wait_quantile

RECENT_TALKS, USUAL_TALKS = 50, 400  # the memories of the two averages of handling time
FIRST_HANDLING_SECONDS = 240.0
FIRST_HANDLING_WEIGHT = 5  # talks
CHANCE = 2.0  # a change of handling time counts by how far its square exceeds this, in variances
PATIENCE_WAITS = 200
FIRST_ABANDONS, FIRST_WAITED_SECONDS = 1.0, 1200.0
CORRECTION_WAITS = 60
NOISE_UP, NOISE_DOWN = (
    0.24,
    1.2,
)  # of one wait's log ratio; told too short is the worse mistake and is mended sooner
CORRECTION_LIMIT = 2.5


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One agent with one customer."""

    agent: str
    served_at: datetime
    ended_at: datetime


def agents_at_once(talks: Sequence[Talk]) -> int:
    """How many agents talked at one moment, at most; one, where nobody did. Who has two callers in his ear is one."""
    begun = [(talk.served_at, 1, talk.agent) for talk in talks if talk.served_at < talk.ended_at]
    over = [(talk.ended_at, -1, talk.agent) for talk in talks if talk.served_at < talk.ended_at]
    talking: dict[str, int] = {}
    most = 1
    for _at, change, agent in sorted((*begun, *over)):
        talking[agent] = talking.get(agent, 0) + change
        if not talking[agent]:
            del talking[agent]
        most = max(most, len(talking))
    return most


@dataclass(frozen=True, kw_only=True)
class EndedWait:
    """One wait that is over: in service, or before it. `stood` is where the caller stood when he was told, else None.

    `released`: we ended it unserved (a callback, a fallback), so it says nothing of patience. Raises WaitError.
    """

    seconds: float
    served: bool
    released: bool = False
    stood: Position | None = None

    def __post_init__(self) -> None:
        _refuse_bad_seconds("seconds", self.seconds)


def ended_wait(call: Call) -> EndedWait | None:
    """What a call that is over teaches of waiting; None for one who was never held.

    His wait is compared with what he was told first: what somebody is told last is always told shortly before the end.
    """
    if call.held_since is None or call.ended_at is None:
        return None
    told = call.first_told
    since = call.held_since if told is None else told.at
    served = call.served_at is not None
    return EndedWait(
        seconds=max(((call.served_at or call.ended_at) - since).total_seconds(), 0.0),
        served=served,
        released=not served and (call.listed or call.promised),  # it was we who ended his wait
        stood=None if told is None else told.position,
    )


def pace_of(talk_seconds: Sequence[float], waits: Sequence[EndedWait]) -> Pace:
    """Everything learnt from the past, oldest first; talks with their wrap-up. Raises WaitError."""
    pace = Pace(handling_seconds=handling_seconds(talk_seconds), theta=theta(waits))
    return corrected(pace, waits)


def corrected(pace: Pace, waits: Sequence[EndedWait]) -> Pace:
    """The same pace with the factor that told-versus-actual puts on it."""
    factor = correction(waits, pace)
    return Pace(handling_seconds=pace.handling_seconds, theta=pace.theta, correction=factor)


def handling_seconds(talk_seconds: Sequence[float]) -> float:
    """An exponential average over about the last fifty, oldest first; before the first, the usual guess.

    Fifty lognormal talks err by a sixth, so the long average stays in force for what may be chance (James and Stein).
    """
    for seconds in talk_seconds:
        _refuse_bad_seconds("talk_seconds", seconds)
    recent, usual = _Average(RECENT_TALKS), _Average(USUAL_TALKS)
    for seconds in talk_seconds[-USUAL_TALKS:]:
        recent.add(seconds)
        usual.add(seconds)
    change = recent.mean - usual.mean
    if not change:
        return usual.mean
    chance = CHANCE * usual.variance / RECENT_TALKS
    return usual.mean + change * max(0.0, 1 - chance / change**2)


class _Average:
    """Exponentially weighted, with the first guess as talks that fade like any other."""

    def __init__(self, memory: int) -> None:
        self._fade = 1 - 2 / (memory + 1)
        self._weight = float(FIRST_HANDLING_WEIGHT)
        self._sum = self._weight * FIRST_HANDLING_SECONDS
        self._squares = self._sum * FIRST_HANDLING_SECONDS * 2  # as if exponential

    def add(self, seconds: float) -> None:
        self._weight = self._weight * self._fade + 1
        self._sum = self._sum * self._fade + seconds
        self._squares = self._squares * self._fade + seconds**2

    @property
    def mean(self) -> float:
        return self._sum / self._weight

    @property
    def variance(self) -> float:
        return self._squares / self._weight - self.mean**2


def theta(waits: Sequence[EndedWait]) -> float:
    """Abandonments per waited second; few waits lean on one abandonment in twenty minutes."""
    last = waits[-PATIENCE_WAITS:]
    abandons = sum(not (wait.served or wait.released) for wait in last)
    return (FIRST_ABANDONS + abandons) / (FIRST_WAITED_SECONDS + sum(wait.seconds for wait in last))


def correction(waits: Sequence[EndedWait], pace: Pace) -> float:
    """The factor on every estimate that makes four of five callers wait no longer than told.

    Each of the last waits is compared with the P80 that today's pace gives for where that caller stood; who left
    before he was served counts as longer than he stayed (Kaplan and Meier).
    """
    plain = Pace(handling_seconds=pace.handling_seconds, theta=pace.theta)
    ratios = [
        (wait.seconds / wait_quantile(wait.stood, plain, ANNOUNCED_SHARE), wait.served)
        for wait in waits[-PATIENCE_WAITS:]
        if wait.stood is not None
    ][-CORRECTION_WAITS:]
    if not ratios:
        return 1.0
    found = min(max(_censored_quantile(ratios), 1 / CORRECTION_LIMIT), CORRECTION_LIMIT)
    return _beyond_chance(found, len(ratios))


def _censored_quantile(ratios: Sequence[tuple[float, bool]]) -> float:
    """The P80 of ratios, of which some are only known to be at least so large; one more unseen may be the largest."""
    staying, count = 1.0, len(ratios)
    enough = 1 - ANNOUNCED_SHARE * (count + 1) / count
    for index, (ratio, served) in enumerate(sorted(ratios)):
        staying *= 1 - served / (count - index)
        if staying <= enough:
            return ratio
    return max(ratios)[0]


def _beyond_chance(factor: float, count: int) -> float:
    """Shrunk towards 1 by what so few ratios may err."""
    told_too_short = factor > 1
    chance = sqrt((NOISE_UP if told_too_short else NOISE_DOWN) / count)
    size = abs(log(factor))
    if size <= chance:
        return 1.0
    return exp((1 if told_too_short else -1) * (size - chance**2 / size))


def _refuse_bad_seconds(field: str, seconds: float) -> None:
    if not (isfinite(seconds) and seconds >= 0):
        raise WaitError(field, f"must be a number of seconds from 0 on, not {seconds!r}")
