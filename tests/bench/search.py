"""The highest rate of a grid that holds: bisection, each rate tried at most twice.

It knows nothing of telephones. A rate that failed is tried a second time, because other work of the machine may
have spoilt the first; both trials are kept.
"""

from collections.abc import Callable, Sequence

GRID = (5, 7, 10, 14, 20, 28, 40, 50, 60, 75, 90, 110, 135, 165, 200, 250)
TRIALS = 2


def highest_rate(
    holds: Callable[[int], bool], grid: Sequence[int] = GRID, *, trials: int = TRIALS
) -> int | None:
    """None when not even the lowest rate holds."""
    low, high = -1, len(grid)
    while high - low > 1:
        middle = (low + high) // 2
        if any(holds(grid[middle]) for _ in range(trials)):
            low = middle
        else:
            high = middle
    return grid[low] if low >= 0 else None
