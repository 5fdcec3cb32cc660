"""R74: no caller is handed on to another number. A transfer from an agent's phone is refused and heard of."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import alerts
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.media import tone_share
from tests.real_asterisk.sip.phones import AgentPhone, Caller, attended_target

pytestmark = pytest.mark.real

OUTSIDE = "13900139000"


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    with RunningHotline(tmp_path_factory.mktemp("h") / "d", policy="wrap_up_seconds = 0\n") as running:
        yield running


@pytest.fixture
def bare_phone(hotline: RunningHotline) -> Iterator[AgentPhone]:
    with hotline.phone("bare") as phone:
        hotline.add_agent("bare", phone.address)
        yield phone
        hotline.set_agent("bare", "offline")


@pytest.fixture
def registered_phone(hotline: RunningHotline) -> Iterator[AgentPhone]:
    made = hotline.command(
        "agent", "add", "registered", "--name", "Registered", "--phone", "endpoint:NEW"
    ).stdout
    user, secret = (re.findall(rf"{name}: +(\S+)", made)[0] for name in ("user", "secret"))
    with hotline.phone(user, secret=secret) as phone:
        hotline.set_agent("registered", "available")
        yield phone
        hotline.set_agent("registered", "offline")


def refused(phone: AgentPhone, count: int) -> bool:
    """So many transfers were refused and none was taken."""
    answers = [m.status for m in phone.messages() if m.direction == "received" and m.method == "REFER"]
    finals = [status for status in answers if status is not None and status >= 200]
    assert all(status in {403, 603} for status in finals), finals
    return len(finals) == count


def talk(hotline: RunningHotline, phone: AgentPhone, alice: Caller) -> None:
    """The agent answers; both hum for as long as they talk."""
    phone.wait_for("sent", "INVITE", 180)
    phone.answer()
    phone.wait_for("received", "ACK")
    alice.media.send_tone(440, to=alice.wait_for("received", "INVITE", 200).media_port)
    phone.media.send_tone(800, to=phone.find("received", "INVITE")[0].media_port)


def hears_the_other(phone: AgentPhone, alice: Caller, since: float) -> None:
    assert tone_share(phone.media.audio(since), 440) > 0.95
    assert tone_share(alice.media.audio(since), 800) > 0.95


def transfer_twice_and_talk_on(hotline: RunningHotline, phone: AgentPhone, alice: Caller) -> None:
    talk(hotline, phone, alice)
    outside = f"sip:{OUTSIDE}@127.0.0.1:{hotline.settings.sip_port}"
    phone.transfer(f"<{outside}>")
    hotline.wait(lambda: refused(phone, 1))
    dialog = phone.find("received", "INVITE")[0]
    phone.transfer(attended_target(outside, dialog.call_id, "a", "b"))
    hotline.wait(lambda: refused(phone, 2))
    hotline.wait(lambda: bool(alice.media.packets))
    since = alice.media.packets[-1].arrived_epoch
    hotline.wait(lambda: bool(alice.media.heard_between(since + 1.0)))
    hears_the_other(phone, alice, since)
    assert alice.ended_at is None
    assert not alice.find("received", "REFER")
    alice.hang_up()
    phone.wait_for("received", "BYE")


def blocked_attempts(hotline: RunningHotline) -> int:
    return hotline.log("asterisk-messages").count("transfer attempt blocked")


def transfer_alerts(hotline: RunningHotline) -> list[dict[str, object]]:
    return hotline.rows(sa.select(alerts).where(alerts.c.kind == "transfer_refused").order_by(alerts.c.id))


def test_an_agent_with_a_bare_phone_cannot_hand_his_caller_on_and_a_manager_hears_of_it_r74(
    hotline: RunningHotline, bare_phone: AgentPhone
) -> None:
    before, alerts_before = blocked_attempts(hotline), len(transfer_alerts(hotline))
    with hotline.caller("13800138001") as alice:
        transfer_twice_and_talk_on(hotline, bare_phone, alice)
        alice.wait_until_over()
    assert hotline.ended_call("13800138001")["outcome"] == "served"
    assert blocked_attempts(hotline) == before + 2
    hotline.wait(lambda: len(transfer_alerts(hotline)) == alerts_before + 2)
    assert OUTSIDE not in str(transfer_alerts(hotline)), "numbers are masked"


def test_an_agent_with_a_registered_phone_cannot_hand_his_caller_on_and_is_named_for_it_r74(
    hotline: RunningHotline, registered_phone: AgentPhone
) -> None:
    before, alerts_before = blocked_attempts(hotline), len(transfer_alerts(hotline))
    with hotline.caller("13800138002") as alice:
        transfer_twice_and_talk_on(hotline, registered_phone, alice)
        alice.wait_until_over()
    assert hotline.ended_call("13800138002")["outcome"] == "served"
    assert blocked_attempts(hotline) == before + 2
    hotline.wait(lambda: len(transfer_alerts(hotline)) == alerts_before + 2)
    assert [row["agent"] for row in transfer_alerts(hotline)[-2:]] == ["registered"] * 2


def test_nobody_outside_was_ever_called(hotline: RunningHotline) -> None:
    assert not [call for call in hotline.calls() if OUTSIDE in str(call["hotline"])]
