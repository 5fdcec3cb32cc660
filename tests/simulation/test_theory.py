"""The simulated floor is the queue that Erlang reckoned with, wherever his assumptions are met.

Talks and gaps are exponential, phones are answered at once and there is no wrap-up. How far a mean may be off is taken
from the sample itself: means of batches of callers in a row, which hardly depend on each other. Where the load is so
high that one day says little of the mean, every single wait is held against the exact recursion, and that against his.
"""

import heapq
from collections.abc import Sequence
from datetime import timedelta
from math import inf
from statistics import mean, stdev

import pytest

from ivr.policy.call import Outcome
from ivr.policy.rules import Rules
from ivr.simulation.day import Played, play
from ivr.simulation.demand import Caller
from tests.simulation.days import NINE, a_day, markovian

BATCHES = 20
DEVIATIONS = 3.5  # of a batch mean: with 19 degrees of freedom once in four hundred
ERLANG = Rules(max_hold_seconds=7200.0, wrap_up_seconds=0.0)


def played(agents: int, load: float, count: int, patience_seconds: float = inf) -> Played:
    who = markovian(agents, load, count, patience_seconds=patience_seconds)
    hours = (who[-1].presented_at - NINE) / timedelta(hours=1)
    return play(a_day(who, agents, hours, rules=ERLANG, answer_seconds=0.0, calls_back=False))


def waits(day: Played) -> list[float]:
    """Of everybody, until service or until he left."""
    return [
        ((call.served_at or call.ended_at or call.presented_at) - call.presented_at).total_seconds()
        for call in day.calls
    ]


def assert_mean(values: Sequence[float], theory: float) -> None:
    size = len(values) // BATCHES
    assert_means([mean(values[n * size : (n + 1) * size]) for n in range(BATCHES)], theory)


def assert_means(means: Sequence[float], theory: float) -> None:
    error = stdev(means) / len(means) ** 0.5
    assert mean(means) == pytest.approx(theory, abs=DEVIATIONS * error + 0.02)  # a fetch takes 10 ms
    assert error < theory / 4, "too few callers to say anything"


def erlang_c(agents: int, load: float) -> float:
    """The chance to wait."""
    offered, blocked = agents * load, 1.0
    for n in range(1, agents + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


def erlang_a(agents: int, load: float, patience_seconds: float) -> tuple[float, float]:
    """The chance to leave and the mean wait, from the chain of how many are there."""
    arrivals, share, shares = load * agents / 100.0, 1.0, [1.0]
    for there in range(1, agents * 20):
        leaves = min(there, agents) / 100.0 + max(there - agents, 0) / patience_seconds
        share *= arrivals / leaves
        shares.append(share)
    waiting = sum(max(there - agents, 0) * share for there, share in enumerate(shares)) / sum(shares)
    return waiting / patience_seconds / arrivals, waiting / arrivals


def check_erlang_c(agents: int, load: float, count: int) -> None:
    seconds = waits(played(agents, load, count))
    chance = erlang_c(agents, load)
    assert_mean([float(wait > 0.001) for wait in seconds], chance)
    assert_mean(seconds, chance * 100.0 / (agents * (1 - load)))


def check_erlang_a(agents: int, load: float, patience_seconds: float, count: int) -> None:
    day = played(agents, load, count, patience_seconds)
    chance, wait = erlang_a(agents, load, patience_seconds)
    assert_mean([float(call.outcome is Outcome.ABANDONED) for call in day.calls], chance)
    assert_mean(waits(day), wait)


def exact_waits(who: Sequence[Caller], agents: int) -> list[float]:
    """Kiefer and Wolfowitz: a heap holds when each agent will be free, whoever comes next gets the earliest."""
    free, seconds = [0.0] * agents, []
    for caller in who:
        at = (caller.presented_at - NINE).total_seconds()
        wait = max(free[0] - at, 0.0)
        if wait >= caller.patience_seconds:
            seconds.append(caller.patience_seconds)
            continue
        heapq.heapreplace(free, at + wait + caller.handling_seconds)
        seconds.append(wait)
    return seconds


def check_exact(agents: int, load: float, count: int, patience_seconds: float) -> None:
    day = played(agents, load, count, patience_seconds)
    exact = exact_waits(day.plan.callers, agents)
    assert sum(wait > 1 for wait in exact) > count / 10
    apart = [abs(one - other) for one, other in zip(waits(day), exact, strict=True)]
    assert mean(apart) < 0.2, "each fetch takes 10 ms, and whoever waits behind it waits for it too"
    assert sum(wait > 1 for wait in apart) <= len(apart) / 100


@pytest.mark.parametrize("patience", [inf, 120.0])
def test_every_single_wait_is_that_of_the_exact_recursion(patience: float) -> None:
    check_exact(8, 0.95, 1000, patience)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("agents", "load"), [(2, 0.8), (8, 0.9), (30, 0.95)])
def test_every_single_wait_is_that_of_the_exact_recursion_on_floors_of_any_size(
    agents: int, load: float
) -> None:
    check_exact(agents, load, 2000, inf)


@pytest.mark.parametrize(("agents", "load"), [(2, 0.8), (8, 0.7), (30, 0.8)])
def test_the_exact_recursion_waits_as_erlang_c_says(agents: int, load: float) -> None:
    seen = [exact_waits(markovian(agents, load, 4000, seed=seed), agents) for seed in range(40)]
    chance = erlang_c(agents, load)
    assert_means([mean(seconds) for seconds in seen], chance * 100.0 / (agents * (1 - load)))
    assert_means([mean(wait > 0 for wait in seconds) for seconds in seen], chance)


def test_who_stays_waits_as_erlang_c_says() -> None:
    check_erlang_c(agents=4, load=0.7, count=2500)


def test_who_may_leave_leaves_and_waits_as_erlang_a_says() -> None:
    check_erlang_a(agents=5, load=1.0, patience_seconds=150.0, count=2000)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("agents", "load", "patience"), [(3, 1.2, 180.0), (12, 0.95, 60.0), (30, 1.1, 240.0)]
)
def test_who_may_leave_does_so_as_erlang_a_says_on_floors_of_any_size(
    agents: int, load: float, patience: float
) -> None:
    check_erlang_a(agents, load, patience, count=5_000)
