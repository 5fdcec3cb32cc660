import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Protocol

import pytest

from ivr.adapters import asterisk_manager, manager_link
from ivr.adapters.asterisk_manager import AsteriskManager, ManagerRefused, ManagerUnavailable
from ivr.adapters.manager_wire import Message
from ivr.adapters.system_clock import SystemClock
from tests.adapters import small_asterisk
from tests.fakes.fake_manager_server import SECRET, USERNAME, FakeManagerServer

DIALPLAN = """[rest]
exten => wait,1,Answer()
 same => n,Wait(60)
[test]
exten => wait,1,Goto(rest,wait,1)
exten => elsewhere,1,UserEvent(Redirected,Where: elsewhere)
 same => n,Wait(60)
"""


def eventually(condition: Callable[[], object], within_seconds: float = 5.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


class Switch(Protocol):
    port: int

    def place_call(self) -> None: ...

    def age_seconds(self) -> float: ...


class FakeSwitch:
    def __init__(self, server: FakeManagerServer) -> None:
        self._server, self.port = server, server.port

    def place_call(self) -> None:
        self._server.channels["Local/wait@test-1;1"] = ("1700000000.1", "1700000000.1")
        self._server.channels["Local/wait@test-1;2"] = ("1700000000.2", "1700000000.1")

    def age_seconds(self) -> float:
        return self._server.uptime_seconds


class RealSwitch:
    port = small_asterisk.AMI_PORT

    def __init__(self, asterisk: small_asterisk.SmallAsterisk) -> None:
        self._asterisk = asterisk

    def place_call(self) -> None:
        self._asterisk.place_call("wait")

    def age_seconds(self) -> float:
        return self._asterisk.age_seconds


class Listener:
    """What a manager was told, and a manager made to tell it."""

    def __init__(self) -> None:
        self.events: list[Message] = []
        self.connections = 0
        self.managers: list[AsteriskManager] = []

    def manager(self, port: int, *, secret: str = SECRET, timeout_seconds: float = 1.0) -> AsteriskManager:
        manager = AsteriskManager(
            "127.0.0.1", port, USERNAME, secret,
            on_event=self.note, on_connected=self.count, action_timeout_seconds=timeout_seconds,
        )  # fmt: skip
        self.managers.append(manager)
        manager.start()
        return manager

    def note(self, event: Message) -> None:
        self.events.append(event)

    def count(self) -> None:
        self.connections += 1

    def heard(self, name: str) -> list[Message]:
        return [event for event in self.events if event.get("UserEvent", event["Event"]) == name]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    for manager in listener.managers:
        manager.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("manager ")]


@pytest.fixture
def server() -> Iterator[FakeManagerServer]:
    server = FakeManagerServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[small_asterisk.SmallAsterisk]:
    asterisk = small_asterisk.start(tmp_path_factory, DIALPLAN)
    yield asterisk
    asterisk.stop()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def switch(request: pytest.FixtureRequest) -> Switch:
    if request.param == "fake":
        return FakeSwitch(request.getfixturevalue("server"))
    return RealSwitch(request.getfixturevalue("asterisk"))


# The contract, on the fake and on the real Asterisk with write=originate,call.


def test_every_live_channel_is_known_with_its_call(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    before = len(manager.live_channels())
    switch.place_call()
    channels = manager.live_channels()
    assert len(channels) == before + 2
    first, second = sorted(channels, key=lambda channel: channel.unique_id)[-2:]
    assert first.linked_id == second.linked_id == first.unique_id
    assert first.name.startswith("Local/wait@test-")


def test_the_switch_tells_when_it_began(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.booted_at is not None)
    assert manager.booted_at is not None
    age_seconds = (SystemClock().now() - manager.booted_at).total_seconds()
    assert abs(age_seconds - switch.age_seconds()) < 3


def test_a_line_that_was_cut_is_no_death_and_another_switch_after_it_is(
    server: FakeManagerServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_manager, "_ANOTHER_AFTER", timedelta(seconds=60))  # a slow machine
    manager = listener.manager(server.port)
    eventually(lambda: manager.connected and manager.booted_at is not None)
    server.drop_all()
    eventually(lambda: server.connections == 4 and manager.connected)
    assert list(manager.deaths) == []
    before = SystemClock().now()
    server.uptime_seconds = 0
    server.drop_all()
    eventually(lambda: len(manager.deaths) == 1)
    assert before <= manager.deaths[0] <= SystemClock().now()
    server.drop_all()  # and the young one's line is cut at once
    eventually(lambda: server.connections == 8 and manager.connected)
    assert len(manager.deaths) == 1


def test_a_waiting_caller_is_redirected_and_the_switch_tells_it(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    switch.place_call()
    channel = manager.live_channels()[0]
    manager.redirect(channel.name, "test", "elsewhere")
    eventually(lambda: listener.heard("Redirected"))
    assert listener.heard("Redirected")[0]["Uniqueid"] == channel.unique_id


def test_redirecting_a_caller_who_has_left_is_refused(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    with pytest.raises(ManagerRefused, match=r"[Cc]hannel"):
        manager.redirect("Local/nobody@test-00000000;1", "test", "elsewhere")


def test_a_living_switch_answers_ping(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    assert manager.action("Ping")["Ping"] == "Pong"


def test_what_the_switch_does_not_allow_is_a_refusal(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    with pytest.raises(ManagerRefused):
        manager.action("Command", Command="core show channels")


def test_many_threads_get_each_its_own_answer(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: manager.connected)
    errors: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(20):
                assert manager.action("Ping")["Ping"] == "Pong"
                assert isinstance(manager.live_channels(), tuple)
        except Exception as error:  # noqa: BLE001 - a thread's failure is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_wrong_secret_never_connects(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port, secret="wrong")
    time.sleep(1.5)
    assert not manager.connected
    with pytest.raises(ManagerUnavailable) as caught:
        manager.action("Ping")
    assert not caught.value.outcome_unknown


def test_being_connected_is_told_once(switch: Switch, listener: Listener) -> None:
    manager = listener.manager(switch.port)
    eventually(lambda: listener.connections)
    assert manager.connected
    time.sleep(0.3)
    assert listener.connections == 1


@pytest.mark.real
def test_a_switch_that_was_killed_is_found_again_and_its_calls_are_gone(
    asterisk: small_asterisk.SmallAsterisk, listener: Listener
) -> None:
    manager = listener.manager(small_asterisk.AMI_PORT)
    eventually(lambda: manager.connected)
    asterisk.place_call("wait")
    assert manager.live_channels()
    asterisk.crash_and_restart()
    eventually(lambda: listener.connections == 2, 10)
    assert manager.live_channels() == ()


# What only a fake does on demand.


def test_a_lost_connection_comes_back_and_the_state_is_asked_again(
    server: FakeManagerServer, listener: Listener
) -> None:
    manager = listener.manager(server.port)
    eventually(lambda: listener.connections == 1)
    server.drop_all()
    eventually(lambda: listener.connections == 2)
    assert manager.action("Ping")["Ping"] == "Pong"


def test_an_unanswered_redirect_is_in_doubt_and_never_sent_again(
    server: FakeManagerServer, listener: Listener
) -> None:
    server.silent.add("Redirect")
    manager = listener.manager(server.port, timeout_seconds=0.2)
    eventually(lambda: manager.connected)
    with pytest.raises(ManagerUnavailable) as caught:
        manager.redirect("PJSIP/a-1", "test", "elsewhere")
    assert caught.value.outcome_unknown
    server.drop_all()
    eventually(lambda: listener.connections == 2)
    assert len(server.sent("Redirect")) == 1


def test_a_connection_lost_before_the_answer_leaves_doubt_at_once(
    server: FakeManagerServer, listener: Listener
) -> None:
    server.silent.add("Redirect")
    manager = listener.manager(server.port, timeout_seconds=5)
    eventually(lambda: manager.connected)
    dropper = threading.Timer(0.2, server.drop_all)
    dropper.start()
    began_at = time.monotonic()
    with pytest.raises(ManagerUnavailable, match="lost") as caught:
        manager.redirect("PJSIP/a-1", "test", "elsewhere")
    assert caught.value.outcome_unknown
    assert time.monotonic() - began_at < 2
    dropper.join()


def test_without_a_switch_an_action_fails_at_once_and_nothing_was_done(listener: Listener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    manager = listener.manager(port)
    with pytest.raises(ManagerUnavailable) as caught:
        manager.redirect("PJSIP/a-1", "test", "elsewhere")
    assert not caught.value.outcome_unknown


def test_a_switch_that_does_not_tell_it_has_booted_is_believed_after_a_second(
    server: FakeManagerServer, listener: Listener
) -> None:
    server.tells_fully_booted = False
    manager = listener.manager(server.port)
    time.sleep(0.5)
    assert not manager.connected
    eventually(lambda: manager.connected, 2)


def test_a_silent_connection_is_pinged_and_then_given_up(
    server: FakeManagerServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager_link, "_KEEPALIVE_SECONDS", 0.2)
    manager = listener.manager(server.port)
    eventually(lambda: len(server.sent("Ping")) >= 4)
    assert (server.connections, manager.connected) == (2, True)
    server.silent.add("Ping")
    eventually(lambda: server.connections >= 4)


@pytest.mark.parametrize(
    "banner",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\xfe" * 200,
        b"x" * 100_000,
        b"Asterisk Call Manager/11.0.0\r\n" + b"garbage\r\n\r\n",
        b"Asterisk Call Manager/11.0.0\r\n" + b"Event: " + b"y" * 400_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["http", "binary", "endless line", "garbage message", "endless message", "ssh"],
)
def test_a_peer_that_is_no_switch_is_left_and_tried_again(
    server: FakeManagerServer, listener: Listener, banner: bytes
) -> None:
    good, server.banner = server.banner, banner
    manager = listener.manager(server.port)
    eventually(lambda: server.connections >= 4)
    assert not manager.connected
    server.banner = good
    eventually(lambda: manager.connected)


def test_garbage_in_a_living_connection_costs_one_reconnect(
    server: FakeManagerServer, listener: Listener
) -> None:
    manager = listener.manager(server.port)
    eventually(lambda: listener.connections == 1)
    server.say_raw(b"\xff\x00 no header at all\r\n\r\n")
    eventually(lambda: listener.connections == 2 and manager.connected)


def test_a_failing_listener_is_logged_with_masked_numbers_and_hears_the_next_event(
    server: FakeManagerServer,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail_first(event: Message) -> None:
        if event["Event"] == "First":
            raise RuntimeError("no room for 13800138000")
        listener.events.append(event)

    monkeypatch.setattr(listener, "note", fail_first)
    manager = listener.manager(server.port)
    eventually(lambda: manager.connected)
    with caplog.at_level(logging.ERROR):
        server.say_event("First")
        server.say_event("Second")
        eventually(lambda: listener.heard("Second"))
    assert "138******00" in caplog.text
    assert "13800138000" not in caplog.text


def test_a_slow_listener_loses_events_but_is_told_to_ask_again(
    server: FakeManagerServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    monkeypatch.setattr(asterisk_manager, "_WAITING_EVENTS", 10)
    monkeypatch.setattr(listener, "note", lambda event: free.wait(5))
    manager = listener.manager(server.port)
    eventually(lambda: listener.connections == 1)
    for _ in range(50):
        server.say_event("Flood")
    eventually(lambda: manager.dropped_events > 0)
    assert manager.action("Ping")["Ping"] == "Pong"
    free.set()
    eventually(lambda: listener.connections == 2)


@pytest.mark.parametrize("value", ["a\r\nVariable: EVIL=1", "a\nb", "a\0b", "x" * 1020])
def test_a_value_that_would_add_headers_or_be_cut_is_never_sent(
    server: FakeManagerServer, listener: Listener, value: str
) -> None:
    manager = listener.manager(server.port)
    eventually(lambda: manager.connected)
    with pytest.raises(ValueError, match="header"):
        manager.redirect(value, "test", "elsewhere")
    assert server.sent("Redirect") == []
