"""One day as the books have it, on either database: its calls, its promises, and how many agents were seen on duty."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, idle_waits, promises
from ivr.adapters.sql_past_days import SqlPastDays
from ivr.adapters.sql_schema import events
from ivr.policy.call import Call
from ivr.policy.callback_metrics import MeasuredCallback, ToldWait
from ivr.policy.floor import Agent, AgentState, Floor
from ivr.policy.wait import Position, Told
from ivr.service import codec
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.simulation.past_day import PastDay
from tests.adapters.rows import CALLER, NINE, Database

DAY = timedelta(days=1)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def the_day(database: Database) -> PastDay:
    return SqlPastDays(database.url).day(NINE, NINE + DAY)


def seen(
    database: Database, call: int, seconds: float, *states: AgentState, kind: str = "CallOffered"
) -> None:
    agents = tuple(
        Agent(login=f"a{n}", phone="sip:a@b", state=state, idle_since=NINE) for n, state in enumerate(states)
    )
    floor = codec.floor_to_json(Floor(agents=agents))
    database.add(events, call_id=call, at=at(seconds), kind=kind, body="{}", floor=floor, commands="[]")


def test_calls_come_in_the_order_they_were_presented_and_only_those_of_that_day(database: Database) -> None:
    later = {"presented_at": at(60), "ended_at": at(90), "outcome": "abandoned", "caller": None}
    database.add_call(**later)
    database.add_call(presented_at=at(30), served_at=at(40), ended_at=at(100), outcome="served")
    database.add_call(presented_at=NINE - timedelta(seconds=1))
    database.add_call(presented_at=NINE + DAY)
    first, second = the_day(database).calls
    assert (first.number, first.talk_seconds, first.waited.seconds, first.waited.left) == (
        CALLER,
        60.0,
        10.0,
        False,
    )
    assert (second.number, second.talk_seconds, second.waited.left) == (None, None, True)


def test_how_long_the_answering_phone_rang_is_read_from_the_call(database: Database) -> None:
    call = Call(call_id=1, presented_at=NINE, number=None, rung_at=at(7))
    database.add_call(served_at=at(12), ended_at=at(60), outcome="served", state=codec.call_to_json(call))
    database.add_call(ended_at=at(60), state=codec.call_to_json(replace(call, call_id=2)))
    assert [each.answer_seconds for each in the_day(database).calls] == [5.0, None]


def test_what_was_promised_in_a_call_is_told_with_what_came_of_it(database: Database) -> None:
    call = database.add_call(ended_at=at(60), outcome="callback")
    moments = {"presented_at": NINE, "promised_at": at(50), "due_at": at(900), "first_due_at": at(650)}
    callback = database.add(
        callbacks, call_id=call, number=CALLER, prefix="+861380013", state="done", epoch=2,
        called_at=at(300), served_at=at(1000), closed_at=at(1095), **moments,
    )  # fmt: skip
    tried = {"callback_id": callback, "agent": "li"}
    database.add(callback_attempts, **tried, epoch=1, at=at(250), result="no_answer", ended_at=at(300))
    database.add(
        callback_attempts,
        **tried,
        epoch=2,
        at=at(980),
        result="reached",
        served_at=at(1000),
        ended_at=at(1090),
    )
    database.add(
        promises, call_id=call, callback_id=callback, kind="callback", said_text="", made_by="server",
        made_at=at(50), due_at=at(900), state="broken", broken_at=at(960),
    )  # fmt: skip
    (past,) = the_day(database).calls
    assert past.broken
    assert past.promise == MeasuredCallback(
        promised_at=at(50),
        first_due_at=at(650),
        called_at=at(300),
        served_at=at(1000),
        closed_at=at(1095),
    )
    assert (past.callback_seconds, past.talk_seconds, past.missed_callbacks) == (90.0, 90.0, 1)


def test_what_callers_were_told_first_and_how_long_agents_were_idle_is_told_too(database: Database) -> None:
    told = Told(minutes=2, at=at(20), position=Position(ahead=1, serving=1))
    call = Call(call_id=1, presented_at=NINE, number=None, first_told=told, told=told, ended_at=at(60))
    database.add_call(ended_at=at(60), estimated_wait_seconds=120, state=codec.call_to_json(call))
    for seconds in (5, 86_400):
        database.add(idle_waits, at=at(seconds), agent="li", call_id=1, milliseconds=1500)
    day = the_day(database)
    assert [each.told for each in day.calls] == [
        ToldWait(told_at=at(20), told_seconds=120, served_at=None, ended_at=at(60))
    ]
    assert day.idle_seconds == 1.5


def test_who_was_on_duty_is_what_the_decisions_saw(database: Database) -> None:
    call = database.add_call()
    free, talks, lost = AgentState.AVAILABLE, AgentState.TALKING, AgentState.UNREACHABLE
    seen(database, call, 5, free, talks, lost)
    seen(database, call, 7, free, kind="HoldElapsed")  # too soon after the last look
    seen(database, call, 20, kind="HungUp")  # never looks at the floor
    seen(database, call, 30, talks, talks, free)
    database.add(events, call_id=call, at=at(45), kind="RingEnded", body="{}", commands="[]")  # refused
    seen(database, call, 86_400, free)
    assert the_day(database).on_duty == ((at(5), 2), (at(30), 3))


def test_an_empty_day_is_empty(database: Database) -> None:
    assert the_day(database) == PastDay(calls=(), on_duty=())


def test_a_state_without_a_ring_says_nothing_of_it(database: Database) -> None:
    database.add_call(served_at=at(12), ended_at=at(60), state=json.dumps({}))
    assert the_day(database).calls[0].answer_seconds is None


def test_a_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailableError):
        SqlPastDays("sqlite:////nowhere/at/all.db").day(NINE, NINE + DAY)
