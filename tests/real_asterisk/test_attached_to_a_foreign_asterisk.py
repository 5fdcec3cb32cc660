"""A switch with a dialplan of its own, attached by `#include`: its callers are the hotline's callers."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ivr.cli.procfile import parse_procfile
from tests.real_asterisk.foreign_asterisk import SERVICE_NUMBER, ForeignAsterisk
from tests.real_asterisk.hotline import ROOT, RunningHotline, seconds_after_presented
from tests.real_asterisk.stories import heard_at

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 1\nrings = 1\npickup_margin_seconds = 1.5\nagent_ring_seconds = 20\n"


@contextmanager
def parts(hotline: RunningHotline) -> Iterator[None]:
    """Every part of the Procfile but the switch."""
    with ExitStack() as running:
        for part in parse_procfile((ROOT / "Procfile").read_text("utf-8"), hotline.environ):
            if part.name == "asterisk":
                continue
            log = running.enter_context((hotline.settings.log_dir / f"{part.name}.log").open("wb"))
            process = subprocess.Popen(part.argv, cwd=ROOT, env=part.env, stdout=log, stderr=log)
            running.callback(process.wait, 10)
            running.callback(process.terminate)
        hotline.wait_for_agi()
        yield


@pytest.fixture(scope="module")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    directory = tmp_path_factory.mktemp("attached")
    hotline = RunningHotline(directory / "data", POLICY)
    hotline.settings.log_dir.mkdir(parents=True, exist_ok=True)
    rendered = hotline.command("render-dialplan", str(directory / "attach"))
    assert rendered.returncode == 0, rendered.stderr
    with (
        ForeignAsterisk(directory / "theirs", hotline.settings, directory / "attach") as theirs,
        parts(hotline),
    ):
        link_call_log(hotline, directory / "theirs" / "cdr-custom")
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"), 15)
        assert "hl-call" in theirs.command("dialplan show hl-call")
        yield hotline
    hotline.stop()


def link_call_log(hotline: RunningHotline, theirs: Path) -> None:
    """As docs/attach.md says."""
    place = hotline.data_dir / "asterisk" / "var" / "log"
    place.mkdir(parents=True, exist_ok=True)
    (place / "cdr-custom").symlink_to(theirs)


def test_a_caller_of_a_foreign_switch_is_picked_up_in_time_served_and_in_the_table(
    attached: RunningHotline,
) -> None:
    """R64, R65, R71: the greeting by the deadline, the same phone rings on, a person speaks, it is written down."""
    caller_number = "13800138061"
    with attached.phone("sun") as phone:
        attached.add_agent("sun", phone.address)
        with attached.caller(caller_number, to=SERVICE_NUMBER) as caller:
            caller.wait_for("received", "INVITE", 200)
            attached.wait(lambda: attached.call(caller_number)["greeted_at"] is not None)
            phone.answer()
            attached.wait(lambda: attached.call(caller_number)["served_at"] is not None)
            caller.hang_up()
        call = attached.ended_call(caller_number)
        attached.set_agent("sun", "offline")
        assert (call["outcome"], call["greeted_by"], call["agent"]) == ("served", "server", "sun")
        assert call["hotline"] == SERVICE_NUMBER
        assert seconds_after_presented(call, call["greeted_at"]) <= 5.0
        assert heard_at(caller.media, "greeting") > 0


def test_with_nobody_on_duty_the_callers_number_is_written_down(attached: RunningHotline) -> None:
    with attached.caller("13800138062", to=SERVICE_NUMBER) as caller:
        caller.wait_until_over(40)
    call = attached.ended_call("13800138062")
    assert call["outcome"] == "fallback"
    assert [row["number"] for row in attached.ring_backs()] == ["+8613800138062"]


def test_the_doctor_knows_that_the_switch_is_not_ours(attached: RunningHotline) -> None:
    done = attached.command("doctor", "--json")
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert [row for row in found.values() if row["severity"] == "error"] == []
    assert "another Asterisk" in found["running"]["found"]
    assert found["ami"]["ok"], found["ami"]
    assert done.returncode == 0
