"""Talks recorded at Twilio are fetched, booked as ours, and kept there no longer: over the real client.

Requests and answers are held against Twilio's OpenAPI document.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.recording_files import ROOM, RecordingDirectory
from ivr.adapters.sql_desk_schema import recordings
from ivr.adapters.sql_placed_calls import SqlPlacedCalls
from ivr.adapters.sql_recordings import SqlRecordings
from ivr.adapters.twilio_calls import TwilioCalls
from ivr.adapters.twilio_orders import OutcomeUnknown
from ivr.adapters.twilio_recordings import TwilioRecordings
from ivr.service.recordings import RecordingKeeper
from tests.adapters.books import Books
from tests.adapters.rows import NINE, SetClock
from tests.adapters.test_sql_placed_calls import ordered
from tests.fakes.twilio_rest import FakeTwilioRest, Fault, Recorded, served_rest

ACCOUNT, TOKEN = "AC" + "0" * 32, "a-token"
CALLERS, AGENTS, STRANGERS = "CA" + "1" * 32, "CA" + "2" * 32, "CA" + "3" * 32
SOUND = b"RIFF" + b"\x00" * 3000


class Machine:
    """Our directory and book, and Twilio's account."""

    def __init__(self, books: Books, directory: Path, rest: FakeTwilioRest, api: str) -> None:
        self.books, self.rest, self.directory = books, rest, directory
        self.placed = SqlPlacedCalls(books.database.url)
        client = TwilioCalls(ACCOUNT, TOKEN, api, 0.5)
        self.fetching = TwilioRecordings(lambda: client, self.placed, directory)
        directory.mkdir()
        (directory / ROOM).touch()

    def recorded(self, number: int, call_sid: str, sound: bytes = SOUND, **more: Any) -> Recorded:
        began_at = NINE + timedelta(seconds=number)
        made = Recorded(sid=f"RE{number:032x}", call_sid=call_sid, began_at=began_at, sound=sound, **more)
        self.rest.recordings.append(made)
        return made

    def caller(self, sid: str = CALLERS) -> int:
        return self.books.database.add_call(door="twilio", ref=sid, served_by="li")

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.directory.glob("*.wav"))}

    def booked(self) -> list[dict[str, Any]]:
        """As the keeper beside the relay books what lies there."""
        for path in self.directory.glob("*.wav"):
            os.utime(path, (1, 1))
        clock = SetClock()
        book = SqlRecordings(self.books.database.url, clock)
        RecordingKeeper(book, RecordingDirectory(self.directory), clock, 90).turn()
        return self.books.database.rows(recordings)


@pytest.fixture
def machine(books: Books, tmp_path: Path) -> Iterator[Machine]:
    rest = FakeTwilioRest(ACCOUNT, TOKEN, SetClock())
    with served_rest(rest) as api:
        made = Machine(books, tmp_path / "recordings", rest, api)
        yield made
        made.placed.close()
    assert rest.violations == []


def test_a_callers_talk_is_fetched_booked_as_his_and_kept_at_twilio_no_longer(machine: Machine) -> None:
    call_id = machine.caller()
    machine.recorded(1, CALLERS)
    machine.fetching.turn()
    name = f"call-{CALLERS}-{NINE.timestamp() + 1:.3f}.wav"
    assert (machine.files, machine.rest.recordings) == ({name: SOUND}, [])
    [row] = machine.booked()
    assert (row["call_id"], row["agent"], row["file"]) == (call_id, "li", name)
    assert row["started_at"] == NINE + timedelta(seconds=1)


def test_a_customers_talk_is_found_by_the_leg_of_the_agent_who_called_him(machine: Machine) -> None:
    call = ordered(machine.books, machine.placed)
    machine.placed.taken_as(call.name, AGENTS)
    machine.recorded(1, AGENTS)
    machine.fetching.turn()
    assert list(machine.files) == [f"callback-{call.name}-{NINE.timestamp() + 1:.3f}.wav"]
    [row] = machine.booked()
    assert (row["callback_id"], row["agent"]) == (call.name.callback_id, "li")


def test_recordings_of_others_and_those_that_are_not_whole_are_left_alone(machine: Machine) -> None:
    machine.caller()
    left = [machine.recorded(1, STRANGERS), machine.recorded(2, CALLERS, status="processing")]
    machine.fetching.turn()
    assert (machine.files, machine.rest.recordings) == ({}, left)


def test_what_was_fetched_and_not_deleted_is_deleted_and_not_fetched_again(machine: Machine) -> None:
    machine.caller()
    machine.recorded(1, CALLERS)
    machine.fetching.turn()
    machine.recorded(1, CALLERS, sound=b"another")
    machine.fetching.turn()
    assert (list(machine.files.values()), machine.rest.recordings) == ([SOUND], [])
    assert [path for _method, path in machine.rest.asked].count("RE" + f"{1:032x}.wav") == 1


def test_one_that_cannot_be_had_keeps_nobody_from_the_others_and_leaves_no_half_a_file(
    machine: Machine,
) -> None:
    machine.caller()
    first = machine.recorded(1, CALLERS)
    machine.recorded(2, CALLERS)
    machine.rest.unreadable.add(first.sid)
    machine.fetching.turn()
    assert [name.rpartition("-")[2] for name in machine.files] == [f"{NINE.timestamp() + 2:.3f}.wav"]
    assert machine.rest.recordings == [first]
    machine.rest.unreadable.clear()
    machine.fetching.turn()
    assert (len(machine.files), machine.rest.recordings) == (2, [])


def test_where_twilio_does_not_answer_it_waits_and_on_a_full_disk_it_asks_nobody(machine: Machine) -> None:
    machine.caller()
    kept = machine.recorded(1, CALLERS)
    machine.rest.look_faults.append(Fault(status=503))
    with pytest.raises(OutcomeUnknown):
        machine.fetching.turn()
    (machine.directory / ROOM).unlink()
    asked = len(machine.rest.asked)
    machine.fetching.turn()
    assert (machine.files, machine.rest.recordings, len(machine.rest.asked)) == ({}, [kept], asked)
