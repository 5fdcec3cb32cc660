"""The highest rate of a grid that holds, by bisection. It knows nothing of telephones."""

from collections.abc import Callable, Sequence

GRID = (
    8,
    12,
    16,
    22,
    30,
    40,
    50,
    60,
    75,
    95,
    120,
    150,
    170,
    190,
    210,
    240,
    270,
    300,
    340,
    380,
    430,
    480,
    540,
    600,
    680,
    760,
    860,
)
"""Calls a second: fine enough for a ratio good to an eighth where it matters, and bisected in five steps."""


def highest_rate(holds: Callable[[int], bool], grid: Sequence[int] = GRID) -> int | None:
    """None when not even the lowest rate holds."""
    low, high = -1, len(grid)
    while high - low > 1:
        middle = (low + high) // 2
        if holds(grid[middle]):
            low = middle
        else:
            high = middle
    return grid[low] if low >= 0 else None
