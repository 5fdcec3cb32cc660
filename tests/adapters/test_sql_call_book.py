"""The call book's contract, on either database: what a unit writes is there whole, or not at all."""

from datetime import timedelta

import pytest

from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_schema import calls, events, outbox, ring_backs, rule_sets
from ivr.policy.call import Outcome, Phase
from ivr.policy.commands import (
    AlertManager,
    ListForRingBack,
)
from ivr.policy.events import AgentAnswered, CallOffered, HungUp
from ivr.policy.floor import AgentState
from ivr.service.ports import BookUnavailable, CallUnit
from tests.adapters.books import HOLD, Books, after, contact
from tests.adapters.rows import CALLER, NINE, SetClock

# ---- calls ----------------------------------------------------------------------------------------------------


def test_a_call_is_found_again_as_it_was_written_by_its_reference_and_by_our_number(books: Books) -> None:
    entry = books.added(
        phase=Phase.HELD,
        greeted_at=after(13.123),
        greeted_by="server",
        held_since=after(13.123456),
        outcome=Outcome.IN_PROGRESS,
        apologised=True,
    )
    by_ref = books.book.unit(lambda unit: unit.find("asterisk", "1764000000.1"))
    assert by_ref == entry
    assert books.book.unit(lambda unit: unit.find_id(entry.call.call_id)) == entry
    assert books.book.unit(lambda unit: unit.find("twilio", "1764000000.1")) is None
    assert books.book.unit(lambda unit: unit.find_id(999)) is None


def test_moments_are_kept_to_the_millisecond_and_aware(books: Books) -> None:
    at = after(13.123456)
    books.added(phase=Phase.HELD, greeted_at=at)
    (row,) = books.database.rows(calls)
    assert row["greeted_at"] == after(13.123)
    assert row["presented_at"].utcoffset() == timedelta(0)
    assert books.happens(books.added("other"), HungUp(at=at)).call.presented_at == NINE
    assert books.database.rows(events)[-1]["at"] == after(13.123)


def test_a_call_and_the_row_that_opens_its_record_are_one_transaction_R71(books: Books) -> None:
    entry = books.added()
    assert books.database.undone() == [entry.call.call_id]

    def breaks(unit: CallUnit) -> None:
        unit.add(contact("1764000000.2"), CALLER)
        raise KeyError

    with pytest.raises(KeyError):
        books.book.unit(breaks)
    assert len(books.database.rows(calls)) == len(books.database.rows(outbox)) == 1


def test_one_call_is_not_added_twice(books: Books) -> None:
    entry = books.added()
    with pytest.raises(BookUnavailable, match=r"(?i)unique") as refused:
        books.added()
    assert CALLER not in str(refused.value), "what a database says in full quotes the values"
    assert entry.contact.ref not in str(refused.value)
    assert len(books.database.rows(calls)) == 1


def test_what_a_door_says_of_a_caller_never_costs_him_his_call(books: Books) -> None:
    monster = contact(caller="raw:" + "9\0" * 2000, hotline="\0" * 3 + "1" * 200, channel="x" * 999)
    entry = books.book.unit(lambda unit: unit.add(monster, "+" + "8" * 200))
    books.happens(entry, HungUp(at=NINE), ListForRingBack(number="8\0" * 200, reason="nobody_answered"))
    (row,) = books.database.rows(calls)
    assert (row["caller"], row["hotline"], row["channel"]) == ("raw:" + "9" * 76, "1" * 64, "x" * 160)
    assert books.database.rows(ring_backs)[0]["number"] == "8" * 80


def test_the_last_words_and_the_last_burst_are_remembered(books: Books) -> None:
    entry = books.happens(books.added(), CallOffered(at=NINE), HOLD)
    books.book.unit(lambda unit: unit.save(entry, "7"))
    found = books.book.unit(lambda unit: unit.find("asterisk", entry.contact.ref))
    assert found is not None
    assert (found.standing, found.last_key) == ((HOLD,), "7")
    books.happens(found, HungUp(at=NINE), AlertManager(kind="nothing_new", agent=None))
    again = books.book.unit(lambda unit: unit.find("asterisk", entry.contact.ref))
    assert again is not None
    assert again.standing == (HOLD,), "books alone leave the line's words as they were"


def test_calls_not_ended_and_older_than_that_are_unfinished(books: Books) -> None:
    old = books.added("old", 0, phase=Phase.HELD)
    books.added("over", 1, phase=Phase.ENDED)
    books.added("young", 10, phase=Phase.RINGING)
    assert books.book.unit(lambda unit: unit.unfinished(after(10))) == (old,)
    assert books.book.unit(lambda unit: unit.unfinished(after(0))) == ()


# ---- events ---------------------------------------------------------------------------------------------------


def test_an_event_is_kept_with_what_was_seen_decided_and_in_force(books: Books) -> None:
    books.database.add_agent("li")
    entry = books.happens(books.added(), CallOffered(at=after(1)), HOLD)
    books.book.unit(lambda unit: unit.refuse(entry, AgentAnswered(at=after(2))))
    _added, decided, refused = books.database.rows(events)
    assert (decided["call_id"], decided["kind"], decided["at"]) == (
        entry.call.call_id,
        "CallOffered",
        after(1),
    )
    assert '"li"' in decided["floor"]
    assert "Hold" in decided["commands"]
    assert (refused["kind"], refused["floor"], refused["rules"], refused["commands"]) == (
        *("AgentAnswered", None),
        *(None, "[]"),
    )


def test_rules_are_stored_once_however_many_books_and_calls_follow_them(books: Books) -> None:
    other = SqlCallBook(books.database.url, SetClock())
    first = books.added("one", phase=Phase.HELD)
    books.happens(first, HungUp(at=NINE))
    entry = other.unit(lambda unit: unit.add(contact("two"), CALLER))
    other.unit(lambda unit: books.written(unit, entry, HungUp(at=NINE)))
    other.close()
    (rules,) = books.database.rows(rule_sets)
    assert {event["rules"] for event in books.database.rows(events)} == {rules["digest"]}


def test_rules_whose_unit_was_taken_back_are_stored_with_the_next(books: Books) -> None:
    entry = books.book.unit(lambda unit: unit.add(contact(), CALLER))

    def breaks(unit: CallUnit) -> None:
        books.written(unit, entry, HungUp(at=NINE))
        raise KeyError

    with pytest.raises(KeyError):
        books.book.unit(breaks)
    assert books.database.rows(rule_sets) == []
    books.happens(entry, HungUp(at=NINE))
    assert len(books.database.rows(rule_sets)) == 1


# ---- the floor ------------------------------------------------------------------------------------------------


def test_who_is_offline_or_away_is_not_on_the_floor(books: Books) -> None:
    for state in AgentState:
        books.database.add_agent(state.value, state.value)
    assert set(books.floor_logins()) == {"available", "reserved", "talking", "wrap_up", "unreachable"}


def test_the_line_is_in_order_of_arrival_and_one_longer_than_the_free_agents(books: Books) -> None:
    late = books.added("late", 9, phase=Phase.HELD)
    first = books.added("first", 1, phase=Phase.WAITING)
    twin = books.added("twin", 1, phase=Phase.HELD)
    books.added("rung", 0, phase=Phase.RINGING)
    books.added("gone", 0, phase=Phase.ENDED)
    books.database.add_agent("li")
    line = books.book.unit(lambda unit: unit.floor()).line
    assert [waiting.call_id for waiting in line] == [first.call.call_id, twin.call.call_id]
    assert line[0].presented_at == after(1)
    books.database.add_agent("wang")
    line = books.book.unit(lambda unit: unit.floor()).line
    assert [waiting.call_id for waiting in line][-1] == late.call.call_id


def test_with_nobody_free_nobody_asks_who_is_in_line(books: Books) -> None:
    books.added(phase=Phase.HELD)
    books.database.add_agent("li", "talking")
    assert books.book.unit(lambda unit: unit.floor()).line == ()


def test_something_is_due_when_an_agent_is_free_and_somebody_waits(books: Books) -> None:
    assert not books.book.anything_due(NINE)
    books.added(phase=Phase.HELD)
    assert not books.book.anything_due(NINE)
    books.database.add_agent("li")
    assert books.book.anything_due(NINE)


def test_something_is_due_when_notes_are_done_and_not_before(books: Books) -> None:
    books.database.add_agent("li", "wrap_up", until=after(30))
    assert not books.book.anything_due(after(29.999))
    assert books.book.anything_due(after(30))
