"""What one variant can carry: the highest rate without a failed call, then pickup times and cost at half of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ivr.cli.private_asterisk import Program
from tests.bench.load import Window, percentile, place_calls
from tests.bench.processes import cpu_seconds, tree
from tests.bench.search import GRID, highest_rate
from tests.bench.variants import Variant

WINDOW_SECONDS = 10.0
QUIET_SECONDS = 20.0  # after a window, at most, until the variant has done all its work
BOOK_SECONDS = 6.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One window; `unwritten` calls were carried but are not whole in the variant's book."""

    rate: float
    calls: int
    failed: int
    unwritten: int
    p50_ms: float
    p99_ms: float

    @property
    def holds(self) -> bool:
        return not (self.failed or self.unwritten)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """`limit` None: not even the lowest rate. The half is measured in a window of its own."""

    key: str
    name: str
    limit: int | None
    half: Trial
    cpu_ms_per_call: float
    trials: tuple[Trial, ...]


def measure(variant: Variant, program: Program, say: Say) -> Capacity:
    """Takes about a minute and a half."""
    trials: list[Trial] = []

    def holds(rate: int) -> bool:
        trials.append(_trial(variant, program, rate))
        say(f"  {variant.key} {_told(trials[-1])}")
        variant.settle(QUIET_SECONDS)
        return trials[-1].holds

    _trial(variant, program, 5, seconds=2)  # first calls load what is loaded once
    limit = highest_rate(holds)
    variant.settle(2 * QUIET_SECONDS)
    half, cpu_ms = _cost(variant, program, (limit or GRID[0]) / 2)
    say(f"  {variant.key} at half its limit {_told(half)}, {cpu_ms:.1f} ms of CPU a call")
    return Capacity(
        key=variant.key,
        name=variant.name,
        limit=limit,
        half=half,
        cpu_ms_per_call=cpu_ms,
        trials=tuple(trials),
    )


def _cost(variant: Variant, program: Program, rate: float) -> tuple[Trial, float]:
    before = cpu_seconds(tree(variant.pid))
    half = _trial(variant, program, rate)
    variant.settle(QUIET_SECONDS)
    return half, (cpu_seconds(tree(variant.pid)) - before) / half.calls * 1000


def _trial(variant: Variant, program: Program, rate: float, seconds: float = WINDOW_SECONDS) -> Trial:
    before = variant.written() if variant.written else 0
    window = place_calls(program, port=variant.port, to=variant.to, rate=rate, seconds=seconds)
    return Trial(
        rate=rate,
        calls=window.calls,
        failed=window.failed,
        unwritten=_unwritten(variant, window, before),
        p50_ms=percentile(window.pickup_seconds, 0.5) * 1000,
        p99_ms=percentile(window.pickup_seconds, 0.99) * 1000,
    )


def _unwritten(variant: Variant, window: Window, before: int) -> int:
    if variant.written is None:
        return 0
    wanted = window.calls - window.failed
    until = time.monotonic() + BOOK_SECONDS
    while (written := variant.written() - before) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    return max(0, wanted - written)


def _told(trial: Trial) -> str:
    lost = f"{trial.failed} failed, {trial.unwritten} not in the book" if not trial.holds else "all well"
    times = f"pickup p50 {trial.p50_ms:.1f} p99 {trial.p99_ms:.1f} ms"
    return f"{trial.rate:g} calls/s: {trial.calls} calls, {lost}, {times}"
