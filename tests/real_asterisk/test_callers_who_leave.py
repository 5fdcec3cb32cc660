"""A caller may leave at any moment: the times are those of his telephone, and nobody stays held for him (R64, R71)."""

from typing import Any

import pytest

from ivr.cli.telephone.sipp import free_udp_port
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.media import RATE
from tests.real_asterisk.sip.phones import AgentPhone, Caller
from tests.real_asterisk.stories import (
    CLEAR,
    assert_nobody_is_held,
    calling,
    finished,
    heard,
    left_at,
    on_duty,
    prompt,
    ring_backs_of,
    seconds_apart,
    wait_for_music,
    wait_until_heard,
)

pytestmark = pytest.mark.real

NUMBERS = [f"138001384{n:02}" for n in range(20)]


@pytest.fixture(scope="module")
def duty_port() -> int:
    """Where the telephone of the colleague on call is."""
    return free_udp_port()


@pytest.fixture(scope="module")
def hotline(start: Start, duty_port: int) -> RunningHotline:
    """Picked up after three seconds; a colleague is on call."""
    duty = f'fallback_phones = ["sip:duty@127.0.0.1:{duty_port}"]\n'
    return start("rings = 1\nwrap_up_seconds = 1\nsatisfaction = false\n" + duty)


def has_left(
    hotline: RunningHotline, caller: Caller, number: str, outcome: str = "abandoned"
) -> dict[str, Any]:
    """The call after the end, its times held against the caller's own telephone."""
    call = finished(hotline, number)
    assert call["outcome"] == outcome
    assert seconds_apart(call["presented_at"], caller.invited_at) <= 0.02
    assert seconds_apart(call["ended_at"], left_at(caller)) <= 0.05
    if outcome == "abandoned":
        assert (call["served_at"], call["served_by"]) == (None, None)
    return call


def stopped_ringing(phone: AgentPhone, ring: int, caller: Caller) -> None:
    """The telephone does not ring on for somebody who has left."""
    cancelled = phone.wait_for("received", "CANCEL", call=ring)
    assert -0.005 <= cancelled.at - left_at(caller) <= 0.1


def test_a_caller_leaves_while_the_agents_telephone_rings(hotline: RunningHotline) -> None:
    """R64: before anybody picked up."""
    with on_duty(hotline, "jan") as phone, calling(hotline, NUMBERS[0]) as caller:
        phone.wait_for("received", "INVITE")
        caller.hang_up()
        call = has_left(hotline, caller, NUMBERS[0])
        stopped_ringing(phone, 0, caller)
        assert (call["greeted_at"], call["greeted_by"]) == (None, None)
        assert_nobody_is_held(hotline, call, "jan")
        assert hotline.agent("jan")["misses"] == 0
    assert caller.final_status == 487


@pytest.mark.parametrize(("number", "stage"), [(NUMBERS[1], "greeting"), (NUMBERS[2], "music")])
def test_a_caller_leaves_while_it_rings_on_under(hotline: RunningHotline, number: str, stage: str) -> None:
    """R65: picked up by the server, not yet served."""
    login = f"kim-{stage}"
    with on_duty(hotline, login) as phone, calling(hotline, number) as caller:
        picked_up = caller.wait_for("received", "INVITE", 200)
        phone.wait_for("received", "INVITE", call=1)
        if stage == "music":
            wait_for_music(caller.media, picked_up.at + prompt("greeting").size / RATE)
        caller.hang_up()
        call = has_left(hotline, caller, number)
        stopped_ringing(phone, 1, caller)
        assert seconds_apart(call["greeted_at"], picked_up.at) <= 0.05
        assert call["greeted_by"] == "server"
        assert_nobody_is_held(hotline, call, login)
        assert hotline.agent(login)["misses"] == 0


def test_callers_leave_while_they_wait_for_an_agent_who_talks(hotline: RunningHotline) -> None:
    """R67-R69, one at each stage: under his own ring, during the apology, during the music; then the talk ends."""
    talking, *leaving = NUMBERS[3:7]
    with (
        on_duty(hotline, "lea", answer_after_seconds=0.05) as phone,
        calling(hotline, talking) as first,
        calling(hotline, leaving[0], hang_up_after_seconds=2) as rings,
        calling(hotline, leaving[1]) as apology,
        calling(hotline, leaving[2]) as music,
    ):
        wait_until_heard(apology.media, "all_busy", first_seconds=1)
        apology.hang_up()
        began = wait_until_heard(music.media, "please_hold")
        wait_for_music(music.media, began + prompt("please_hold").size / RATE)
        music.hang_up()
        pairs = zip((rings, apology, music), leaving, strict=True)
        calls = [has_left(hotline, caller, number) for caller, number in pairs]
        assert heard(apology.media, prompt("all_busy"))[0] < CLEAR
        assert hotline.agent("lea")["state"] == "talking"
        first.hang_up()
        served = has_left(hotline, first, talking, "served")
        assert_nobody_is_held(hotline, served, "lea")
        hotline.wait(lambda: hotline.agent("lea")["state"] == "available")
    assert len(phone.call_ids()) == 1
    assert [call["greeted_by"] for call in calls] == [None, "server", "server"]


def test_whoever_leaves_first_after_a_talk_the_agent_writes_his_notes_and_is_free_again(
    hotline: RunningHotline,
) -> None:
    """R64, R71: the caller leaves one talk, the agent the other."""
    with on_duty(hotline, "mia", answer_after_seconds=0.05) as phone:
        with calling(hotline, NUMBERS[7]) as caller:
            hotline.wait(lambda: _talks(hotline, "mia"))
            caller.hang_up()
            call = has_left(hotline, caller, NUMBERS[7], "served")
            assert phone.wait_for("received", "BYE", call=0).at - left_at(caller) <= 0.1
            assert hotline.agent("mia")["state"] == "wrap_up"
            hotline.wait(lambda: hotline.agent("mia")["state"] == "available")
            assert_nobody_is_held(hotline, call, "mia")
        with calling(hotline, NUMBERS[8]) as caller:
            hotline.wait(lambda: _talks(hotline, "mia"))
            phone.hang_up()
            call = finished(hotline, NUMBERS[8])
            assert call["outcome"] == "served"
            assert _ended_between(call, phone.find("sent", "BYE")[0].at, caller.ended_at)
            hotline.wait(lambda: hotline.agent("mia")["state"] == "available")
            assert_nobody_is_held(hotline, call, "mia")


def _ended_between(call: dict[str, Any], agent_left_at: float, caller_told_at: float | None) -> bool:
    """The agent left first: the call ended after that, and at once."""
    assert caller_told_at is not None
    ended_at = float(call["ended_at"].timestamp())
    return agent_left_at - 0.001 <= ended_at <= caller_told_at <= agent_left_at + 0.5


def _talks(hotline: RunningHotline, login: str) -> bool:
    return bool(hotline.agent(login)["state"] == "talking")


def test_callers_leave_while_nobody_is_on_duty(hotline: RunningHotline, duty_port: int) -> None:
    """R64: one while our words are spoken, one while the colleague on call is rung."""
    with (
        hotline.phone("duty", port=duty_port) as duty,
        calling(hotline, NUMBERS[9]) as early,
        calling(hotline, NUMBERS[10]) as late,
    ):
        wait_until_heard(early.media, "greeting")
        early.hang_up()
        has_left(hotline, early, NUMBERS[9])
        duty.wait_for("received", "INVITE", seconds=20)
        wait_until_heard(late.media, "trying_fallback")
        late.hang_up()
        call = has_left(hotline, late, NUMBERS[10])
        stopped_ringing(duty, 0, late)
    assert call["greeted_by"] == "server"
    assert ring_backs_of(hotline, call) == []
