"""The book of calls Twilio places for us, on either database: the customer's phone is let ring once, or never (R70)."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.policy.callback_events import AttemptResult, Claimed
from ivr.policy.routes import Route
from ivr.service.callback_ports import AttemptName
from ivr.service.callback_steps import apply_callback
from ivr.service.placed_call_ports import PlacedCall
from ivr.service.ports import BookUnavailable
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER

FIRST, SECOND = "CA" + "1" * 32, "CA" + "2" * 32


@pytest.fixture
def placed(books: Books) -> Iterator[SqlPlacedCalls]:
    made = SqlPlacedCalls(books.database.url)
    yield made
    made.close()


def ordered(books: Books, placed: SqlPlacedCalls, nonce: str = "0badc0de") -> PlacedCall:
    """A callback is being dialled, and Twilio was told so."""
    callback_id = books.promised()
    claimed = Claimed(at=after(60), agent="li", nonce=nonce, route=Route.TWILIO)
    books.book.unit(lambda unit: apply_callback(unit, callback_id, claimed, books.rules))
    name = AttemptName(callback_id=callback_id, number=1, nonce=nonce, route=Route.TWILIO)
    call = PlacedCall(
        name=name,
        rung="sip:li@phones.example",
        customer=CALLER,
        customer_seconds=45.0,
        prompts=("whisper_callback", "number_2"),
        not_after_at=after(140),
        ordered_at=after(60),
    )
    assert placed.order(call)
    return call


def test_what_was_ordered_is_found_again_and_ordered_once(books: Books, placed: SqlPlacedCalls) -> None:
    call = ordered(books, placed)
    assert placed.find(call.name) == call
    assert not placed.order(replace(call, rung="sip:somebody@else.example"))
    assert placed.find(replace(call.name, nonce="feedbeef")) is None
    placed.taken_as(call.name, FIRST)
    placed.taken_as(call.name, SECOND)
    assert (placed.knows(FIRST), placed.knows(SECOND)) == (True, False)
    assert placed.find(call.name) == replace(call, sid=FIRST)


def test_his_phone_is_let_ring_once_a_name_r70(books: Books, placed: SqlPlacedCalls) -> None:
    call = ordered(books, placed)
    assert placed.dial(call.name, FIRST, after(70))
    assert not placed.dial(call.name, FIRST, after(71))
    assert not placed.dial(call.name, SECOND, after(71))
    assert placed.find(call.name) == replace(call, sid=FIRST, dialled_at=after(70))


def test_of_many_who_ask_at_once_one_may_r70(books: Books, placed: SqlPlacedCalls) -> None:
    call = ordered(books, placed)
    won: list[bool] = []
    asking = [
        threading.Thread(target=lambda: won.append(placed.dial(call.name, FIRST, after(70))))
        for _ in range(4)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert sorted(won) == [False, False, False, True]


@pytest.mark.parametrize(
    "values",
    [{"joined_call": 1}, {"state": "done"}, {"epoch": 2}, {"state": "pending"}],
    ids=["on our line himself", "served otherwise", "another attempt", "over"],
)
def test_nobody_is_rung_whose_callback_says_otherwise_r70(
    values: dict[str, object], books: Books, placed: SqlPlacedCalls
) -> None:
    call = ordered(books, placed)
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(**values))
    assert not placed.dial(call.name, FIRST, after(70))


def test_nobody_is_rung_after_its_time_after_a_stop_or_by_another_leg_r70(
    books: Books, placed: SqlPlacedCalls
) -> None:
    call = ordered(books, placed)
    assert not placed.dial(call.name, FIRST, after(140))
    placed.taken_as(call.name, FIRST)
    assert not placed.dial(call.name, SECOND, after(70))
    placed.stop(call.name)
    assert not placed.dial(call.name, FIRST, after(70))


def test_what_was_closed_as_never_placed_rings_nobody_and_what_rang_is_never_closed_so_r70(
    books: Books, placed: SqlPlacedCalls
) -> None:
    call = ordered(books, placed)
    assert placed.dial(call.name, FIRST, after(70))
    assert not placed.end(call.name, AttemptResult.NOT_PLACED, after(200))
    assert placed.end(call.name, AttemptResult.BUSY, after(80))
    assert not placed.end(call.name, AttemptResult.REACHED, after(90))
    placed.serve(call.name, after(95))
    found = placed.find(call.name)
    assert found is not None
    assert (found.result, found.ended_at, found.served_at) == (AttemptResult.BUSY, after(80), None)


def test_a_call_that_was_closed_is_not_let_ring_r70(books: Books, placed: SqlPlacedCalls) -> None:
    call = ordered(books, placed)
    assert placed.end(call.name, AttemptResult.NOT_PLACED, after(65))
    assert not placed.dial(call.name, FIRST, after(70))


def test_when_a_person_spoke_is_stamped_once_and_forgotten_where_it_was_a_machine(
    books: Books, placed: SqlPlacedCalls
) -> None:
    call = ordered(books, placed)
    placed.dial(call.name, FIRST, after(70))
    placed.serve(call.name, after(80))
    placed.serve(call.name, after(81))
    assert (found := placed.find(call.name)) is not None
    assert found.spoke_at == after(80)
    placed.end(call.name, AttemptResult.VOICEMAIL, after(90))
    assert (found := placed.find(call.name)) is not None
    assert (found.served_at, found.spoke_at) == (after(80), None)


def test_a_database_that_does_not_answer_is_said_so(tmp_path: object) -> None:
    away = SqlPlacedCalls(f"sqlite:///{tmp_path}/none.db")
    name = AttemptName(callback_id=1, number=1, nonce="0badc0de", route=Route.TWILIO)
    with pytest.raises(BookUnavailable):
        away.find(name)
    with pytest.raises(BookUnavailable):
        away.dial(name, FIRST, after(0))
    away.close()
