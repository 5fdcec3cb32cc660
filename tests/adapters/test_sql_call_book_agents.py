"""Agents in the call book, on either database: taken once, freed by their own call, never lost."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import agents, alerts, calls, events, ring_backs
from ivr.policy.call import Phase
from ivr.policy.commands import (
    AlertManager,
    CountMiss,
    Fetch,
    ListForRingBack,
    Release,
    Ring,
    Sound,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import AgentAnswered, CallOffered, HungUp
from ivr.policy.floor import AgentState
from ivr.service.ports import ReservationLost
from tests.adapters.books import Books, after
from tests.adapters.rows import CALLER, NINE


def test_a_reserved_agent_is_this_calls_until_his_lease_ends_and_his_epoch_has_moved_on(books: Books) -> None:
    books.database.add_agent("li", epoch=4)
    entry = books.reserved(books.added(), "li", 1)
    li = books.database.agent("li")
    assert (li["state"], li["call_id"], li["epoch"]) == ("reserved", entry.call.call_id, 5)
    assert (li["since"], li["until"], li["idle_since"]) == (after(1), after(36), NINE)


@pytest.mark.parametrize("state", [state for state in AgentState if state is not AgentState.AVAILABLE])
def test_an_agent_somebody_else_took_or_who_left_is_not_given_R67(books: Books, state: AgentState) -> None:
    books.database.add_agent("li", state.value, call_id=99)
    entry = books.added()
    with pytest.raises(ReservationLost):
        books.reserved(entry, "li")
    assert (books.database.agent("li")["state"], books.database.agent("li")["call_id"]) == (state.value, 99)
    assert len(books.database.rows(events)) == 1, "the decision that came too late left nothing behind"


def test_of_two_who_saw_the_same_free_agent_one_gets_him(books: Books) -> None:
    books.database.add_agent("li")
    first, second = books.added("one"), books.added("two")
    books.reserved(first, "li")
    with pytest.raises(ReservationLost):
        books.reserved(second, "li")
    assert books.database.agent("li")["call_id"] == first.call.call_id


def test_a_released_agent_keeps_his_place_and_one_who_let_it_ring_loses_it(books: Books) -> None:
    books.database.add_agent("li")
    books.database.add_agent("wang")
    one, two = books.reserved(books.added("one"), "li"), books.reserved(books.added("two"), "wang")
    books.happens(one, HungUp(at=after(5)), Release(agent="li"))
    books.happens(two, HungUp(at=after(5)), CountMiss(agent="wang", stand_down=False))
    li, wang = books.database.agent("li"), books.database.agent("wang")
    assert (li["state"], li["idle_since"], li["misses"], li["call_id"]) == ("available", NINE, 0, None)
    assert (wang["state"], wang["idle_since"], wang["misses"]) == ("available", after(5), 1)


def test_an_agent_stood_down_is_away_and_it_says_why(books: Books) -> None:
    books.database.add_agent("li", misses=1)
    entry = books.reserved(books.added(), "li")
    alert = AlertManager(kind="agent_stood_down", agent="li")
    books.happens(entry, HungUp(at=after(5)), CountMiss(agent="li", stand_down=True), alert)
    li = books.database.agent("li")
    assert (li["state"], li["reason"], li["misses"]) == ("away", "missed_ring", 2)
    (row,) = books.database.rows(alerts)
    assert (row["kind"], row["agent"], row["call_id"], row["at"]) == (
        *("agent_stood_down", "li"),
        *(entry.call.call_id, after(5)),
    )


def test_a_talk_is_noted_forgives_the_misses_and_ends_in_the_wrap_up(books: Books) -> None:
    books.database.add_agent("li", misses=1)
    entry = books.reserved(books.added(), "li")
    talking = replace(entry.call, phase=Phase.TALKING, served_at=after(3))
    entry = books.happens(entry, AgentAnswered(at=after(3)), StartTalk(agent="li"), call=talking)
    li = books.database.agent("li")
    assert (li["state"], li["misses"], li["until"]) == ("talking", 0, None)
    (call,) = books.database.rows(calls)
    assert (call["served_by"], call["served_at"], call["phase"]) == ("li", after(3), "talking")
    books.happens(entry, HungUp(at=after(60)), StartWrapUp(agent="li", seconds=30.0))
    li = books.database.agent("li")
    assert (li["state"], li["until"], li["call_id"]) == ("wrap_up", after(90), entry.call.call_id)


def test_who_has_no_notes_to_write_is_free_at_the_end_of_the_talk(books: Books) -> None:
    books.database.add_agent("li")
    entry = books.reserved(books.added(), "li")
    books.happens(entry, HungUp(at=after(60)), StartWrapUp(agent="li", seconds=0.0))
    li = books.database.agent("li")
    assert (li["state"], li["idle_since"]) == ("available", after(60))


def test_an_agent_goes_where_he_asked_to_go_once_his_call_is_over(books: Books) -> None:
    books.database.add_agent("li")
    entry = books.reserved(books.added(), "li")
    with books.database.engine.begin() as connection:
        connection.execute(sa.update(agents).values(wanted="away"))
    books.happens(entry, HungUp(at=after(5)), Release(agent="li"))
    li = books.database.agent("li")
    assert (li["state"], li["wanted"]) == ("away", None)


def test_a_call_that_is_late_does_not_free_the_agent_of_another(books: Books) -> None:
    books.database.add_agent("li")
    late, now = books.added("late"), books.added("now")
    books.reserved(now, "li")
    books.happens(late, HungUp(at=after(5)), Release(agent="li"))
    assert books.database.agent("li")["state"] == "reserved"


def test_wrap_ups_and_leases_that_are_over_free_their_agents_each_at_his_own_time(books: Books) -> None:
    books.database.add_agent("notes", "wrap_up", until=after(30))
    books.database.add_agent("longer", "wrap_up", until=after(31))
    books.database.add_agent("leased", "reserved", until=after(20), call_id=99)
    freed = books.book.unit(lambda unit: unit.free_agents_due(after(30)))
    assert freed == 2
    notes, longer, leased = (books.database.agent(login) for login in ("notes", "longer", "leased"))
    assert (notes["state"], notes["idle_since"], notes["until"]) == ("available", after(30), None)
    assert longer["state"] == "wrap_up"
    assert (leased["state"], leased["idle_since"], leased["call_id"]) == ("available", after(20), None)


@pytest.mark.parametrize("phase", [Phase.RINGING, Phase.FETCHING, Phase.TALKING])
def test_a_lease_frees_nobody_whose_call_still_stands_by_it(books: Books, phase: Phase) -> None:
    books.database.add_agent("li")
    entry = books.reserved(books.added(), "li")
    books.happens(entry, CallOffered(at=NINE), call=replace(entry.call, phase=phase))
    assert books.book.unit(lambda unit: unit.free_agents_due(after(3600))) == 0
    books.happens(entry, HungUp(at=NINE), call=replace(entry.call, phase=Phase.ENDED))
    assert books.book.unit(lambda unit: unit.free_agents_due(after(3600))) == 1


def test_a_number_is_listed_once_however_often_its_call_says_so(books: Books) -> None:
    entry = books.added()
    for reason in ("nobody_answered", "hotline_unreachable"):
        books.happens(entry, HungUp(at=after(5)), ListForRingBack(number=CALLER, reason=reason), Fetch())
    (row,) = books.database.rows(ring_backs)
    assert (row["number"], row["reason"], row["listed_at"], row["done"]) == (
        *(CALLER, "nobody_answered"),
        *(after(5), False),
    )


def test_a_ring_keeps_its_agent_in_the_calls_row(books: Books) -> None:
    books.database.add_agent("li")
    ring = Ring(agent="li", phone="endpoint:li", seconds=13.0, sound=Sound.RINGING)
    entry = books.reserved(books.added(), "li")
    books.happens(entry, CallOffered(at=NINE), ring)
    (row,) = books.database.rows(calls)
    assert (row["agent"], row["outcome"]) == ("li", "in_progress")
