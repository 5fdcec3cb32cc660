import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from asterisk import agi as pyst2
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_scripts import wire
from agi_scripts.session import AgiProtocolError, AgiSession, AgiTimeout, CallerHungUp
from tests.fakes.fake_agi_channel import OK, SILENCE, FakeAgiChannel, environment_block

DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"


@contextlib.contextmanager
def burst(
    *replies: bytes, seconds: float = 2.0, **keywords: object
) -> Iterator[tuple[AgiSession, FakeAgiChannel]]:
    ours, theirs = socket.socketpair()
    channel = FakeAgiChannel(theirs, replies, **keywords)  # type: ignore[arg-type]
    try:
        yield AgiSession.over_socket(ours, deadline_seconds=seconds), channel
    finally:
        ours.close()
        channel.close()


# What the caller brings.


def test_the_burst_knows_who_calls_and_which_script_is_meant() -> None:
    with burst() as (session, _):
        assert session.env["agi_callerid"] == "13800138000"
        assert session.env["agi_calleridname"] == "你好"
        assert session.script == "a-token-of-our-own/inbound"
        assert session.arguments == ("start", "1")
        assert not session.hung_up


def test_a_callers_name_in_gbk_is_read() -> None:
    opening = b"agi_calleridname: " + "金穗公司".encode("gb18030") + b"\n\n"
    with burst(opening=opening) as (session, _):
        assert session.env["agi_calleridname"] == "金穗公司"


def test_a_forged_line_does_not_replace_a_true_one() -> None:
    opening = b"agi_callerid: 13800138000\nagi_arg_1: x\nagi_callerid: 110\n no colon\n: empty\n\n"
    with burst(opening=opening) as (session, _):
        assert session.env == {"agi_callerid": "13800138000", "agi_arg_1": "x"}


@pytest.mark.parametrize(
    "opening",
    [b"agi_x: y\n" * 101 + b"\n", b"agi_x: " + b"y" * 5000 + b"\n\n", b"y" * 1_000_000],
    ids=["too many lines", "too long a line", "no line at all"],
)
def test_an_environment_without_measure_is_refused(opening: bytes) -> None:
    with pytest.raises(AgiProtocolError), burst(opening=opening, stays=True):
        pass


@pytest.mark.parametrize("opening", [b"", b"agi_network: yes\n", b"agi_network: yes\nagi_cal"])
def test_a_peer_that_leaves_within_the_environment_has_hung_up(opening: bytes) -> None:
    with pytest.raises(CallerHungUp), burst(opening=opening):
        pass


@pytest.mark.parametrize("opening", [b"", b"agi_network: yes\n", b"agi_network: y"])
def test_a_peer_that_is_slow_in_the_environment_is_given_up(opening: bytes) -> None:
    began_at = time.monotonic()
    with pytest.raises(AgiTimeout), burst(opening=opening, stays=True, seconds=0.2):
        pass
    assert time.monotonic() - began_at < 1


def test_nothing_is_printed_and_no_signal_is_taken(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGHUP)
    with burst(OK) as (session, _):
        session.set_variable("HL_NEXT", "ring")
    assert capfd.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGHUP) == before


# What goes out.


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("ring", '"ring"'),
        ('O"Neil" "1', r'"O\"Neil\" \"1"'),
        ("trail\\", r'"trail\\"'),
        ("a\nEXEC System id", '"a EXEC System id"'),
        ("a\r\0\tb", '"a   b"'),
        ("你好", '"你好"'),
        ("北京航天(集团)", '"北京航天(集团)"'),
        ("", '""'),
        (None, '""'),
        (15, '"15"'),
    ],
)
def test_no_callers_name_becomes_a_command(value: object, sent: str) -> None:
    with burst(OK) as (session, channel):
        session.set_variable("HL_NAME", value)
        assert channel.commands == [f'SET VARIABLE "HL_NAME" {sent}\n'.encode()]


def test_the_sentinel_is_set_last() -> None:
    with burst(OK, OK, OK) as (session, channel):
        session.set_variables({"HL_VERB": "say", "HL_ARG": "greeting", "HL_DONE": "1"})
        assert [line.split()[2] for line in channel.commands] == [b'"HL_VERB"', b'"HL_ARG"', b'"HL_DONE"']


@pytest.mark.parametrize("command", ["NOOP\nEXEC System id", "NOOP\r", "NO\0OP", "x" * 2000, " "])
def test_what_is_not_one_line_is_never_sent(command: str) -> None:
    with burst(OK) as (session, channel):
        with pytest.raises(ValueError, match="AGI command"):
            session.execute(f"{command}x" if command.strip() else command)
        session.noop()
        assert channel.commands == [b"NOOP\n"]


def test_a_command_is_cut_at_no_length_but_refused_over_two_thousand_bytes() -> None:
    with burst(OK) as (session, channel):
        with pytest.raises(ValueError, match="2000 bytes"):
            session.set_variable("HL_NAME", "好" * 700)
        session.set_variable("HL_NAME", "好" * 600)
        assert len(channel.commands[0]) < 2000


@pytest.mark.parametrize(
    "name", ["SHELL(id)", "EVAL(x)", "hl", "HL_A B", "HL}", "HL\n", "A(${X})", "", "A(b)c"]
)
def test_only_names_of_our_own_are_asked_for(name: str) -> None:
    with burst(OK, stays=True) as (session, channel):
        with pytest.raises(ValueError, match="not a variable"):
            session.variable(name)
        with pytest.raises(ValueError, match="not a variable"):
            session.set_variable(name, "x")
        assert channel.commands == []


def test_a_path_with_a_space_stays_one_argument() -> None:
    with burst(b"200 result=0 endpos=800\n") as (session, channel):
        session.stream_file('my file" 1')
        assert channel.commands == [b'STREAM FILE "my file\\" 1" "" 0\n']


def test_get_option_always_has_a_timeout() -> None:
    with burst(b"200 result=0 endpos=0\n") as (session, channel):
        session.get_option("menu", "12", 0)
        assert channel.commands == [b'GET OPTION menu "12" 1\n']


def test_each_command_is_sent_whole_at_once() -> None:
    sent: list[bytes] = []

    class CountingWire:
        def __init__(self) -> None:
            self.incoming = [environment_block(), OK]

        def receive(self, timeout_seconds: float) -> bytes:
            return self.incoming.pop(0)

        def send(self, line: bytes, timeout_seconds: float) -> None:
            sent.append(line)

        def close(self) -> None:
            pass

    AgiSession(CountingWire(), deadline_seconds=1).set_variable("HL_DONE", 1)
    assert sent == [b'SET VARIABLE "HL_DONE" "1"\n']


# What comes back.


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (b"200 result=1 (ring)\n", "ring"),
        ("200 result=1 (北京航天(集团))\n".encode(), "北京航天(集团)"),
        ("200 result=1 (北京航天(集团)有限公司)\n".encode("gb18030"), "北京航天(集团)有限公司"),
        (b"200 result=1 (two\nlines)\n", "two\nlines"),
        (b"200 result=1 (a) endpos=1)\n", "a) endpos=1"),
        (b"200 result=1 (hangup)\n", "hangup"),
        (b"200 result=1 (-1)\n", "-1"),
        (b"200 result=1 ()\n", None),
        (b"200 result=0\n", None),
        (b"100 result=0 Trying...\n200 result=1 (x)\n", "x"),
        (b"HANGUP\n200 result=1 (x)\n", "x"),
        (b"200 result=1 (" + b"x" * 60000 + b")\n", "x" * 60000),
    ],
)
def test_a_variable_is_read_whole(reply: bytes, value: str | None) -> None:
    with burst(reply, OK) as (session, channel):
        assert session.variable("CALLERID(name)") == value
        assert channel.commands == [b'GET FULL VARIABLE "${CALLERID(name)}"\n']
        session.noop()


def test_pyst2s_own_commands_work_on_our_parser() -> None:
    replies = [
        b"200 result=49 endpos=800\n",
        b"200 result=12#*\n",
        b"200 result= (timeout)\n",
        b"200 result=6\n",
    ]
    with burst(*replies, b"200 result=1 (v)\n", b"200 result=0\n") as (session, channel):
        assert session.stream_file("greeting", "1") == "1"
        assert session.get_data("enter", 3000, 5) == "12#*"
        assert session.get_data("enter", 3000, 5) == ""
        assert session.channel_status() == 6
        assert session.database_get("family", "key with space") == "v"
        with pytest.raises(pyst2.AGIDBError):
            session.database_get("family", "none")
        assert channel.commands[4] == b'DATABASE GET "family" "key with space"\n'


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"510 Invalid or unknown command\n", pyst2.AGIInvalidCommand),
        (
            b"520-Invalid command syntax.  Proper usage follows:\n\nusage\n520 End of proper usage.\n",
            pyst2.AGIUsageError,
        ),
        (b"520 Invalid command syntax.\n", pyst2.AGIUsageError),
        (b"503 result=-2 Memory allocation failure\n", pyst2.AGIUnknownError),
    ],
)
def test_after_a_refused_command_the_next_reply_is_its_own(reply: bytes, error: type[Exception]) -> None:
    with burst(reply, b"200 result=1 (mine)\n") as (session, _):
        with pytest.raises(error):
            session.execute("WHATEVER")
        assert session.variable("HL_X") == "mine"


def test_a_missing_prompt_on_a_living_channel_is_no_hang_up() -> None:
    with burst(b"200 result=-1\n", b"200 result=6\n", OK) as (session, channel):
        with pytest.raises(pyst2.AGIAppError) as caught:
            session.stream_file("missing")
        assert not isinstance(caught.value, CallerHungUp)
        assert not session.hung_up
        session.noop()
        assert channel.commands[1] == b"CHANNEL STATUS\n"


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


# Any bytes at all.


@settings(deadline=None)
@given(st.text(max_size=200) | st.from_regex(r"[0-9]{3}[ -]result=.{0,80}", fullmatch=True))
def test_no_text_makes_the_reply_parser_fail_otherwise_than_by_refusing(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert wire.parse_reply(text).code in {200, 503, 510, 511, 520}


@settings(deadline=None)
@given(st.text())
def test_every_value_survives_to_the_last_bracket(value: str) -> None:
    assert wire.parse_reply(f"200 result=1 ({value})").data == value


@settings(deadline=None)
@given(st.text())
def test_whatever_is_quoted_is_one_argument(value: str) -> None:
    quoted = wire.quoted(value)
    assert wire._QUOTED.fullmatch(quoted)
    assert wire._word(quoted) == quoted


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=30))
def test_no_environment_makes_the_parser_fail(lines: list[bytes]) -> None:
    assert all(key.startswith("agi_") for key in wire.parse_environment(lines))


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
