"""Each episode stands once, whoever sweeps at the same time, on either database."""

import threading
from datetime import timedelta

import sqlalchemy as sa

from ivr.adapters.sql_alarms import SqlAlarms
from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_schema import alerts
from ivr.policy.alarms import Alarm, Episode, Trouble
from ivr.policy.floor import AgentState
from tests.adapters.books import Books, after
from tests.adapters.rows import NINE, Database

WAIT, GONE = Episode(Alarm.LONG_WAIT), Episode(Alarm.UNREACHABLE, "li")
TROUBLE = Trouble(episode=WAIT, figures={"seconds": 200, "waiting": 2})


def test_one_look_sees_who_waits_the_agents_their_promises_and_the_calls_since_then(
    database: Database,
) -> None:
    database.add_agent("li", "talking", call_id=3)
    database.add_call(phase="held", presented_at=after(5))
    for phase in ("talking", "asking", "closing"):
        database.add_call(phase=phase, presented_at=after(1))
    call = database.add_call(presented_at=after(-3600), ended_at=after(-3500), outcome="served")
    row = {"call_id": call, "kind": "answer", "said_text": "会尽快和您联系", "made_by": "li", "made_at": NINE}
    row |= {"due_at": after(600), "owner": "zhao"}
    mine = database.add(promises, **row, state="open")
    database.add(promises, **row, state="kept", kept_at=NINE)
    books = Books(database)
    books.promised("callback")
    books.book.close()
    look = SqlAlarms(database.url).look(after(60), after(-1))
    assert list(look.waiting_since) == [after(5)]
    assert [(each.login, each.state, each.call_id) for each in look.agents] == [("li", AgentState.TALKING, 3)]
    assert [(each.promise_id, each.owner, each.due_at) for each in look.promises] == [
        (mine, "zhao", after(600))
    ]
    assert len(look.calls) == 5, "not the one of an hour ago"


def test_an_episode_is_told_once_and_again_only_after_it_was_over(database: Database) -> None:
    book = SqlAlarms(database.url)
    assert [book.begin(TROUBLE, NINE), book.begin(TROUBLE, after(3))] == [True, False]
    book.go_on((WAIT,), after(9))
    assert book.standing() == {WAIT: after(9)}
    assert [book.end((WAIT,), after(90)), book.end((WAIT,), after(91))] == [1, 0]
    assert book.standing() == {}
    assert book.begin(TROUBLE, after(100))
    assert [row["cleared_at"] for row in database.rows(alerts)] == [after(90), None]


def test_of_ten_sweeps_at_once_one_tells(database: Database) -> None:
    told: list[bool] = []
    gate = threading.Barrier(10)

    def sweep() -> None:
        book = SqlAlarms(database.url)
        gate.wait()
        told.append(book.begin(TROUBLE, NINE))

    threads = [threading.Thread(target=sweep) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 9 + [True]


def test_two_agents_gone_are_two_episodes(database: Database) -> None:
    book = SqlAlarms(database.url)
    for login in ("li", "wang"):
        episode = Episode(Alarm.UNREACHABLE, login)
        assert book.begin(Trouble(episode=episode, figures={"seconds": 20}, agent=login, call_id=7), NINE)
    assert book.end((GONE,), after(5)) == 1
    assert set(book.standing()) == {Episode(Alarm.UNREACHABLE, "wang")}
    newest = book.unseen(NINE, 10)[0]
    assert (newest.kind, newest.agent, newest.call) == ("agent_unreachable", "wang", 7)
    assert newest.figures == {"seconds": 20}


def test_an_alert_is_acknowledged_once_and_no_longer_shown(database: Database) -> None:
    book = SqlAlarms(database.url)
    book.begin(TROUBLE, NINE)
    old = database.add(alerts, at=NINE - timedelta(days=3), kind="transfer_refused", detail="endpoint:ag-1")
    other = database.add(alerts, at=after(1), kind="transfer_refused", detail="endpoint:ag-1")
    shown = book.unseen(NINE - timedelta(days=1), 10)
    assert [alert.id for alert in shown] == [other, 1]
    assert (shown[0].figures, shown[0].detail) == ({}, "endpoint:ag-1")
    assert [book.acknowledge(other, login, after(9)) for login in ("chen", "wu")] == [True, False]
    assert not book.acknowledge(999, "chen", after(9))
    assert [alert.id for alert in book.unseen(NINE - timedelta(days=5), 10)] == [1, old]
    with database.engine.begin() as connection:
        row = connection.execute(sa.select(alerts).where(alerts.c.id == other)).one()
    assert (row.seen_by, row.seen_at) == ("chen", after(9))
