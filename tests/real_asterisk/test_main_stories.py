"""The main job, on real telephones: who dials is picked up within three rings, by a person where one is free.

Judged by the telephones' own logs, by the sound both sides captured and by the tables after the end.
"""

import re
import time

import pytest

from ivr.cli.telephone.sipp import free_udp_port
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.media import tone_share
from tests.real_asterisk.sip.phones import AgentPhone, Caller
from tests.real_asterisk.stories import (
    alerts_about,
    assert_nobody_is_held,
    calling,
    finished,
    heard_at,
    left_at,
    on_duty,
    prompts_heard_in_order,
    ring_backs_of,
    rung_by,
    seconds_apart,
    the_record,
    wait_until_heard,
)

pytestmark = pytest.mark.real

DEADLINE, MARGIN = 15.0, 2.0  # the shipped policy: three rings of five seconds, picked up two before
ALICE, BOB, CAROL, DAN, ERIN = (f"138001381{n:02}" for n in range(1, 6))
NAMELESS = "lobby"  # a name where the number should stand: nothing that could be rung back


@pytest.fixture(scope="module")
def hotline(start: Start) -> RunningHotline:
    """The shipped policy, but for the notes."""
    return start("wrap_up_seconds = 1\n")


@pytest.fixture(scope="module")
def duty_port() -> int:
    """Where the telephone of the colleague on call is."""
    return free_udp_port()


@pytest.fixture(scope="module")
def short_rings(start: Start, duty_port: int) -> RunningHotline:
    """Agents have three seconds to answer; a colleague is on call."""
    duty = f'fallback_phones = ["sip:duty@127.0.0.1:{duty_port}"]\n'
    return start("wrap_up_seconds = 0\nagent_ring_seconds = 3\nsatisfaction = false\n" + duty)


def registered_phone(hotline: RunningHotline, login: str) -> AgentPhone:
    """A new agent as a manager makes him, on duty once his telephone is entered."""
    made = hotline.command("agent", "add", login, "--name", login.title(), "--phone", "endpoint:NEW")
    assert made.returncode == 0, made.stderr
    printed = dict(re.findall(r"^(server|user|secret): +(\S+)$", made.stdout, re.MULTILINE))
    assert printed["server"] == f"127.0.0.1:{hotline.settings.sip_port}"
    return AgentPhone(
        hotline.sipp,
        server_port=hotline.settings.sip_port,
        user=printed["user"],
        secret=printed["secret"],
    )


def test_a_free_agent_speaks_with_the_caller_before_the_third_ring_ends(hotline: RunningHotline) -> None:
    """R64: nothing answers before him, both hear each other, and he sees who calls."""
    with registered_phone(hotline, "ada") as phone:
        assert hotline.command("agent", "set", "ada", "available").returncode == 0
        with calling(hotline, ALICE) as caller:
            rung = phone.wait_for("received", "INVITE")
            phone.wait_for("sent", "INVITE", 180)
            assert caller.got_at(200) is None
            phone.answer()
            answered = phone.wait_for("sent", "INVITE", 200)
            picked_up = caller.wait_for("received", "INVITE", 200)
            caller.media.send_tone(440, to=picked_up.media_port)
            phone.media.send_tone(1200, to=rung.media_port)
            assert_both_hear_each_other(caller, phone)
            caller.hang_up()
            call = finished(hotline, ALICE)
        hotline.set_agent("ada", "offline")
    assert caller.invited_at is not None
    assert answered.at < picked_up.at < caller.invited_at + DEADLINE
    assert seconds_apart(call["served_at"], answered.at) <= 0.05
    assert (call["greeted_at"], call["greeted_by"]) == (call["served_at"], "agent")
    assert (call["outcome"], call["served_by"]) == ("served", "ada")
    assert [number.removeprefix("+86") for number in rung_by(phone)] == [ALICE]


def assert_both_hear_each_other(caller: Caller, phone: AgentPhone) -> None:
    time.sleep(0.5)
    since = time.time()
    time.sleep(1)
    assert tone_share(phone.media.audio(since), 440) > 0.9
    assert tone_share(caller.media.audio(since), 1200) > 0.9


def test_an_agent_who_is_slow_rings_on_while_the_caller_hears_the_greeting(hotline: RunningHotline) -> None:
    """R64, R65: at the deadline the server picks up, and the same telephone rings on until he answers."""
    with on_duty(hotline, "ben") as phone, calling(hotline, BOB) as caller:
        picked_up = caller.wait_for("received", "INVITE", 200, seconds=DEADLINE + 1)
        wait_until_heard(caller.media, "greeting", seconds=4)
        phone.answer()
        answered = phone.wait_for("sent", "INVITE", 200)
        hotline.wait(lambda: hotline.call(BOB)["served_at"] is not None)
        caller.hang_up()
        call = finished(hotline, BOB)
        assert hotline.agent("ben")["misses"] == 0
        assert_nobody_is_held(hotline, call, "ben")
    assert caller.invited_at is not None
    assert DEADLINE - MARGIN - 0.5 <= picked_up.at - caller.invited_at <= DEADLINE
    assert -0.02 <= heard_at(caller.media, "greeting") - picked_up.at <= 0.3
    cancelled, rung_on = phone.find("received", "CANCEL")[0], phone.find("received", "INVITE", call=1)[0]
    assert 0 <= rung_on.at - cancelled.at <= 0.05
    assert len(phone.find("received", "INVITE")) == 2
    assert seconds_apart(call["served_at"], answered.at) <= 0.05
    assert seconds_apart(call["greeted_at"], picked_up.at) <= 0.05
    assert (call["greeted_by"], call["outcome"], call["served_by"]) == ("server", "served", "ben")


def test_an_agent_who_lets_it_ring_twice_rests_but_never_the_last_one(short_rings: RunningHotline) -> None:
    """R64: the next one is rung; when there is no next one, a manager hears of it instead."""
    hotline = short_rings
    with on_duty(hotline, "cai") as sleeper:
        time.sleep(0.01)  # he has been idle for longer
        with on_duty(hotline, "dai", answer_after_seconds=0.05, hang_up_after_seconds=0.5) as awake:
            for number in (ALICE, BOB):
                with calling(hotline, number):
                    call = finished(hotline, number)
                assert (call["outcome"], call["served_by"]) == ("served", "dai")
            assert rung_by(sleeper) == rung_by(awake) == [ALICE, BOB]
            away = hotline.agent("cai")
            assert (away["state"], away["reason"], away["call_id"]) == ("away", "missed_ring", None)
            assert alerts_about(hotline, "cai") == ["agent_stood_down"]
    with on_duty(hotline, "eva") as last:
        for number, rings in ((CAROL, 1), (DAN, 2)):
            with calling(hotline, number) as caller:
                hotline.wait(lambda wanted=rings: hotline.agent("eva")["misses"] == wanted)  # type: ignore[misc] # a default binds the loop's value
                caller.hang_up()
                assert finished(hotline, number)["outcome"] == "abandoned"
        assert hotline.agent("eva")["state"] == "available"
        assert rung_by(last) == [CAROL, DAN]
    assert alerts_about(hotline, "eva") == ["last_agent_misses"]


def test_with_nobody_on_duty_the_number_is_written_down_and_said_so(hotline: RunningHotline) -> None:
    """R64, R70: one stays to the end, one leaves early, one withholds his number, one leaves when asked for it."""
    with (
        calling(hotline, CAROL) as stays,
        calling(hotline, DAN) as leaves,
        calling(hotline, "anonymous") as hidden,
        calling(hotline, NAMELESS) as refuses,
    ):
        wait_until_heard(leaves.media, "number_noted", first_seconds=1)
        leaves.hang_up()
        wait_until_heard(hidden.media, "ask_number")
        refuses.hang_up()
        hidden.media.press("13800138111#")
        stays.wait_for("received", "BYE", seconds=15)
        hidden.wait_for("received", "BYE", seconds=20)
        calls = [finished(hotline, number) for number in (CAROL, DAN)]
    prompts_heard_in_order(stays.media, "greeting", "nobody_on_duty", "number_noted", "goodbye")
    prompts_heard_in_order(
        hidden.media, "greeting", "nobody_on_duty", "ask_number", "number_noted", "goodbye"
    )
    hotline.wait(lambda: all(call["ended_at"] is not None for call in hotline.calls()))
    (withheld,) = (call for call in hotline.calls() if call["caller"] is None)
    the_record(hotline, withheld)
    for call, number in zip((*calls, withheld), (CAROL, DAN, "13800138111"), strict=True):
        assert (call["outcome"], call["greeted_by"]) == ("fallback", "server")
        assert ring_backs_of(hotline, call) == [f"+86{number}"]
    refused = finished(hotline, NAMELESS)
    assert (refused["outcome"], ring_backs_of(hotline, refused)) == ("abandoned", [])
    assert seconds_apart(refused["ended_at"], left_at(refuses)) <= 0.05


def test_with_nobody_on_duty_the_colleague_on_call_is_rung(
    short_rings: RunningHotline, duty_port: int
) -> None:
    """R64, R74: the call stays ours, and the person who answers serves it."""
    hotline = short_rings
    with (
        hotline.phone("duty", port=duty_port, answer_after_seconds=0.5, hang_up_after_seconds=1) as duty,
        calling(hotline, ERIN) as caller,
    ):
        answered = duty.wait_for("sent", "INVITE", 200, seconds=40)
        call = finished(hotline, ERIN)
    prompts_heard_in_order(caller.media, "greeting", "nobody_on_duty", "trying_fallback")
    assert seconds_apart(call["served_at"], answered.at) <= 0.05
    assert (call["outcome"], call["greeted_by"]) == ("served", "server")
    assert ring_backs_of(hotline, call) == []
