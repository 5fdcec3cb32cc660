"""How long a caller will wait, as an honest upper bound: position, agents, handling time and patience (R69, R70).

The estimator is QLm (Whitt 1999; Ibrahim and Whitt 2009). The line moves by the ends of talks and by callers who
leave: with k ahead a place is gained every 1 / (serving ÷ handling + k × theta) seconds, and the wait is the sum of
these steps. Quantiles take that sum for a gamma variable (Wilson and Hilferty 1931).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, isfinite, sqrt
from operator import mul
from statistics import NormalDist

ANNOUNCED_SHARE = 0.80  # four of five callers wait no longer than they are told
PROMISED_SHARE = 0.90
PROMISE_STEP_MINUTES = 5
LEAST_PROMISE_MINUTES = 10


class WaitError(ValueError):
    """An input of the estimate makes no sense; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(f"{field}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place in line when nobody is free. Raises WaitError, also for a line that nobody serves.

    `ahead` counts everybody with an earlier claim, pending callbacks included; those never lose patience. `overtaking`
    of them rang later, and come first because their promise would break.
    """

    ahead: int
    serving: int
    callbacks_ahead: int = 0
    overtaking: int = 0

    def __post_init__(self) -> None:
        if self.serving < 1:
            raise WaitError("serving", f"nobody serves this line: {self.serving}")
        if not 0 <= self.callbacks_ahead <= self.ahead:
            raise WaitError("callbacks_ahead", f"must be from 0 to {self.ahead}, not {self.callbacks_ahead}")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast the line moves: seconds a talk with its wrap-up takes, abandonments per waited second, and the factor
    that experience puts on what is told and promised. Raises WaitError.

    `agents` talked at once of late, at most: so many are expected when nobody is there yet.
    """

    handling_seconds: float
    theta: float = 0.0
    correction: float = 1.0
    agents: int = 1

    def __post_init__(self) -> None:
        for field, value in (("handling_seconds", self.handling_seconds), ("correction", self.correction)):
            if not (isfinite(value) and value > 0):
                raise WaitError(field, f"must be a number above 0, not {value!r}")
        if not (isfinite(self.theta) and self.theta >= 0):
            raise WaitError("theta", f"must be a number from 0 on, not {self.theta!r}")
        if self.agents < 1:
            raise WaitError("agents", f"must be a number from 1 on, not {self.agents!r}")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A wait from now on, in seconds: its mean, and what 80 and 90 of 100 such waits stay below.

    Only the two bounds carry the correction: it is learnt from them, and would make the mean a worse guess.
    """

    mean_seconds: float
    p80_seconds: float
    p90_seconds: float

    @property
    def announced_minutes(self) -> int:
        """What the caller is told: P80, rounded up."""
        return _minutes(self.p80_seconds)

    @property
    def promised_minutes(self) -> int:
        """Within what time he is called back: P90, rounded up to five minutes, at least ten."""
        steps = ceil(_minutes(self.p90_seconds) / PROMISE_STEP_MINUTES)
        return max(steps * PROMISE_STEP_MINUTES, LEAST_PROMISE_MINUTES)


def estimate_wait(position: Position, pace: Pace) -> Estimate:
    """The wait of whoever stands there now."""
    gamma = _gamma(position, pace)
    return Estimate(
        mean_seconds=gamma.mean,
        p80_seconds=gamma.quantile(ANNOUNCED_SHARE) * pace.correction,
        p90_seconds=gamma.quantile(PROMISED_SHARE) * pace.correction,
    )


def wait_quantile(position: Position, pace: Pace, share: float) -> float:
    """The seconds below which this share of such waits stays; 0 < share < 1, else WaitError."""
    if not 0 < share < 1:
        raise WaitError("share", f"must be a number between 0 and 1, not {share!r}")
    return _gamma(position, pace).quantile(share) * pace.correction


@dataclass(frozen=True, kw_only=True)
class _Gamma:
    mean: float
    shape: float

    def quantile(self, share: float) -> float:
        normal = NormalDist().inv_cdf(share)
        return self.mean * max(0.0, 1 - 1 / (9 * self.shape) + normal / (3 * sqrt(self.shape))) ** 3


def _gamma(position: Position, pace: Pace) -> _Gamma:
    """The steps' means add up, and so do their variances: each step is exponential."""
    patient = position.callbacks_ahead / position.ahead if position.ahead else 0.0
    served, lost = position.serving / pace.handling_seconds, pace.theta * (1 - patient)
    steps = [1 / (served + ahead * lost) for ahead in range(position.ahead + 1)]
    mean = sum(steps)
    return _Gamma(mean=mean, shape=mean**2 / sum(map(mul, steps, steps)))


class Longer(StrEnum):
    """Why a wait is longer than was told; said with the new time, never left out, and never untrue."""

    FEWER_AGENTS = "fewer_agents"
    EARLIER_CALLER = "earlier_caller"  # back in line: his agent did not answer, or he may be called back now
    LONGER_TALKS = "longer_talks"
    OTHERWISE = "wait_longer"  # a promised call comes first, or we have learnt that we tell too little


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a waiting caller was told last, when, where he stood then, and with which factor it was reckoned."""

    minutes: int
    at: datetime
    position: Position
    correction: float = 1.0

    def minutes_left(self, at: datetime) -> int:
        """What is left of it, rounded up; 0 once it is over."""
        until = self.at + timedelta(minutes=self.minutes)
        return max(ceil(round((until - at).total_seconds(), 3) / 60), 0)


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """What to tell him now; `longer` is the reason to be said where it exceeds what he was told."""

    told: Told
    longer: Longer | None


def remaining_wait(before: Told, at: datetime, position: Position, pace: Pace) -> Remaining:
    """The wait from `at` on, beside what he was told before: never longer without the reason."""
    minutes = estimate_wait(position, pace).announced_minutes
    told = Told(minutes=minutes, at=at, position=position, correction=pace.correction)
    longer = _reason(before, told, pace) if minutes > before.minutes_left(at) else None
    return Remaining(told=told, longer=longer)


def _reason(before: Told, now: Told, pace: Pace) -> Longer:
    """Only what is true: talks are long where the wait would be longer also by the correction of then."""
    then, position = before.position, now.position
    if position.serving < then.serving:
        return Longer.FEWER_AGENTS
    if position.ahead - position.overtaking > then.ahead - then.overtaking:
        return Longer.EARLIER_CALLER
    as_then = estimate_wait(position, replace(pace, correction=before.correction)).announced_minutes
    by_talks = position.ahead <= then.ahead and as_then > before.minutes_left(now.at)
    return Longer.LONGER_TALKS if by_talks else Longer.OTHERWISE


def _minutes(seconds: float) -> int:
    """Rounded up, to the millisecond: 180 s are three minutes however they were added up."""
    return max(ceil(round(seconds, 3) / 60), 1)
