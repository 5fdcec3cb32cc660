"""Attempts and announcements in the call book, on either database: each under the name its switch knows it by (R70)."""

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks
from ivr.policy.callback_events import AttemptResult, Claimed
from ivr.policy.routes import Route
from ivr.service.callback_ports import AttemptName
from ivr.service.callback_steps import apply_callback
from tests.adapters.books import Books, after
from tests.adapters.test_sql_callbacks import ended


def claimed(books: Books, callback_id: int, nonce: str, seconds: float = 60.0) -> None:
    """The switch is about to be told."""
    event = Claimed(at=after(seconds), agent="li", nonce=nonce)
    books.book.unit(lambda unit: apply_callback(unit, callback_id, event, books.rules))


def changed(books: Books, **values: object) -> None:
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(**values))


def test_a_running_attempt_and_one_left_behind_keep_their_names_r70(books: Books) -> None:
    callback_id = books.promised()
    claimed(books, callback_id, "0badc0de")
    ended(books, callback_id, AttemptResult.BUSY)
    claimed(books, callback_id, "feedbeef", 300)
    name = AttemptName(callback_id=callback_id, number=2, nonce="feedbeef")
    assert [each.nonce for each in books.callback(callback_id).attempts] == ["0badc0de", "feedbeef"]
    assert [each.name for each in books.book.unit(lambda unit: unit.running())] == [name]
    changed(books, state="done")
    assert [each.name for each in books.book.unit(lambda unit: unit.left_behind())] == [name]
    assert [row["nonce"] for row in books.database.rows(callback_attempts)] == ["0badc0de", "feedbeef"]


def test_an_announcement_is_known_by_its_name_once_it_is_made(books: Books) -> None:
    callback_id = books.promised()
    changed(books, new_due_at=after(3000), announcements=1)
    name = AttemptName(callback_id=callback_id, number=1, nonce="feedbeef", is_announcement=True)
    assert books.book.unit(lambda unit: unit.announcement(callback_id)) != name
    assert books.book.unit(lambda unit: unit.announced(callback_id, "feedbeef", Route.ASTERISK, after(20)))
    assert books.book.unit(lambda unit: unit.announcement(callback_id)) == name
    assert books.book.unit(lambda unit: unit.announcement(callback_id + 1)) is None


@pytest.mark.parametrize(
    "values", [{"joined_call": 1}, {"state": "dialing", "epoch": 1}, {"state": "done"}, {"new_due_at": None}]
)
def test_nobody_is_told_a_new_time_whom_we_call_or_have_on_the_line_r10(
    books: Books, values: dict[str, object]
) -> None:
    callback_id = books.promised()
    changed(books, new_due_at=after(3000), announcements=1)
    assert [each.callback_id for each in books.book.unit(lambda unit: unit.to_tell())] == [callback_id]
    changed(books, **values)
    assert books.book.unit(lambda unit: unit.to_tell()) == ()
    assert not books.book.unit(
        lambda unit: unit.announced(callback_id, "feedbeef", Route.ASTERISK, after(20))
    )
    [row] = books.database.rows(callbacks)
    assert (row["announced_at"], row["announcement_nonce"]) == (None, None)
