"""The order of all tests."""

from typing import Final

import pytest

LONGEST: Final = (
    "test_callbacks.py",
    "test_lost_replies.py",
    "test_broken_rules.py",
    "test_callbacks_not_reached.py",
    "test_faults.py",
    "test_servers_worse_than_dead.py",
)  # minutes, each of them


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no file is left alone at the end: then whatever waits for real calls."""

    def rank(item: pytest.Item) -> tuple[int, bool]:
        name = item.path.name
        place = LONGEST.index(name) if name in LONGEST and _waits(item) else len(LONGEST)
        return place, not _waits(item)

    items.sort(key=rank)


def _waits(item: pytest.Item) -> bool:
    return item.get_closest_marker("real") is not None or item.get_closest_marker("slow") is not None
