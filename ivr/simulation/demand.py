"""Who calls: when, for how long he talks, how long he waits for it, and how often he misses his callback.

Every caller is drawn whole before the day begins, so that the same seed brings the same callers under other rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, log, sqrt
from random import Random

HALF_HOUR_SECONDS = 1800.0
LEAST_HANDLING_SECONDS = 1.0


class DemandError(ValueError):
    """A number the callers are drawn from makes no sense; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One call to come. `patience_seconds` count from `presented_at`; inf: he stays.

    `missed_callbacks` is how many callbacks ring in vain before he answers one.
    """

    presented_at: datetime
    handling_seconds: float
    patience_seconds: float = inf
    number: str | None = None
    takes_callback: bool = True
    missed_callbacks: int = 0


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What callers are like. Handling is lognormal, `spread` its standard deviation ÷ mean; patience is exponential.

    `patience_seconds` is its mean, inf for callers who never leave. Raises DemandError.
    """

    handling_seconds: float = 240.0
    spread: float = 1.0
    patience_seconds: float = inf
    takes_callback: float = 0.8
    reached: float = 0.8

    def __post_init__(self) -> None:
        _within("handling", self.handling_seconds, 1, 86_400)
        _within("spread", self.spread, 0, 10)
        if self.patience_seconds != inf:
            _within("patience", self.patience_seconds, 1, 86_400)
        _within("takes-callback", self.takes_callback, 0, 1)
        _within("reached", self.reached, 0.05, 1)

    def handling(self, source: Random) -> float:
        """Seconds of one talk."""
        sigma = sqrt(log(1 + self.spread**2))
        drawn = source.lognormvariate(log(self.handling_seconds) - sigma**2 / 2, sigma)
        return max(drawn, LEAST_HANDLING_SECONDS)

    def patience(self, source: Random) -> float:
        """Seconds until he leaves unserved."""
        drawn = source.expovariate(1.0)  # also where it is not used: every caller draws alike
        return inf if self.patience_seconds == inf else drawn * self.patience_seconds

    def missed_callbacks(self, source: Random) -> int:
        """Rung in vain so often, with the same chance each time."""
        return int(log(1 - source.random()) / log(1 - self.reached)) if self.reached < 1 else 0


@dataclass(frozen=True, kw_only=True)
class CallTimes:
    """Calls an hour in each stretch of time, one after the other from `begins_at` on. Raises DemandError."""

    begins_at: datetime
    stretch_seconds: float
    an_hour: tuple[float, ...]
    ends_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        for number in self.an_hour:
            _within("calls", number, 0, 100_000)
        length = timedelta(seconds=self.stretch_seconds * len(self.an_hour))
        object.__setattr__(self, "ends_at", self.begins_at + length)

    def draw(self, source: Random) -> Iterator[datetime]:
        """A Poisson process with that rate, ascending."""
        for stretch, an_hour in enumerate(self.an_hour):
            begins = self.begins_at + timedelta(seconds=stretch * self.stretch_seconds)
            seconds = 0.0
            while (
                an_hour and (seconds := seconds + source.expovariate(an_hour / 3600)) < self.stretch_seconds
            ):
                yield begins + _whole_milliseconds(seconds)


@dataclass(frozen=True, kw_only=True)
class KnownCall:
    """A real call as a file tells it; None is drawn."""

    presented_at: datetime
    handling_seconds: float | None = None
    patience_seconds: float | None = None


def drawn_callers(known: Sequence[KnownCall], habits: Habits, seed: int) -> tuple[Caller, ...]:
    """What is not known of each call is drawn, from a source of its own that depends on its place in the day alone."""
    return tuple(_drawn(call, habits, seeded(seed, str(place))) for place, call in enumerate(known))


def seeded(seed: int, what: str) -> Random:
    """The same draws for the same seed, whatever else is drawn."""
    return Random(f"{seed} {what}")  # noqa: S311 # nothing here is a secret


def _drawn(call: KnownCall, habits: Habits, source: Random) -> Caller:
    handling, patience = habits.handling(source), habits.patience(source)
    return Caller(
        presented_at=call.presented_at,
        handling_seconds=handling if call.handling_seconds is None else call.handling_seconds,
        patience_seconds=patience if call.patience_seconds is None else call.patience_seconds,
        number=f"+86139{source.randrange(10**8):08}",
        takes_callback=source.random() < habits.takes_callback,
        missed_callbacks=habits.missed_callbacks(source),
    )


def _whole_milliseconds(seconds: float) -> timedelta:
    return timedelta(milliseconds=round(seconds * 1000))


def _within(field: str, number: float, least: float, most: float) -> None:
    if not least <= number <= most:
        raise DemandError(field, f"must be a number from {least:g} to {most:g}, not {number:g}")
