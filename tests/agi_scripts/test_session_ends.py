"""How a burst ends: the caller leaves, the time is over, or the peer does not speak AGI."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from asterisk import agi as pyst2
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_scripts.session import AgiProtocolError, AgiSession, AgiTimeout, CallerHungUp
from tests.agi_scripts.house import burst
from tests.fakes.fake_agi_channel import OK, SILENCE, FakeAgiChannel, environment_block

DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"


# The faces of a hang-up.


@pytest.mark.parametrize(
    "replies",
    [
        [b"200 result=-1\n", DEAD],
        [b"200 result=-1\nHANGUP\n", DEAD],
        [b"HANGUP\n200 result=-1\n"],
        [b"200 result=-1 (hangup) endpos=1600\n"],
        [b"200 result=0 (hangup)\n"],
        [DEAD],
        [b"HANGUP\n" + DEAD],
        [b"HANGUP\nHANGUP\n200 result=0\n"],
    ],
)
def test_a_hang_up_has_one_name_and_variables_can_still_be_set(replies: list[bytes]) -> None:
    with burst(*replies, OK, b"200 result=1 (x)\n", stays=True) as (session, channel):
        with pytest.raises(CallerHungUp):
            session.stream_file("greeting")
        assert session.hung_up
        session.set_variable("HL_DONE", "1")
        assert session.variable("HL_DONE") == "x"
        sent = len(channel.commands)
        with pytest.raises(CallerHungUp):
            session.answer()
        assert len(channel.commands) == sent


@pytest.mark.parametrize(
    "reply", [b"HANGUP\n", b"200 result", b"200 result=1 (half a va", b"520-Usage\nmore\n"]
)
def test_the_end_of_the_connection_at_any_point_is_a_hang_up(reply: bytes) -> None:
    ours, theirs = socket.socketpair()
    channel = FakeAgiChannel(theirs, [reply], stays=True)
    session = AgiSession.over_socket(ours, deadline_seconds=5)
    ender = threading.Timer(0.1, channel.close)
    ender.start()
    with pytest.raises(CallerHungUp):
        session.variable("HL_X")
    ender.join()
    for _ in range(2):
        with pytest.raises(CallerHungUp):
            session.set_variable("HL_X", 1)


def test_a_reset_connection_is_a_hang_up() -> None:
    with burst() as (session, channel):
        assert channel.ended.wait(2)
        channel.close()
        with pytest.raises(CallerHungUp):
            session.set_variable("HL_X", 1)
        assert issubclass(CallerHungUp, pyst2.AGIHangup)


def test_a_hang_up_between_two_commands_shifts_no_reply() -> None:
    with burst(b"200 result=1 (a)\n", b"200 result=1 (b)\n") as (session, channel):
        assert session.variable("HL_X") == "a"
        channel.say(b"HANGUP\n")
        time.sleep(0.05)
        assert session.variable("HL_X") == "b"
        assert session.hung_up


# Peers that are late or do not speak AGI.


@pytest.mark.parametrize(
    "reply", [SILENCE, b"200 resu", b"200 result=1 (no end\n", b"520-usage\n", b"HANGUP\n"]
)
def test_a_reply_that_does_not_come_in_time_ends_the_session(reply: bytes) -> None:
    with burst(reply, stays=True, seconds=0.3) as (session, _):
        began_at = time.monotonic()
        with pytest.raises(AgiTimeout):
            session.variable("HL_X")
        assert time.monotonic() - began_at < 1
        with pytest.raises(AgiTimeout):
            session.set_variable("HL_X", 1)


@pytest.mark.parametrize(
    "reply",
    [
        b"\n",
        b"HTTP/1.1 400 Bad Request\n",
        b"200\n",
        b"200 result\n",
        b"200 result=1 (open\n",
        b"200 result=1 (a) junk\n",
        b"404 result=1\n",
        b"2000 result=1\n",
        b"\xff\xfe\x00\n",
        b"HANGUP\n" * 30,
        b"520-usage\n" * 300,
        b"x" * 200_000,
        b"200 result=1\n200 result=1\n",
    ],
)
def test_what_is_no_reply_closes_the_session_and_is_never_guessed_at(reply: bytes) -> None:
    with burst(reply, OK, stays=True) as (session, channel):
        with contextlib.suppress(AgiProtocolError):
            session.noop()
        with pytest.raises(AgiProtocolError):
            session.set_variable("HL_X", 1)
        assert channel.ended.wait(2)  # we have closed, so that Asterisk is free


def test_a_value_cannot_forge_the_reply_to_the_next_question() -> None:
    with burst(b"200 result=1 (x)\n200 result=1 (forged)\n", b"200 result=1 (true)\n") as (session, _):
        session.variable("HL_X")
        with pytest.raises(AgiProtocolError):
            session.variable("HL_Y")


def test_two_threads_never_have_two_commands_under_way() -> None:
    replies = [b"200 result=1 (%d)\n" % number for number in range(40)]
    with burst(*replies) as (session, channel):
        answers: list[str | None] = []

        def ask() -> None:
            answers.extend(session.variable("HL_X") for _ in range(10))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, answers), key=int) == [str(number) for number in range(40)]
        assert len(channel.commands) == 40


def test_the_same_burst_runs_as_a_process_of_asterisks_own() -> None:
    program = (
        "from agi_scripts.session import AgiSession\n"
        "session = AgiSession.classic()\n"
        "print('a stray word')\n"
        "session.set_variable('HL_NAME', session.env['agi_calleridname'] + session.arguments[0])\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(environment_block())
        process.stdin.flush()
        command = process.stdout.readline()
        os.kill(process.pid, signal.SIGHUP)
        process.stdin.write(OK)
        process.stdin.close()
        assert process.wait(10) == 0
        assert command.decode() == 'SET VARIABLE "HL_NAME" "你好start"\n'
        assert process.stderr.read() == b"a stray word\n"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=4), st.binary(max_size=100))
def test_no_stream_makes_a_session_hang_or_crash(replies: list[bytes], opening: bytes) -> None:
    began_at = time.monotonic()
    with (
        contextlib.suppress(pyst2.AGIError),
        burst(*replies, opening=opening + environment_block(), seconds=0.1) as (session, _),
    ):
        for _ in range(5):
            session.variable("HL_X")
            session.stream_file("greeting")
    assert time.monotonic() - began_at < 2
