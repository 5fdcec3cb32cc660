"""Agents reach for the same callbacks at once, each through a book of his own: one has it, one settles it (R70)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises
from ivr.adapters.sql_schema import agents
from ivr.policy.callback_events import AttemptResult
from ivr.policy.rules import Rules
from ivr.service.callbacks_by_hand import CallbacksByHand, NotYoursError
from ivr.service.ports import BookUnavailable
from tests.adapters.books import Books
from tests.adapters.rows import Database

AGENTS = ("ana", "ben", "cai", "dai")
NUMBERS = [f"+86138{number:08d}" for number in range(0, 12_000_000, 1_000_001)]
RULES = Rules(callback_dialing="manual", quiet_hours=(), wrap_up_seconds=0)


@pytest.fixture
def desks(database: Database) -> Iterator[list[CallbacksByHand]]:
    """One an agent."""
    opened = [Books(database, RULES) for _ in AGENTS]
    for login in AGENTS:
        database.add_agent(login)
    for index, number in enumerate(NUMBERS):
        opened[0].promised(f"c{index}", number=number)
    yield [CallbacksByHand(books.book, books.clock, RULES) for books in opened]
    for books in opened:
        books.book.close()


def at_once(deeds: Sequence[Callable[[], object]]) -> list[bool]:
    """Which of them came through."""
    together = threading.Barrier(len(deeds))

    def does(deed: Callable[[], object]) -> bool:
        together.wait()
        while True:
            try:
                deed()
            except NotYoursError:
                return False
            except BookUnavailable:
                continue  # too busy to answer in time
            return True

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(does, deeds))


@pytest.mark.timeout(120)
def test_of_agents_who_take_one_callback_at_once_one_has_it_and_of_results_one_counts_r70(
    database: Database, desks: list[CallbacksByHand]
) -> None:
    says = [AttemptResult.BUSY, *[AttemptResult.REACHED] * (len(AGENTS) - 1)]
    for callback in range(1, len(NUMBERS) + 1):
        takes = [partial(desk.take, callback, who) for desk, who in zip(desks, AGENTS, strict=True)]
        assert at_once(takes).count(True) == 1
        results = [partial(desk.settle, callback, said) for desk, said in zip(desks, says, strict=True)]
        assert at_once(results).count(True) == 1
    attempts = database.rows(callback_attempts)
    assert [(row["callback_id"], row["epoch"]) for row in attempts] == [(each, 1) for each in range(1, 13)]
    assert {row["result"] for row in attempts} <= {"busy", "reached"}
    assert {row["state"] for row in database.rows(agents)} == {"available"}
    for row, attempt, promise in zip(
        database.rows(callbacks), attempts, database.rows(promises), strict=True
    ):
        assert (row["state"] == "done") is (attempt["result"] == "reached")
        assert promise["state"] == "kept"


@pytest.mark.timeout(120)
def test_one_agent_who_reaches_for_all_of_them_at_once_has_one_r70(
    database: Database, desks: list[CallbacksByHand]
) -> None:
    wants = zip(desks, range(1, len(AGENTS) + 1), strict=True)
    assert at_once([partial(desk.take, callback, "ana") for desk, callback in wants]).count(True) == 1
    assert [row["agent"] for row in database.rows(callback_attempts)] == ["ana"]
    assert [row["state"] for row in database.rows(callbacks)].count("dialing") == 1
