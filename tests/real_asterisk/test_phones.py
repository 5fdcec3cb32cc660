"""Telephones a person can connect: an account made on the running hotline rings, its feature codes are its agent's.

Agents are reached by registered endpoint, by address, or by a number through the outbound trunk.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from ivr.adapters.sql_engine import create_engine
from ivr.adapters.sql_sip_accounts import add_account
from ivr.adapters.system_clock import SystemClock
from ivr.cli.telephone.sipp import free_udp_port
from tests.real_asterisk.dialling import DiallingPhone
from tests.real_asterisk.hotline import ROOT, RunningHotline
from tests.real_asterisk.sip.media import correlation, read_wav, tone_share
from tests.real_asterisk.sip.phones import AgentPhone, Caller

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 0\nagent_ring_seconds = 6\n"
GATEWAY_PORT = free_udp_port()


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    env = {"HOTLINE_OUTBOUND_TRUNK": f"sip:127.0.0.1:{GATEWAY_PORT}"}
    with RunningHotline(tmp_path_factory.mktemp("h"), policy=POLICY, env=env) as running:
        yield running


@contextmanager
def on_duty(hotline: RunningHotline, login: str, phone: str) -> Iterator[None]:
    """A new agent, available while the block runs."""
    hotline.add_agent(login, phone)
    try:
        yield
    finally:
        hotline.set_agent(login, "offline")


def new_account(hotline: RunningHotline, login: str) -> tuple[str, str]:
    """User and secret, as `hotline agent add` prints them for a person to type into a phone."""
    done = hotline.command("agent", "add", login, "--name", login.title(), "--phone", "endpoint:NEW")
    assert done.returncode == 0, done.stderr
    printed = dict(re.findall(r"^(server|user|secret): +(\S+)$", done.stdout, re.MULTILINE))
    assert printed["server"] == f"127.0.0.1:{hotline.settings.sip_port}"
    assert done.stdout.count(printed["secret"]) == 1
    return printed["user"], printed["secret"]


def registered(hotline: RunningHotline, user: str, secret: str) -> AgentPhone:
    return AgentPhone(hotline.sipp, server_port=hotline.settings.sip_port, user=user, secret=secret)


def dials(hotline: RunningHotline, account: tuple[str, str], to: str) -> DiallingPhone:
    user, secret = account
    return DiallingPhone(hotline.sipp, server_port=hotline.settings.sip_port, to=to, user=user, secret=secret)


def hears(phone: DiallingPhone, prompt: str) -> bool:
    recording = read_wav(ROOT / "config" / "prompts" / "zh_CN" / f"{prompt}.wav")
    return correlation(phone.media.audio(), recording)[0] >= 0.9


def is_served_at(phone: AgentPhone, caller: Caller) -> None:
    """The phone rings for that caller, is answered, and the caller hangs up satisfied."""
    phone.wait_for("sent", "INVITE", 180)
    phone.answer()
    caller.wait_for("received", "INVITE", 200)
    caller.hang_up()
    caller.wait_until_over()


# ---- how an agent is reached


def test_an_agent_with_a_number_is_rung_through_the_outbound_trunk_with_the_callers_number(
    hotline: RunningHotline,
) -> None:
    with hotline.phone("gateway", port=GATEWAY_PORT) as gateway:
        with on_duty(hotline, "tina", "tel:+8613900139000"), hotline.caller("13800138001") as alice:
            rang = gateway.wait_for("received", "INVITE")
            assert rang.start_line == f"INVITE sip:+8613900139000@127.0.0.1:{GATEWAY_PORT} SIP/2.0"
            assert "13800138001@" in rang.headers["from"]
            is_served_at(gateway, alice)
        assert hotline.ended_call("13800138001")["served_by"] == "tina"


def test_an_agent_who_cannot_be_dialled_here_is_passed_over_at_once(hotline: RunningHotline) -> None:
    with (
        hotline.phone("dora") as phone,
        on_duty(hotline, "cleo", "client:cleo"),
        on_duty(hotline, "dora", phone.address),
        hotline.caller("13800138002") as alice,
    ):
        rang = phone.wait_for("received", "INVITE")
        assert rang.start_line.startswith(f"INVITE {phone.address}")
        assert rang.at - (alice.invited_at or 0) < 1.0
        is_served_at(phone, alice)
    assert hotline.ended_call("13800138002")["served_by"] == "dora"


# ---- registering phones


def test_a_phone_added_during_a_talk_rings_within_five_seconds_and_the_talk_goes_on(
    hotline: RunningHotline,
) -> None:
    with (
        hotline.phone("emma") as emma,
        on_duty(hotline, "emma", emma.address),
        hotline.caller("13800138003") as alice,
    ):
        emma.wait_for("sent", "INVITE", 180)
        emma.answer()
        alice.media.send_tone(440, to=alice.wait_for("received", "INVITE", 200).media_port)
        emma.wait_for("received", "ACK")
        time.sleep(0.5)  # a talk, before anything is done to the hotline
        began = time.time()
        a_new_phone_rings(hotline)
        assert alice.ended_at is None
        heard = emma.media.heard_between(began)
        assert max(b.arrived_epoch - a.arrived_epoch for a, b in pairwise(heard)) < 0.1
        assert tone_share(emma.media.audio(began), 440) > 0.95
        alice.hang_up()
        alice.wait_until_over()
    assert hotline.ended_call("13800138003")["served_by"] == "emma"
    assert hotline.ended_call("13800138004")["served_by"] == "nina"


def a_new_phone_rings(hotline: RunningHotline) -> None:
    """Nina gets an account, types it into her phone and takes a call."""
    user, secret = new_account(hotline, "nina")
    added = time.time()
    with registered(hotline, user, secret) as nina:
        hotline.set_agent("nina", "available")
        with hotline.caller("13800138004") as bob:
            assert nina.wait_for("received", "INVITE").at - added < 5
            is_served_at(nina, bob)
    hotline.set_agent("nina", "offline")


def test_a_phones_secret_is_shown_once_and_nowhere_else(hotline: RunningHotline) -> None:
    user, secret = new_account(hotline, "pia")
    listed = hotline.command("agents", "--json").stdout
    assert {"login": "pia", "phone": f"endpoint:{user}"}.items() <= next(
        row for row in json.loads(listed) if row["login"] == "pia"
    ).items()
    assert secret not in listed + hotline.output()
    assert [path.name for path in _files_with(hotline.settings.log_dir, secret)] == []


def _files_with(directory: Path, text: str) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_two_agents_can_share_one_registered_phone_by_its_name(hotline: RunningHotline) -> None:
    user, secret = new_account(hotline, "olga")
    with (
        registered(hotline, user, secret) as phone,
        on_duty(hotline, "petra", f"endpoint:{user}"),
        hotline.caller("13800138005") as alice,
    ):
        is_served_at(phone, alice)
    assert hotline.ended_call("13800138005")["served_by"] == "petra"


def test_a_phone_with_a_wrong_secret_is_not_registered(hotline: RunningHotline) -> None:
    user, _ = new_account(hotline, "quin")
    phone = registered(hotline, user, "guessed")
    with pytest.raises(AssertionError, match="not registered"):
        phone.__enter__()
    assert phone.find("received", "REGISTER", 200) == []
    assert len(phone.find("received", "REGISTER", 401)) >= 2


# ---- feature codes


def test_an_agent_comes_and_goes_by_dialling_from_his_phone(hotline: RunningHotline) -> None:
    account = new_account(hotline, "rosa")
    for code, state in (("*71", "available"), ("*72", "away")):
        with dials(hotline, account, code) as phone:
            phone.wait_until_over()
            assert hears(phone, f"agent_{state}"), phone.story()
        assert hotline.agent("rosa")["state"] == state
    hotline.set_agent("rosa", "offline")


def test_a_phone_that_is_nobodys_changes_nobodys_state(hotline: RunningHotline) -> None:
    engine = create_engine(hotline.settings.database_url)
    with engine.begin() as connection:
        nobodys = add_account(connection, SystemClock())
    engine.dispose()
    new_account(hotline, "sara")  # publishes every account
    before = states(hotline)
    with dials(hotline, (nobodys.name, nobodys.secret), "*71") as phone:
        phone.wait_until_over()
        assert hears(phone, "feature_failed"), phone.story()
    assert states(hotline) == before


def states(hotline: RunningHotline) -> dict[str, str]:
    rows = json.loads(hotline.command("agents", "--json").stdout)
    return {row["login"]: row["state"] for row in rows}


def test_a_phone_reaches_nothing_but_its_feature_codes(hotline: RunningHotline) -> None:
    account = new_account(hotline, "ulla")
    before = len(hotline.calls())
    for to in ("4001234567", "13900139000", "*73", "s"):
        with dials(hotline, account, to) as phone:
            phone.wait_until_over()
            assert phone.statuses == [401, 404], (to, phone.story())
    assert len(hotline.calls()) == before
