"""Refused, silent, slow and babbling FastAGI servers: the switch alone picks up in time and keeps the number.

Every caller is picked up before the third ring ends with the greeting and an apology, is told that his number is
noted only when it is, and stands in the table exactly once when a real server is back.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real_asterisk.bad_agi_server import BadAgiServer, part, switch_alone
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.phones import Caller
from tests.real_asterisk.stories import heard_at, prompts_heard_in_order, wait_until_heard

pytestmark = pytest.mark.real

DEADLINE_SECONDS = 15.0


def picked_up_after(caller: Caller) -> float:
    """Seconds from his INVITE to the 200."""
    assert caller.invited_at is not None
    return caller.wait_for("received", "INVITE", 200, seconds=20).at - caller.invited_at


def assert_picked_up_and_told(caller: Caller) -> float:
    took = picked_up_after(caller)
    assert took <= DEADLINE_SECONDS, caller.story()
    wait_until_heard(caller.media, "number_noted")
    prompts_heard_in_order(caller.media, "greeting", "static_apology", "number_noted")
    answered = caller.got_at(200)
    assert answered is not None
    assert heard_at(caller.media, "greeting") - answered <= 0.3
    return took


def assert_listed_exactly_once(hotline: RunningHotline, numbers: Sequence[str]) -> None:
    """Once the real server is back: every call in the table once, every number to be rung back once."""
    for number in numbers:
        call = hotline.ended_call(number, 20)
        assert (call["outcome"], call["greeted_by"]) == ("fallback", "server")
    time.sleep(2.5)  # twice the drainer's round: nothing comes a second time
    listed = [row["number"] for row in hotline.ring_backs() if row["number"][3:] in numbers]
    assert sorted(listed) == sorted(f"+86{number}" for number in numbers)
    assert all(len(hotline.calls(number)) == 1 for number in numbers)


def test_behind_servers_worse_than_dead_everybody_is_picked_up_in_time_and_captured_r64(
    tmp_path: Path,
) -> None:
    hotline = RunningHotline(tmp_path / "d")
    kinds = {f"1380013820{place}": kind for place, kind in enumerate(BadAgiServer.parts())}
    with switch_alone(hotline):
        with BadAgiServer(hotline.settings.agi_port, kinds) as server, ExitStack() as stack:
            callers = {kind: stack.enter_context(hotline.caller(n)) for n, kind in kinds.items()}
            took = {kind: assert_picked_up_and_told(caller) for kind, caller in callers.items()}
            for caller in callers.values():
                wait_until_heard(caller.media, "goodbye")
            time.sleep(0.5)
            for caller in callers.values():
                if not caller.find("received", "BYE"):
                    caller.hang_up()  # a server that is silent in the last burst too holds the line
                caller.wait_until_over()
            assert {number for number, _ in server.bursts} == set(kinds)
        with part(hotline, "relay"):
            assert_listed_exactly_once(hotline, list(kinds))
    print("picked up after " + ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in took.items()))


def test_with_nobody_on_the_port_everybody_is_picked_up_in_time_and_captured_r64(tmp_path: Path) -> None:
    hotline = RunningHotline(tmp_path / "d")
    numbers = ["13800138211", "13800138212", "13800138213"]
    with switch_alone(hotline):
        with ExitStack() as stack:
            callers = [stack.enter_context(hotline.caller(number)) for number in numbers]
            took = [assert_picked_up_and_told(caller) for caller in callers]
            assert all(caller.wait_until_over() == 0 for caller in callers)
            assert all(caller.find("received", "BYE") for caller in callers)
        with part(hotline, "relay"):
            assert_listed_exactly_once(hotline, numbers)
    print(f"refused: picked up after {', '.join(f'{seconds:.1f} s' for seconds in took)}")


def test_a_caller_who_leaves_while_nobody_is_on_the_port_is_known_later_as_abandoned_r6(
    tmp_path: Path,
) -> None:
    hotline = RunningHotline(tmp_path / "d")
    with switch_alone(hotline):
        with hotline.caller("13800138221", hang_up_after_seconds=2) as alice:
            alice.wait_until_over()
        with part(hotline, "relay"):
            call = hotline.ended_call("13800138221")
    assert (call["outcome"], call["greeted_at"]) == ("abandoned", None)
    assert not hotline.ring_backs()


def test_while_the_real_server_is_silent_a_caller_is_picked_up_in_time_and_served_or_captured_r64(
    start: Start,
) -> None:
    hotline = start("")
    with hotline.caller("13800138231") as alice:
        with hotline.stopped("agi"):
            took = picked_up_after(alice)
            assert took <= DEADLINE_SECONDS
            wait_until_heard(alice.media, "number_noted")
        alice.wait_until_over()
    print(f"silent: picked up after {took:.1f} s")
    assert_listed_exactly_once(hotline, ["13800138231"])
