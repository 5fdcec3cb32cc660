"""The entry files as classic AGI executables: `AGI(/…/agi_scripts/offered.py,…)` in the dialplan, no server asked.

The rendered dialplan is the shipped one; only where it names a burst does it name the file instead of an address.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa

from agi_scripts.server import ENTRIES
from ivr.adapters.sql_migrations import migrate
from ivr.adapters.sql_schema import events
from ivr.cli.asterisk_config import etc_dir
from tests.fakes.fake_agi_channel import environment_block
from tests.real_asterisk.bad_agi_server import ask_switch
from tests.real_asterisk.dialling import DiallingPhone
from tests.real_asterisk.hotline import ROOT, RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone
from tests.real_asterisk.stories import on_duty

SCRIPTS = ROOT / "agi_scripts"
# A process a burst needs its time to start on a busy machine: more rings, and a pickup that does not wait for them.
POLICY = 'wrap_up_seconds = 0\nagent_ring_seconds = 8\nrings = 5\nanswer_when_saturated = "now"\nsatisfaction = false\n'
PROGRAMS = (*ENTRIES, "agent_state", "callback_ended", "callback_rating", "consult")


# ---- without a switch: the file, a pipe in, a pipe out ------------------------------------------------------------


def converse(data_dir: Path, name: str, *arguments: str) -> tuple[list[str], str, int]:
    """The commands that file sends, what it says beside them, and its exit code."""
    given = {f"agi_arg_{number}": value for number, value in enumerate(arguments, start=1)}
    process = subprocess.Popen(
        [SCRIPTS / f"{name}.py", *arguments],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOTLINE_DATA_DIR": str(data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process, suppress(BrokenPipeError):
        process.stdin.write(environment_block(agi_callerid="13800138077", **given))
        process.stdin.flush()
        commands = list(answered(process.stdout, process.stdin))
        said = process.stderr.read().decode()
    return commands, said, process.returncode


def answered(commands: IO[bytes], replies: IO[bytes]) -> Iterator[str]:
    for line in commands:
        replies.write(b"200 result=1\n")
        replies.flush()
        yield line.decode().rstrip("\n")


def test_every_entry_of_the_dialplan_is_a_file_a_switch_can_start() -> None:
    dialplan = (ROOT / "config" / "asterisk" / "hotline_dialplan.conf").read_text("utf-8")
    named = set(re.findall(r"AGI\(@AGI@/(\w+)", dialplan)) | set(re.findall(r"HL_EVENT=(\w+)", dialplan))
    assert named == set(PROGRAMS)
    for name in PROGRAMS:
        path = SCRIPTS / f"{name}.py"
        assert path.stat().st_mode & 0o111 == 0o111, f"{path} is not executable"
        assert path.read_text("utf-8").startswith("#!/usr/bin/env -S sh -c 'cd"), path


def test_a_file_started_by_the_switch_answers_one_burst_and_ends_with_the_sentinel(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/hotline.db")
    stamp = f"{time.time():.6f}"
    commands, said, code = converse(tmp_path, "offered", "1", stamp, "1.7", "4001234567")
    assert commands[0].startswith('EXEC MSet "HL_VERBS=')
    assert commands[-1].endswith(',HL_DONE=1"')
    assert (said, code) == ("", 0)


def test_a_burst_that_fails_says_nothing_to_the_switch_and_masks_the_number_in_its_log(
    tmp_path: Path,
) -> None:
    commands, said, code = converse(tmp_path, "offered", "1", "13800138077", "1.7 or 13800138077")
    assert (commands, said, code) == ([], "", 1)
    log = (tmp_path / "log" / "classic-agi.log").read_text("utf-8")
    assert "BadBurst" in log
    assert "13800138077" not in log


# ---- on the real switch: each file once ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    with RunningHotline(tmp_path_factory.mktemp("classic"), POLICY) as running:
        dialplan = etc_dir(running.settings) / "hotline_dialplan.conf"
        text, changed = re.subn(
            r"AGI\(agi://[^/]+/[^/]+/([^,]+),", rf"AGI({SCRIPTS}/\1.py,", dialplan.read_text("utf-8")
        )
        assert changed == text.count("AGI(/")
        dialplan.write_text(text, "utf-8")
        ask_switch(running.settings, "dialplan reload")
        assert f"AGI({SCRIPTS}/" in ask_switch(running.settings, "dialplan show hl-burst")
        yield running
        assert "agi://" not in ask_switch(running.settings, "dialplan show hl-burst")


def heard_of(hotline: RunningHotline, number: str) -> list[str]:
    """What the book was told about that caller's call, in order."""
    call = hotline.call(number)["id"]
    statement = sa.select(events).where(events.c.call_id == call).order_by(events.c.id)
    return [row["kind"] for row in hotline.rows(statement)]


@pytest.mark.real
def test_a_caller_is_served_by_files_alone_offered_ring_ended_hung_up__R64(hotline: RunningHotline) -> None:
    with on_duty(hotline, "ada") as phone:
        with hotline.caller("13800138071") as alice:
            phone.wait_for("sent", "INVITE", 180)
            phone.answer()
            alice.wait_for("received", "INVITE", 200)
            phone.hang_up()
            alice.wait_until_over()
        call = hotline.ended_call("13800138071")
    assert call["outcome"] == "served"
    assert heard_of(hotline, "13800138071") == ["CallOffered", "AgentAnswered", "RingEnded", "HungUp"]


@pytest.mark.real
def test_a_caller_waits_and_is_fetched_by_files_alone_hold_elapsed_fetched__R69(
    hotline: RunningHotline,
) -> None:
    with on_duty(hotline, "bea") as phone:
        with hotline.caller("13800138072") as alice:
            phone.wait_for("sent", "INVITE", 180)
            phone.answer()
            alice.wait_for("received", "INVITE", 200)
            with hotline.caller("13800138073") as bob:
                bob.wait_for("received", "INVITE", 200, seconds=16)
                hotline.wait(lambda: "HoldElapsed" in heard_of(hotline, "13800138073"), seconds=25)
                alice.hang_up()
                phone.wait_for("sent", "INVITE", 180, call=1, seconds=25)
                phone.order("ANSWER")
                hotline.wait(lambda: "AgentAnswered" in heard_of(hotline, "13800138073"))
                bob.hang_up()
                bob.wait_until_over()
        assert hotline.ended_call("13800138073")["outcome"] == "served"
    heard = heard_of(hotline, "13800138073")
    assert "HoldElapsed" in heard
    assert heard.index("TurnCame") < heard.index("CallerFetched") < heard.index("AgentAnswered")


@pytest.mark.real
def test_a_caller_without_a_number_is_asked_for_one_by_files_alone_digits(hotline: RunningHotline) -> None:
    before = len(hotline.calls())
    with hotline.caller("anonymous") as nobody:
        nobody.wait_until_over(70)  # three bursts, each a process of its own beside other tests
    hotline.wait(lambda: len(hotline.calls()) > before and hotline.calls()[-1]["ended_at"] is not None)
    call = hotline.calls()[-1]
    assert (call["caller"], call["outcome"]) == (None, "abandoned")
    statement = sa.select(events.c.kind).where(events.c.call_id == call["id"])
    assert "DigitsPressed" in {row["kind"] for row in hotline.rows(statement)}


@pytest.mark.real
def test_an_agent_sets_his_state_from_his_phone_by_a_file_alone_agent_state(hotline: RunningHotline) -> None:
    done = hotline.command("agent", "add", "cora", "--name", "Cora", "--phone", "endpoint:NEW")
    user, secret = re.findall(r"^(?:user|secret): +(\S+)$", done.stdout, re.MULTILINE)
    port = hotline.settings.sip_port
    with (
        AgentPhone(hotline.sipp, server_port=port, user=user, secret=secret),
        DiallingPhone(hotline.sipp, server_port=port, to="*71", user=user, secret=secret) as dialling,
    ):
        dialling.wait_until_over(20)
    assert hotline.agent("cora")["state"] == "available"
    hotline.set_agent("cora", "offline")


@pytest.mark.real
def test_a_number_is_noted_by_a_file_alone_when_the_book_is_away_number_noted(
    hotline: RunningHotline,
) -> None:
    """With the tables locked every burst fails; the file still puts the number on the disk, then it is imported."""
    engine = sa.create_engine(hotline.settings.database_url)
    with engine.connect() as connection, hotline.caller("13800138074") as alice:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        alice.wait_for("received", "INVITE", 200, seconds=26)
        alice.wait_until_over(40)
        connection.rollback()
    engine.dispose()
    assert hotline.ended_call("13800138074", seconds=20)["outcome"] == "fallback"
    assert [row["number"] for row in hotline.ring_backs()].count("+8613800138074") == 1
