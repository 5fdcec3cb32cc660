"""The figures a manager is judged by. Each carries its formula, numerator and denominator.

Greeted (anybody picked up) and served (a person speaks) are never mixed (R64, R68). A call that can still
make a limit is not counted for it yet; who leaves at once is counted apart. Percentiles are never averaged.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor

from ivr.policy.call import Outcome
from ivr.policy.rules import Rules

REJECTED = "rejected"  # refused before presentation: never offered to us


@dataclass(frozen=True, kw_only=True)
class MeasuredCall:
    """The moments of one call, finished or running; `outcome` as stored."""

    presented_at: datetime
    greeted_at: datetime | None
    greeted_by: str | None  # agent | server
    served_at: datetime | None
    ended_at: datetime | None
    outcome: str

    def seconds_to(self, moment: datetime | None) -> float | None:
        """From its presentation to that moment, to the millisecond."""
        return None if moment is None else round((moment - self.presented_at).total_seconds(), 3)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`value` is numerator ÷ denominator (a percentile: the numerator-th smallest); None over nothing."""

    name: str
    formula: str
    numerator: float
    denominator: int
    value: float | None
    unit: str  # calls, share or seconds


def rings(call: MeasuredCall, ring_cycle_seconds: float) -> int | None:
    """In which ring somebody or something picked up, from 1; None while nobody has."""
    waited = _greeted(call)
    return None if waited is None else floor(waited / ring_cycle_seconds) + 1


def measure(calls: Sequence[MeasuredCall], rules: Rules, now: datetime) -> tuple[Metric, ...]:
    """Every figure over these calls, always in the same order."""
    offered = [call for call in calls if call.outcome != REJECTED]
    stayed = [call for call in offered if not _left_at_once(call, rules)]
    return (
        _count("offered", "calls presented to us", offered),
        *_limits(stayed, rules, now),
        *_waits(offered),
        *_losses(offered, stayed, rules),
        _answered_share(offered, rules, now),
    )


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """What had to happen within so many seconds."""

    name: str
    happened: str
    seconds_of: Callable[[MeasuredCall], float | None]
    seconds: float

    def decides(self, call: MeasuredCall, now: datetime) -> bool:
        return self.seconds_of(call) is not None or not _undecided(call, self.seconds, now)

    def was_made(self, call: MeasuredCall) -> bool:
        waited = self.seconds_of(call)
        return waited is not None and waited <= self.seconds


def _greeted(call: MeasuredCall) -> float | None:
    """How long it rang before anybody or anything picked up."""
    return call.seconds_to(call.greeted_at)


def _served(call: MeasuredCall) -> float | None:
    """How long the caller waited for a person."""
    return call.seconds_to(call.served_at)


def _limits(stayed: Sequence[MeasuredCall], rules: Rules, now: datetime) -> Iterator[Metric]:
    """Over the calls that did not leave at once: who made which limit."""
    three_rings = rules.deadline_seconds
    strict = (rules.rings - 1) * rules.ring_cycle_seconds + 1  # while the last ring's tone still sounds
    for limit in (
        _Limit(
            name="greeted_within_three_rings", happened="greeted", seconds_of=_greeted, seconds=three_rings
        ),
        _Limit(name="served_within_three_rings", happened="served", seconds_of=_served, seconds=three_rings),
        _Limit(name="three_rings_strict", happened="greeted", seconds_of=_greeted, seconds=strict),
        _Limit(
            name="service_level", happened="served", seconds_of=_served, seconds=rules.service_level_seconds
        ),
    ):
        decided = [call for call in stayed if limit.decides(call, now)]
        made = [call for call in decided if limit.was_made(call)]
        short = f"abandoned < {rules.short_abandon_seconds:g} s"
        formula = f"{limit.happened} ≤ {limit.seconds:g} s ÷ (offered − {short} − undecided)"
        yield _ratio(limit.name, formula, len(made), len(decided), "share")


def _waits(offered: Sequence[MeasuredCall]) -> tuple[Metric, ...]:
    waits = sorted(seconds for call in offered if (seconds := _served(call)) is not None)
    total = round(sum(waits), 3)
    asa = _ratio("asa_seconds", "Σ(served − presented) ÷ served", total, len(waits), "seconds")
    return (asa, *(_percentile(waits, percent) for percent in (50, 80, 95)))


def _percentile(waits: Sequence[float], percent: int) -> Metric:
    """By nearest rank: a wait that somebody really had."""
    rank = -(-percent * len(waits) // 100)
    return Metric(
        name=f"wait_p{percent}",
        formula=f"nearest rank: ⌈{percent} % × served⌉-th smallest of served − presented",
        numerator=rank,
        denominator=len(waits),
        value=waits[rank - 1] if waits else None,
        unit="seconds",
    )


def _losses(
    offered: Sequence[MeasuredCall], stayed: Sequence[MeasuredCall], rules: Rules
) -> tuple[Metric, ...]:
    short = rules.short_abandon_seconds
    abandoned = [call for call in stayed if call.outcome == Outcome.ABANDONED]
    short_abandoned = [call for call in offered if _left_at_once(call, rules)]
    fallback = [call for call in offered if call.outcome == Outcome.FALLBACK]
    rate = f"abandoned ≥ {short:g} s ÷ (offered − abandoned < {short:g} s)"
    return (
        _count("abandoned", f"left unserved after {short:g} s or more", abandoned),
        _count("abandoned_short", f"left unserved within {short:g} s", short_abandoned),
        _ratio("abandonment_rate", rate, len(abandoned), len(stayed), "share"),
        _count("fallback", "ended at a fallback phone or on the ring-back list", fallback),
    )


def _answered_share(offered: Sequence[MeasuredCall], rules: Rules, now: datetime) -> Metric:
    """接通率, as the national rule for hotlines counts it: short abandons are misses here."""
    limit = rules.deadline_seconds
    decided = [call for call in offered if call.served_at is not None or not _undecided(call, limit, now)]
    served = [call for call in decided if call.served_at is not None]
    return _ratio("answered_share", "served ÷ (offered − undecided)", len(served), len(decided), "share")


def _left_at_once(call: MeasuredCall, rules: Rules) -> bool:
    stayed = call.seconds_to(call.ended_at)
    return call.outcome == Outcome.ABANDONED and stayed is not None and stayed < rules.short_abandon_seconds


def _undecided(call: MeasuredCall, limit_seconds: float, now: datetime) -> bool:
    """Still running and young enough to make the limit."""
    return call.ended_at is None and (now - call.presented_at).total_seconds() < limit_seconds


def _count(name: str, formula: str, calls: Sequence[MeasuredCall]) -> Metric:
    return _ratio(name, formula, len(calls), 1, "calls")


def _ratio(name: str, formula: str, numerator: float, denominator: int, unit: str) -> Metric:
    value = None if denominator == 0 else round(numerator / denominator, 4)
    if unit == "calls" and value is not None:
        value = int(value)
    return Metric(
        name=name, formula=formula, numerator=numerator, denominator=denominator, value=value, unit=unit
    )
