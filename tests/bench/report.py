"""The results as a table, as sentences and as JSON. What a ratio means stands beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite

from tests.bench.capacity import Capacity, Cost
from tests.bench.wake import Wakes
from tests.bench.webhooks import Side, Webhooks

MEANINGS = {
    "a/b": "the share of a bare switch's capacity that is left when every call is decided, written and kept",
    "a/c": "against app_queue, which decides but writes nothing a person could ring back from",
    "a/d": "against a process a call with the same three durable writes and nothing else",
}


WEBHOOKS_MEAN = (
    "the share of a bare route's webhooks that is left when each call is decided, written and answered"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    capacities: Sequence[Capacity]
    wakes: Sequence[Wakes]
    machine: Mapping[str, object]
    webhooks: Webhooks | None = None

    @property
    def ratios(self) -> dict[str, float | None]:
        """Limit by limit; None where one of the two carried nothing."""
        limits = {capacity.key: capacity.limit for capacity in self.capacities}
        return {name: _ratio(limits.get(name[0]), limits.get(name[2])) for name in MEANINGS}


def _ratio(ours: int | None, theirs: int | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def as_json(report: Report) -> str:
    """One object: machine, capacity (with every trial), ratios, wakes, webhooks."""
    wakes = [
        {"name": w.name, "wanted": w.wanted, "got": len(w.seconds), "p50_ms": w.p50_ms, "p95_ms": w.p95_ms}
        for w in report.wakes
    ]
    whole = {
        "machine": dict(report.machine),
        "capacity": [asdict(capacity) for capacity in report.capacities],
        "ratios": report.ratios,
        "wakes": wakes,
        "webhooks": _webhooks(report.webhooks),
    }
    return json.dumps(_plain(whole), ensure_ascii=False, indent=1, allow_nan=False)


def _webhooks(webhooks: Webhooks | None) -> dict[str, object] | None:
    return None if webhooks is None else {**asdict(webhooks), "ratio": webhooks.ratio}


def _plain(value: object) -> object:
    """Numbers with three decimals; what is not a number is null."""
    match value:
        case float():
            return round(value, 3) if isfinite(value) else None
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def as_text(report: Report) -> str:
    """For people."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    parts = [f"machine: {machine}"]
    if report.capacities:
        parts += [
            "",
            *_table(report.capacities),
            "",
            *_part_lines(report.capacities),
            "",
            *_ratio_lines(report),
        ]
    if report.wakes:
        parts += ["", *_wake_lines(report.wakes)]
    if report.webhooks is not None:
        parts += ["", *_webhook_lines(report.webhooks)]
    return "\n".join(parts)


def _table(capacities: Sequence[Capacity]) -> list[str]:
    head = f"{'':24}{'calls/s':>9}{'at half: p50 ms':>17}{'p99 ms':>9}{'CPU ms/call':>13}{'work after s':>14}"
    return [head, *(_row(capacity) for capacity in capacities)]


def _row(c: Capacity) -> str:
    trial, cost = c.half.trial, c.half
    times = f"{trial.p50_ms:>17.1f}{trial.p99_ms:>9.1f}"
    return f"{c.key} {c.name:22}{_limit(c):>9}{times}{cost.cpu_ms_per_call:>13.1f}{cost.work_after_seconds:>14.1f}"


def _part_lines(capacities: Sequence[Capacity]) -> list[str]:
    head = "where the CPU of a call goes, at half the limit, in ms"
    return [head, *(f"{capacity.key} {_parts(capacity.half)}" for capacity in capacities)]


def _parts(cost: Cost) -> str:
    seen = {part: ms for part, ms in cost.cpu_ms_by_part.items() if ms >= 0.05}
    return "  ".join(f"{part} {ms:.1f}" for part, ms in seen.items())


def _limit(capacity: Capacity) -> str:
    return f"{'>=' if capacity.at_least else ''}{capacity.limit or 0}"


def _ratio_lines(report: Report) -> list[str]:
    return [
        f"{name} {'-' if ratio is None else f'{ratio:.2f}':>6}  {MEANINGS[name]}"
        for name, ratio in report.ratios.items()
    ]


def _wake_lines(wakes: Sequence[Wakes]) -> list[str]:
    head = "agent free to next ring at his phone, callers on hold"
    rows = [
        f"{w.name:36}{len(w.seconds):>3} of {w.wanted}  p50 {w.p50_ms:>7.1f} ms  p95 {w.p95_ms:>7.1f} ms"
        for w in wakes
    ]
    return [head, *rows]


def _webhook_lines(webhooks: Webhooks) -> list[str]:
    head = (
        f"{'a call comes in at Twilio':28}{'webhooks/s':>12}{'at half: p50 ms':>17}{'p99 ms':>9}{'CPU ms':>9}"
    )
    share = f"ratio {webhooks.ratio:.2f}  {WEBHOOKS_MEAN}"
    sides = (webhooks.hotline, webhooks.bare)
    return [f"{head}{'client busy':>13}", *map(_side, sides), share]


def _side(side: Side) -> str:
    times = f"{side.p50_ms:>17.1f}{side.p99_ms:>9.1f}{side.cpu_ms:>9.2f}{side.client_busy:>13.0%}"
    wrong = f"  {side.failed} failed, {side.lost} not in the book" if side.failed or side.lost else ""
    return f"{side.name:28}{side.a_second:>12.0f}{times}{wrong}"
