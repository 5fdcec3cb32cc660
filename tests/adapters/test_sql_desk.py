"""What the books say about calling one caller back, on either database: the guard's counts, channels, what is open."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, ratings
from ivr.adapters.sql_reports import SqlReports
from ivr.policy.call import Phase
from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.commands import AskRating, Rate
from ivr.policy.desk import CallbackDesk
from ivr.policy.events import HungUp
from ivr.policy.opening_hours import Span
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import Entry
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER, NINE

OTHER = "+8613900139000"


def desk(books: Books, entry: Entry) -> CallbackDesk | None:
    other = books.opened()
    try:
        return other.unit(lambda unit: unit.floor(entry.call)).desk
    finally:
        other.close()


def refusal(books: Books, entry: Entry) -> Refusal | None:
    found = desk(books, entry)
    assert found is not None
    return found.refusal


def test_where_nobody_can_be_called_there_is_no_desk_unless_channels_run_short(books: Books) -> None:
    entry = books.added()
    books.dials = None
    assert desk(books, entry) is None
    books.rules = Rules(trunk_channels=9)
    assert desk(books, entry) == CallbackDesk(verdict=Refused(reason=Refusal.NO_ROUTE), channels_free=8)


def test_a_caller_who_may_be_called_back_and_one_without_a_number(books: Books) -> None:
    books.database.add_agent("li", "talking")
    assert desk(books, books.added("one")) == CallbackDesk(verdict=Allowed(), route=Route.ASTERISK)
    assert refusal(books, books.added("two", number=None)) is Refusal.NOT_VALID
    assert refusal(books, books.added("three", callback_number="+862195588")) is Refusal.SERVICE_NUMBER


def test_while_nobody_is_there_or_may_be_called_everybody_promised_a_call_and_not_called_yet_is_counted_r10(
    books: Books,
) -> None:
    for ref, number in (("one", CALLER), ("two", OTHER), ("three", "+8613700137000")):
        called = books.promised(ref, number=number)
    books.book.unit(lambda unit: unit.called(called, after(1)))  # and was not there
    entry = books.added("four", number="+8613600136000")
    found = desk(books, entry)
    assert found is not None
    assert found.crowd is not None
    assert (found.crowd.promised, found.crowd.agents) == (2, 1)
    for login in ("li", "zhao"):
        books.database.add_agent(login, "talking")
    found = desk(books, entry)
    assert found is not None
    assert found.crowd is None, "he is told by his place in line"
    books.rules = Rules(quiet_hours=(Span(start=0, until=24 * 60 - 1),))
    found = desk(books, entry)
    assert found is not None
    assert found.crowd is not None
    assert (found.crowd.promised, found.crowd.agents) == (2, 2)


def test_in_hours_of_rest_no_live_caller_stands_behind_who_may_not_be_called_before_their_end_r69(
    books: Books,
) -> None:
    books.database.add_agent("li", "talking")
    books.promised("earlier", 1, number=OTHER, due_at=after(6 * 3600))
    mine = books.added("mine", 2, phase=Phase.HELD)
    assert ahead(books, mine) == 1
    books.rules = Rules(quiet_hours=(Span(start=0, until=24 * 60 - 1),))
    assert ahead(books, mine) == 0
    books.promised("endangered", 3, number="+8613700137000", due_at=after(60))
    assert ahead(books, mine) == 1, "he is called all the same, and before everybody else"


def ahead(books: Books, entry: Entry) -> int:
    other = books.opened()
    try:
        return other.unit(lambda unit: unit.floor(entry.call)).ahead
    finally:
        other.close()


def test_no_more_are_promised_in_an_hour_than_the_policy_says(books: Books) -> None:
    books.promised("promise", number=OTHER)
    books.rules = Rules(callbacks_an_hour=1)
    assert refusal(books, books.added("one")) is Refusal.SPENDING_STOP
    books.rules = Rules(callbacks_an_hour=2)
    assert refusal(books, books.added("two")) is None


def test_channels_are_counted_with_every_live_call_and_every_callback_that_is_dialled(books: Books) -> None:
    books.rules = Rules(trunk_channels=9)
    mine = books.added("mine")
    books.added("over", phase=Phase.ENDED)
    books.promised("promise", number=OTHER)
    found = desk(books, mine)
    assert found is not None
    assert found.channels_free == 8
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="dialing"))
    found = desk(books, mine)
    assert found is not None
    assert found.channels_free == 7


def test_who_has_an_open_callback_is_told_how_many_stand_before_it_r70(books: Books) -> None:
    books.database.add_agent("li", "talking")
    books.promised("earlier", 1, number=OTHER)
    books.added("before", 2, phase=Phase.HELD)
    callback_id = books.promised("promise", 3)
    books.added("behind", 4, phase=Phase.HELD)
    again = books.added("again", 60)
    found = desk(books, again)
    assert found is not None
    assert found.refusal is Refusal.ALREADY_PROMISED
    assert found.open is not None
    assert (found.open.callback_id, found.open.due_at, found.open.ahead) == (callback_id, after(1800), 2)
    assert found.open.calls_today == 5, "all from his number, this one too"
    joined = replace(again.call, joined_callback=callback_id, line_at=after(3))
    books.happens(again, HungUp(at=NINE), call=replace(joined, phase=Phase.HELD))
    with books.database.engine.begin() as connection:
        mine = sa.update(callbacks).where(callbacks.c.id == callback_id)
        connection.execute(mine.values(joined_call=joined.call_id))
    then = desk(books, replace(again, call=joined))
    assert then is not None
    assert then.open == replace(found.open, joined_call=joined.call_id), "he hears the same again"


def test_nobody_stands_before_his_own_callback_because_it_is_nearly_due_r70(books: Books) -> None:
    """In hours of rest only such callbacks count, and all of them."""
    books.rules = Rules(quiet_hours=(Span(start=0, until=24 * 60 - 1),))
    books.database.add_agent("li", "talking")
    books.promised("promise", 3, due_at=after(120))
    books.promised("earlier", 1, number=OTHER, due_at=after(120))
    again = books.added("again", 60, line_at=after(1))
    found = desk(books, again)
    assert found is not None
    assert found.open is not None
    assert found.open.ahead == 1


def test_of_his_other_calls_on_the_line_the_first_comes_next_and_what_is_done_is_known_r70(
    books: Books,
) -> None:
    books.database.add_agent("li", "talking")
    callback_id = books.promised("promise", 1)
    callback = books.callback(callback_id)
    calls = [books.added(ref, seconds, phase=Phase.HELD) for ref, seconds in (("one", 5), ("two", 9))]
    books.added("not joined", 3, phase=Phase.HELD)
    for entry in calls:
        mine = replace(entry, call=replace(entry.call, joined_callback=callback_id))
        books.book.unit(lambda unit, mine=mine: unit.save(mine))  # type: ignore[misc] # a default binds it

    def other(besides: int) -> int | None:
        return books.book.unit(lambda unit: unit.other_call(callback, besides))

    one, two = (entry.call.call_id for entry in calls)
    assert (other(one), other(two)) == (two, one)
    found = desk(books, replace(calls[1], call=replace(calls[1].call, joined_callback=callback_id)))
    assert found is not None
    assert not found.done
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="done"))
    found = desk(books, replace(calls[1], call=replace(calls[1].call, joined_callback=callback_id)))
    assert found is not None
    assert (found.done, found.open) == (True, None)


# ---- the guard ----------------------------------------------------------------------------------------------------


def attempts(books: Books, callback_id: int, count: int, seconds: float, result: str | None = "busy") -> None:
    known = len(books.database.rows(callback_attempts))
    for epoch in range(known + 1, known + count + 1):
        row = {"callback_id": callback_id, "epoch": epoch, "at": after(seconds), "agent": "li"}
        books.database.add(callback_attempts, **row, result=result)


def closed(books: Books, ref: str, number: str = CALLER, seconds: float = 0.0) -> int:
    callback_id = books.promised(ref, seconds, number=number)
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).where(callbacks.c.id == callback_id).values(state="done"))
    return callback_id


def test_a_number_tried_three_times_since_midnight_of_the_hotline_is_not_tried_again(books: Books) -> None:
    callback_id = closed(books, "one")
    midnight = -9 * 3600.0  # nine o'clock in Beijing is one in the morning UTC
    attempts(books, callback_id, 2, midnight)
    attempts(books, callback_id, 1, midnight - 0.001)
    entry = books.added("again")
    assert refusal(books, entry) is None
    attempts(books, callback_id, 1, 0)
    assert refusal(books, entry) is Refusal.TOO_OFTEN_TODAY


@pytest.mark.parametrize("result", ["agent_declined", "agent_did_not_answer", "not_placed"])
def test_attempts_of_which_the_customer_noticed_nothing_are_not_counted(books: Books, result: str) -> None:
    attempts(books, closed(books, "one"), 5, 0, result)
    assert refusal(books, books.added("again")) is None


def test_numbers_side_by_side_are_stopped_after_ten_in_an_hour(books: Books) -> None:
    for number in range(10):
        closed(books, f"c{number}", f"+86138001380{number:02d}", -3599.0)
    entry = books.added("next")
    assert refusal(books, entry) is Refusal.TOO_MANY_ALIKE
    other = books.added("other", callback_number=OTHER)
    assert refusal(books, other) is None
    books.clock.pass_seconds(2)
    assert refusal(books, entry) is None


def test_before_a_dial_attempts_are_counted_and_the_callback_itself_is_left_out(books: Books) -> None:
    mine = books.promised("mine")
    attempts(books, mine, 3, 0)
    callback = books.callback(mine)

    def verdict() -> object:
        return books.book.unit(lambda unit: unit.verdict_to_dial(callback, NINE))

    assert verdict() == Allowed()
    alike = closed(books, "other", "+8613800138999")
    attempts(books, alike, 10, -10)
    assert verdict() == Refused(reason=Refusal.TOO_MANY_ALIKE, free_at=after(3590))


def test_whoever_is_held_back_learns_when_one_attempt_fewer_than_too_many_lies_in_the_hour_r82(
    books: Books,
) -> None:
    alike, other = closed(books, "alike", "+8613800138999"), closed(books, "other", OTHER)
    for number in range(12):
        attempts(books, alike, 1, number * 60)
    attempts(books, other, 3, 30)
    attempts(books, other, 5, 40, "not_placed")
    callback = books.callback(books.promised("mine"))

    def verdict(seconds: float) -> object:
        other_book = books.opened()
        try:
            return other_book.unit(lambda unit: unit.verdict_to_dial(callback, after(seconds)))
        finally:
            other_book.close()

    free_at = after(2 * 60 + 3600)  # then the third of twelve is gone, and nine are left
    assert verdict(800) == Refused(reason=Refusal.TOO_MANY_ALIKE, free_at=free_at)
    assert verdict(3719.999) == Refused(reason=Refusal.TOO_MANY_ALIKE, free_at=free_at)
    assert verdict(3720) == Allowed()
    books.rules = Rules(callbacks_an_hour=11)
    assert verdict(3720) == Allowed()
    books.rules = Rules(callbacks_an_hour=9)
    assert verdict(3720) == Refused(reason=Refusal.SPENDING_STOP, free_at=after(3 * 60 + 3600))


def test_whether_a_manager_has_heard_of_it_lately_is_known(books: Books) -> None:
    def known(kind: str, seconds: float) -> bool:
        return books.book.unit(lambda unit: unit.alerted_since(kind, after(seconds)))

    assert not known("toll_fraud_suspected", -60)
    books.book.unit(lambda unit: unit.alert("toll_fraud_suspected", None, 1, NINE))
    assert known("toll_fraud_suspected", -0.001)
    assert not known("toll_fraud_suspected", 0)
    assert not known("promise_broken", -60)


def test_how_often_somebody_has_rung_today_is_known(books: Books) -> None:
    for ref, seconds in (("yesterday", -10 * 3600.0), ("one", -60.0), ("two", 0.0)):
        books.added(ref, seconds)
    assert books.book.unit(lambda unit: unit.calls_today(CALLER, NINE)) == 2


# ---- ratings ------------------------------------------------------------------------------------------------------


def unrated(books: Books, entry: Entry) -> bool:
    return books.book.unit(lambda unit: unit.floor(entry.call)).unrated_today


def test_a_caller_is_asked_once_a_day_and_his_answer_stands_beside_who_spoke_r3(books: Books) -> None:
    entry = books.added("one", phase=Phase.TALKING)
    assert unrated(books, entry)
    with books.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE calls SET served_by = 'li'")
    for command in (AskRating(), AskRating(), Rate(score=5)):
        books.happens(entry, HungUp(at=NINE), command)
    (row,) = books.database.rows(ratings)
    assert (row["call_id"], row["agent"], row["score"], row["asked_at"]) == (
        entry.call.call_id,
        "li",
        5,
        NINE,
    )
    again = books.added("again", phase=Phase.TALKING)
    assert not unrated(books, again)
    books.clock.time += timedelta(hours=15)  # midnight in Beijing
    assert unrated(books, again)


def dialled(books: Books, ref: str) -> AttemptName:
    """Somebody is called back, by li."""
    name = AttemptName(callback_id=books.promised(ref), number=1, nonce="0badcafe")
    with books.database.engine.begin() as connection:
        connection.execute(
            sa.update(callbacks).where(callbacks.c.id == name.callback_id).values(state="done")
        )
    row = {"callback_id": name.callback_id, "epoch": name.number, "at": NINE, "agent": "li"}
    books.database.add(callback_attempts, **row, nonce=name.nonce)
    return name


def asked(books: Books, name: AttemptName) -> bool:
    return books.book.unit(lambda unit: unit.ask_customer(name, books.clock.now()))


def rated(books: Books, name: AttemptName, score: int) -> bool:
    return books.book.unit(lambda unit: unit.rate_customer(name, score))


def test_a_customer_called_back_is_asked_once_and_his_first_answer_stands_r3(books: Books) -> None:
    name = dialled(books, "one")
    assert not rated(books, name, 4), "nobody has asked him"
    assert [asked(books, name) for _ in range(2)] == [True, False]
    assert [rated(books, name, score) for score in (4, 1)] == [True, False]
    (row,) = books.database.rows(ratings)
    del row["id"]
    its = {"call_id": books.callback(name.callback_id).call_id, "callback_id": name.callback_id}
    answer = {"caller": CALLER, "agent": "li", "asked_at": books.clock.now(), "score": 4}
    assert row == its | answer
    assert SqlReports(books.database.url).promises_kept(NINE).scores == [4]


def test_once_a_day_holds_across_his_calls_and_ours_r3(books: Books) -> None:
    name = dialled(books, "one")
    books.happens(books.added("rated", phase=Phase.TALKING), HungUp(at=NINE), AskRating())
    assert not asked(books, name)
    books.clock.time += timedelta(hours=15)  # midnight in Beijing
    assert asked(books, name)
    assert not unrated(books, books.added("again", phase=Phase.TALKING))
    books.clock.time += timedelta(hours=24)
    assert not asked(books, name), "and once for one callback"


@pytest.mark.parametrize("other", [{"number": 2}, {"nonce": "0badf00d"}, {"callback_id": 99}])
def test_an_attempt_that_is_not_known_asks_nobody_r3(books: Books, other: dict[str, Any]) -> None:
    name = dialled(books, "one")
    stranger = replace(name, **other)
    assert not asked(books, stranger)
    assert asked(books, name)
    assert not rated(books, stranger, 5)
    assert [row["score"] for row in books.database.rows(ratings)] == [None]


def test_who_withholds_his_number_may_be_asked_and_nobody_before_he_was_talked_with_r3(books: Books) -> None:
    books.happens(books.added("one", phase=Phase.TALKING), HungUp(at=NINE), AskRating())
    assert unrated(books, books.added("two", phase=Phase.TALKING, number=None))
    assert not unrated(books, books.added("three", phase=Phase.HELD, number=OTHER))
