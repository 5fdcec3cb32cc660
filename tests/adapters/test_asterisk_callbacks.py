"""Placing a callback through the manager: one Originate whose every word was looked at, and honest answers afterwards.

What the dialplan makes of it is told on a real Asterisk, in tests/real_asterisk/test_callback_switch.py.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.adapters.asterisk_callbacks import AsteriskCallbacks
from ivr.adapters.asterisk_manager import AsteriskManager, LiveChannel
from ivr.adapters.asterisk_switch import AsteriskSwitch
from ivr.adapters.attempt_fences import AttemptFences
from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.service.callback_ports import AnnounceOrder, AttemptName, AttemptSeen, Placed, PlaceOrder
from tests.fakes.fake_manager_server import SECRET, FakeManagerServer

LATEST = datetime(2026, 3, 2, 4, 0, 0, 700_000, tzinfo=UTC)
NAME = AttemptName(callback_id=7, number=2, nonce="0badc0de")
ORDER = PlaceOrder(
    name=NAME,
    agent="ann",
    phone="endpoint:ag-1234abcd",
    number="+8613800138000",
    whisper=("greeting", "goodbye"),
    not_after_at=LATEST,
    agent_ring_seconds=20.0,
    customer_ring_seconds=45.0,
)
ANNOUNCEMENT = AnnounceOrder(
    name=replace(NAME, number=1, is_announcement=True),
    number="+8613800138000",
    prompts=("goodbye",),
    not_after_at=LATEST,
    customer_ring_seconds=45.0,
)


@pytest.fixture
def server() -> Iterator[FakeManagerServer]:
    server = FakeManagerServer()
    yield server
    server.stop()


Served = list[tuple[AttemptName, datetime]]


@pytest.fixture
def served() -> Served:
    return []


@pytest.fixture
def switch(server: FakeManagerServer, served: Served) -> Iterator[AsteriskSwitch]:
    switch = AsteriskSwitch(
        server.port,
        SECRET,
        on_stamp=lambda _ref, _event: None,
        on_callback_served=lambda *news: served.append(news),
    )
    switch.start()
    eventually(lambda: switch.connected)
    yield switch
    switch.stop()


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def made(
    manager: AsteriskManager,
    directory: Path,
    *,
    trunk: str | None = "sip:192.0.2.10:5060",
    sounds: str = "/p",
) -> AsteriskCallbacks:
    return AsteriskCallbacks(
        manager,
        AttemptFences(directory),
        sound=lambda prompt: Path(sounds) / f"{prompt}.wav",
        outbound_trunk=trunk,
        own_number="01087654321",
    )


@pytest.fixture
def callbacks(switch: AsteriskSwitch, tmp_path: Path) -> AsteriskCallbacks:
    return made(switch.manager, tmp_path)


def variables(message: dict[str, str]) -> dict[str, str]:
    """What every leg inherits."""
    pairs = [line.partition("=") for line in message["Variable"].splitlines()]
    assert all(name.startswith("__") for name, _, _ in pairs)
    return {name.removeprefix("__"): value for name, _, value in pairs}


# ---- placing ----------------------------------------------------------------------------------------------------


def test_an_attempt_is_one_originate_under_its_own_name_r70(
    callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    assert callbacks.place(ORDER) is Placed.SENT
    (sent,) = server.sent("Originate")
    assert (sent["ChannelId"], sent["Channel"], sent["Async"]) == (
        "cb-7-2-0badc0de",
        "Local/s@hl-callback/n",
        "true",
    )
    assert variables(sent) == {
        "HL_ATTEMPT": "7-2-0badc0de",
        "HL_NOT_AFTER": "1772424000",
        "HL_AGENT": "PJSIP/ag-1234abcd",
        "HL_AGENT_SECONDS": "20",
        "HL_LEG": "",
        "HL_SHOWN": "+8613800138000",
        "HL_CUSTOMER": "PJSIP/hl-out/sip:+8613800138000@192.0.2.10:5060",
        "HL_CUSTOMER_SECONDS": "45",
        "HL_FROM": "/p/",
        "HL_WHISPER": "greeting&goodbye",
    }


def test_an_agent_on_an_outside_line_is_shown_our_number_not_the_customers(
    callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    """The carrier lets through no other."""
    callbacks.place(replace(ORDER, phone="tel:+8613900139000"))
    assert variables(server.sent("Originate")[0])["HL_SHOWN"] == "01087654321"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "13800138000"},
        {"number": "+8613800138000,60,G(hotline^s^1)"},
        {"number": "+86138${SHELL(id)}"},
        {"number": "+8613800138000\r\nAction: Command"},
        {"number": "raw:110"},
        {"phone": "endpoint:ann&PJSIP/bob"},
        {"phone": "sip:ann@127.0.0.1,20,U(x)"},
        {"phone": "client:ann"},
        {"whisper": ("goodbye,${EVAL(x)}",)},
    ],
)
def test_what_is_no_number_phone_or_recording_never_leaves(
    changes: dict[str, object], callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    assert callbacks.place(replace(ORDER, **changes)) is Placed.REFUSED  # type: ignore[arg-type] # of each kind
    assert server.sent("Originate") == []


def test_the_log_of_an_attempt_that_was_not_placed_names_no_number(
    callbacks: AsteriskCallbacks, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks.place(replace(ORDER, number="+8613800138000x"))
    assert "7-2-0badc0de not placed" in caplog.text
    assert "13800138000" not in caplog.text


def test_without_an_outbound_trunk_nothing_leaves(
    switch: AsteriskSwitch, server: FakeManagerServer, tmp_path: Path
) -> None:
    assert made(switch.manager, tmp_path, trunk=None).place(ORDER) is Placed.REFUSED
    assert server.sent("Originate") == []


def test_what_is_said_may_lie_in_a_directory_with_a_long_name(
    switch: AsteriskSwitch, server: FakeManagerServer, tmp_path: Path
) -> None:
    """An announcement cut short would not tell the new time."""
    callbacks = made(switch.manager, tmp_path, sounds=f"/{'d' * 200}")
    assert callbacks.announce(replace(ANNOUNCEMENT, prompts=("greeting",) * 20)) is Placed.SENT
    said = variables(server.sent("Originate")[0])
    assert (said["HL_FROM"], said["HL_SAY"].split("&")) == (f"/{'d' * 200}/", ["greeting"] * 20)


def test_a_switch_that_says_no_has_done_nothing(
    callbacks: AsteriskCallbacks, server: FakeManagerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_originate", server._deny)
    assert callbacks.place(ORDER) is Placed.REFUSED


def test_a_switch_that_does_not_answer_in_time_leaves_it_unknown_and_is_not_asked_twice_r70(
    callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    server.silent.add("Originate")
    began = time.monotonic()
    assert callbacks.place(ORDER) is Placed.UNKNOWN
    assert time.monotonic() - began < 2
    assert len(server.sent("Originate")) == 1


def test_a_connection_lost_before_the_answer_leaves_it_unknown_and_nothing_is_sent_again_r70(
    switch: AsteriskSwitch,
    callbacks: AsteriskCallbacks,
    server: FakeManagerServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def executed_but_cut(*_: object) -> list[object]:
        server.drop_all()
        return []

    monkeypatch.setattr(server, "_originate", executed_but_cut)
    assert callbacks.place(ORDER) is Placed.UNKNOWN
    eventually(lambda: switch.connected)
    assert len(server.sent("Originate")) == 1


def test_a_switch_that_is_not_connected_was_told_nothing(
    switch: AsteriskSwitch, callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    server.stop()
    eventually(
        lambda: callbacks.place(ORDER) is Placed.REFUSED
    )  # one of two connections goes before the other
    assert not switch.connected


def test_an_announcement_has_a_name_and_an_entry_of_its_own(
    callbacks: AsteriskCallbacks, server: FakeManagerServer
) -> None:
    assert callbacks.announce(ANNOUNCEMENT) is Placed.SENT
    (sent,) = server.sent("Originate")
    assert (sent["ChannelId"], sent["Channel"]) == ("cb-7-n1-0badc0de", "Local/announce@hl-callback/n")
    assert (variables(sent)["HL_FROM"], variables(sent)["HL_SAY"]) == ("/p/", "goodbye")
    assert "HL_AGENT" not in variables(sent)


# ---- what became of it ------------------------------------------------------------------------------------------

SEEN, NEVER_SEEN, UNKNOWN = (
    AttemptSeen(says=says) for says in (SwitchSays.SEEN, SwitchSays.NEVER_SEEN, SwitchSays.UNKNOWN)
)
TAKEN = "v1|taken|887d1083-ce91-406f-acfe-1957f73a60fe|1772424000.1\n"
DIALLED = f"{TAKEN}v1|dialled|1772424001.1\n"
ANSWERED = f"{DIALLED}v1|answered|1772424002.5\n"
ENDED = f"{ANSWERED}v1|ended|reached|1772424009.5\n"
SERVED_AT = datetime.fromtimestamp(1772424002.5, UTC)
ENDED_AT = datetime.fromtimestamp(1772424009.5, UTC)
REACHED = AttemptResult.REACHED


def leg(server: FakeManagerServer, linked_id: str) -> None:
    server.channels["PJSIP/ag-1234abcd-00000001"] = ("1700000000.1", linked_id)


@pytest.mark.parametrize(
    ("text", "lives", "seen"),
    [
        ("", False, NEVER_SEEN),
        ("", True, SEEN),
        (TAKEN, True, SEEN),
        (TAKEN, False, replace(SEEN, result=AttemptResult.NOT_PLACED)),
        (DIALLED, True, SEEN),
        (DIALLED, False, replace(SEEN, result=AttemptResult.INTERRUPTED)),
        (ANSWERED, True, replace(SEEN, served_at=SERVED_AT)),
        (ANSWERED, False, replace(SEEN, result=REACHED, served_at=SERVED_AT)),
        (ENDED, True, replace(SEEN, result=REACHED, served_at=SERVED_AT, ended_at=ENDED_AT)),
        (ENDED, False, replace(SEEN, result=REACHED, served_at=SERVED_AT, ended_at=ENDED_AT)),
        ("garbage\n", False, UNKNOWN),
    ],
)
def test_what_stands_in_the_fence_and_what_lives_tell_what_became_of_it_r70(
    text: str,
    lives: bool,
    seen: AttemptSeen,
    callbacks: AsteriskCallbacks,
    server: FakeManagerServer,
    tmp_path: Path,
) -> None:
    if text:
        (tmp_path / str(NAME)).write_text(text)
    leg(server, f"cb-{NAME}" if lives else f"cb-{NAME}1")
    assert callbacks.attempt(NAME) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", UNKNOWN),
        (DIALLED, UNKNOWN),
        (ANSWERED, replace(UNKNOWN, served_at=SERVED_AT)),
        (ENDED, replace(SEEN, result=REACHED, served_at=SERVED_AT, ended_at=ENDED_AT)),
    ],
)
def test_without_the_switch_only_an_end_that_was_written_is_known(
    text: str,
    seen: AttemptSeen,
    switch: AsteriskSwitch,
    callbacks: AsteriskCallbacks,
    server: FakeManagerServer,
    tmp_path: Path,
) -> None:
    if text:
        (tmp_path / str(NAME)).write_text(text)
    server.stop()
    eventually(lambda: not switch.connected)
    assert callbacks.attempt(NAME) == seen


def test_what_begins_while_we_look_is_running_and_not_cut_off_r70(
    switch: AsteriskSwitch, callbacks: AsteriskCallbacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The channels are listed before it begins, the fence is read afterwards."""

    def none_yet(*_: str) -> tuple[LiveChannel, ...]:
        (tmp_path / str(NAME)).write_text(TAKEN)
        return ()

    monkeypatch.setattr(switch.manager, "live_channels", none_yet)
    assert callbacks.attempt(NAME) == SEEN


NOBODY_KNOWS = replace(SEEN, result=AttemptResult.CUT_OFF, served_at=SERVED_AT)
THEY_SPOKE = replace(SEEN, result=REACHED, served_at=SERVED_AT)


@pytest.mark.parametrize(
    ("died_after_seconds", "started_after_seconds", "seen"),
    [
        (0.3, 1.5, NOBODY_KNOWS),
        (0.3, 60.0, NOBODY_KNOWS),
        (1.5, 3.0, THEY_SPOKE),
        (0.3, -3600.0, THEY_SPOKE),
        (None, 2.0, NOBODY_KNOWS),
        (-500.0, 2.0, NOBODY_KNOWS),
        (None, 15.0, NOBODY_KNOWS),
        (None, 17.0, THEY_SPOKE),
        (None, -3600.0, THEY_SPOKE),
    ],
)
def test_of_a_customer_who_answered_as_the_switch_died_nobody_says_that_he_was_reached_r70(
    died_after_seconds: float | None,
    started_after_seconds: float,
    seen: AttemptSeen,
    switch: AsteriskSwitch,
    callbacks: AsteriskCallbacks,
    tmp_path: Path,
) -> None:
    (tmp_path / str(NAME)).write_text(ANSWERED)
    if died_after_seconds is not None:
        switch.manager.deaths = (SERVED_AT + timedelta(seconds=died_after_seconds),)
    switch.manager.booted_at = SERVED_AT + timedelta(seconds=started_after_seconds)
    assert callbacks.attempt(NAME) == seen


def test_stopping_forbids_the_customers_leg_and_ends_those_that_live(
    callbacks: AsteriskCallbacks, server: FakeManagerServer, tmp_path: Path
) -> None:
    leg(server, f"cb-{NAME}")
    server.channels["PJSIP/another-00000002"] = ("1700000000.2", "1700000000.2")
    callbacks.stop(NAME)
    assert (tmp_path / f"{NAME}.stop").exists()
    assert list(server.channels) == ["PJSIP/another-00000002"]


def test_stopping_raises_nothing_where_the_switch_is_down(
    switch: AsteriskSwitch, callbacks: AsteriskCallbacks, server: FakeManagerServer, tmp_path: Path
) -> None:
    server.stop()
    eventually(lambda: not switch.connected)
    callbacks.stop(NAME)
    assert (tmp_path / f"{NAME}.stop").exists()


# ---- heard live -------------------------------------------------------------------------------------------------


def test_a_customer_who_is_served_is_heard_of_live(
    switch: AsteriskSwitch, server: FakeManagerServer, served: Served
) -> None:
    for attempt, at in (("7-2-0badc0de", "1772424002.5"), ("7-2", "1772424002.5"), ("7-2-0badc0de", "soon")):
        server.say_event("UserEvent", UserEvent="HotlineCallbackServed", Attempt=attempt, At=at)
    eventually(lambda: served)
    time.sleep(0.1)
    assert served == [(NAME, SERVED_AT)]
