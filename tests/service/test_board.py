"""One picture a second at most, whoever looks; an old one says how old it is."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ivr.policy.callback_metrics import PromisesKept
from ivr.policy.goals import Word
from ivr.policy.rules import Rules
from ivr.service.board import Board
from ivr.service.board_ports import DayRead, Fingerprint, FloorRead
from ivr.service.record_ports import DatabaseUnavailableError
from tests.adapters.books import after
from tests.adapters.rows import NINE, SetClock


@dataclass
class FakeBoardReader:
    """Counts how often it is read; sick where told."""

    reads: int = 0
    sick: bool = False
    waiting_since: tuple[datetime, ...] = ()
    gate: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def day(self, since: datetime, from_id: int) -> DayRead:
        return DayRead(calls=(), kept=PromisesKept())

    def over(self, since: datetime, by: datetime) -> Fingerprint:
        return Fingerprint()

    def floor(self, now: datetime) -> FloorRead:
        self.reads += 1
        self.asked.set()
        if self.gate is not None:
            self.gate.wait(5)
        if self.sick:
            raise DatabaseUnavailableError("the database does not answer")
        return FloorRead(waiting_since=self.waiting_since)


def a_board(**values: object) -> tuple[Board, FakeBoardReader, SetClock]:
    reader, clock = FakeBoardReader(**values), SetClock()  # type: ignore[arg-type] # fields of the fake
    return Board(reader, Rules(), clock), reader, clock


def test_a_hundred_viewers_cost_one_reading_a_second() -> None:
    board, reader, clock = a_board()
    for _ in range(100):
        assert board.picture().at == NINE
    assert reader.reads == 1
    clock.pass_seconds(0.999)
    board.picture()
    assert reader.reads == 1
    clock.pass_seconds(0.001)
    assert board.picture().at == after(1)
    assert reader.reads == 2


def test_who_comes_while_a_picture_is_drawn_gets_the_one_before_it_at_once() -> None:
    board, reader, clock = a_board()
    first = board.picture()
    reader.gate, reader.asked = threading.Event(), threading.Event()
    clock.pass_seconds(5)
    drawer = threading.Thread(target=board.picture)
    drawer.start()
    assert reader.asked.wait(5)
    assert board.picture() is first
    reader.gate.set()
    drawer.join()
    assert board.picture().at == after(5)


def test_an_old_picture_stays_and_tells_its_age_while_the_database_is_silent() -> None:
    board, reader, clock = a_board()
    board.picture()
    reader.sick = True
    for seconds in (5, 30):
        clock.time = after(seconds)
        assert board.picture().at == NINE
    reader.sick = False
    clock.pass_seconds(1)
    assert board.picture().at == after(31)


def test_without_any_picture_the_silence_is_told() -> None:
    board, _reader, _clock = a_board(sick=True)
    with pytest.raises(DatabaseUnavailableError):
        board.picture()


def test_whoever_waits_longest_is_shown_with_his_word_r69() -> None:
    board, _reader, clock = a_board(waiting_since=(after(-200), after(-3)))
    picture = board.picture()
    assert (picture.waiting, picture.longest_since, picture.wait_word) == (2, after(-200), Word.ALARM)
    assert picture.longest_wait_seconds(clock.time) == 200
    board, _reader, clock = a_board()
    assert board.picture().longest_wait_seconds(clock.time) is None
