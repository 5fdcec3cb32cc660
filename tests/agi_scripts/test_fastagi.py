import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from asterisk.agi import AGIError

from agi_scripts.door import Answer, Aside
from agi_scripts.fastagi import FastAgiServer, Script
from agi_scripts.session import AgiSession, AgiTimeout
from ivr.service.ports import BookUnavailable
from tests.agi_scripts.house import TOKEN, House, eventually
from tests.fakes.fake_agi_channel import OK, SILENCE

Open = Callable[..., House]


@pytest.fixture
def open_house() -> Iterator[Open]:
    houses: list[House] = []

    def build(scripts: dict[str, Script], **options: object) -> House:
        houses.append(House(scripts, **options))
        return houses[-1]

    yield build
    for house in houses:
        house.close()


def finish(session: AgiSession) -> None:
    session.set_variable("HL_VERB", "ring")
    session.set_variable("HL_DONE", "1")


def test_a_call_gets_its_verb_and_the_sentinel_and_the_line_is_free(open_house: Open) -> None:
    house = open_house({"inbound": finish})
    channel = house.channel(f"{TOKEN}/inbound", OK, OK)
    assert channel.ended.wait(2)
    assert channel.commands == [b'SET VARIABLE "HL_VERB" "ring"\n', b'SET VARIABLE "HL_DONE" "1"\n']
    eventually(lambda: house.server.running == 0)


NO_TOKEN = ["wrong-token-altogether/inbound", "/inbound", "inbound", "", f"{TOKEN}x/inbound", "你好/inbound"]
NO_SCRIPT = [
    f"{TOKEN}/unknown",
    f"{TOKEN}/",
    f"{TOKEN}/inbound/x",
    f"{TOKEN}/inbound?x=1",
    f"{TOKEN}//inbound",
]


@pytest.mark.parametrize("script", [*NO_TOKEN, *NO_SCRIPT])
def test_whoever_lacks_the_token_or_names_no_script_gets_not_one_byte(open_house: Open, script: str) -> None:
    house = open_house({"inbound": finish})
    channel = house.channel(script, OK)
    assert channel.ended.wait(2)
    assert channel.commands == []


def test_a_health_probe_is_silent(open_house: Open, caplog: pytest.LogCaptureFixture) -> None:
    house = open_house({"inbound": finish})
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            house.connect().close()
        eventually(lambda: house.server.running == 0)
        assert house.channel(f"{TOKEN}/inbound", OK, OK).ended.wait(2)
    assert caplog.records == []


def test_a_failing_burst_ends_without_its_sentinel_and_its_log_hides_the_number(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(session: AgiSession) -> None:
        session.set_variable("HL_VERB", "ring")
        raise RuntimeError(f"no rule for {session.env['agi_callerid']}")

    house = open_house({"inbound": fail})
    channel = house.channel(f"{TOKEN}/inbound", OK)
    assert channel.ended.wait(2)
    assert channel.commands == [b'SET VARIABLE "HL_VERB" "ring"\n']
    eventually(lambda: "call 1764000000.42: burst failed" in caplog.text)
    assert "no rule for 138******00" in caplog.text
    assert "13800138000" not in caplog.text


class _Bottomless:
    def __getattr__(self, name: str) -> object:
        return getattr(self, f"{name}x")


def test_a_script_without_bottom_costs_one_burst_and_not_the_server(open_house: Open) -> None:
    def fall(session: AgiSession) -> None:
        session.set_variable("HL_X", _Bottomless().a)

    house = open_house({"fall": fall, "inbound": finish})
    fallen = house.channel(f"{TOKEN}/fall", OK)
    assert fallen.ended.wait(2)
    assert fallen.commands == []
    assert house.channel(f"{TOKEN}/inbound", OK, OK).ended.wait(2)


def test_a_caller_who_leaves_in_a_burst_is_no_error(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house({"inbound": finish})
    with caplog.at_level(logging.INFO):
        house.channel(f"{TOKEN}/inbound", OK, stays=False)
        eventually(lambda: "hung up" in caplog.text or "ended in" in caplog.text)
    assert {record.levelno for record in caplog.records} == {logging.INFO}


def test_a_switch_that_does_not_answer_is_given_up_in_time(open_house: Open) -> None:
    errors: list[type[Exception]] = []

    def ask(session: AgiSession) -> None:
        try:
            finish(session)
        except AGIError as error:
            errors.append(type(error))
            raise

    house = open_house({"inbound": ask}, session_seconds=0.3)
    began_at = time.monotonic()
    assert house.channel(f"{TOKEN}/inbound", SILENCE).ended.wait(2)
    assert time.monotonic() - began_at < 1
    eventually(lambda: errors == [AgiTimeout])


def test_a_script_that_hangs_does_not_hold_its_caller(open_house: Open) -> None:
    free = threading.Event()

    def hang(session: AgiSession) -> None:
        free.wait(10)

    house = open_house({"inbound": hang}, session_seconds=0.3)
    began_at = time.monotonic()
    channel = house.channel()
    assert channel.ended.wait(2)
    assert time.monotonic() - began_at < 1
    free.set()


@pytest.mark.parametrize("opening", [b"", b"agi_network: yes\nagi_half"])
def test_slow_and_half_spoken_peers_are_dropped_and_hold_nobody_up(open_house: Open, opening: bytes) -> None:
    house = open_house({"inbound": finish}, session_seconds=0.5)
    slow = [house.connect() for _ in range(30)]
    for sock in slow:
        sock.sendall(opening)
    assert house.channel(f"{TOKEN}/inbound", OK, OK).ended.wait(2)
    eventually(lambda: house.server.running == 0, 2)
    for sock in slow:
        assert sock.recv(100) == b""
        sock.close()


def test_a_peer_that_drips_is_dropped_at_the_same_time(open_house: Open) -> None:
    house = open_house({"inbound": finish}, session_seconds=0.4)
    began_at = time.monotonic()
    with house.connect() as sock, contextlib.suppress(OSError):
        while time.monotonic() - began_at < 3:
            sock.sendall(b"a")
            time.sleep(0.02)
    assert time.monotonic() - began_at < 1.5


def test_beyond_its_capacity_the_server_closes_at_once_and_recovers(open_house: Open) -> None:
    free = threading.Event()

    def held(session: AgiSession) -> None:
        free.wait(5)
        finish(session)

    house = open_house({"inbound": held, "canary": finish}, max_sessions=3)
    running = [house.channel(f"{TOKEN}/inbound", OK, OK) for _ in range(3)]
    eventually(lambda: house.server._proven == 3)
    refused = house.channel(f"{TOKEN}/inbound", OK, OK)
    assert refused.ended.wait(0.5)
    assert refused.commands == []
    watch = house.channel(f"{TOKEN}/canary", OK, OK)
    assert watch.ended.wait(0.5)
    assert len(watch.commands) == 2, "much to do is not standing still"
    free.set()
    assert all(channel.ended.wait(2) for channel in running)
    eventually(lambda: house.server.running == 0)
    assert house.channel(f"{TOKEN}/inbound", OK, OK).ended.wait(2)


def test_strangers_who_connect_and_are_silent_keep_no_caller_out(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house({"inbound": finish}, max_sessions=20)
    strangers = [house.connect() for _ in range(60)]
    time.sleep(0.3)
    for _ in range(10):
        channel = house.channel(f"{TOKEN}/inbound", OK, OK)
        assert channel.ended.wait(0.5)
        assert len(channel.commands) == 2
    for sock in strangers:
        sock.close()
    eventually(lambda: house.server.running == 0)
    assert len(caplog.messages) <= 4, "one line a second"


class Asked:
    """A quick script: what it asks is answered when the test says so."""

    def __init__(self) -> None:
        self.then: list[Callable[[Answer], None]] = []
        self.asides: list[Aside] = []

    def __call__(self, _session: AgiSession, then: Callable[[Answer], None], aside: Aside) -> None:
        self.then.append(then)
        self.asides.append(aside)

    def told(self, values: dict[str, object]) -> None:
        eventually(lambda: self.then)
        self.then.pop()(lambda: values)


def test_a_quick_script_asks_and_its_answer_leaves_whenever_it_comes(open_house: Open) -> None:
    asked = Asked()
    house = open_house({}, quick={"inbound": asked})
    channel = house.channel(f"{TOKEN}/inbound", OK)
    eventually(lambda: asked.then)
    assert not channel.ended.is_set()
    asked.told({"HL_VERBS": "ring", "HL_DONE": 1})
    assert channel.ended.wait(2)
    assert channel.commands == [b'EXEC MSet "HL_VERBS=ring,HL_DONE=1"\n']
    eventually(lambda: house.server.running == 0)


def test_while_two_hundred_quick_scripts_wait_the_loop_waits_for_none(open_house: Open) -> None:
    asked = Asked()
    house = open_house({"canary": finish}, quick={"inbound": asked}, max_sessions=1000)
    before = threading.active_count()
    waiting = [house.channel(f"{TOKEN}/inbound", OK) for _ in range(200)]
    eventually(lambda: len(asked.then) == 200)
    threads = threading.active_count() - before
    assert house.channel(f"{TOKEN}/canary", OK, OK).ended.wait(0.5)
    assert threads <= 200, "the callers' own threads of this test, and none for a burst"
    while asked.then:
        asked.told({"HL_DONE": 1})
    assert all(channel.ended.wait(2) for channel in waiting)


def test_values_that_need_a_command_each_are_sent_one_after_the_other(open_house: Open) -> None:
    asked = Asked()
    channel = open_house({}, quick={"inbound": asked}).channel(f"{TOKEN}/inbound", OK, OK)
    asked.told({"HL_DIAL": "PJSIP/a,b", "HL_DONE": 1})
    assert channel.ended.wait(2)
    assert channel.commands == [b'SET VARIABLE "HL_DIAL" "PJSIP/a,b"\n', b'SET VARIABLE "HL_DONE" "1"\n']


def test_a_quick_script_that_fails_ends_its_burst_without_a_word(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked()
    house = open_house({}, quick={"inbound": asked})

    def unavailable() -> dict[str, object]:
        raise BookUnavailable("locked")

    channel = house.channel(f"{TOKEN}/inbound", OK)
    eventually(lambda: asked.then)
    asked.then.pop()(unavailable)
    assert channel.ended.wait(2)
    assert channel.commands == []
    assert caplog.messages == ["call 1764000000.42: not in the book: locked"]


def test_an_answer_that_never_comes_does_not_hold_the_caller(open_house: Open) -> None:
    asked = Asked()
    house = open_house({}, quick={"inbound": asked}, session_seconds=0.3)
    channel = house.channel(f"{TOKEN}/inbound", OK)
    assert channel.ended.wait(1)
    eventually(lambda: house.server.running == 0)
    asked.told({"HL_DONE": 1})  # too late, and nobody minds
    assert channel.commands == []


@pytest.mark.parametrize(
    "reply",
    [b"HANGUP\n200 result=0\n", b"511 Command Not Permitted on a dead channel or intercept routine\n"],
)
def test_a_hang_up_in_a_quick_burst_is_no_error(
    open_house: Open, caplog: pytest.LogCaptureFixture, reply: bytes
) -> None:
    asked = Asked()
    house = open_house({}, quick={"inbound": asked})
    channel = house.channel(f"{TOKEN}/inbound", reply)
    with caplog.at_level(logging.INFO):
        asked.told({"HL_VERBS": "hangup", "HL_DONE": 1})
        assert channel.ended.wait(2)
        eventually(lambda: house.server.running == 0)
    assert {record.levelno for record in caplog.records} <= {logging.INFO}


def test_a_stranger_who_says_as_much_as_is_allowed_and_no_end_holds_nobody_up(open_house: Open) -> None:
    house = open_house({"inbound": finish})
    line = b"agi_x: " + b"x" * 4088 + b"\n"
    with house.connect() as stranger:
        stranger.sendall(line * 101)
        assert stranger.recv(1) == b""
        channel = house.channel(f"{TOKEN}/inbound", OK, OK)
        assert channel.ended.wait(0.5)


@pytest.mark.parametrize("ending", [b"", b"agi_half"])
def test_the_loop_never_waits_for_the_end_of_an_environment(open_house: Open, ending: bytes) -> None:
    house = open_house({"inbound": finish})
    line = b"agi_x: " + b"x" * 4089 + b"\n"
    with house.connect() as stranger:
        stranger.sendall(line * 100 + ending)
        time.sleep(0.1)
        channel = house.channel(f"{TOKEN}/inbound", OK, OK)
        assert channel.ended.wait(0.5)


def test_a_reply_that_says_no_is_looked_into_aside_and_not_by_the_loop(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked()
    house = open_house({"canary": finish}, quick={"inbound": asked})
    channel = house.channel(f"{TOKEN}/inbound", b"200 result=-1\n", SILENCE)
    asked.told({"HL_VERBS": "hangup", "HL_DONE": 1})
    eventually(lambda: len(channel.commands) == 2)
    assert channel.commands[1] == b"CHANNEL STATUS\n"
    assert house.channel(f"{TOKEN}/canary", OK, OK).ended.wait(0.5)
    assert channel.ended.wait(4)


def test_a_caller_who_is_gone_by_the_time_of_the_answer_is_found_so(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    asked = Asked()
    house = open_house({}, quick={"inbound": asked})
    channel = house.channel(f"{TOKEN}/inbound", b"200 result=-1\n", b"511 Command Not Permitted\n")
    asked.told({"HL_VERBS": "hangup", "HL_DONE": 1})
    assert channel.ended.wait(2)
    eventually(lambda: "hung up during" in caplog.text)


def test_a_switch_that_does_not_answer_a_quick_burst_is_given_up_in_time(
    open_house: Open, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked()
    house = open_house({}, quick={"inbound": asked}, session_seconds=0.3)
    channel = house.channel(f"{TOKEN}/inbound", SILENCE)
    asked.told({"HL_DONE": 1})
    assert channel.ended.wait(1)
    eventually(lambda: house.server.running == 0)
    eventually(lambda: "no time left" in caplog.text)


def test_two_hundred_calls_at_once_are_all_served(open_house: Open) -> None:
    house = open_house({"inbound": finish})
    channels = [house.channel(f"{TOKEN}/inbound", OK, OK) for _ in range(200)]
    assert all(channel.ended.wait(5) for channel in channels)
    assert {len(channel.commands) for channel in channels} == {2}


def test_stopping_lets_a_running_burst_finish(open_house: Open) -> None:
    begun, free = threading.Event(), threading.Event()

    def slow(session: AgiSession) -> None:
        begun.set()
        free.wait(2)
        assert house.serving
        finish(session)

    house = open_house({"inbound": slow})
    channel = house.channel(f"{TOKEN}/inbound", OK, OK)
    assert begun.wait(2)
    threading.Timer(0.2, free.set).start()
    house.server.stop(grace_seconds=2)
    assert channel.ended.wait(2)
    assert len(channel.commands) == 2
    with pytest.raises(OSError, match="refused"):
        eventually(lambda: house.connect().close(), 1)


def test_stopping_ends_what_does_not_finish(open_house: Open) -> None:
    begun, free = threading.Event(), threading.Event()

    def stuck(session: AgiSession) -> None:
        begun.set()
        free.wait(10)

    house = open_house({"inbound": stuck})
    channel = house.channel()
    assert begun.wait(2)
    began_at = time.monotonic()
    house.server.stop(grace_seconds=0.1)
    assert channel.ended.wait(1)
    assert time.monotonic() - began_at < 1
    free.set()


def test_the_loop_shows_that_it_lives(open_house: Open) -> None:
    house = open_house({})
    before = house.server.last_accept_loop_at
    eventually(lambda: house.server.last_accept_loop_at > before, 1)


def test_other_machines_need_an_allow_list() -> None:
    with pytest.raises(ValueError, match="allow list"):
        FastAgiServer({}, token=TOKEN, host="0.0.0.0", port=0)
    server = FastAgiServer({}, token=TOKEN, port=0, allow=["10.0.0.5/32"])
    assert [server._is_allowed(peer) for peer in ("127.0.0.1", "10.0.0.5", "10.0.0.6", "::1")] == [
        True, True, False, True,
    ]  # fmt: skip
    server.stop()


@pytest.mark.parametrize("token", ["", "short", "a-token-of/our-own-kind"])
def test_a_token_one_could_guess_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        FastAgiServer({}, token=token, port=0)
