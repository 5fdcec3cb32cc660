"""How fast the line moves, as either database remembers it, and where a call stands in it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_attempts
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_pace import FRESH, SqlPace
from ivr.adapters.sql_schema import calls
from ivr.policy.call import Call, Outcome, Phase
from ivr.policy.wait import Pace, Position, Told
from ivr.policy.wait_inputs import EndedWait, handling_seconds, pace_of
from tests.adapters.books import Books, after, contact
from tests.adapters.rows import CALLER
from tests.fakes.fake_clock import FakeClock

NOTHING_KNOWN = pace_of((), ())
SECOND = Position(ahead=1, serving=2)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(after(0))


@pytest.fixture
def pace(books: Books, clock: FakeClock) -> Iterator[SqlPace]:
    readers = read_engine(books.database.url)
    yield SqlPace(readers, clock, wrap_up_seconds=30.0)
    readers.dispose()


def over(books: Books, ref: str, **state: object) -> None:
    """A call that has ended."""
    entry = books.book.unit(lambda unit: unit.add(contact(ref), CALLER))
    ended = replace(entry.call, phase=Phase.ENDED, outcome=Outcome.SERVED, **state)  # type: ignore[arg-type] # of a Call
    books.book.unit(lambda unit: unit.save(replace(entry, call=ended)))


def test_before_the_first_call_the_usual_guess_is_made(pace: SqlPace) -> None:
    pace.refresh()
    assert pace.current == NOTHING_KNOWN


def test_talks_are_counted_with_their_wrap_up_and_waits_from_the_moment_they_were_told(
    books: Books, pace: SqlPace
) -> None:
    told = Told(minutes=3, at=after(20), position=SECOND)
    over(books, "1", served_at=after(5), ended_at=after(105))
    over(books, "2", held_since=after(10), first_told=told, served_at=after(80), ended_at=after(200))
    over(books, "3", held_since=after(10), ended_at=after(50))
    over(books, "4", held_since=after(10), first_told=told, listed=True, ended_at=after(620))
    pace.refresh()
    talks = (130.0, 150.0)
    waits = (
        EndedWait(seconds=60, served=True, stood=SECOND),
        EndedWait(seconds=40, served=False),
        EndedWait(seconds=600, served=False, released=True, stood=SECOND),
    )
    assert pace.current == pace_of(talks, waits) != NOTHING_KNOWN


def test_the_largest_number_of_agents_who_talked_at_once_is_remembered_whoever_rang_whom_r10(
    books: Books, pace: SqlPace, clock: FakeClock
) -> None:
    for ref, agent, served, ended in [
        ("1", "li", 0, 100),
        ("2", "zhao", 100, 300),  # after li, never beside him
        ("3", "zhao", 120, 140),  # a second call in his ear
    ]:
        over(books, ref, served_at=after(served), ended_at=after(ended))
        spoke = sa.update(calls).where(calls.c.ref == ref).values(served_by=agent)
        with books.database.engine.begin() as connection:
            connection.execute(spoke)
    pace.refresh()
    assert pace.current.agents == 1
    row = {"callback_id": books.promised("promise", 10), "agent": "wang", "at": after(110), "epoch": 1}
    books.database.add(callback_attempts, **row, result="reached", served_at=after(200), ended_at=after(250))
    clock.advance(FRESH / timedelta(seconds=1))
    pace.refresh()
    assert pace.current.agents == 2


def test_talks_with_customers_called_back_count_like_any_other_in_the_order_of_their_ends_r69(
    books: Books, pace: SqlPace
) -> None:
    over(books, "1", served_at=after(5), ended_at=after(105))
    over(books, "2", served_at=after(200), ended_at=after(400))
    row = {"callback_id": books.promised("promise", 10), "agent": "li", "at": after(110)}
    for epoch, (result, served_at, ended_at) in enumerate(
        [
            ("reached", after(120), after(300)),
            ("voicemail", after(310), after(315)),  # a machine
            ("busy", None, after(320)),
            ("reached", None, after(330)),  # by hand: nobody knows for how long
            (None, after(340), None),  # they still talk
        ]
    ):
        attempt = {"epoch": epoch, "result": result, "served_at": served_at, "ended_at": ended_at}
        books.database.add(callback_attempts, **row, **attempt)
    pace.refresh()
    assert pace.current.handling_seconds == handling_seconds((130.0, 210.0, 230.0))


def test_it_is_looked_up_again_only_when_it_is_no_longer_fresh(
    books: Books, pace: SqlPace, clock: FakeClock
) -> None:
    pace.refresh()
    over(books, "1", served_at=after(5), ended_at=after(1005))
    pace.refresh()
    assert pace.current == NOTHING_KNOWN
    clock.advance(FRESH / timedelta(seconds=1))
    pace.refresh()
    assert pace.current.handling_seconds > NOTHING_KNOWN.handling_seconds


def test_a_database_that_does_not_answer_changes_nothing(clock: FakeClock) -> None:
    readers = read_engine("sqlite:////nowhere/at/all.db")
    pace = SqlPace(readers, clock, wrap_up_seconds=0.0)
    pace.refresh()
    assert pace.current == NOTHING_KNOWN
    readers.dispose()


def test_a_call_stands_behind_everybody_who_came_before_it_and_waits(books: Books) -> None:
    books.database.add_agent("li", "talking")
    books.added("rung", 0, phase=Phase.RINGING)
    books.added("first", 1, phase=Phase.WAITING)
    twin = books.added("twin", 5, phase=Phase.HELD)
    mine = books.added("mine", 5, phase=Phase.HELD)
    books.added("late", 9, phase=Phase.HELD)

    def ahead(call: Call) -> int:
        return books.book.unit(lambda unit: unit.floor(call)).ahead

    assert (ahead(twin.call), ahead(mine.call)) == (1, 2)


def test_where_somebody_is_free_no_wait_is_reckoned(books: Books) -> None:
    books.database.add_agent("li")
    mine = books.added("mine", 5, phase=Phase.HELD)
    floor = books.book.unit(lambda unit: unit.floor(mine.call))
    assert (floor.pace, floor.ahead) == (None, 0)
    books.database.add_agent("wang", "talking")
    assert isinstance(NOTHING_KNOWN, Pace)
