"""The last rung: whoever the switch has seen is in the book exactly once, whatever failed before."""

from datetime import timedelta
from pathlib import Path

from ivr.adapters.asterisk_cdr import AsteriskCdr
from ivr.adapters.sql_schema import calls, outbox
from ivr.policy.events import CallOffered
from ivr.service.reconciler import Reconciler
from tests.service.house import NOON, House, house


def row(
    ref: str,
    unique: str = "",
    caller: str = "13800138000",
    answered: bool = True,
    dialled: str = "4001234567",
) -> str:
    start = NOON.timestamp()
    answer = f"{start + 13:.6f}" if answered else "0.000000"
    fields = (ref, unique or ref, f"{start:.6f}", answer, f"{start + 20:.6f}", dialled, caller, "ANSWERED")
    return ",".join(f'"{field}"' for field in fields) + "\n"


def reconciler(hotline: House, directory: Path) -> Reconciler:
    log = AsteriskCdr(directory / "hotline.csv")
    return Reconciler(log, hotline.switchboard, hotline.clock, hotline.rules)


def test_a_call_the_book_never_heard_of_is_opened_once_with_its_record__R6_R71(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        (tmp_path / "hotline.csv").write_text(row("1772452800.1"))
        hotline.clock.advance(60)
        assert reconciler(hotline, tmp_path).turn() == 1
        assert reconciler(hotline, tmp_path).turn() == 0
        (tmp_path / "hotline.read").unlink()
        assert reconciler(hotline, tmp_path).turn() == 0
        [call] = hotline.rows(calls)
        assert (call["caller"], call["outcome"]) == ("+8613800138000", "abandoned")
        assert (call["greeted_at"], call["served_at"]) == (NOON + timedelta(seconds=13), None)
        assert call["ended_at"] == NOON + timedelta(seconds=20)
        assert len(hotline.rows(outbox)) == 1


def test_a_call_whose_end_was_missed_is_ended_and_its_agent_free__R6(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.burst("1772452800.1", CallOffered(at=hotline.clock.now()))
        (tmp_path / "hotline.csv").write_text(row("1772452800.1", answered=False))
        hotline.clock.advance(60)
        assert reconciler(hotline, tmp_path).turn() == 1
        [call] = hotline.rows(calls)
        assert (call["phase"], call["greeted_at"]) == ("ended", None)


def test_agents_legs_feature_codes_and_rubbish_are_no_calls(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        leg = row("1772452800.1", unique="1772452800.2")
        feature = row("1772452800.3", dialled="")
        (tmp_path / "hotline.csv").write_bytes((leg + feature + 'half,"a row\n').encode() + b"\xff\xfe,\n")
        hotline.clock.advance(60)
        assert reconciler(hotline, tmp_path).turn() == 0
        assert hotline.rows(calls) == []


def test_a_call_just_ended_is_left_to_its_own_bursts_first(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        (tmp_path / "hotline.csv").write_text(row("1772452800.1"))
        hotline.clock.advance(22)
        assert reconciler(hotline, tmp_path).turn() == 0
        hotline.clock.advance(10)
        assert reconciler(hotline, tmp_path).turn() == 1


def test_a_row_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        whole = row("1772452800.1")
        (tmp_path / "hotline.csv").write_text(whole[:30])
        hotline.clock.advance(60)
        assert reconciler(hotline, tmp_path).turn() == 0
        (tmp_path / "hotline.csv").write_text(whole)
        assert reconciler(hotline, tmp_path).turn() == 1


def test_without_a_log_there_is_nothing_to_mend(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        assert reconciler(hotline, tmp_path).turn() == 0
