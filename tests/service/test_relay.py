"""The relay rings until the work is done, whatever happens to Redis (R71)."""

import logging
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_outbox import SqlOutbox
from ivr.adapters.sql_schema import outbox
from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.record_ports import DoorbellUnavailableError
from ivr.service.relay import Relay
from tests.adapters.rows import Database, SetClock
from tests.fakes.fake_doorbell import FakeDoorbell


class House:
    """A relay with its outbox, doorbell and clock."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)
        self.bell = FakeDoorbell()
        self.clock = SetClock()
        self.done: list[tuple[str, int]] = []
        self.relay = Relay(SqlOutbox(self.database.url), self.bell, self.clock, self.do)

    def do(self, topic: str, ref: int) -> None:
        """By hand."""
        self.done.append((topic, ref))
        with self.database.engine.begin() as connection:
            mine = (outbox.c.topic == topic, outbox.c.ref == ref)
            connection.execute(sa.update(outbox).where(*mine).values(done_at=self.clock.now()))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_new_call_is_rung_for_at_once_and_again_every_five_seconds_until_done(house: House) -> None:
    call = house.database.add_call()
    assert house.relay.turn() == 1
    house.clock.pass_seconds(4.9)
    assert house.relay.turn() == 0
    house.clock.pass_seconds(0.1)
    assert house.relay.turn() == 1
    assert house.bell.rung == [call, call]


def test_a_hundred_rows_a_turn_and_the_rest_in_the_next(house: House) -> None:
    for _ in range(103):
        house.database.add_call()
    assert [house.relay.turn() for _ in range(3)] == [100, 3, 0]


def test_while_redis_is_down_nothing_is_lost_and_what_was_rung_is_remembered(house: House) -> None:
    calls = [house.database.add_call() for _ in range(60)]
    house.bell.works_for = 1
    with pytest.raises(DoorbellUnavailableError):
        house.relay.turn()
    assert house.bell.rung == calls[:1]
    house.bell.works_for = None
    assert house.relay.turn() == 10  # those behind the first ring of 50 are not rung for again at once
    assert house.bell.rung == [calls[0], calls[50]]


def test_the_loop_tells_a_change_once_and_goes_on(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.service.relay.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("ivr.service.relay.LONGEST_PAUSE_SECONDS", 0.02)
    caplog.set_level(logging.INFO, logger="ivr.service.relay")
    house.database.add_call()
    house.bell.works_for = 0
    stop = threading.Event()
    thread = threading.Thread(target=house.relay.run, args=(stop,))
    thread.start()
    try:
        _wait_until(lambda: len(caplog.messages) == 1)
        _wait_until(lambda: len(house.done) == 1)
        time.sleep(0.1)  # several turns, none of which has anything to ring for
        house.bell.works_for = None
        house.database.add_call()
        _wait_until(lambda: len(house.bell.rung) == 1 and len(caplog.messages) == 2)
    finally:
        stop.set()
        thread.join(5)
    assert caplog.messages[0].startswith("Redis is down")
    assert caplog.messages[1:] == ["ringing again"]


def test_each_kind_of_work_has_its_own_ring_however_many_rows_of_another_wait(house: House) -> None:
    for _ in range(3):
        house.database.add_call()
    house.database.add(outbox, topic=LOG_CALLBACK, ref=9, created_at=house.clock.now())
    assert house.relay.turn() == 4
    assert house.bell.rung == [1, 9]


def test_while_redis_is_down_the_work_is_done_by_hand_one_row_a_turn(house: House) -> None:
    first, second = house.database.add_call(), house.database.add_call()
    house.bell.works_for = 0
    assert not house.relay._safe_turn()
    assert house.done == [("open_record", first)]
    assert not house.relay._safe_turn()
    assert house.done == [("open_record", first), ("open_record", second)]
    assert not house.relay.do_one()


def test_work_that_cannot_be_done_by_hand_stays_and_ends_no_relay(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    call = house.database.add_call()
    house.bell.works_for = 0

    def refuses(_topic: str, _ref: int) -> None:
        raise sa.exc.SQLAlchemyError

    house.relay._do = refuses
    assert not house.relay._safe_turn()
    assert "could not be done by hand" in caplog.text
    assert house.database.undone() == [call]


def test_a_database_that_is_gone_ends_no_relay(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")
    stop = threading.Event()
    thread = threading.Thread(target=house.relay.run, args=(stop,))
    thread.start()
    _wait_until(lambda: "outbox cannot be read" in caplog.text)
    assert thread.is_alive()
    stop.set()
    thread.join(5)


def _wait_until(true: object, seconds: float = 5.0) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
