"""A switch with a dialplan of its own, attached by `#include`: its callers are the hotline's callers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real_asterisk.foreign_asterisk import SERVICE_NUMBER, ForeignAsterisk
from tests.real_asterisk.hotline import ROOT, RunningHotline, seconds_after_presented, wait_until
from tests.real_asterisk.stories import heard_at

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 1\nrings = 1\npickup_margin_seconds = 1.5\nagent_ring_seconds = 20\n"


@contextmanager
def everything_but_a_switch(hotline: RunningHotline) -> Iterator[None]:
    argv = [sys.executable, "-m", "ivr", "run", "--without", "asterisk"]
    with (hotline.data_dir / "run.out").open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=hotline.environ, stdout=out, stderr=out)
    try:
        wait_until(lambda: "3/3 ready" in hotline.output(), 30, lambda: hotline.output() + hotline.logs())
        yield
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    directory = tmp_path_factory.mktemp("attached")
    hotline = RunningHotline(directory / "data", POLICY)
    rendered = hotline.command("render-dialplan", str(directory / "attach"))
    assert rendered.returncode == 0, rendered.stderr
    with (
        ForeignAsterisk(directory / "theirs", hotline.settings, directory / "attach") as theirs,
        everything_but_a_switch(hotline),
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
            time.sleep(2)  # the greeting takes 1.7 s
            phone.answer()
            attached.wait(lambda: attached.call(caller_number)["served_at"] is not None)
            caller.hang_up()
            caller.wait_until_over(10)
        call = attached.ended_call(caller_number)
        attached.set_agent("sun", "offline")
        assert (call["outcome"], call["greeted_by"], call["served_by"]) == ("served", "server", "sun")
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
