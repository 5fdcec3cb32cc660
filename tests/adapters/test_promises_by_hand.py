"""A promise in a person's hands, on either database: its time passes like any other, and he says that he kept it."""

from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.doctor_promises import promise_findings
from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import ring_backs
from ivr.policy.callback_commands import HandOverReason
from ivr.service.callbacks_by_hand import NotYoursError
from ivr.service.doctor_ports import Severity
from ivr.service.promises_by_hand import PromisesByHand
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER, NINE


def handed_over(books: Books, due_seconds: float = 600.0) -> int:
    """A callback closed with a promise that a person has; the promise's id."""
    books.database.add_agent("zhao")
    books.database.add_agent("li")
    callback_id = books.promised(due_at=after(due_seconds))

    def work(unit: Any) -> None:
        before = unit.callback(callback_id)
        unit.hand_over(before, HandOverReason.NUMBER_REFUSED, "zhao", after(60))

    books.book.unit(work)
    with books.database.engine.begin() as connection:
        connection.execute(
            sa.update(callbacks).values(
                state="handed_over", hand_over_reason="number_refused", closed_at=NINE
            )
        )
    return the_promise(books)["id"]  # type: ignore[no-any-return] # a row's


def the_promise(books: Books) -> dict[str, Any]:
    (row,) = books.database.rows(promises)
    return row


def says(books: Books, promise_id: int, agent: str = "zhao", seconds: float = 300.0) -> None:
    """He says at that moment that he has called."""
    books.clock.time = after(seconds)
    PromisesByHand(books.book, books.clock).kept(promise_id, agent)


def broken(books: Books, seconds: float) -> int:
    return len(books.book.unit(lambda unit: unit.break_promises(after(seconds))))


def test_a_promise_handed_over_whose_time_passes_without_a_call_is_broken_and_still_his_r10(
    books: Books,
) -> None:
    handed_over(books)
    assert [broken(books, seconds) for seconds in (600, 601, 700)] == [0, 1, 0], "and told once"
    row = the_promise(books)
    assert (row["state"], row["owner"], row["broken_at"]) == ("handed_over", "zhao", after(601))
    kept = SqlReports(books.database.url).promises_kept(NINE)
    assert (kept.broken_in_silence, kept.callbacks[0].hand_over_reason) == (1, "number_refused")
    findings = {
        each.check: each.severity for each in promise_findings(books.database.url, after(700), by_hand=False)
    }
    assert findings["promises_kept"] is Severity.ERROR


def test_whoever_has_it_says_that_he_called_and_nobody_else_has_to_r10(books: Books) -> None:
    promise_id = handed_over(books)
    says(books, promise_id)
    row, (listed,), (callback,) = the_promise(books), *map(books.database.rows, (ring_backs, callbacks))
    assert (row["state"], row["kept_at"], row["owner"]) == ("kept", after(300), "zhao")
    assert (listed["done"], callback["called_at"], callback["state"]) == (True, after(300), "handed_over")
    assert broken(books, 601) == 0


def test_said_twice_is_said_once_and_the_first_time_counts(books: Books) -> None:
    promise_id = handed_over(books)
    for seconds, agent in ((300, "li"), (400, "zhao")):
        says(books, promise_id, agent, seconds)
    row, (callback,) = the_promise(books), books.database.rows(callbacks)
    assert (row["kept_at"], row["owner"], callback["called_at"]) == (after(300), "li", after(300))


def test_kept_after_its_time_had_passed_it_was_kept_too_late(books: Books) -> None:
    promise_id = handed_over(books)
    broken(books, 601)
    says(books, promise_id, seconds=900)
    row = the_promise(books)
    assert (row["state"], row["kept_at"]) == ("broken", after(900))


def test_who_was_called_in_time_and_never_reached_comes_off_the_list_too_r28b(books: Books) -> None:
    promise_id = handed_over(books)
    books.book.unit(lambda unit: unit.called(1, after(100)))
    says(books, promise_id)
    row, (listed,) = the_promise(books), books.database.rows(ring_backs)
    assert (row["kept_at"], listed["done"]) == (after(100), True)


@pytest.mark.parametrize("state", ["pending", "dialing"])
def test_what_the_hotline_has_yet_to_call_is_in_nobodys_hands_r70(books: Books, state: str) -> None:
    books.database.add_agent("zhao")
    books.promised(number=CALLER)
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state=state))
    promise_id = the_promise(books)["id"]
    with pytest.raises(
        NotYoursError, match=f"promise {promise_id} is in nobody's hands: callback 1 is {state}"
    ):
        says(books, promise_id)
    assert (the_promise(books)["state"], the_promise(books)["kept_at"]) == ("open", None)


def test_a_promise_or_an_agent_nobody_knows_is_named(books: Books) -> None:
    promise_id = handed_over(books)
    for unknown, agent, said in (
        (promise_id + 1, "zhao", "there is no promise"),
        (promise_id, "x", "there is no agent x"),
    ):
        with pytest.raises(NotYoursError, match=said):
            says(books, unknown, agent)
    assert the_promise(books)["kept_at"] is None
