"""What one variant can carry: the highest rate without a failed call; then pickup times and cost at half of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivr.cli.private_asterisk import Program
from tests.bench.load import Window, percentile, place_calls
from tests.bench.processes import cpu_seconds, tree
from tests.bench.search import GRID, highest_rate
from tests.bench.variants import Variant

WINDOW_SECONDS = 10.0
QUIET_SECONDS = 6.0  # between two windows, at most, for what a variant still has to do
SETTLE_SECONDS = 40.0  # at the end, until everything is done: its cost belongs to the calls
BOOK_SECONDS = 4.0
SPOILT_SHARE = 0.05  # so few failures may be somebody else's fault: that rate is tried once more

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

    @property
    def perhaps_spoilt(self) -> bool:
        return 0 < self.failed + self.unwritten <= self.calls * SPOILT_SHARE


@dataclass(frozen=True, kw_only=True)
class Cost:
    """At half the limit. `work_after_seconds`: from the last call's end until the variant had nothing left to do."""

    trial: Trial
    cpu_ms_by_part: Mapping[str, float]  # a call
    work_after_seconds: float

    @property
    def cpu_ms_per_call(self) -> float:
        return sum(self.cpu_ms_by_part.values())


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """`limit` None: not even the lowest rate."""

    key: str
    name: str
    limit: int | None
    half: Cost
    trials: tuple[Trial, ...]

    @property
    def at_least(self) -> bool:
        """No higher rate was tried: the true limit may lie above."""
        return self.limit is not None and self.limit >= max(trial.rate for trial in self.trials)


def find_limit(variant: Variant, program: Program, say: Say) -> tuple[int | None, tuple[Trial, ...]]:
    """About a minute; every window is kept."""
    trials: list[Trial] = []

    def window(rate: int) -> Trial:
        trials.append(_trial(variant, program, rate))
        say(f"  {variant.key} {_told(trials[-1])}")
        variant.settle(QUIET_SECONDS)
        return trials[-1]

    def holds(rate: int) -> bool:
        first = window(rate)
        return first.holds or (first.perhaps_spoilt and window(rate).holds)

    _warm_up(variant, program)
    return highest_rate(holds, [rate for rate in GRID if rate <= variant.most]), tuple(trials)


def at_half(variant: Variant, program: Program, limit: int | None, say: Say) -> Cost:
    """A window at half the limit, by a variant that has nothing else to do."""
    _warm_up(variant, program)
    before = cpu_seconds(tree(variant.pid))
    trial = _trial(variant, program, (limit or GRID[0]) / 2)
    after_seconds = variant.settle(SETTLE_SECONDS)
    spent = cpu_seconds(tree(variant.pid)) - before
    by_part = {part: seconds / trial.calls * 1000 for part, seconds in spent.most_common()}
    cost = Cost(trial=trial, cpu_ms_by_part=by_part, work_after_seconds=after_seconds)
    say(f"  {variant.key} at half its limit, {_told(trial)}, {cost.cpu_ms_per_call:.1f} ms of CPU a call")
    return cost


def _warm_up(variant: Variant, program: Program) -> None:
    """The first calls load what is loaded once."""
    _trial(variant, program, 5, seconds=2)
    variant.settle(QUIET_SECONDS)


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
