"""Recorded talks: booked when they are over, heard by those entitled, written down, removed after their days."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.adapters.recording_files import ROOM, RecordingDirectory, parsed
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks
from ivr.adapters.sql_desk_schema import audit, recordings
from ivr.adapters.sql_recordings import SqlRecordings
from ivr.adapters.sql_schema import records
from ivr.policy.roles import Role
from ivr.service.recordings import (
    LEAST_FREE_BYTES,
    NoRecording,
    NotEntitled,
    RecordingKeeper,
    RecordingRemoved,
    Recordings,
)
from tests.adapters.rows import NINE, Database, SetClock

SOUND = b"RIFF" + bytes(200)


class Disk(RecordingDirectory):
    """With as much room as the test says."""

    free = LEAST_FREE_BYTES

    def free_bytes(self) -> int:
        return self.free


class House:
    def __init__(self, directory: Path) -> None:
        self.directory = directory / "recordings"
        self.directory.mkdir()
        self.database = Database(directory)
        self.clock = SetClock()
        self.disk = Disk(self.directory)
        self.book = SqlRecordings(self.database.url, self.clock)
        self.keeper = RecordingKeeper(self.book, self.disk, self.clock, 30)
        self.recordings = Recordings(self.book, self.disk)
        self.call_id = self.database.add_call(ref="1764000000.7", served_by="zhao")
        self.record_id = self.database.add(
            records, call_id=self.call_id, fields="{}", open_records="[]", state="open", opened_at=NINE
        )

    def recorded(self, name: str, *, seconds_ago: float = 10, at: datetime = NINE) -> str:
        """A file as the switch leaves it."""
        file = f"{name}-{at.timestamp():.3f}.wav"
        path = self.directory / file
        path.write_bytes(SOUND)
        then = time.time() - seconds_ago
        os.utime(path, (then, then))
        return file


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_talk_is_found_from_its_record_once_it_is_over(house: House) -> None:
    file = house.recorded("call-1764000000.7")
    running = house.recorded("call-1764000000.7", seconds_ago=0, at=NINE + timedelta(minutes=5))
    house.keeper.turn()
    house.keeper.turn()
    (found,) = house.recordings.of_record(house.record_id, "zhao", Role.AGENT)
    assert (found.file, found.agent, found.started_at) == (file, "zhao", NINE)
    assert running not in house.book.known()


def test_a_call_that_is_not_in_the_book_yet_is_booked_later(house: House) -> None:
    house.recorded("call-1764000000.8")
    house.keeper.turn()
    assert house.database.rows(recordings) == []
    house.database.add_call(ref="1764000000.8")
    house.keeper.turn()
    assert len(house.database.rows(recordings)) == 1


def test_a_callbacks_talk_belongs_to_the_record_of_its_call_R70(house: House) -> None:
    moments = dict.fromkeys(("presented_at", "promised_at", "due_at", "first_due_at"), NINE)
    callback: int = house.database.add(
        callbacks,
        call_id=house.call_id,
        number="+8613800138000",
        prefix="+86138",
        state="done",
        epoch=1,
        **moments,
    )
    house.database.add(
        callback_attempts, callback_id=callback, epoch=1, at=NINE, agent="qian", nonce="0a1b2c3d"
    )
    house.recorded(f"callback-{callback}-1-0a1b2c3d")
    house.keeper.turn()
    (row,) = house.database.rows(recordings)
    assert (row["call_id"], row["callback_id"], row["agent"]) == (house.call_id, callback, "qian")
    assert len(house.recordings.of_record(house.record_id, "qian", Role.AGENT)) == 1
    assert house.recordings.of_record(house.record_id, "zhao", Role.AGENT) == ()


def test_agents_hear_their_own_talks_managers_all_and_admins_none_each_time_written_down(
    house: House,
) -> None:
    house.recorded("call-1764000000.7")
    house.keeper.turn()
    (row,) = house.database.rows(recordings)
    for login, role in (("zhao", Role.AGENT), ("mia", Role.MANAGER)):
        heard = house.recordings.play(row["id"], login, role, goes_on=False)
        assert heard.path.read_bytes() == SOUND
    for login, role in (("qian", Role.AGENT), ("root", Role.ADMIN)):
        with pytest.raises(NotEntitled):
            house.recordings.play(row["id"], login, role, goes_on=False)
    house.recordings.play(row["id"], "mia", Role.MANAGER, goes_on=True)
    house.recordings.play(row["id"], "zhao", Role.AGENT, goes_on=False)
    house.clock.pass_seconds(601)
    house.recordings.play(row["id"], "mia", Role.MANAGER, goes_on=True)
    lines = [(line["login"], line["action"], line["about"]) for line in house.database.rows(audit)]
    about = ("recording_played", f"recording:{row['id']}")
    assert lines == [(login, *about) for login in ("zhao", "mia", "zhao", "mia")]


def test_after_its_days_the_file_is_gone_and_the_row_says_since_when(house: House) -> None:
    file = house.recorded("call-1764000000.7")
    house.keeper.turn()
    house.clock.pass_seconds(30 * 86400)
    house.keeper.turn()
    assert (house.directory / file).exists()
    house.clock.pass_seconds(1)
    house.keeper.turn()
    assert not (house.directory / file).exists()
    (row,) = house.database.rows(recordings)
    assert row["removed_at"] == house.clock.now()
    with pytest.raises(RecordingRemoved):
        house.recordings.play(row["id"], "zhao", Role.AGENT, goes_on=False)
    with pytest.raises(NoRecording):
        house.recordings.play(row["id"] + 1, "zhao", Role.AGENT, goes_on=False)


def test_a_disk_that_runs_full_lets_the_switch_begin_no_recording(house: House) -> None:
    house.keeper.turn()
    assert (house.directory / ROOM).exists()
    house.disk.free = LEAST_FREE_BYTES - 1
    house.keeper.turn()
    assert not (house.directory / ROOM).exists()


@pytest.mark.parametrize(
    "name",
    ["x.wav", "../call-1.2-1764000000.1.wav", "call--1764000000.1.wav", "callback-1-1764000000.1.wav", ROOM],
)
def test_a_file_that_is_not_ours_is_none(house: House, name: str) -> None:
    assert parsed(name) is None
    with pytest.raises(ValueError, match="no recording's name"):
        house.disk.path(name)


def test_what_the_switch_calls_a_file_says_when_it_began() -> None:
    found = parsed("call-1764000000.7-1764000001.250.wav")
    assert found is not None
    assert (found.ref, found.attempt) == ("1764000000.7", None)
    assert found.started_at == datetime.fromtimestamp(1764000001.25, UTC)
