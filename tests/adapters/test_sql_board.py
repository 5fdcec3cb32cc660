"""What the board reads, on either database: the same figures as `hotline metrics`, however the day came about."""

import json
import time
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_board import SqlBoard
from ivr.adapters.sql_callback_schema import idle_waits, promises, ratings
from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import calls, records, ring_backs
from ivr.policy.call import Call
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from ivr.policy.wait import Position, Told
from ivr.service import codec
from ivr.service.board import Board
from ivr.service.reports import Reports
from tests.adapters.books import Books, after
from tests.adapters.rows import NINE, Database, SetClock

MIDNIGHT = NINE - timedelta(hours=9)  # in Beijing


def a_day(database: Database, count: int, hours: float = 10.0) -> None:
    """So many calls of every kind from nine on, a twentieth of them told their wait."""
    chance = Random(7)
    rows = [_a_call(chance, number, hours * 3600) for number in range(count)]
    with database.engine.begin() as connection:
        connection.execute(sa.insert(calls), rows)
        idle = [{"at": row["presented_at"], "agent": "li", "call_id": 1, "milliseconds": 5} for row in rows]
        connection.execute(sa.insert(idle_waits), idle)


def _a_call(chance: Random, number: int, seconds: float) -> dict[str, Any]:
    presented = after(round(chance.uniform(0, seconds), 3))
    wait = timedelta(seconds=round(chance.expovariate(1 / 12), 3))
    served = chance.random() < 0.85
    ended = presented + wait + timedelta(seconds=120 if served else 0)
    told = number % 20 == 0
    state = Call(
        call_id=number, presented_at=presented, number=None, served_at=presented + wait if served else None
    )
    if told:
        first = Told(minutes=1, at=presented, position=Position(ahead=0, serving=1))
        state = Call(**{**vars(state), "first_told": first, "ended_at": ended})
    return {
        "door": "asterisk",
        "ref": f"day.{number}",
        "hotline": "12366",
        "phase": "ended",
        "presented_at": presented,
        "line_at": presented,
        "greeted_at": presented + min(wait, timedelta(seconds=13))
        if served or chance.random() < 0.5
        else None,
        "greeted_by": "agent",
        "served_at": presented + wait if served else None,
        "ended_at": ended,
        "outcome": "served" if served else chance.choice(["abandoned", "callback", "fallback"]),
        "estimated_wait_seconds": 60 if told else None,
        "state": codec.call_to_json(state),
        "standing": "[]",
    }


def same_as_metrics(database: Database, board: Board, now: datetime) -> bool:
    shown = [vars(figure.metric) for figure in board.picture().figures]
    listed = Reports(SqlReports(database.url), Rules(), SetClock(now)).metrics(None)
    assert shown == listed
    return True


def test_the_figures_on_the_board_are_those_of_hotline_metrics_all_day_long(database: Database) -> None:
    books = Books(database)
    books.promised("one")
    books.promised("two", 60, number="+8613900139000")
    books.book.unit(lambda unit: unit.break_promises(after(1801)))
    books.book.close()
    rated = database.add_call(presented_at=NINE - timedelta(hours=20), ended_at=NINE - timedelta(hours=19))
    database.add(ratings, call_id=rated, asked_at=NINE, score=4)
    a_day(database, 300, hours=2)
    clock = SetClock(after(600))
    board = Board(SqlBoard(database.url), Rules(), clock)
    for minutes in (0, 0.1, 10, 30, 60, 120, 180):
        clock.time = after(600 + minutes * 60)
        running = database.add_call(presented_at=clock.time - timedelta(seconds=40), phase="held")
        assert same_as_metrics(database, board, clock.time)
        with database.engine.begin() as connection:
            ended = {"ended_at": clock.time, "outcome": "abandoned", "phase": "ended"}
            connection.execute(sa.update(calls).where(calls.c.id == running).values(ended))


def test_a_call_that_comes_home_late_or_is_put_right_later_is_in_the_figures_in_half_a_minute(
    database: Database,
) -> None:
    a_day(database, 20, hours=0.1)
    clock = SetClock(after(7200))
    board = Board(SqlBoard(database.url), Rules(), clock)
    assert same_as_metrics(database, board, clock.time)
    database.add_call(presented_at=after(60), ended_at=after(90), outcome="abandoned")
    clock.pass_seconds(30)
    assert same_as_metrics(database, board, clock.time)
    with database.engine.begin() as connection:
        some = sa.update(calls).where(calls.c.outcome == "abandoned")
        connection.execute(some.values(served_at=after(80), outcome="served"))
    clock.pass_seconds(30)
    assert same_as_metrics(database, board, clock.time)


def test_midnight_begins_a_new_day(database: Database) -> None:
    a_day(database, 20)
    clock = SetClock(MIDNIGHT + timedelta(hours=23, minutes=59))
    board = Board(SqlBoard(database.url), Rules(), clock)
    assert board.picture().figures[0].metric.value == 20
    clock.pass_seconds(61)
    assert board.picture().figures[0].metric.value == 0
    assert board.picture().quarters == ()
    assert same_as_metrics(database, board, clock.time)


def test_the_quarters_add_up_to_the_day_and_know_no_gap(database: Database) -> None:
    a_day(database, 100, hours=3)
    with database.engine.begin() as connection:
        gap = calls.c.presented_at.between(after(3600), after(2 * 3600))
        connection.execute(sa.delete(calls).where(gap))
    picture = Board(SqlBoard(database.url), Rules(), SetClock(after(4 * 3600))).picture()
    quarters = picture.quarters
    figures = {figure.metric.name: figure.metric for figure in picture.figures}
    assert sum(each.offered for each in quarters) == figures["offered"].value
    assert sum(each.served for each in quarters) == figures["asa_seconds"].denominator
    steps = {later.at - each.at for each, later in pairwise(quarters)}
    assert steps == {timedelta(minutes=15)}
    assert [each.offered for each in quarters if after(3600) <= each.at < after(7000)] == [0] * 4
    assert quarters[-1].at == after(4 * 3600)


def test_the_floor_shows_who_waits_who_is_there_and_what_is_open(database: Database) -> None:
    database.add_agent("li", "talking", call_id=1)
    database.add_agent("wang", "away", reason="missed_ring")
    database.add_call(phase="talking")
    database.add_call(phase="held", presented_at=after(30))
    database.add_call(phase="ringing", presented_at=after(10))
    database.add_callback(1)
    database.add(ring_backs, call_id=1, number="+8613800138000", reason="nobody", listed_at=NINE, done=False)
    record = database.add(records, call_id=1, fields="{}", open_records="[]", state="open", opened_at=NINE)
    visit = {"record_id": record, "address": "街", "agreement_unknown": False, "requested_by": "li"}
    database.add(visits, **visit, state="requested", requested_at=NINE, charge_explained=False)
    said = {"record_id": record, "kind": "service", "said": "慢", "apologised": True, "owner": "li"}
    due = {"made_at": NINE, "verify_due_at": NINE, "feedback_due_at": after(600)}
    database.add(complaints, **said, **due, state="open")
    reader = SqlBoard(database.url)
    floor = reader.floor(after(60))
    assert sorted(floor.waiting_since) == [after(10), after(30)]
    assert [(each.login, each.state, each.reason, each.call_id) for each in floor.agents] == [
        ("li", AgentState.TALKING, None, 1),
        ("wang", AgentState.AWAY, "missed_ring", None),
    ]
    assert floor.open == {
        "callbacks": 1,
        "callbacks_late": 0,
        "ring_backs": 1,
        "visits": 1,
        "complaints": 1,
        "complaints_late": 0,
    }
    assert reader.floor(after(1801)).open["callbacks_late"] == 1
    assert reader.floor(after(601)).open["complaints_late"] == 1


def test_of_an_agent_who_disconnected_it_is_known_what_he_held(database: Database) -> None:
    database.add_agent("li", "unreachable", call_id=1, since=after(5))
    database.add_agent("wang", "talking")
    row = {"fields": "{}", "open_records": "[]", "opened_at": NINE}
    mine = database.add_call(served_by="li")
    database.add(records, call_id=mine, state="open", **row)
    database.add(records, call_id=database.add_call(served_by="wang"), state="open", **row)
    database.add(records, call_id=database.add_call(), owner="li", state="closed", **row)
    promise = {"call_id": mine, "kind": "answer", "said_text": "会联系您", "made_by": "li", "owner": "li"}
    database.add(promises, **promise, made_at=NINE, due_at=after(600), state="open")
    li, wang = SqlBoard(database.url).floor(after(60)).agents
    assert (li.state, li.since, li.call_id) == (AgentState.UNREACHABLE, after(5), 1)
    assert (li.open_records, li.open_promises) == (1, 1)
    assert (wang.open_records, wang.open_promises) == (0, 0)


@pytest.mark.goal
def test_a_heavy_day_costs_a_tenth_of_a_second_at_most_and_mostly_much_less(database: Database) -> None:
    a_day(database, 20_000)
    clock = SetClock(after(10.5 * 3600))
    board = Board(SqlBoard(database.url), Rules(), clock)
    began = time.thread_time()
    assert board.picture().figures[0].metric.value == 20_000
    first = time.thread_time() - began
    taken: list[float] = []
    for _ in range(20):
        clock.pass_seconds(5)
        began = time.thread_time()
        board.picture()
        taken.append(time.thread_time() - began)
    taken.sort()
    shown = {"first": first, "p50": taken[10], "worst": taken[-1]}
    print(json.dumps({name: f"{1000 * seconds:.1f} ms" for name, seconds in shown.items()}))
    assert taken[-1] < 0.1
    assert same_as_metrics(database, board, clock.time)
