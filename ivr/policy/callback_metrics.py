"""The figures of what was promised and told: kept by the minute, reached, broken in silence, told beside what came.

Each carries its formula, numerator and denominator; a promise that can still be kept is not counted for it yet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.policy.call import Call
from ivr.policy.metrics import Metric, count, ratio
from ivr.policy.opening_hours import OpeningHours


@dataclass(frozen=True, kw_only=True)
class MeasuredCallback:
    """The moments of one callback; `first_due_at` is the time he was promised first, whatever he was told later."""

    promised_at: datetime
    first_due_at: datetime
    called_at: datetime | None  # the first time his network was asked for him, or he was served
    served_at: datetime | None
    closed_at: datetime | None
    hand_over_reason: str | None = None  # why a person had to go on, where one had to


@dataclass(frozen=True, kw_only=True)
class ToldWait:
    """What one caller was told first, and when his wait ended: for a person, or otherwise, or not yet."""

    told_at: datetime
    told_seconds: float
    served_at: datetime | None
    ended_at: datetime | None

    def waited_seconds(self, now: datetime) -> float:
        """From the moment he was told."""
        return max(((self.served_at or self.ended_at or now) - self.told_at).total_seconds(), 0.0)


def told_wait(call: Call) -> ToldWait | None:
    """None for one who was told no wait. The last telling always comes shortly before the end: the first counts."""
    told = call.first_told
    if told is None:
        return None
    return ToldWait(
        told_at=told.at,
        told_seconds=told.minutes * 60.0,
        served_at=call.served_at,
        ended_at=call.ended_at,
    )


@dataclass(frozen=True, kw_only=True)
class PromisesKept:
    """All that these figures are made of; a score is None where the caller was asked and pressed nothing."""

    callbacks: Sequence[MeasuredCallback] = ()
    broken_in_silence: int = 0
    told: Sequence[ToldWait] = ()
    idle_seconds: float = 0.0
    scores: Sequence[int | None] = ()


def measure_promises(
    kept: PromisesKept, since: datetime, now: datetime, hours: OpeningHours
) -> tuple[Metric, ...]:
    """Every figure, always in the same order."""
    idle = _idle(kept.idle_seconds, hours.open_seconds(since, now))
    return (*_callbacks(kept, now), *_told(kept.told, now), idle)


def _callbacks(kept: PromisesKept, now: datetime) -> Iterator[Metric]:
    promised = kept.callbacks
    yield count("callbacks_promised", "callbacks promised", promised)
    decided = [each for each in promised if each.called_at is not None or now > each.first_due_at]
    in_time = [each for each in decided if each.called_at is not None and each.called_at <= each.first_due_at]
    formula = "called by the time promised first ÷ (promised − neither called nor due yet)"
    yield ratio("callbacks_kept_by_the_promised_minute", formula, len(in_time), len(decided), "share")
    over = [each for each in promised if each.closed_at is not None]
    reached = [each for each in over if each.served_at is not None]
    yield ratio("callbacks_reached", "spoken with ÷ closed", len(reached), len(over), "share")
    handed_over = sum(each.hand_over_reason is not None for each in promised)
    yield ratio(
        "callbacks_handed_over",
        "given to a person to go on with ÷ promised",
        handed_over,
        len(promised),
        "share",
    )
    broken = "due time passed without a call, and no new time was heard before"
    yield ratio("promises_broken_in_silence", broken, kept.broken_in_silence, 1, "calls")


def _told(told: Sequence[ToldWait], now: datetime) -> Iterator[Metric]:
    """Who left before the told time was over says nothing; who left after it, or still waits, was told too little."""
    spare = [(each.told_seconds - each.waited_seconds(now), each.served_at is not None) for each in told]
    kept = sum(served and seconds >= 0 for seconds, served in spare)
    known = sum(served or seconds < 0 for seconds, served in spare)
    formula = "served within what he was told first ÷ (told − left or waiting, and no longer yet than told)"
    yield ratio("told_wait_kept", formula, kept, known, "share")
    apart = [seconds for seconds, served in spare if served]
    formula = "Σ(told first − waited from then on) ÷ served of those told"
    yield ratio("told_minus_actual_seconds", formula, round(sum(apart), 3), len(apart), "seconds")


def _idle(idle_seconds: float, open_seconds: float) -> Metric:
    formula = "Σ seconds an agent was free while the caller he then got waited ÷ seconds we were open"
    return ratio("idle_while_somebody_waits", formula, round(idle_seconds, 3), int(open_seconds), "share")


def measure_satisfaction(scores: Sequence[int | None]) -> Iterator[Metric]:
    """A score means little without how many gave one."""
    given = [score for score in scores if score is not None]
    yield ratio("satisfaction", "Σ scores from 1 to 5 ÷ scores given", sum(given), len(given), "score")
    yield ratio(
        "satisfaction_response_rate", "scores given ÷ callers asked", len(given), len(scores), "share"
    )
