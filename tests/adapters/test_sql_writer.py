"""One writer, shared commits: nobody is released before his unit is durable, and a bad unit harms only itself."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_postgres import Turn
from ivr.adapters.sql_schema import alerts
from ivr.adapters.sql_writer import GroupWriter
from ivr.service.ports import BookUnavailable
from tests.agi_scripts.house import eventually
from tests.service.house import NOON


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    made = create_engine(url, turn=Turn.FLOOR, on_call_path=True)
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: sa.Engine) -> Iterator[GroupWriter]:
    made = GroupWriter(engine)
    yield made
    made.close()


def alert(kind: str, connection: sa.Connection) -> str:
    connection.execute(sa.insert(alerts), {"at": NOON, "kind": kind})
    return kind


def kinds(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(alerts.c.kind).order_by(alerts.c.id)).scalars())


def test_what_run_returns_is_already_there_for_everybody_else(engine: sa.Engine, writer: GroupWriter) -> None:
    assert writer.run(lambda connection: alert("a", connection), 1.5) == "a"
    assert kinds(engine) == ["a"]


def test_a_unit_that_fails_takes_nothing_with_it_and_tells_its_own_caller(
    engine: sa.Engine, writer: GroupWriter
) -> None:
    def bad(connection: sa.Connection) -> None:
        alert("half", connection)
        raise KeyError("wrong")

    started = threading.Barrier(9)
    heard: list[str] = []

    def run(work: object) -> None:
        started.wait()
        try:
            writer.run(work, 5)  # type: ignore[arg-type] # good and bad ones alike
        except KeyError as error:
            heard.append(str(error))

    works = [bad, *[lambda connection: alert("good", connection)] * 8]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(engine) == ["good"] * 8
    assert heard == ["'wrong'"]


def test_with_the_database_locked_by_another_the_caller_is_told_within_his_budget(
    engine: sa.Engine, writer: GroupWriter
) -> None:
    with engine.begin() as other:  # holds the write lock
        alert("other", other)
        started = time.monotonic()
        with pytest.raises(BookUnavailable):
            writer.run(lambda connection: alert("late", connection), 0.3)
        assert time.monotonic() - started < 1.0


def test_a_unit_withdrawn_before_its_turn_is_never_written(engine: sa.Engine, writer: GroupWriter) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        entered.set()
        leave.wait(5)

    thread = threading.Thread(target=lambda: writer.run(slow, 5))
    thread.start()
    entered.wait(5)
    with pytest.raises(BookUnavailable):
        writer.run(lambda connection: alert("withdrawn", connection), 0.1)
    leave.set()
    thread.join()
    writer.run(lambda connection: alert("after", connection), 5)
    assert kinds(engine) == ["after"]


class Deadlock(Exception):
    """As the driver tells it."""

    sqlstate = "40P01"


def test_a_unit_ended_so_that_another_could_go_on_is_run_once_more(
    engine: sa.Engine, writer: GroupWriter
) -> None:
    tries: list[int] = []

    def unlucky(connection: sa.Connection) -> str:
        tries.append(1)
        alert("again", connection)
        if len(tries) == 1:
            raise sa.exc.DBAPIError("UPDATE agents", None, Deadlock())
        return "done"

    assert writer.run(unlucky, 5) == "done"
    assert kinds(engine) == ["again"], "nothing is left of the first try"


def test_a_unit_that_is_always_unlucky_is_not_tried_for_ever(writer: GroupWriter) -> None:
    tries: list[int] = []

    def unlucky(connection: sa.Connection) -> None:
        tries.append(1)
        raise sa.exc.DBAPIError("UPDATE agents", None, Deadlock())

    with pytest.raises(BookUnavailable):
        writer.run(unlucky, 5)
    assert len(tries) == 2


def test_many_callers_at_once_share_few_commits(engine: sa.Engine, writer: GroupWriter) -> None:
    commits: list[int] = []
    sa.event.listen(engine, "commit", lambda _connection: commits.append(1))
    threads = [
        threading.Thread(target=lambda: writer.run(lambda connection: alert("x", connection), 5))
        for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kinds(engine)) == 60
    assert len(commits) < 60


class Later:
    """Whoever asked for later, and what he was told, each time."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def __call__(self, result: Callable[[], object]) -> None:
        try:
            self.told.append(result())
        except BookUnavailable as error:
            self.told.append(error)


def test_who_does_not_wait_is_told_after_the_commit_and_once(engine: sa.Engine, writer: GroupWriter) -> None:
    seen: list[list[str]] = []
    later = Later()

    def told(result: Callable[[], object]) -> None:
        seen.append(kinds(engine))
        later(result)

    writer.later(lambda connection: alert("a", connection), told, 1.5)
    eventually(lambda: later.told == ["a"])
    assert seen == [["a"]]


def test_who_does_not_wait_is_told_of_a_failure_as_who_waits(writer: GroupWriter) -> None:
    later = Later()
    writer.later(lambda connection: connection.execute(sa.text("SELECT * FROM nowhere")), later, 1.5)
    eventually(lambda: len(later.told) == 1)
    assert isinstance(later.told[0], BookUnavailable)


def test_who_does_not_wait_is_told_in_time_that_it_takes_too_long_and_never_again(
    engine: sa.Engine, writer: GroupWriter
) -> None:
    go_on = threading.Event()
    running, queued = Later(), Later()
    writer.later(lambda _connection: go_on.wait(5), running, 0.2)
    writer.later(lambda connection: alert("withdrawn", connection), queued, 0.2)
    began_at = time.monotonic()
    eventually(lambda: running.told and queued.told)
    assert time.monotonic() - began_at < 0.6
    go_on.set()
    assert writer.run(lambda connection: alert("next", connection), 1.5) == "next"
    time.sleep(0.1)
    assert [type(told) for told in (*running.told, *queued.told)] == [BookUnavailable, BookUnavailable]
    assert kinds(engine) == ["next"]


def test_whoever_cannot_be_told_keeps_nobody_else_from_it(writer: GroupWriter) -> None:
    go_on = threading.Event()
    later = Later()

    def stumbles(_result: Callable[[], object]) -> None:
        raise RuntimeError("no thread")

    writer.later(lambda _connection: go_on.wait(5), stumbles, 0.1)
    writer.later(lambda _connection: "never", later, 0.3)
    eventually(lambda: later.told, 2)
    go_on.set()
    assert isinstance(later.told[0], BookUnavailable)
