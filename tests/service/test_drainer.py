"""The spool: what the dialplan wrote while nobody answered comes into the book exactly once, and nothing is dropped."""

import os
from pathlib import Path

import pytest

from ivr.adapters.spool_files import SpoolFiles, parse_line
from ivr.adapters.sql_schema import calls, ring_backs
from ivr.service.drainer import Drainer
from tests.service.house import House, house

NOTED = "v1|noted|1772452800.7|1772452800.123456|4001234567|13800138000|1772452802.5|13800138000|1772452810.5"
ENDED = "v1|ended|1772452800.7|1772452800.123456|4001234567|13800138000|1772452802.5||1772452812.25"
SERVED = "v1|ended|1772452800.9|1772452800.9|400|13800138000||1772452803.5|1772452812.25"


def drained(hotline: House, directory: Path, text: str) -> int:
    spool = directory / "spool"
    spool.mkdir(exist_ok=True)
    file = spool / "1772452800.7.req"
    file.write_text(text)
    os.utime(file, (0, 0))
    return Drainer(SpoolFiles(spool), hotline.switchboard, hotline.rules).turn()


def test_a_number_noted_by_the_dialplan_alone_is_listed_once_and_the_call_is_a_fallback__R70(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as hotline:
        assert drained(hotline, tmp_path, f"{NOTED}\n{ENDED}\n") == 1
        assert drained(hotline, tmp_path, f"{NOTED}\n{ENDED}\n") == 1
        [call] = hotline.rows(calls)
        assert (call["outcome"], call["caller"], call["greeted_by"]) == (
            "fallback",
            "+8613800138000",
            "server",
        )
        assert [row["number"] for row in hotline.rows(ring_backs)] == ["+8613800138000"]
        assert list((tmp_path / "spool").iterdir()) == []


def test_a_number_that_arrives_after_the_end_still_counts__R70(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        drained(hotline, tmp_path, f"{ENDED}\n")
        drained(hotline, tmp_path, f"{NOTED}\n")
        [call] = hotline.rows(calls)
        assert call["outcome"] == "fallback"
        assert len(hotline.rows(ring_backs)) == 1


def test_a_talk_that_ended_while_no_server_ran_was_served(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.offer("1772452800.9")
        drained(hotline, tmp_path, f"{SERVED}\n")
        [call] = hotline.rows(calls)
        assert (call["outcome"], call["phase"], call["served_by"]) == ("served", "ended", "ana")


def test_a_torn_line_is_set_aside_and_takes_no_other_line_with_it(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        assert drained(hotline, tmp_path, f"{NOTED[:40]}\n{NOTED}\n") == 1
        [bad] = (tmp_path / "spool" / "bad").iterdir()
        assert bad.read_text() == f"{NOTED[:40]}\n"
        assert len(hotline.rows(ring_backs)) == 1


@pytest.mark.parametrize(
    "line", ["", "v1|noted", NOTED.replace("v1", "v2"), NOTED.replace("1772452800.7", "../../x"), "\0" * 50]
)
def test_a_line_the_dialplan_never_wrote_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"spool line|reference|moment"):
        parse_line(line)


def test_a_file_still_being_written_is_left_alone(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        spool = tmp_path / "spool"
        spool.mkdir()
        (spool / "1.req").write_text(f"{NOTED}\n")
        assert Drainer(SpoolFiles(spool), hotline.switchboard, hotline.rules).turn() == 0
        assert SpoolFiles(spool).waiting() == 1
