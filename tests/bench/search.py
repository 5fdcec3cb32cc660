"""The highest rate of a grid that holds, by bisection. It knows nothing of telephones."""

from collections.abc import Callable, Sequence

GRID = (5, 7, 10, 14, 20, 28, 40, 50, 60, 75, 90, 110, 135, 165, 200)
"""Calls a second: fine enough for a ratio good to a fifth, and bisected in four steps."""


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
