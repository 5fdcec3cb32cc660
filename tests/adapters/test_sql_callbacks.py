"""Callbacks in the call book, on either database: promised whole, one a number, in one line with the callers."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import (
    callback_attempts,
    callback_events,
    callbacks,
    promises,
)
from ivr.adapters.sql_floor import MOST_CALLBACKS
from ivr.adapters.sql_schema import outbox, ring_backs
from ivr.policy.call import Phase
from ivr.policy.callback import CallbackState
from ivr.policy.callback_commands import HandOverReason
from ivr.policy.callback_events import AttemptEnded, AttemptResult, Claimed
from ivr.policy.callback_flow import advance_callback
from ivr.policy.commands import PromiseCallback
from ivr.policy.events import DigitsPressed
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.ports import CallUnit, ReservationLost
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER, NINE

OTHER = "+8613900139000"
BY_HALF_PAST = PromiseCallback(
    number=CALLER, due_at=after(1800), consent_at=NINE, said_prompts=("callback_by", "half_past_nine")
)


def claimed(books: Books, callback_id: int, login: str = "li", seconds: float = 60.0) -> None:
    """An attempt begins."""

    def work(unit: CallUnit) -> None:
        before = unit.callback(callback_id)
        assert before is not None
        event = Claimed(at=after(seconds), agent=login)
        step = advance_callback(before, event, books.rules.callback_rules)
        unit.save_callback(before, step.callback)
        unit.note_callback(callback_id, event, step.commands)

    books.book.unit(work)


def ended(books: Books, callback_id: int, result: AttemptResult, seconds: float = 90.0) -> None:
    """The running attempt ends."""

    def work(unit: CallUnit) -> None:
        before = unit.callback(callback_id)
        assert before is not None
        event = AttemptEnded(at=after(seconds), epoch=before.epoch, result=result)
        unit.save_callback(before, advance_callback(before, event, books.rules.callback_rules).callback)

    books.book.unit(work)


# ---- the promise --------------------------------------------------------------------------------------------------


def test_what_is_promised_is_there_with_its_words_and_the_row_that_has_it_logged_r70(books: Books) -> None:
    callback_id = books.promised()
    (row,) = books.database.rows(callbacks)
    assert (row["number"], row["state"], row["due_at"], row["first_due_at"]) == (
        *(CALLER, "pending"),
        *(after(1800), after(1800)),
    )
    (promise,) = books.database.rows(promises)
    assert (promise["callback_id"], promise["kind"], promise["said_text"]) == (
        *(callback_id, "callback"),
        "我们会在九点半",
    )
    assert (promise["made_by"], promise["owner"], promise["state"], promise["kept_at"]) == (
        *("server", None),
        *("open", None),
    )
    assert [(row["topic"], row["ref"]) for row in books.database.rows(outbox)][-1] == (
        "callback",
        callback_id,
    )


def test_a_promise_that_could_not_be_written_whole_is_not_there_at_all_r70(books: Books) -> None:
    entry = books.added()

    def breaks(unit: CallUnit) -> None:
        books.written(unit, entry, DigitsPressed(at=NINE, digits="1"), BY_HALF_PAST)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        books.book.unit(breaks)
    assert [books.database.rows(table) for table in (callbacks, promises)] == [[], []]
    assert {row["topic"] for row in books.database.rows(outbox)} == {"open_record"}


def test_a_number_that_has_an_open_callback_is_promised_no_second_one_r70(books: Books) -> None:
    books.promised("one")
    again = books.added("two")
    with pytest.raises(ReservationLost):
        books.happens(again, DigitsPressed(at=NINE, digits="1"), BY_HALF_PAST)
    assert len(books.database.rows(promises)) == 1


def test_the_database_itself_refuses_two_open_callbacks_of_one_number_r70(books: Books) -> None:
    books.promised()
    (row,) = books.database.rows(callbacks)
    with pytest.raises(sa.exc.IntegrityError):
        books.database.add(callbacks, **{**row, "id": 99, "state": "dialing"})
    books.database.add(callbacks, **{**row, "id": 99, "state": "done"})


def test_who_was_called_back_may_be_promised_it_again(books: Books) -> None:
    first = books.promised("one")
    claimed(books, first)
    ended(books, first, AttemptResult.REACHED)
    assert books.promised("two", 100) != first


# ---- one callback -------------------------------------------------------------------------------------------------


def test_a_callback_comes_back_as_it_was_saved_with_its_attempts_r28b(books: Books) -> None:
    callback_id = books.promised()
    claimed(books, callback_id)
    ended(books, callback_id, AttemptResult.BUSY)
    claimed(books, callback_id, "wang", 300)
    callback = books.callback(callback_id)
    assert [(each.epoch, each.agent, each.result) for each in callback.attempts] == [
        (1, "li", AttemptResult.BUSY),
        (2, "wang", None),
    ]
    assert (callback.state, callback.epoch, callback.lease_until) == (
        *(CallbackState.DIALING, 2),
        after(300 + 80),
    )
    (row,) = books.database.rows(callbacks)
    assert row["agent"] == "wang"


def test_of_two_who_saw_the_same_callback_one_claims_it_r70(books: Books) -> None:
    callback_id = books.promised()
    seen = books.callback(callback_id)
    claimed(books, callback_id)
    late = advance_callback(seen, Claimed(at=after(61), agent="wang"), books.rules.callback_rules)
    with pytest.raises(ReservationLost):
        books.book.unit(lambda unit: unit.save_callback(seen, late.callback))
    assert [row["agent"] for row in books.database.rows(callback_attempts)] == ["li"]


def test_its_log_tells_what_happened_without_the_number(books: Books) -> None:
    callback_id = books.promised()
    claimed(books, callback_id)
    (row,) = books.database.rows(callback_events)
    assert (row["kind"], row["at"]) == ("Claimed", after(60))
    assert '"Dial"' in row["commands"]
    assert CALLER not in row["commands"]


# ---- the line -----------------------------------------------------------------------------------------------------


def test_callers_and_callbacks_stand_in_one_line_by_when_they_first_rang_r69_r70(books: Books) -> None:
    books.database.add_agent("li")
    books.database.add_agent("wang")
    late = books.added("late", 20, phase=Phase.HELD).call.call_id
    callback_id = books.promised("promise", 10)
    first = books.added("first", 5, phase=Phase.WAITING).call.call_id
    assert books.line() == [(first, None), (first - 1, callback_id), (late, None)]


def test_who_joined_his_callback_stands_where_he_stood_r70(books: Books) -> None:
    books.database.add_agent("li")
    before = books.added("before", 20, phase=Phase.HELD).call.call_id
    again = books.added("again", 30, phase=Phase.HELD, line_at=after(10)).call.call_id
    assert books.line() == [(again, None), (before, None)]


def test_a_callback_waits_until_its_customer_has_hung_up(books: Books) -> None:
    books.database.add_agent("li")
    entry = books.added("promise")
    books.happens(entry, DigitsPressed(at=NINE, digits="1"), BY_HALF_PAST)
    assert books.line() == []
    assert not books.book.anything_due(NINE)
    books.happens(entry, DigitsPressed(at=NINE, digits=""), call=replace(entry.call, phase=Phase.ENDED))
    assert len(books.line()) == 1
    assert books.book.anything_due(NINE)


@pytest.mark.parametrize(
    "change",
    [{"next_at": after(1)}, {"joined_call": 1}, {"state": "done"}, {"state": "dialing", "epoch": 1}],
    ids=str,
)
def test_a_callback_whose_turn_cannot_come_now_keeps_no_agent_from_a_caller(
    books: Books, change: dict[str, object]
) -> None:
    books.database.add_agent("li")
    books.promised()
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(**change))
    assert books.line() == []
    assert not books.book.anything_due(NINE)


@pytest.mark.parametrize("dials", [None, False])
def test_while_nobody_can_be_called_no_callback_stands_in_line(books: Books, dials: bool | None) -> None:
    books.database.add_agent("li")
    books.promised()
    books.dials = dials
    other = books.opened()
    assert other.unit(lambda unit: unit.floor()).line == ()
    assert not other.anything_due(NINE)
    other.close()


def test_a_promise_about_to_break_comes_first_and_its_overtaking_is_written_down_r10(books: Books) -> None:
    books.database.add_agent("li")
    books.added("first", 5, phase=Phase.HELD)
    callback_id = books.promised("promise", 10, due_at=after(30))
    (head, *_rest) = books.book.unit(lambda unit: unit.floor()).line
    assert (head.callback_id, head.near_due_at) == (callback_id, after(30))
    books.book.unit(lambda unit: unit.note_overtaking(callback_id, NINE, head, 1))
    (row,) = books.database.rows(callback_events)
    assert (row["kind"], '"earlier": 1' in row["body"]) == ("Overtook", True)


def test_channels_kept_for_new_callers_are_not_used_for_callbacks_r70(books: Books) -> None:
    books.database.add_agent("li")
    books.promised()
    for channels, line in ((2, 1), (1, 0)):  # one for the callback, and one in reserve
        books.rules = Rules(trunk_channels=channels, inbound_reserve=1)
        other = books.opened()
        assert len(other.unit(lambda unit: unit.floor()).line) == line
        other.close()


def test_of_a_short_trunk_no_more_callbacks_come_into_line_than_channels_beyond_the_reserve_r70(
    books: Books,
) -> None:
    for number in range(5):
        books.database.add_agent(f"agent{number}")
    late = [books.promised(f"p{number}", number, f"+861390013900{number}") for number in range(4)]
    soon = books.promised("soon", 9, due_at=after(30))
    held = books.added("held", 20, phase=Phase.HELD).call.call_id  # has a channel of his own
    for channels, line in ((5, [soon, late[0], None]), (3, [None]), (99, [soon, *late, None])):
        books.rules = Rules(trunk_channels=channels, inbound_reserve=2)
        other = books.opened()
        found = other.unit(lambda unit: unit.floor()).line
        assert [waiting.callback_id for waiting in found] == line
        assert found[-1].call_id == held
        other.close()


def test_in_a_line_too_long_to_be_looked_at_whole_a_promise_about_to_break_is_seen_r10(books: Books) -> None:
    books.database.add_agent("li")
    first = books.promised("first", 1)
    (row,) = books.database.rows(callbacks)
    more = [{**row, "id": first + 1 + n, "number": f"+8613700137{n:03}"} for n in range(MOST_CALLBACKS)]
    with books.database.engine.begin() as connection:
        connection.execute(sa.insert(callbacks), more)
        last = sa.update(callbacks).where(callbacks.c.id == first + MOST_CALLBACKS)
        connection.execute(last.values(presented_at=after(99), due_at=after(60)))
    assert [callback_id for _, callback_id in books.line()] == [first + MOST_CALLBACKS, first]


def test_whoever_may_not_be_called_before_a_caller_of_now_is_gone_is_in_nobodys_way_r69_r70(
    books: Books,
) -> None:
    books.database.add_agent("li", "talking")
    books.promised("after lunch", 1, not_before_at=after(601))
    books.promised("soon", 2, number=OTHER, not_before_at=after(600))
    mine = books.added("mine", 50, phase=Phase.HELD)
    floor = books.book.unit(lambda unit: unit.floor(mine.call))
    assert (floor.ahead, floor.callbacks_ahead) == (1, 1), "ten minutes is the longest that anybody is held"
    books.clock.pass_seconds(1)
    assert books.book.unit(lambda unit: unit.floor(mine.call)).callbacks_ahead == 2


def test_whoever_was_promised_a_call_earlier_is_counted_until_he_was_called_r69_r70(books: Books) -> None:
    books.database.add_agent("li", "talking")
    mine = books.added("mine", 50, phase=Phase.HELD)
    callback_id = books.promised("later", 5, not_before_at=after(300))
    books.promised("behind", 60, number=OTHER)

    def ahead() -> int:
        return books.book.unit(lambda unit: unit.floor(mine.call)).callbacks_ahead

    assert ahead() == 1
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).where(callbacks.c.number == OTHER).values(due_at=after(60)))
    assert ahead() == 2, "the other must not wait any longer"
    books.book.unit(lambda unit: unit.called(callback_id, after(55)))
    assert ahead() == 1


def test_who_waits_for_an_agent_counts_the_callbacks_before_him_r69_r70(books: Books) -> None:
    books.database.add_agent("li", "talking")
    books.added("first", 1, phase=Phase.HELD)
    books.promised("promise", 5)
    mine = books.added("mine", 9, phase=Phase.HELD)
    floor = books.book.unit(lambda unit: unit.floor(mine.call))
    assert (floor.ahead, floor.callbacks_ahead) == (2, 1)


# ---- handed over --------------------------------------------------------------------------------------------------


def test_what_a_person_goes_on_with_is_on_his_list_with_the_reason_r28b(books: Books) -> None:
    callback = books.callback(books.promised())
    books.book.unit(lambda unit: unit.hand_over(callback, HandOverReason.ATTEMPTS_USED, "zhao", after(9)))
    (row,) = books.database.rows(ring_backs)
    assert (row["number"], row["reason"], row["owner"], row["done"]) == (
        *(CALLER, "attempts_used"),
        *("zhao", False),
    )
    (promise,) = books.database.rows(promises)
    assert (promise["state"], promise["owner"]) == ("handed_over", "zhao")


def test_a_promise_is_kept_by_the_first_call_and_a_broken_one_says_when_it_was_kept_after_all(
    books: Books,
) -> None:
    on_time, late = books.promised("one"), books.promised("two", number=OTHER, due_at=after(60))
    assert len(books.book.unit(lambda unit: unit.break_promises(after(61)))) == 1
    assert books.book.unit(lambda unit: unit.break_promises(after(62))) == (), "told once"
    for callback_id in (on_time, late):
        books.book.unit(lambda unit, one=callback_id: unit.called(one, after(120)))  # type: ignore[misc] # binds
        books.book.unit(lambda unit, one=callback_id: unit.called(one, after(900)))  # type: ignore[misc] # likewise
    kept = [(row["state"], row["kept_at"]) for row in books.database.rows(promises)]
    assert kept == [("kept", after(120)), ("broken", after(120))]


def test_nobody_is_left_in_silence_while_we_ring_him_or_he_is_on_the_line(books: Books) -> None:
    dialled = books.promised("one", due_at=after(100))
    claimed(books, dialled, seconds=60)
    books.promised("two", number=OTHER, due_at=after(100))
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).where(callbacks.c.number == OTHER).values(joined_call=1))
    assert books.book.unit(lambda unit: unit.break_promises(after(200))) == ()
    ended(books, dialled, AttemptResult.AGENT_DECLINED)
    assert len(books.book.unit(lambda unit: unit.break_promises(after(200)))) == 1


def test_who_was_called_already_is_in_no_danger_though_his_time_comes_r10(books: Books) -> None:
    callback_id = books.promised("one", due_at=after(100))
    window = (after(20), after(110))
    assert books.book.unit(lambda unit: unit.in_danger(*window)) == (callback_id,)
    books.book.unit(lambda unit: unit.called(callback_id, after(15)))
    assert books.book.unit(lambda unit: unit.in_danger(*window)) == ()


def test_a_promise_that_was_broken_or_kept_gets_no_other_time_r10(books: Books) -> None:
    broken = books.promised("one", due_at=after(60))
    kept, still_open = (books.promised(ref, number=f"+86137{ref}0137000") for ref in ("002", "003"))
    books.book.unit(lambda unit: unit.break_promises(after(61)))
    books.book.unit(lambda unit: unit.called(kept, after(50)))
    for callback_id in (broken, kept, still_open):
        books.book.unit(lambda unit, one=callback_id: unit.move_promise(one, after(900)))  # type: ignore[misc] # binds
    due = [row["due_at"] for row in books.database.rows(promises)]
    assert due == [after(60), after(1800), after(900)]


def test_only_callbacks_never_tried_and_due_soon_are_in_danger_and_each_is_announced_once_r10(
    books: Books,
) -> None:
    soon = books.promised("one", due_at=after(100))
    books.promised("two", number=OTHER, due_at=after(500))
    window = (after(20), after(20) + timedelta(seconds=90))
    assert books.book.unit(lambda unit: unit.in_danger(*window)) == (soon,)
    with books.database.engine.begin() as connection:
        connection.execute(
            sa.update(callbacks).where(callbacks.c.id == soon).values(new_due_at=after(700), announcements=1)
        )
    assert books.book.unit(lambda unit: unit.in_danger(*window)) == ()
    (to_tell,) = books.book.unit(lambda unit: unit.to_tell())
    assert (to_tell.callback_id, to_tell.new_due_at, to_tell.announced_at) == (soon, after(700), None)
    marked = [
        books.book.unit(lambda unit: unit.announced(soon, "0badc0de", Route.ASTERISK, after(21)))
        for _ in range(2)
    ]
    assert marked == [True, False]
    (to_tell,) = books.book.unit(lambda unit: unit.to_tell())
    assert (to_tell.announced_at, to_tell.name.number, to_tell.name.nonce) == (after(21), 1, "0badc0de")
