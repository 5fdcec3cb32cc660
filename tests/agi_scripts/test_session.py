import signal
import time

import pytest
from asterisk import agi as pyst2

from agi_scripts.session import AgiProtocolError, AgiSession, AgiTimeout, CallerHungUp
from tests.agi_scripts.house import burst
from tests.fakes.fake_agi_channel import OK, environment_block

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
    with burst(OK) as (session, channel):
        session.set_variables({"HL_VERB": "say", "HL_ARG": "greeting", "HL_DONE": "1"})
        assert channel.commands == [b'EXEC MSet "HL_VERB=say,HL_ARG=greeting,HL_DONE=1"\n']


@pytest.mark.parametrize("value", ["a,b", "a|b", 'a"b', "a\\b"])
def test_a_value_that_would_be_split_goes_in_a_command_of_its_own(value: str) -> None:
    with burst(OK, OK) as (session, channel):
        session.set_variables({"HL_ARG": value, "HL_DONE": "1"})
        assert [line.split()[2] for line in channel.commands] == [b'"HL_ARG"', b'"HL_DONE"']


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
