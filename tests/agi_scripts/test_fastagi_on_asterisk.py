"""The FastAGI server and its session with a real Asterisk on the other side."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from asterisk.agi import AGIError

from agi_scripts.fastagi import Script
from agi_scripts.session import AgiSession, CallerHungUp
from tests.adapters import small_asterisk
from tests.agi_scripts.house import TOKEN, House, eventually

DIALPLAN = f"""[rest]
exten => wait,1,Answer()
 same => n,Wait(60)
[test]
exten => _burst-.,1,Set(AGIEXITONHANGUP=${{IF($["${{EXTEN}}"="burst-gone"]?no:yes)}})
 same => n,Set(TIMEOUT(absolute)=3)
 same => n,Set(CALLERID(name)=北京航天(集团))
 same => n,Set(HL_DONE=)
 same => n,AGI(agi://127.0.0.1:{small_asterisk.AGI_PORT}/{TOKEN}/${{EXTEN:6}},one,two)
 same => n,Set(TIMEOUT(absolute)=0)
 same => n,AGI(agi://127.0.0.1:{small_asterisk.AGI_PORT}/{TOKEN}/after,${{HL_DONE}},${{AGISTATUS}})
exten => T,1,AGI(agi://127.0.0.1:{small_asterisk.AGI_PORT}/{TOKEN}/after,timer,${{AGISTATUS}})
exten => h,1,AGI(agi://127.0.0.1:{small_asterisk.AGI_PORT}/{TOKEN}/ended,${{HL_DONE}})
"""


class RealHouse:
    """Scripts on a real Asterisk: what they have `seen`, the arguments `after` and at the end."""

    def __init__(self, asterisk: small_asterisk.SmallAsterisk, scripts: dict[str, Script]) -> None:
        self.seen: list[object] = []
        self.after: list[tuple[str, ...]] = []
        self.ended: list[tuple[str, ...]] = []
        self.house = House(
            {**scripts, "after": self._note_after, "ended": self._note_ended}, port=small_asterisk.AGI_PORT
        )
        self.asterisk = asterisk

    def call(self, script: str) -> None:
        self.asterisk.place_call(f"burst-{script}")

    def _note_after(self, session: AgiSession) -> None:
        self.after.append(session.arguments)

    def _note_ended(self, session: AgiSession) -> None:
        session.set_variable("HL_X", "on a dead channel")
        self.ended.append((*session.arguments, session.variable("HL_X") or ""))


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[small_asterisk.SmallAsterisk]:
    asterisk = small_asterisk.start(tmp_path_factory, DIALPLAN)
    yield asterisk
    asterisk.stop()


OpenReal = Callable[[dict[str, Script]], RealHouse]


@pytest.fixture
def open_real(asterisk: small_asterisk.SmallAsterisk) -> Iterator[OpenReal]:
    houses: list[RealHouse] = []

    def build(scripts: dict[str, Script]) -> RealHouse:
        houses.append(RealHouse(asterisk, scripts))
        return houses[-1]

    yield build
    for house in houses:
        asterisk.command("channel request hangup all")
        eventually(lambda: "0 active channels" in asterisk.command("core show channels count"))
        house.house.close()


pytestmark = pytest.mark.real

NASTY = [
    'O"Neil',
    "back\\slash",
    "trail\\",
    "你好",
    "(集团)",
    "a,b;c|d",
    "${EXTEN}",
    "  two  ",
    "x" * 1900,
    "'",
]


def test_whatever_a_caller_is_called_round_trips_through_the_real_switch(open_real: OpenReal) -> None:
    def keep(session: AgiSession) -> None:
        real.seen += [session.arguments, session.variable("CALLERID(name)"), session.env["agi_calleridname"]]
        for value in NASTY:
            session.set_variable("HL_NAME", value)
            real.seen.append(session.variable("HL_NAME"))
        real.seen.append(session.variable("HL_UNSET"))
        session.set_variable("HL_NAME", "a\nEXEC UserEvent evil\r\0b")
        real.seen.append(session.variable("HL_NAME"))
        session.set_variable("HL_DONE", "1")

    real = open_real({"keep": keep})
    real.call("keep")
    eventually(lambda: real.after)
    assert real.seen[:3] == [("one", "two"), "北京航天(集团)", "北京航天(集团)"]
    assert real.seen[3:-2] == NASTY
    assert real.seen[-2:] == [None, "a EXEC UserEvent evil  b"]
    assert real.after == [("1", "SUCCESS")]


def test_a_failing_script_leaves_the_sentinel_unset_whatever_agistatus_says(open_real: OpenReal) -> None:
    def fail(session: AgiSession) -> None:
        session.set_variable("HL_VERB", "ring")
        raise RuntimeError("broken")

    real = open_real({"fail": fail})
    real.call("fail")
    eventually(lambda: real.after)
    assert real.after == [("", "SUCCESS")]


def test_a_script_that_hangs_gives_the_call_back_before_the_dialplans_timer(open_real: OpenReal) -> None:
    free = threading.Event()

    def hang(session: AgiSession) -> None:
        free.wait(10)

    real = open_real({"hang": hang})
    began_at = time.monotonic()
    real.call("hang")
    eventually(lambda: real.after)
    free.set()
    assert time.monotonic() - began_at < 3.5
    assert real.after == [("", "SUCCESS")]


def test_a_missing_prompt_is_told_apart_from_a_hang_up(open_real: OpenReal) -> None:
    def play(session: AgiSession) -> None:
        try:
            session.stream_file("no-such-prompt")
        except AGIError as error:
            real.seen.append(type(error).__name__)
        session.set_variable("HL_DONE", "1")

    real = open_real({"play": play})
    real.call("play")
    eventually(lambda: real.after)
    assert real.seen == ["AGIAppError"]
    assert real.after == [("1", "FAILURE")]


def test_a_caller_who_leaves_in_a_burst_can_still_be_written_about(open_real: OpenReal) -> None:
    def gone(session: AgiSession) -> None:
        session.execute("ANSWER")
        threading.Thread(target=lambda: real.asterisk.command("channel request hangup all")).start()
        time.sleep(0.5)
        try:
            session.execute("STREAM FILE", "no-such-prompt", '""')
        except CallerHungUp:
            real.seen.append("hung up")
        session.set_variable("HL_DONE", "1")
        real.seen.append(session.variable("HL_DONE"))

    real = open_real({"gone": gone})
    real.call("gone")
    eventually(lambda: real.ended)
    assert real.seen == ["hung up", "1"]
    assert real.ended[-1] == ("1", "on a dead channel")
