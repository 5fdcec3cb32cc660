"""Trunks as a person connects them: the shipped examples with their blanks filled, against a carrier of its own.

Whoever is no trunk of ours, or cannot prove it, gets nothing: no ring, no pickup, no row.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.real_asterisk.carrier import (
    CARRIER,
    PBX_SECRET,
    PBX_USER,
    PUBLIC,
    SECRET,
    USER,
    Carrier,
)
from tests.real_asterisk.dialling import DiallingPhone
from tests.real_asterisk.hotline import NUMBER, ROOT, RunningHotline, wait_until
from tests.real_asterisk.sip.phones import AgentPhone, Caller

pytestmark = pytest.mark.real
POLICY = "wrap_up_seconds = 0\nagent_ring_seconds = 6\n"
EXAMPLES = ROOT / "config" / "asterisk" / "trunks.d"
STRANGER, TRUSTED, FIXED = "127.0.0.2", "127.0.0.9", "127.0.0.4"
EXTERNAL = "203.0.113.7"


def filled(example: str, **blanks: str) -> str:
    """An example file as a person fills it in; every blank named must be in it."""
    text = (EXAMPLES / f"{example}.conf.example").read_text("utf-8")
    for name, value in blanks.items():
        assert BLANKS[name] in text, (example, name)
        text = text.replace(BLANKS[name], value)
    return text


BLANKS = {"address": "192.0.2.10", "port": ":5060", "user": "12345678", "secret": "CHANGE-ME"}


@pytest.fixture(scope="module")
def trunked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHotline, Carrier]]:
    env = {
        "HOTLINE_TRUSTED_TRUNKS": TRUSTED,
        "HOTLINE_OUTBOUND_TRUNK": "carrier",
        "HOTLINE_EXTERNAL_ADDRESS": EXTERNAL,
    }
    hotline = RunningHotline(tmp_path_factory.mktemp("h"), policy=POLICY, env=env)
    carrier = Carrier(tmp_path_factory.mktemp("c"), hotline.settings.sip_port)
    write_trunks(hotline.data_dir / "trunks.d", carrier)
    with carrier, hotline:
        yield hotline, carrier


def write_trunks(directory: Path, carrier: Carrier) -> None:
    registering = filled("registering", address=CARRIER, port=f":{carrier.port}", user=USER, secret=SECRET)
    by_address = filled("by-address", address=FIXED).replace("[carrier]", "[fixed]")
    directory.mkdir()
    (directory / "carrier.conf").write_text(registering, "utf-8")
    (directory / "fixed.conf").write_text(by_address.replace("= carrier\n", "= fixed\n"), "utf-8")
    (directory / "branch.conf").write_text(filled("digest", secret=PBX_SECRET), "utf-8")


@contextmanager
def on_duty(hotline: RunningHotline, login: str, phone: str) -> Iterator[None]:
    """A new agent, available while the block runs."""
    hotline.add_agent(login, phone)
    try:
        yield
    finally:
        hotline.set_agent(login, "offline")


@contextmanager
def at_desk(hotline: RunningHotline, login: str) -> Iterator[AgentPhone]:
    """The bare phone of a new agent on duty."""
    with hotline.phone(login) as phone, on_duty(hotline, login, phone.address):
        yield phone


def dials_at(carrier: Carrier, hotline: RunningHotline, number: str, to: str) -> Caller:
    """Somebody who dials at the carrier's."""
    return Caller(hotline.sipp, server_port=carrier.public_port, to=to, number=number, address=PUBLIC)


def is_served(hotline: RunningHotline, phone: AgentPhone, caller: Caller, number: str) -> None:
    phone.wait_for("sent", "INVITE", 180)
    phone.answer()
    caller.wait_for("received", "INVITE", 200)
    caller.hang_up()
    caller.wait_until_over()
    assert hotline.ended_call(number)["outcome"] == "served"


Trunked = tuple[RunningHotline, Carrier]


# ---- the three examples


def test_a_registering_trunk_announces_itself_with_its_password_and_brings_calls(trunked: Trunked) -> None:
    hotline, carrier = trunked
    contact = f"sip:{NUMBER}@127.0.0.1:{hotline.settings.sip_port}"
    wait_until(lambda: (carrier.registered_contact() or "").startswith(contact), 10, carrier.heard)
    proof = re.search(r"REGISTER sip:(?:.*\r?\n)*?Authorization: Digest (.*)", carrier.heard())
    assert proof is not None
    assert f'username="{USER}"' in proof[1]
    assert SECRET not in carrier.heard()
    with at_desk(hotline, "ada") as phone, dials_at(carrier, hotline, "13800138011", "registered") as alice:
        is_served(hotline, phone, alice, "13800138011")
    assert hotline.call("13800138011")["hotline"] == NUMBER


def test_a_trunk_known_by_its_address_brings_calls(trunked: Trunked) -> None:
    hotline, _ = trunked
    with at_desk(hotline, "bea") as phone, hotline.caller("13800138012", address=FIXED) as alice:
        is_served(hotline, phone, alice, "13800138012")


def test_a_trunk_with_a_password_brings_calls_from_any_address(trunked: Trunked) -> None:
    hotline, carrier = trunked
    with at_desk(hotline, "cora") as phone, dials_at(carrier, hotline, "13800138013", "good") as alice:
        is_served(hotline, phone, alice, "13800138013")


@pytest.mark.parametrize("caller_id", ["13800138014", "carrier", "hl-trunk", PBX_USER])
def test_a_wrong_password_or_none_gets_nothing(trunked: Trunked, caller_id: str) -> None:
    hotline, carrier = trunked
    before = hotline.calls()
    with at_desk(hotline, f"eve-{caller_id}") as phone:
        for to in ("wrong", "bare"):
            already = len(carrier.heard())
            with dials_at(carrier, hotline, caller_id, to) as mallory:
                mallory.wait_until_over()
            assert mallory.final_status == 503, mallory.story()
            assert mallory.got_at(180) is None
            assert answers_heard(carrier, already) == {"401"}
        assert phone.find("received", "INVITE") == []
    assert hotline.calls() == before


def answers_heard(carrier: Carrier, already: int) -> set[str]:
    """How the hotline answered, as the carrier's own log has it."""
    received = r"Received SIP response .*?\n(?:.*\n)??SIP/2\.0 (\d+)"
    return set(re.findall(received, carrier.heard()[already:]))


def test_a_stranger_gets_nothing_whoever_he_says_he_is(trunked: Trunked) -> None:
    hotline, _ = trunked
    hotline.command("agent", "add", "fay", "--name", "Fay", "--phone", "endpoint:NEW")
    account = hotline.agent("fay")["phone"].removeprefix("endpoint:")
    before = hotline.calls()
    names = ("13800138015", "hl-trunk", "hl-direct", "hl-out", "carrier", "fixed", PBX_USER, account)
    with at_desk(hotline, "gwen") as phone, ExitStack() as crowd:
        strangers = [crowd.enter_context(hotline.caller(name, address=STRANGER)) for name in names]
        for stranger in strangers:
            stranger.wait_until_over()
            assert stranger.final_status in (401, 403), stranger.story()
            assert stranger.got_at(180) is None
        assert phone.find("received", "INVITE") == []
    assert hotline.calls() == before


@pytest.mark.parametrize("user", ["carrier", "fixed", "hl-trunk", "hl-direct", USER, PBX_USER])
def test_a_stranger_who_offers_a_password_for_a_trunks_name_gets_nothing(trunked: Trunked, user: str) -> None:
    hotline, _ = trunked
    before = hotline.calls()
    port = hotline.settings.sip_port
    with DiallingPhone(hotline.sipp, server_port=port, to=NUMBER, user=user, secret="guessed") as stranger:
        stranger.wait_until_over()
        assert stranger.statuses == [401, 401], stranger.story()
    assert hotline.calls() == before


# ---- outbound, by a trunk's name


def test_an_agent_with_a_number_is_rung_through_the_trunk_named_for_it(trunked: Trunked) -> None:
    hotline, carrier = trunked
    mobile = AgentPhone(hotline.sipp, server_port=carrier.public_port, port=carrier.customer_port)
    with (
        mobile,
        on_duty(hotline, "hana", "tel:+8613900139000"),
        hotline.caller("13800138016", address=TRUSTED) as alice,
    ):
        rang = mobile.wait_for("received", "INVITE")
        assert rang.start_line.startswith("INVITE sip:+8613900139000@")
        assert "13800138016@" in rang.headers["from"]
        is_served(hotline, mobile, alice, "13800138016")
    assert re.search(r"INVITE sip:\+8613900139000@(?:.*\r?\n)*?Authorization: Digest", carrier.heard())


# ---- addresses and ports


def test_sound_uses_the_ports_given_for_it_and_near_telephones_see_the_near_address(trunked: Trunked) -> None:
    hotline, _ = trunked
    with at_desk(hotline, "iris") as phone, hotline.caller("13800138017", address=TRUSTED) as alice:
        is_served(hotline, phone, alice, "13800138017")
        offers = [phone.find("received", "INVITE")[0], alice.find("received", "INVITE", 200)[0]]
    low, high = hotline.settings.rtp_ports
    for offer in offers:
        assert low <= (offer.media_port or 0) <= high
        assert "c=IN IP4 127.0.0.1" in offer.body
        assert f"127.0.0.1:{hotline.settings.sip_port}>" in offer.headers["contact"]


def test_far_telephones_are_told_the_external_address_and_near_ones_are_not(trunked: Trunked) -> None:
    hotline, _ = trunked
    rendered = (hotline.data_dir / "asterisk" / "etc" / "pjsip.conf").read_text("utf-8")
    for transport in rendered.split("type = transport")[1:]:
        head = transport.split("[")[0]
        assert f"external_media_address = {EXTERNAL}\n" in head
        assert f"external_signaling_address = {EXTERNAL}\n" in head
        assert "local_net = 192.168.0.0/16\n" in head


def test_the_hotline_listens_at_the_address_it_was_given_and_no_other(tmp_path: Path) -> None:
    with RunningHotline(tmp_path / "h", env={"HOTLINE_BIND": "127.0.0.7"}) as hotline:
        port = hotline.settings.sip_port
        assert answers_sip("127.0.0.7", port)
        assert not answers_sip("127.0.0.1", port)


def answers_sip(address: str, port: int) -> bool:
    request = (
        f"OPTIONS sip:hotline@{address}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {address}:9;branch=z9hG4bKask;rport\r\n"
        f"From: <sip:ask@{address}>;tag=1\r\nTo: <sip:hotline@{address}>\r\nCall-ID: ask@{address}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(1)
        probe.connect((address, port))
        try:
            probe.send(request.encode())
            return probe.recv(2048).startswith(b"SIP/2.0")
        except OSError:
            return False
