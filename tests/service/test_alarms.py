"""A sweep tells a manager once, and lives on when the database does not answer."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_alarms import SqlAlarms
from ivr.adapters.sql_schema import agents, alerts
from ivr.policy.complaint import ComplaintWish
from ivr.policy.rules import Rules
from ivr.service import alarms
from ivr.service.alarms import AlarmWatch
from tests.adapters.books import after
from tests.adapters.desk_house import ZHAO, Desk
from tests.adapters.rows import NINE, Database, SetClock


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Database(tmp_path))


class Told:
    def __init__(self) -> None:
        self.news: list[tuple[str, str]] = []

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        self.news.append((to, kind))


def test_a_disconnected_agent_is_told_once_until_he_is_back_and_gone_again(tmp_path: Path) -> None:
    database, clock, told = Database(tmp_path), SetClock(), Told()
    database.add_agent("li", "unreachable")
    watch = AlarmWatch(SqlAlarms(database.url), clock, Rules(), told)
    assert [watch.turn(), watch.turn()] == [1, 0]
    second = AlarmWatch(SqlAlarms(database.url), clock, Rules(), told)
    assert second.turn() == 0, "another relay tells nothing twice"
    for state, changed in (("available", 1), ("unreachable", 1)):
        with database.engine.begin() as connection:
            connection.execute(agents.update().values(state=state))
        assert watch.turn() == changed
    assert [row["cleared_at"] is None for row in database.rows(alerts)] == [False, True]
    assert told.news == [("managers", "alert"), ("*", "board")] * 3


def test_a_long_wait_that_comes_back_within_a_minute_is_one_episode_r69(tmp_path: Path) -> None:
    database, clock, told = Database(tmp_path), SetClock(), Told()
    database.add_agent("li")
    database.add_call(phase="held")
    watch = AlarmWatch(SqlAlarms(database.url), clock, Rules(), told)
    clock.time = after(121)
    assert watch.turn() == 1
    clock.time = after(140)
    assert watch.turn() == 0
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE calls SET phase = 'talking'")
    clock.time = after(199)
    assert watch.turn() == 0, "59 seconds without trouble"
    clock.time = after(200)
    assert watch.turn() == 1
    assert database.rows(alerts)[0]["cleared_at"] == after(200)


def test_the_watch_outlives_a_database_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(alarms, "SWEEP_SECONDS", 0.01)
    watch = AlarmWatch(SqlAlarms(f"sqlite:///{tmp_path / 'gone.db'}"), SetClock(), Rules(), Told())
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    stop.wait(0.3)
    assert thread.is_alive()
    stop.set()
    thread.join()
    assert [record.getMessage() for record in caplog.records] == [
        "nobody watches for alarms: DatabaseUnavailableError"
    ]


def test_a_complaint_without_feedback_is_told_once_and_is_over_when_it_was_given_r80(desk: Desk) -> None:
    told = Told()
    record_id = desk.written()
    wish = ComplaintWish(kind="service", said="一直没人回", unit="", owner="li", apologised=True)
    complaint = desk.visits.complain(ZHAO, record_id, wish)
    watch = AlarmWatch(SqlAlarms(desk.database.url), desk.clock, Rules(), told)
    assert watch.turn() == 0
    desk.clock.time = NINE + timedelta(days=3, seconds=1)
    assert [watch.turn(), watch.turn()] == [1, 0]
    (alert,) = SqlAlarms(desk.database.url).unseen(NINE, 9)
    assert (alert.kind, alert.about, alert.agent) == ("complaint_late", str(complaint), "li")
    desk.visits.verify(ZHAO, record_id, complaint, "属实")
    assert watch.turn() == 0
    desk.visits.feed_back(ZHAO, record_id, complaint, "已整改，谢谢您")
    assert watch.turn() == 1
    assert desk.database.rows(alerts)[0]["cleared_at"] == desk.clock.time
    assert told.news == [("managers", "alert"), ("*", "board")] * 2
