"""Agents and callbacks, on either database: reserved by one, let go by that one alone; a second call in an ear."""

from dataclasses import replace
from datetime import datetime

import pytest

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, idle_waits
from ivr.policy.call import Phase
from ivr.policy.callback_events import Claimed
from ivr.policy.callback_flow import advance_callback
from ivr.policy.commands import Knock, Release, StartTalk, StartWrapUp
from ivr.policy.events import AgentAnswered, CallOffered, HungUp
from ivr.service.callback_book import FreedHow
from ivr.service.ports import CallUnit, Entry, ReservationLost
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER, NINE

OTHER = "+8613900139000"


def reserved(books: Books, login: str = "li", ref: str = "promise", number: str = CALLER) -> int:
    """An attempt has just begun with that agent."""
    callback_id = books.promised(ref, number=number)

    def work(unit: CallUnit) -> None:
        callback = unit.callback(callback_id)
        assert callback is not None
        claimed = Claimed(at=after(10), agent=login)
        step = advance_callback(callback, claimed, books.rules.callback_rules)
        unit.save_callback(callback, step.callback)
        unit.reserve_for(callback, login, after(10), after(100))

    books.book.unit(work)
    return callback_id


def freed(books: Books, callback_id: int, how: FreedHow, wrap_up: float = 30.0) -> None:
    books.book.unit(lambda unit: unit.free_from(callback_id, "li", how, after(50), wrap_up))


def test_an_agent_reserved_for_a_callback_is_nobody_elses_r70(books: Books) -> None:
    books.database.add_agent("li")
    callback_id = reserved(books)
    li = books.database.agent("li")
    assert (li["state"], li["callback_id"], li["call_id"], li["epoch"]) == ("reserved", callback_id, 1, 1)
    with pytest.raises(ReservationLost):
        books.reserved(books.added("caller"), "li")
    with pytest.raises(ReservationLost):
        reserved(books, ref="two", number=OTHER)


@pytest.mark.parametrize(
    ("how", "state", "idle_since", "misses"),
    [
        (FreedHow.PLACE_KEPT, "available", NINE, 0),
        (FreedHow.MISSED, "available", after(50), 1),
        (FreedHow.STOOD_DOWN, "away", after(50), 1),
        (FreedHow.WRAP_UP, "wrap_up", NINE, 0),
    ],
)
def test_an_agent_comes_out_of_an_attempt_as_it_ended(
    books: Books, how: FreedHow, state: str, idle_since: datetime, misses: int
) -> None:
    books.database.add_agent("li")
    freed(books, reserved(books), how)
    li = books.database.agent("li")
    assert (li["state"], li["idle_since"], li["misses"], li["callback_id"]) == (
        state,
        idle_since,
        misses,
        None,
    )
    assert li["until"] == (after(80) if how is FreedHow.WRAP_UP else None)


def test_without_a_wrap_up_he_is_free_at_once(books: Books) -> None:
    books.database.add_agent("li")
    freed(books, reserved(books), FreedHow.WRAP_UP, wrap_up=0.0)
    assert books.database.agent("li")["state"] == "available"


def test_an_attempt_that_is_late_does_not_free_the_agent_of_another(books: Books) -> None:
    books.database.add_agent("li")
    late = reserved(books)
    freed(books, late, FreedHow.PLACE_KEPT)
    books.reserved(books.added("caller"), "li")
    for how in FreedHow:
        freed(books, late, how)
    assert books.database.agent("li")["state"] == "reserved"


def test_the_call_he_was_promised_in_frees_nobody_from_his_callback(books: Books) -> None:
    books.database.add_agent("li")
    reserved(books)
    his = books.book.unit(lambda unit: unit.find("asterisk", "promise"))
    assert his is not None
    books.happens(his, HungUp(at=after(20)), Release(agent="li"))
    assert books.database.agent("li")["state"] == "reserved"


def test_a_served_customer_is_talked_with_and_that_is_news_once(books: Books) -> None:
    books.database.add_agent("li", misses=1)
    callback_id = reserved(books)
    told = [books.book.unit(lambda unit: unit.serve_callback(callback_id, 1, "li", after(40))) for _ in "ab"]
    assert told == [True, False]
    li = books.database.agent("li")
    assert (li["state"], li["since"], li["until"], li["misses"]) == ("talking", after(40), None, 0)
    assert books.book.unit(lambda unit: unit.served_at(callback_id, 1)) == after(40)
    assert books.database.rows(callbacks)[0]["served_at"] is None, "he may yet turn out to be a machine"
    assert books.database.rows(callback_attempts)[0]["served_at"] == after(40)


def test_a_stamp_that_comes_late_makes_nobody_talk_who_is_free_or_has_another_caller_r70(
    books: Books,
) -> None:
    books.database.add_agent("li")
    late = reserved(books)
    freed(books, late, FreedHow.PLACE_KEPT)
    books.book.unit(lambda unit: unit.serve_callback(late, 1, "li", after(60)))
    assert books.database.agent("li")["state"] == "available"
    again = reserved(books, ref="again", number=OTHER)
    freed(books, again, FreedHow.PLACE_KEPT)
    books.reserved(books.added("caller"), "li")
    books.book.unit(lambda unit: unit.serve_callback(again, 1, "li", after(70)))
    assert books.database.agent("li")["state"] == "reserved", "for a caller who is being fetched"


def test_a_callbacks_lease_is_over_whatever_its_call_does_meanwhile_r70(books: Books) -> None:
    books.database.add_agent("li")
    reserved(books)
    his = books.book.unit(lambda unit: unit.find("asterisk", "promise"))
    assert his is not None
    stands = replace(his, call=replace(his.call, phase=Phase.TALKING, ended_at=None))
    books.book.unit(lambda unit: unit.save(stands))
    assert books.book.unit(lambda unit: unit.free_agents_due(after(100))) == 1
    assert books.database.agent("li")["state"] == "available"


def test_a_lease_nobody_prolongs_frees_the_agent_and_one_that_is_prolonged_does_not(books: Books) -> None:
    books.database.add_agent("li")
    callback_id = reserved(books)
    books.book.unit(lambda unit: unit.stay_reserved(callback_id, "li", after(130)))
    assert books.book.unit(lambda unit: unit.free_agents_due(after(129))) == 0
    assert books.book.unit(lambda unit: unit.free_agents_due(after(130))) == 1
    li = books.database.agent("li")
    assert (li["state"], li["callback_id"], li["call_id"]) == ("available", None, None)


def test_the_second_person_is_the_longest_idle_other_on_duty_else_a_manager_r28b(books: Books) -> None:
    books.database.add_agent("zhao", "away", role="manager")
    books.database.add_agent("li", "talking")

    def second(besides: str = "li") -> str | None:
        return books.book.unit(lambda unit: unit.second_person(besides))

    assert second() == "zhao"
    books.database.add_agent("wang", "talking", idle_since=after(9))
    books.database.add_agent("chen", "wrap_up", idle_since=after(5))
    books.database.add_agent("gone", "offline")
    assert second() == "chen"
    assert second("chen") == "li"


def test_so_long_somebody_was_free_while_somebody_waited_is_kept(books: Books) -> None:
    books.book.unit(lambda unit: unit.note_idle("li", 7, after(1), 0.1234))
    (row,) = books.database.rows(idle_waits)
    assert (row["agent"], row["call_id"], row["milliseconds"]) == ("li", 7, 123)


# ---- a second call ------------------------------------------------------------------------------------------------


class Ear:
    """An agent who talks, and a caller who is offered to him as a second one."""

    def __init__(self, books: Books) -> None:
        self.books = books
        books.database.add_agent("li")
        self.first = books.reserved(books.added("first"), "li")
        books.happens(self.first, AgentAnswered(at=after(1)), StartTalk(agent="li"))
        self.second = books.added("second", phase=Phase.RINGING)
        self.knock()

    def knock(self, entry: Entry | None = None, seconds: float = 5.0) -> None:
        knock = Knock(agent="li", lease_seconds=20.0)
        self.books.happens(entry or self.second, CallOffered(at=after(seconds)), knock)

    def li(self) -> tuple[str, int, int | None]:
        row = self.books.database.agent("li")
        return row["state"], row["call_id"], row["knock_call_id"]


@pytest.fixture
def ear(books: Books) -> Ear:
    return Ear(books)


def test_a_knock_leaves_the_talk_as_it_is_and_only_one_knocks_r67(ear: Ear) -> None:
    first, second = ear.first.call.call_id, ear.second.call.call_id
    assert ear.li() == ("talking", first, second)
    (agent,) = ear.books.book.unit(lambda unit: unit.floor()).agents
    assert agent.knocked
    third = ear.books.added("third")
    with pytest.raises(ReservationLost):
        ear.knock(third)
    ear.knock(third, seconds=30.0)  # that lease is over
    assert ear.li() == ("talking", first, third.call.call_id)


def test_a_knock_not_taken_is_over_with_its_call_r67(ear: Ear) -> None:
    ear.books.happens(ear.second, HungUp(at=after(9)), Release(agent="li"))
    assert ear.li() == ("talking", ear.first.call.call_id, None)


def test_a_knock_whose_call_is_gone_without_a_word_is_forgotten(ear: Ear) -> None:
    gone = replace(ear.second.call, phase=Phase.ENDED)
    ear.books.happens(ear.second, HungUp(at=after(9)), call=gone)
    ear.books.book.unit(lambda unit: unit.free_agents_due(after(10)))
    assert ear.li()[2] is None


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_the_talk_that_is_left_keeps_him_whichever_ends_first_r67(ear: Ear, first_ends_first: bool) -> None:
    ear.books.happens(ear.second, AgentAnswered(at=after(8)), StartTalk(agent="li"))
    ends, stays = (ear.first, ear.second) if first_ends_first else (ear.second, ear.first)
    wrap_up = StartWrapUp(agent="li", seconds=30.0)
    ear.books.happens(ends, HungUp(at=after(20)), wrap_up)
    assert ear.li() == ("talking", stays.call.call_id, None)
    ear.books.happens(stays, HungUp(at=after(60)), wrap_up)
    assert ear.li()[0] == "wrap_up"


def test_one_who_takes_the_second_call_after_the_first_is_over_talks_with_it_r67(ear: Ear) -> None:
    ear.books.happens(ear.first, HungUp(at=after(7)), StartWrapUp(agent="li", seconds=30.0))
    ear.books.happens(ear.second, AgentAnswered(at=after(8)), StartTalk(agent="li"))
    assert ear.li() == ("talking", ear.second.call.call_id, None)
