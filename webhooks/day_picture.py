"""The day as a picture: calls a quarter of an hour as bars, the service level as a line; drawn by the server.

It is small, still, and needs no script; the table beside it says the same in numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Final

from ivr.policy.rules import Rules
from ivr.service.today import QUARTER, Quarter

WIDTH: Final = 960.0
HEIGHT: Final = 200.0
LEFT, RIGHT, TOP, BOTTOM = 36.0, 44.0, 10.0, 22.0
SHORTEST: Final = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A quarter's calls, from below: served, otherwise ended or still on the line, abandoned."""

    x: float
    width: float
    served: tuple[float, float]  # y and height
    other: tuple[float, float]
    abandoned: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class DayPicture:
    """Everything in the picture's own units; `lines` are stretches of quarters that have a level."""

    bars: tuple[Bar, ...]
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    hours: tuple[tuple[float, str], ...]
    heights: tuple[tuple[float, int], ...]
    target_y: float
    base_y: float = HEIGHT - BOTTOM
    left: float = LEFT
    right: float = WIDTH - RIGHT
    width: float = WIDTH
    height: float = HEIGHT


def day_picture(quarters: Sequence[Quarter], rules: Rules) -> DayPicture | None:
    """None before the first call of the day."""
    if not quarters:
        return None
    first = rules.hours.local(quarters[0].at).replace(minute=0)
    last = max(quarters[-1].at + QUARTER, first + SHORTEST)
    slots = ceil((last - first) / QUARTER)
    slot = (WIDTH - LEFT - RIGHT) / slots
    most = _round_number(max(each.offered for each in quarters))

    def x_of(at: datetime) -> float:
        return LEFT + (at - first) / QUARTER * slot

    points = [
        (round(x_of(each.at) + slot / 2, 1), round(_level_y(each.service_level), 1))
        if each.service_level is not None
        else None
        for each in quarters
    ]
    return DayPicture(
        bars=tuple(_bar(each, x_of(each.at), slot, most) for each in quarters if each.offered),
        lines=tuple(_stretches(points)),
        dots=tuple(point for point in points if point is not None),
        hours=tuple(_hours(first, slots, slot)),
        heights=tuple((_count_y(count, most), count) for count in (0, most // 2, most)),
        target_y=round(_level_y(rules.service_level_target), 1),
    )


def _round_number(most: int) -> int:
    """The axis ends at an even number not below that."""
    step = 2 if most <= 20 else 10 if most <= 200 else 100
    return max(ceil(most / step) * step, 2)


def _count_y(count: float, most: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * count / most, 1)


def _level_y(level: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * level


def _bar(quarter: Quarter, x: float, slot: float, most: int) -> Bar:
    other = max(quarter.offered - quarter.served - quarter.abandoned, 0)
    ends = [_count_y(count, most) for count in (0, quarter.served, quarter.served + other, quarter.offered)]
    parts = [(upper, round(lower - upper, 1)) for lower, upper in pairwise(ends)]
    return Bar(
        x=round(x + slot * 0.12, 1),
        width=round(slot * 0.76, 1),
        served=parts[0],
        other=parts[1],
        abandoned=parts[2],
    )


def _stretches(points: Sequence[tuple[float, float] | None]) -> list[str]:
    """As polylines want them; a quarter without a call is a gap."""
    stretches: list[list[str]] = [[]]
    for point in points:
        if point is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{point[0]},{point[1]}")
    return [" ".join(stretch) for stretch in stretches if len(stretch) > 1]


def _hours(first: datetime, slots: int, slot: float) -> list[tuple[float, str]]:
    every = 1 if slots <= 48 else 2
    return [
        (round(LEFT + 4 * hour * slot, 1), f"{(first + timedelta(hours=hour)):%H:%M}")
        for hour in range(0, slots // 4 + 1, every)
    ]
