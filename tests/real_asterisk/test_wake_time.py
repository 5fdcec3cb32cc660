"""An agent becomes free while callers wait: how soon the next one rings at his phone, with and without the AMI."""

import subprocess
import time
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from config.settings import Settings
from ivr.cli.asterisk_config import etc_dir
from ivr.cli.private_asterisk import find_asterisk
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import CALLER, Sipp
from tests.real_asterisk.hotline import NUMBER, RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone, Phone

pytestmark = pytest.mark.real

POLICY: Final = 'wrap_up_seconds = 0\nanswer_when_saturated = "now"\n'
WAKES: Final = 200
AGENTS: Final = ("ana", "ben")
WAITING: Final = 4


class Crowd(Phone):
    """Callers without end: whenever one is gone another dials, so that so many are always on the line."""

    def __init__(self, hotline: RunningHotline, at_once: int) -> None:
        super().__init__(Sipp(hotline.sipp, CALLER, server_port=hotline.settings.sip_port))
        self._at_once = at_once

    def _begin(self) -> None:
        keys = {"to": NUMBER, "from": "13800138000", "from_name": "crowd", "sound_port": str(self.media.port)}
        limits = ["-l", str(self._at_once), "-m", "100000", "-r", "40"]
        self.sipp.start(keys, *limits)


def ends_and_next_rings(messages: list[Message]) -> list[tuple[float, float]]:
    """(the talk's BYE, the next call's INVITE) at one phone, for every talk that was followed by another."""
    found: list[tuple[float, float]] = []
    ended: float | None = None
    for message in messages:
        if message.method == "BYE" and message.status is None:
            ended = message.at
        elif (message.direction, message.method, message.status) == ("received", "INVITE", None):
            if ended is not None:
                found.append((ended, message.at))
            ended = None
    return found


def wakes(phone: AgentPhone) -> list[float]:
    return [rang - ended for ended, rang in ends_and_next_rings(phone.messages())]


def test_whoever_waits_longest_rings_within_300_ms_of_an_agent_becoming_free(tmp_path: Path) -> None:
    options = {"answer_after_seconds": 0.0, "hang_up_after_seconds": 0.2}
    with RunningHotline(tmp_path / "d", policy=POLICY) as hotline:
        with hotline.phone("ana", **options) as ana, hotline.phone("ben", **options) as ben:
            for login, phone in zip(AGENTS, (ana, ben), strict=True):
                hotline.add_agent(login, phone.address)
            with Crowd(hotline, at_once=len(AGENTS) + WAITING):
                hotline.wait(lambda: len(wakes(ana)) + len(wakes(ben)) >= WAKES, 100)
                for login in AGENTS:
                    hotline.set_agent(login, "offline")
            measured = np.array(sorted((*wakes(ana), *wakes(ben)))) * 1000
        hotline.wait(lambda: all(call["ended_at"] for call in hotline.calls()), 15)
        assert all(hotline.agent(login)["state"] == "offline" for login in AGENTS)
    p50, p90, p99 = np.percentile(measured, [50, 90, 99], method="higher")
    print(
        f"{measured.size} wakes: p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f}, max {measured[-1]:.0f} ms"
    )
    assert p99 <= 300


def silence_the_manager(settings: Settings) -> None:
    """The switch takes no orders any more: its AMI is closed."""
    conf = etc_dir(settings) / "manager.conf"
    conf.write_text(conf.read_text("utf-8").replace("enabled = yes", "enabled = no"), "utf-8")
    asterisk = find_asterisk(settings.tools_dir)
    assert asterisk is not None
    command = [*asterisk.argv, "-C", str(etc_dir(settings) / "asterisk.conf"), "-rx", "manager reload"]
    subprocess.run(command, check=True, capture_output=True, timeout=10)


def without_manager(hotline: RunningHotline) -> None:
    silence_the_manager(hotline.settings)
    hotline.kill("agi")  # its connection of before goes with it
    time.sleep(0.3)
    hotline.wait_for_agi()


def test_with_the_manager_interface_down_nobody_waits_longer_than_one_stretch_of_music(
    tmp_path: Path,
) -> None:
    """The agent becomes free at another moment of the music each time: 1 s, 4.5 s and 8 s into it, and in the apology."""
    talks = (14.0, 3.5, 3.5, 3.5)
    with RunningHotline(tmp_path / "d", policy=POLICY) as hotline:
        with hotline.phone("ana", answer_after_seconds=0.0) as ana:
            hotline.add_agent("ana", ana.address)
            without_manager(hotline)
            with Crowd(hotline, at_once=4):
                for talk, seconds in enumerate(talks):
                    ana.wait_for("received", "ACK", call=talk, seconds=30)
                    time.sleep(seconds)
                    ana.hang_up()
                ana.wait_for("received", "INVITE", call=len(talks), seconds=30)
            measured = wakes(ana)
            hotline.set_agent("ana", "offline")
        assert "could not be told" in hotline.log("agi")
    print("wakes without AMI: " + ", ".join(f"{seconds:.1f} s" for seconds in measured))
    assert max(measured) <= 10.5
