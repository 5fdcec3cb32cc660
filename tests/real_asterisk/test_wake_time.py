"""An agent becomes free while callers wait: how soon the next one rings at his phone, with and without the AMI."""

import time
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from config.settings import Settings
from ivr.cli.asterisk_config import etc_dir
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import CALLER, Sipp
from tests.real_asterisk.bad_agi_server import ask_switch
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import NUMBER, RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone, Phone
from tests.real_asterisk.stories import on_duty

pytestmark = [pytest.mark.real, pytest.mark.alone]

POLICY: Final = 'wrap_up_seconds = 0\nanswer_when_saturated = "now"\n'
WAKES: Final = 200
AGENTS: Final = ("ana", "ben")
WAITING: Final = 4


class Crowd(Phone):
    """Callers one after the other: whenever one is gone another dials, so that so many are on the line at once."""

    def __init__(self, hotline: RunningHotline, *, at_once: int, together: int) -> None:
        super().__init__(Sipp(hotline.sipp, CALLER, server_port=hotline.settings.sip_port))
        self._limits = ["-l", str(at_once), "-m", str(together), "-r", "40"]

    def _begin(self) -> None:
        keys = {"to": NUMBER, "from": "13800138000", "from_name": "crowd", "sound_port": str(self.media.port)}
        self.sipp.start(keys, *self._limits)


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
        hotline.wait(lambda: "manager actions connected" in hotline.log("agi"))
        with hotline.phone("ana", **options) as ana, hotline.phone("ben", **options) as ben:
            for login, phone in zip(AGENTS, (ana, ben), strict=True):
                hotline.add_agent(login, phone.address)
            everybody = WAKES + len(AGENTS)  # an agent's first call did not wait for him
            with Crowd(hotline, at_once=len(AGENTS) + WAITING, together=everybody) as crowd:
                assert crowd.sipp.wait(100) == 0
            measured = np.array(sorted((*wakes(ana), *wakes(ben)))) * 1000
        hotline.wait(lambda: len([call for call in hotline.calls() if call["ended_at"]]) == everybody, 15)
        assert {call["outcome"] for call in hotline.calls()} == {"served"}
        hotline.wait(lambda: {hotline.agent(login)["state"] for login in AGENTS} == {"available"})
    p50, p90, p99 = np.percentile(measured, [50, 90, 99], method="higher")
    print(
        f"{measured.size} wakes: p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f}, max {measured[-1]:.0f} ms"
    )
    assert measured.size >= WAKES - WAITING
    assert p99 <= 300


def silence_the_manager(settings: Settings) -> None:
    """The switch takes no orders any more: its AMI is closed."""
    conf = etc_dir(settings) / "manager.conf"
    conf.write_text(conf.read_text("utf-8").replace("enabled = yes", "enabled = no"), "utf-8")
    ask_switch(settings, "manager reload")


def without_manager(hotline: RunningHotline) -> None:
    silence_the_manager(hotline.settings)
    hotline.kill("agi")  # its connection of before goes with it
    time.sleep(0.3)
    hotline.wait_for_agi()


@pytest.fixture(scope="module")
def unmanaged(start: Start) -> RunningHotline:
    hotline = start(POLICY)
    without_manager(hotline)
    return hotline


def test_with_the_manager_interface_down_nobody_waits_longer_than_one_stretch_of_music(
    unmanaged: RunningHotline,
) -> None:
    """The agent becomes free at another moment of the music each time."""
    with on_duty(unmanaged, "ana", answer_after_seconds=0.0) as ana:
        with Crowd(unmanaged, at_once=4, together=4):
            for talk, seconds in enumerate((22.0, 2.0, 0.5)):
                ana.wait_for("received", "ACK", call=talk, seconds=30)
                time.sleep(seconds)
                ana.hang_up()
            ana.wait_for("received", "ACK", call=3, seconds=30)
            ana.hang_up()
            ana.wait_for("received", "BYE", 200, call=3)
        measured = wakes(ana)
    log = unmanaged.log("agi")
    assert log.rindex("manager actions: ") > log.rindex("manager actions connected"), (
        "it was down all the time"
    )
    print("wakes without AMI: " + ", ".join(f"{seconds:.1f} s" for seconds in measured))
    assert len(measured) == 3
    assert max(measured) <= 10.5


def test_with_the_manager_interface_down_an_agent_free_during_the_apology_is_not_kept_from_the_caller(
    unmanaged: RunningHotline,
) -> None:
    with on_duty(unmanaged, "ben", answer_after_seconds=0.0) as ben, unmanaged.caller("13800138041") as bob:
        ben.wait_for("received", "ACK")
        with unmanaged.caller("13800138042") as alice:
            alice.wait_for("received", "INVITE", 200)
            time.sleep(0.5)
            bob.hang_up()
            ben.wait_for("received", "ACK", call=1, seconds=40)
            alice.hang_up()
            assert alice.wait_until_over() == 0
        (measured,) = wakes(ben)
    print(f"freed in the apology, without AMI: {measured:.1f} s")
    assert measured <= 10.5
