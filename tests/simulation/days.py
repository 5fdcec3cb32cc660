"""Days to play: a Monday from nine on, with callers drawn from a seed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from random import Random
from typing import Any

from ivr.policy.rules import Rules
from ivr.simulation.day import Plan
from ivr.simulation.demand import Caller, CallTimes, Habits, KnownCall, drawn_callers
from ivr.simulation.staffing import Shift, Staffing

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # in Beijing
PATIENT = Habits(handling_seconds=200.0)
HASTY = Habits(handling_seconds=200.0, patience_seconds=300.0)
RULES = Rules(max_hold_seconds=400.0, hold_if_wait_at_most_seconds=90.0, wrap_up_seconds=20.0)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def callers(an_hour: float, hours: float, habits: Habits = HASTY, seed: int = 1) -> tuple[Caller, ...]:
    times = CallTimes(begins_at=NINE, stretch_seconds=hours * 3600, an_hour=(an_hour,))
    return drawn_callers([KnownCall(presented_at=at) for at in times.draw(Random(seed))], habits, seed)


def a_day(who: Sequence[Caller], agents: int, hours: float, **values: Any) -> Plan:
    """With so many agents until two hours after the last call."""
    until = after(hours * 3600 + 7200)
    staffing = Staffing((Shift(agents=agents, from_at=NINE, until_at=until),))
    plan = Plan(begins_at=NINE, until_at=until, callers=who, staffing=staffing, rules=RULES)
    return replace(plan, **values)


def who_ring_again(who: Sequence[Caller], seed: int = 3) -> tuple[Caller, ...]:
    """Some of them have called shortly before, and some withhold their number."""
    source, again = Random(seed), list(who)
    for place in range(3, len(again)):
        if source.random() < 0.35:
            number = again[place - source.randint(1, 3)].number
            again[place] = replace(again[place], number=number)
        elif source.random() < 0.1:
            again[place] = replace(again[place], number=None)
    return tuple(again)


def markovian(
    agents: int, load: float, count: int, *, patience_seconds: float = inf, seed: int = 1
) -> list[Caller]:
    """Callers whose talks last exponentially long, 100 s in the mean: what queueing theory reckons with."""
    source, at, made = Random(seed), 0.0, []
    for _ in range(count):
        at += source.expovariate(load * agents / 100.0)
        patience = inf if patience_seconds == inf else source.expovariate(1 / patience_seconds)
        made.append(
            Caller(
                presented_at=NINE + timedelta(milliseconds=round(at * 1000)),
                handling_seconds=source.expovariate(1 / 100.0),
                patience_seconds=patience,
            )
        )
    return made
