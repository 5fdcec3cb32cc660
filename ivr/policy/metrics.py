"""The figures a manager is judged by. Each carries its formula, numerator and denominator.

Greeted (anybody picked up) and served (a person speaks) are never mixed (R64, R68). A call that can still
make a limit is not counted for it yet; who leaves at once is counted apart. Percentiles are never averaged.
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
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
    unit: str  # calls, share, seconds or score


def rings(call: MeasuredCall, ring_cycle_seconds: float) -> int | None:
    """In which ring somebody or something picked up, from 1; None while nobody has."""
    waited = call.seconds_to(call.greeted_at)
    return None if waited is None else floor(waited / ring_cycle_seconds) + 1


def measure(calls: Sequence[MeasuredCall], rules: Rules, now: datetime) -> tuple[Metric, ...]:
    """Every figure over these calls, always in the same order."""
    tally = Tally(rules=rules)
    for call in calls:
        tally.add(call, now)
    return tally.metrics()


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """What had to happen within so many seconds: somebody or something picked up, or a person spoke."""

    name: str
    by_a_person: bool
    seconds: float


def _limits(rules: Rules) -> tuple[_Limit, ...]:
    three_rings = rules.deadline_seconds
    strict = (rules.rings - 1) * rules.ring_cycle_seconds + 1  # while the last ring's tone still sounds
    return (
        _Limit(name="greeted_within_three_rings", by_a_person=False, seconds=three_rings),
        _Limit(name="served_within_three_rings", by_a_person=True, seconds=three_rings),
        _Limit(name="three_rings_strict", by_a_person=False, seconds=strict),
        _Limit(name="service_level", by_a_person=True, seconds=rules.service_level_seconds),
    )


@dataclass(kw_only=True)
class Tally:
    """The figures of calls that come one after the other, in any order; each is looked at once."""

    rules: Rules
    offered: int = 0
    stayed: int = 0  # offered, and did not leave at once
    abandoned: int = 0
    abandoned_short: int = 0
    fallback: int = 0
    answerable: int = 0  # served, or too late to be served in time
    waits: list[float] = field(default_factory=list)  # of the served, ascending
    decided: list[int] = field(default_factory=lambda: [0] * 4)  # limit by limit, as in _limits
    made: list[int] = field(default_factory=lambda: [0] * 4)

    def __post_init__(self) -> None:
        self._limits = _limits(self.rules)

    def copy(self) -> "Tally":
        """Goes on by itself."""
        return replace(self, waits=self.waits[:], decided=self.decided[:], made=self.made[:])

    def add(self, call: MeasuredCall, now: datetime) -> None:
        """What is decided by now of one more call."""
        if call.outcome == REJECTED:
            return
        greeted, served = call.seconds_to(call.greeted_at), call.seconds_to(call.served_at)
        running_for = None if call.ended_at else (now - call.presented_at).total_seconds()
        self.offered += 1
        self.fallback += call.outcome == Outcome.FALLBACK
        if served is not None:
            insort(self.waits, served)
        self.answerable += served is not None or not _undecided(running_for, self.rules.deadline_seconds)
        if _left_at_once(call, self.rules):
            self.abandoned_short += 1
            return
        self.stayed += 1
        self.abandoned += call.outcome == Outcome.ABANDONED
        for place, limit in enumerate(self._limits):
            waited = served if limit.by_a_person else greeted
            self.decided[place] += waited is not None or not _undecided(running_for, limit.seconds)
            self.made[place] += waited is not None and waited <= limit.seconds

    def metrics(self) -> tuple[Metric, ...]:
        """Every figure, always in the same order."""
        return (
            ratio("offered", "calls presented to us", self.offered, 1, "calls"),
            *self._within_limits(),
            *self._waits(),
            *self._losses(),
            # 接通率, as the national rule for hotlines counts it: short abandons are misses here
            ratio(
                "answered_share", "served ÷ (offered − undecided)", len(self.waits), self.answerable, "share"
            ),
        )

    def _within_limits(self) -> Iterator[Metric]:
        """Over the calls that did not leave at once: who made which limit."""
        short = f"abandoned < {self.rules.short_abandon_seconds:g} s"
        for limit, made, decided in zip(self._limits, self.made, self.decided, strict=True):
            happened = "served" if limit.by_a_person else "greeted"
            formula = f"{happened} ≤ {limit.seconds:g} s ÷ (offered − {short} − undecided)"
            yield ratio(limit.name, formula, made, decided, "share")

    def _waits(self) -> tuple[Metric, ...]:
        total = round(sum(self.waits), 3)
        asa = ratio("asa_seconds", "Σ(served − presented) ÷ served", total, len(self.waits), "seconds")
        return (asa, *(percentile(self.waits, percent) for percent in (50, 80, 95)))

    def _losses(self) -> tuple[Metric, ...]:
        short = self.rules.short_abandon_seconds
        rate = f"abandoned ≥ {short:g} s ÷ (offered − abandoned < {short:g} s)"
        fallback = "ended at a fallback phone or on the ring-back list"
        return (
            ratio("abandoned", f"left unserved after {short:g} s or more", self.abandoned, 1, "calls"),
            ratio("abandoned_short", f"left unserved within {short:g} s", self.abandoned_short, 1, "calls"),
            ratio("abandonment_rate", rate, self.abandoned, self.stayed, "share"),
            ratio("fallback", fallback, self.fallback, 1, "calls"),
        )


def percentile(waits: Sequence[float], percent: int) -> Metric:
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


class Part(StrEnum):
    """What one call is to one figure."""

    COUNTED = "counted"  # it is in it
    MADE = "made"  # it is above and below the line
    MISSED = "missed"  # only below


def part_in(name: str, call: MeasuredCall, rules: Rules, now: datetime) -> Part | None:
    """None where the figure says nothing of this call, or is none of calls."""
    alone = Tally(rules=rules)
    alone.add(call, now)
    figures = {metric.name: metric for metric in alone.metrics()}
    if name in _SERVED:
        return Part.COUNTED if alone.waits else None
    figure = figures.get(name)
    if figure is None:
        return None
    if figure.unit == "calls":
        return Part.COUNTED if figure.numerator else None
    if figure.denominator == 0:
        return None
    # who left unserved is what the rate of abandonment counts
    return Part.MADE if bool(figure.numerator) is not (name == "abandonment_rate") else Part.MISSED


_SERVED = frozenset({"asa_seconds", "wait_p50", "wait_p80", "wait_p95"})


def _left_at_once(call: MeasuredCall, rules: Rules) -> bool:
    stayed = call.seconds_to(call.ended_at)
    return call.outcome == Outcome.ABANDONED and stayed is not None and stayed < rules.short_abandon_seconds


def _undecided(running_for: float | None, limit_seconds: float) -> bool:
    """Still running and young enough to make the limit."""
    return running_for is not None and running_for < limit_seconds


def count(name: str, formula: str, calls: Sequence[object]) -> Metric:
    """How many."""
    return ratio(name, formula, len(calls), 1, "calls")


def ratio(name: str, formula: str, numerator: float, denominator: int, unit: str) -> Metric:
    """One figure over so many; over none it has no value."""
    value = None if denominator == 0 else round(numerator / denominator, 4)
    if unit == "calls" and value is not None:
        value = int(value)
    return Metric(
        name=name, formula=formula, numerator=numerator, denominator=denominator, value=value, unit=unit
    )
