"""What the dialplan wrote of an attempt, read back: a file that says nothing we understand is never taken for none."""

import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.adapters import attempt_fences
from ivr.adapters.attempt_fences import (
    KEPT_DAYS,
    AttemptFences,
    Fence,
    UnreadableFence,
    parse_name,
)
from ivr.adapters.switch_moments import parse_moment
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName

NAME = AttemptName(callback_id=7, number=2, nonce="0badc0de")
AT, LATER = (datetime.fromtimestamp(1_795_477_000.5 + seconds, UTC) for seconds in (0, 9))
TAKEN = "v1|taken|887d1083-ce91-406f-acfe-1957f73a60fe|1795476990.363"
DIALLED = "v1|dialled|1795476995.1"
ANSWERED = "v1|answered|1795477000.500"


@pytest.fixture
def fences(tmp_path: Path) -> AttemptFences:
    return AttemptFences(tmp_path)


def written(directory: Path, *lines: str) -> None:
    (directory / str(NAME)).write_text("".join(f"{line}\n" for line in lines))


def test_an_attempt_without_a_file_was_never_seen(fences: AttemptFences) -> None:
    assert fences.read(NAME) is None


@pytest.mark.parametrize(
    ("lines", "fence"),
    [
        ((), Fence()),
        ((TAKEN,), Fence()),
        ((TAKEN, DIALLED), Fence(dialled=True)),
        ((TAKEN, DIALLED, ANSWERED), Fence(dialled=True, served_at=AT)),
        (
            (TAKEN, "v1|ended|agent_declined|1795477009.5"),
            Fence(result=AttemptResult.AGENT_DECLINED, ended_at=LATER),
        ),
        (
            (TAKEN, DIALLED, ANSWERED, "v1|ended|reached|1795477009.5"),
            Fence(dialled=True, served_at=AT, result=AttemptResult.REACHED, ended_at=LATER),
        ),
        (
            (TAKEN, DIALLED, ANSWERED, "v1|ended|voicemail|1795477009.5"),
            Fence(dialled=True, result=AttemptResult.VOICEMAIL, ended_at=LATER),
        ),
    ],
)
def test_the_steps_of_an_attempt_are_read_as_they_were_written(
    lines: tuple[str, ...], fence: Fence, fences: AttemptFences, tmp_path: Path
) -> None:
    written(tmp_path, *lines)
    assert fences.read(NAME) == fence


@pytest.mark.parametrize(
    "line",
    [
        "v2|dialled|1795476995.1",
        "v1|dialled|soon",
        "v1|ended|eaten|1795477009.5",
        "v1|dial",
        "",
        "v1|taken||1",
    ],
)
def test_a_line_that_means_nothing_makes_the_whole_file_unreadable(
    line: str, fences: AttemptFences, tmp_path: Path
) -> None:
    written(tmp_path, TAKEN, line)
    with pytest.raises(UnreadableFence):
        fences.read(NAME)


def test_a_file_that_cannot_be_read_is_not_taken_for_none(fences: AttemptFences, tmp_path: Path) -> None:
    (tmp_path / str(NAME)).mkdir()
    with pytest.raises(UnreadableFence):
        fences.read(NAME)


def test_letters_beyond_ascii_are_none_of_ours(fences: AttemptFences, tmp_path: Path) -> None:
    (tmp_path / str(NAME)).write_bytes(b"v1|dialled|\xff\n")
    with pytest.raises(UnreadableFence):
        fences.read(NAME)


def test_fences_are_cleared_days_after_their_attempt(fences: AttemptFences, tmp_path: Path) -> None:
    written(tmp_path, TAKEN)
    fences.forbid(NAME)
    (tmp_path / "8-n1-0badc0de").write_text(f"{TAKEN}\n")
    old = time.time() - KEPT_DAYS * 86400 - 1
    for path in (tmp_path / str(NAME), tmp_path / f"{NAME}.stop"):
        os.utime(path, (old, old))
    assert fences.clear() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["8-n1-0badc0de"]


def test_nothing_is_cleared_away_before_it_could_be_read_after_a_long_standstill_r70(
    fences: AttemptFences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was under way when the hotline stopped, a week ago, is asked about first."""
    written(tmp_path, TAKEN)
    os.utime(tmp_path / str(NAME), (0, 0))
    stop = threading.Event()
    thread = threading.Thread(target=fences.run, args=(stop,))
    monkeypatch.setattr(attempt_fences, "CLEARED_EVERY_SECONDS", 0.3)
    thread.start()
    time.sleep(0.1)
    assert fences.read(NAME) is not None
    time.sleep(0.5)
    stop.set()
    thread.join(5)
    assert fences.read(NAME) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7-2-0badc0de", NAME),
        ("7-n2-0badc0de", replace(NAME, is_announcement=True)),
        ("7-2", None),
        ("7-2-", None),
        ("7-2-0BADC0DE", None),
        ("7-2-0badc0de0", None),
        ("7-2-0badc0de-3", None),
        ("7", None),
        ("7-x2-0badc0de", None),
        ("../7-2-0badc0de", None),
        ("7-2-0badc0de\n", None),
        ("", None),
    ],
)
def test_a_name_is_two_numbers_with_a_nonce_and_nothing_else(text: str, name: AttemptName | None) -> None:
    assert parse_name(text) == name
    assert name is None or str(name) == text


@pytest.mark.parametrize("text", ["", "soon", "17", "1795477000.5.1", "-1795477000", "1795477000\n"])
def test_what_is_no_stamp_of_the_dialplan_is_no_moment(text: str) -> None:
    assert parse_moment(text) is None
    assert parse_moment("1795477000.5") == AT
