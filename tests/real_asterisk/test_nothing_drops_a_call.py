"""Kill -9 of the FastAGI server at every stage of a call: no caller is dropped.

Each is served by a person, or captured (his number listed exactly once), or has left by himself; and his call
stands in the table once, with the outcome the telephones tell of.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import agents
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.phones import PATIENCE_SECONDS, AgentPhone, Caller
from tests.real_asterisk.stories import on_duty, ring_backs_of, wait_until_heard

pytestmark = pytest.mark.real

DEADLINE_SECONDS, PICKUP_SECONDS = 7.0, 5.0
POLICY = "rings = 2\nring_cycle_seconds = 3.5\nwrap_up_seconds = 0\n"
_logins = itertools.count(1)
_numbers = (f"1380013{number}" for number in itertools.count(8100))


@pytest.fixture(scope="module")
def hotline(start: Start) -> RunningHotline:
    return start(POLICY)


@pytest.fixture(scope="module")
def patient(start: Start) -> RunningHotline:
    """With three rings of five seconds: a killed server has ten to be back, also on a machine with much to do."""
    return start("wrap_up_seconds = 0\n")


@pytest.fixture
def ana(hotline: RunningHotline) -> Iterator[AgentPhone]:
    """The one agent on duty, another in each test; her phone rings until it is told to answer."""
    with on_duty(hotline, f"ana{next(_logins)}") as phone:
        yield phone


@pytest.fixture
def number() -> str:
    return next(_numbers)


# ---- what "not dropped" means ----------------------------------------------------------------------------------


def left_by_himself(caller: Caller) -> bool:
    return bool(caller.find("sent", "BYE") or caller.find("sent", "CANCEL"))


def spoken_to(phone: AgentPhone, number: str) -> bool:
    """Whether that phone was in a talk with that caller."""
    talks = {message.call_id for message in phone.find("received", "ACK")}
    answered = {m.call_id for m in phone.find("sent", "INVITE", 200)} & talks
    rung = phone.find("received", "INVITE")
    return any(m.call_id in answered and f"sip:{number}@" in m.headers["from"] for m in rung)


def assert_cared_for(hotline: RunningHotline, number: str, caller: Caller, *phones: AgentPhone) -> str:
    """Nobody was dropped, and the table tells what the telephones tell. The outcome."""
    call = hotline.ended_call(number, 20)
    served = any(spoken_to(phone, number) for phone in phones)
    if not served and not left_by_himself(caller):
        hotline.wait(lambda: bool(ring_backs_of(hotline, call)), 10)
    listed = ring_backs_of(hotline, call)
    assert listed in ([], [f"+86{number}"])
    outcome = "served" if served else "fallback" if listed else "abandoned"
    hotline.wait(lambda: hotline.call(number)["outcome"] == outcome, 10)
    assert (hotline.call(number)["served_at"] is not None) == served
    hotline.wait(lambda: not _held_by_the_ended(hotline), 20)
    return outcome


def _held_by_the_ended(hotline: RunningHotline) -> list[dict[str, Any]]:
    """Agents still reserved for, or talking in, a call that has ended."""
    ended = {call["id"] for call in hotline.calls() if call["ended_at"] is not None}
    busy = hotline.rows(sa.select(agents).where(agents.c.state.in_(("reserved", "talking"))))
    return [agent for agent in busy if agent["call_id"] in ended]


# ---- what they do ----------------------------------------------------------------------------------------------


def talk(phone: AgentPhone, alice: Caller) -> None:
    """The agent takes the call that rings."""
    talks = len(phone.find("received", "ACK"))
    phone.answer()
    wait_for(lambda: len(phone.find("received", "ACK")) > talks, phone)
    alice.wait_for("received", "INVITE", 200)


def wait_for(condition: Callable[[], bool], phone: AgentPhone, seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, phone.story()
        time.sleep(0.01)


def leave(alice: Caller) -> None:
    alice.hang_up()
    assert alice.wait_until_over() == 0


def rings_for(phone: AgentPhone, number: str, seconds: float = 15) -> None:
    who = f"sip:{number}@"
    wait_for(lambda: any(who in m.headers["from"] for m in phone.find("sent", "INVITE", 180)), phone, seconds)


def kill_and_wait(hotline: RunningHotline) -> None:
    hotline.kill("agi")
    time.sleep(0.3)
    hotline.wait_for_agi()


@contextmanager
def killed_in_the_act(hotline: RunningHotline) -> Iterator[None]:
    """Bursts begun meanwhile reach a server that says nothing more and is then killed."""
    server = hotline.part("agi")
    server.suspend()
    try:
        yield
    finally:
        server.kill()
    time.sleep(0.3)
    hotline.wait_for_agi()


def sleep_until_after_invite(caller: Caller, seconds: float) -> None:
    time.sleep(max(0.0, caller.find("sent", "INVITE")[0].at + seconds - time.time()))


def picked_up_after(caller: Caller) -> float:
    """Seconds from his INVITE to the 200."""
    picked_up = caller.wait_for("received", "INVITE", 200, seconds=20)
    return picked_up.at - caller.find("sent", "INVITE")[0].at


# ---- kill -9 at every stage ------------------------------------------------------------------------------------


def test_killed_in_its_very_first_burst_the_caller_is_served(patient: RunningHotline, number: str) -> None:
    with on_duty(patient, "ada") as ada, ExitStack() as stack:
        with killed_in_the_act(patient):
            alice = stack.enter_context(patient.caller(number))
            time.sleep(0.5)
        rings_for(ada, number)
        talk(ada, alice)
        leave(alice)
        assert assert_cared_for(patient, number, alice, ada) == "served"


def test_killed_while_a_phone_rings_quietly_the_caller_is_served(
    hotline: RunningHotline, ana: AgentPhone, number: str
) -> None:
    with hotline.caller(number) as alice:
        rings_for(ana, number)
        kill_and_wait(hotline)
        talk(ana, alice)
        leave(alice)
        assert assert_cared_for(hotline, number, alice, ana) == "served"
    assert hotline.call(number)["greeted_by"] == "agent"


def test_killed_in_the_burst_of_the_pickup_the_caller_is_picked_up_in_time_and_captured(
    hotline: RunningHotline, ana: AgentPhone, number: str
) -> None:
    with hotline.caller(number) as alice:
        rings_for(ana, number)
        sleep_until_after_invite(alice, PICKUP_SECONDS - 0.3)
        with killed_in_the_act(hotline):
            sleep_until_after_invite(alice, PICKUP_SECONDS + 0.4)
        assert picked_up_after(alice) <= DEADLINE_SECONDS
        ana.wait_for("received", "CANCEL")
        wait_until_heard(alice.media, "number_noted")
        alice.wait_until_over()
        assert assert_cared_for(hotline, number, alice, ana) == "fallback"


def test_killed_while_the_phone_rings_under_the_greeting_the_caller_is_served(
    hotline: RunningHotline, ana: AgentPhone, number: str
) -> None:
    with hotline.caller(number) as alice:
        assert picked_up_after(alice) <= DEADLINE_SECONDS
        kill_and_wait(hotline)
        talk(ana, alice)
        leave(alice)
        assert assert_cared_for(hotline, number, alice, ana) == "served"
    assert hotline.call(number)["greeted_by"] == "server"


def _in_the_ring_tone(alice: Caller) -> None:
    sleep_until_after_invite(alice, 1.5)


def _in_the_apology(alice: Caller) -> None:
    picked_up_after(alice)
    wait_until_heard(alice.media, "greeting")


def _on_hold(alice: Caller) -> None:
    picked_up_after(alice)
    wait_until_heard(alice.media, "please_hold")
    time.sleep(0.5)


@pytest.mark.parametrize("stage", [_in_the_ring_tone, _in_the_apology, _on_hold])
def test_killed_while_a_caller_waits_his_turn_he_is_served_after_it(
    hotline: RunningHotline, ana: AgentPhone, stage: Callable[[Caller], None], number: str
) -> None:
    first = next(_numbers)
    with hotline.caller(first) as bob, hotline.caller(number) as alice:
        rings_for(ana, first)
        talk(ana, bob)
        stage(alice)
        kill_and_wait(hotline)
        assert picked_up_after(alice) <= DEADLINE_SECONDS
        assert not left_by_himself(alice)
        leave(bob)
        rings_for(ana, number)
        talk(ana, alice)
        leave(alice)
        assert assert_cared_for(hotline, number, alice, ana) == "served"
        assert assert_cared_for(hotline, first, bob, ana) == "served"


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_killed_in_the_talk_and_again_right_at_its_end_the_call_is_known_as_served(
    hotline: RunningHotline, ana: AgentPhone, who: str, number: str
) -> None:
    with hotline.caller(number) as alice:
        rings_for(ana, number)
        talk(ana, alice)
        kill_and_wait(hotline)
        assert not alice.find("received", "BYE")
        with killed_in_the_act(hotline):
            (alice if who == "caller" else ana).hang_up()
            time.sleep(0.3)
        assert alice.wait_until_over() == 0
        assert assert_cared_for(hotline, number, alice, ana) == "served"
        ended_at = hotline.call(number)["ended_at"]
        assert alice.ended_at is not None
        assert abs(ended_at.timestamp() - alice.ended_at) < (0.5 if who == "caller" else 10)


def test_killed_right_when_a_caller_gives_up_he_is_known_as_abandoned(
    hotline: RunningHotline, ana: AgentPhone, number: str
) -> None:
    with hotline.caller(number) as alice:
        rings_for(ana, number)
        with killed_in_the_act(hotline):
            leave(alice)
            time.sleep(0.3)
        assert assert_cared_for(hotline, number, alice, ana) == "abandoned"


def test_killed_again_and_again_while_six_callers_arrive_nobody_is_dropped(patient: RunningHotline) -> None:
    hotline = patient
    numbers = [next(_numbers) for _ in range(6)]
    own_ways: dict[str, Any] = {"answer_after_seconds": 0.5, "hang_up_after_seconds": 1.5}
    with on_duty(hotline, "ben", **own_ways) as ben, on_duty(hotline, "cao", **own_ways) as cao:
        with ExitStack() as stack, killing_every(1.5, hotline):
            callers = []
            for number in numbers:
                callers.append(stack.enter_context(hotline.caller(number)))
                time.sleep(1.1)
            assert all(caller.wait_until_over(60) == 0 for caller in callers)
        told = [
            assert_cared_for(hotline, number, caller, ben, cao)
            for number, caller in zip(numbers, callers, strict=True)
        ]
    print(f"six callers under kills every 1.5 s: {told}")
    assert all(picked_up_after(caller) <= 15.0 for caller in callers)


@contextmanager
def killing_every(seconds: float, hotline: RunningHotline) -> Iterator[None]:
    """The FastAGI server is killed again and again; at the end it is up."""
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(seconds):
            try:
                hotline.kill("agi")
            except AssertionError:
                continue  # just dead: its successor's turn comes

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        hotline.wait_for_agi(15)
