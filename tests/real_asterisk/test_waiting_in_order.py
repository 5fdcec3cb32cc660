"""Nobody is free: the caller is told why, waits with music, and nobody overtakes anybody (R67-R69)."""

from contextlib import ExitStack
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import events
from ivr.policy.commands import Reserve
from ivr.service.codec import commands_from_json
from tests.real_asterisk.conftest import Start
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.media import RATE
from tests.real_asterisk.sip.phones import AgentPhone, Caller
from tests.real_asterisk.stories import (
    assert_nobody_is_held,
    calling,
    finished,
    on_duty,
    prompt,
    prompts_heard_in_order,
    rung_by,
    seconds_apart,
    wait_for_music,
)

pytestmark = pytest.mark.real

DEADLINE, MARGIN = 5.0, 2.0  # one ring, so that the waiting is longer than the ringing
TIE_SECONDS = 0.1
"""Agents who become free in one moment are rung in one moment; their telephones answer when they can."""


@pytest.fixture(scope="module")
def hotline(start: Start) -> RunningHotline:
    return start("rings = 1\nwrap_up_seconds = 0\n")


def test_a_caller_nobody_is_free_for_hears_why_and_is_served_in_his_turn(hotline: RunningHotline) -> None:
    """R67, R68, R69: his own ring, the greeting, our apology with the reason, the request to hold, music, a person."""
    talking, *waiting = (f"138001382{n:02}" for n in range(1, 5))
    with ExitStack() as people:
        phone = people.enter_context(on_duty(hotline, "fay", answer_after_seconds=0.05))
        first = people.enter_context(calling(hotline, talking))
        first.wait_for("received", "INVITE", 200)
        callers = [people.enter_context(calling(hotline, number)) for number in waiting]
        busy, please = _waits_with_music(callers[0])
        assert phone.call_ids() == phone.call_ids()[:1]
        calls = [
            _served_next(hotline, phone, *pair)
            for pair in zip([talking, *waiting], [first, *callers], strict=True)
        ]
        assert_nobody_is_held(hotline, calls[-1], "fay")
    assert rung_by(phone) == [talking, *waiting]
    served = [call["served_at"] for call in calls]
    assert served == sorted(served)
    assert please - busy >= prompt("all_busy").size / RATE - 0.1
    assert [call["greeted_by"] for call in calls] == ["agent", "server", "server", "server"]


def _waits_with_music(caller: Caller) -> tuple[float, float]:
    """Silence until the pickup, then the words in their order, then music; when the apology and the request began."""
    picked_up = caller.wait_for("received", "INVITE", 200, seconds=DEADLINE + 1)
    assert caller.invited_at is not None
    assert DEADLINE - MARGIN - 0.5 <= picked_up.at - caller.invited_at <= DEADLINE
    assert caller.got_at(180) is not None
    spoken = sum(prompt(name).size for name in ("greeting", "all_busy", "please_hold")) / RATE
    wait_for_music(caller.media, picked_up.at + spoken, seconds=25)
    greeting, busy, please = prompts_heard_in_order(caller.media, "greeting", "all_busy", "please_hold")
    assert -0.02 <= greeting - picked_up.at <= 0.3
    assert caller.media.first_packet_at is not None
    assert caller.media.first_packet_at >= picked_up.at - 0.02
    return busy, please


def _served_next(hotline: RunningHotline, phone: AgentPhone, number: str, caller: Caller) -> dict[str, Any]:
    """His turn has come: he speaks with the agent, then leaves."""
    hotline.wait(lambda: hotline.call(number)["served_at"] is not None)
    answered = phone.find("sent", "INVITE", 200)[-1]
    caller.hang_up()
    call = finished(hotline, number)
    assert seconds_apart(call["served_at"], answered.at) <= 0.05
    assert call["outcome"] == "served"
    return call


def test_twenty_callers_for_three_agents_and_nobody_overtakes(hotline: RunningHotline) -> None:
    """R69: who was presented earlier is rung first, and served not later but for agents free in one moment."""
    numbers = [f"138001383{n:02}" for n in range(1, 21)]
    with ExitStack() as people:
        phones = [
            people.enter_context(on_duty(hotline, login, answer_after_seconds=0.001, hang_up_after_seconds=1))
            for login in ("gus", "hal", "ivy")
        ]
        for number in numbers:
            people.enter_context(calling(hotline, number))
        calls = sorted(
            (finished(hotline, number) for number in numbers), key=lambda call: call["presented_at"]
        )
        assert_nobody_is_held(hotline, calls[-1], "gus", "hal", "ivy")
    assert [call["outcome"] for call in calls] == ["served"] * len(numbers)
    assert _reserved_for(hotline, [call["id"] for call in calls]) == [call["id"] for call in calls]
    _assert_in_order({call["caller"]: call["served_at"].timestamp() for call in calls})
    _assert_in_order(_first_rings(phones, [call["caller"] for call in calls]))
    assert sum(len(phone.call_ids()) for phone in phones) == len(numbers)


def _reserved_for(hotline: RunningHotline, calls: list[int]) -> list[int]:
    """The calls in the order in which an agent was first reserved for them: here there are no ties."""
    stored = (
        sa.select(events.c.call_id, events.c.commands)
        .where(events.c.call_id.in_(calls))
        .order_by(events.c.id)
    )
    decided = ((row["call_id"], commands_from_json(row["commands"])) for row in hotline.rows(stored))
    reserved = [call for call, commands in decided if any(isinstance(each, Reserve) for each in commands)]
    return list(dict.fromkeys(reserved))


def _first_rings(phones: list[AgentPhone], callers: list[str]) -> dict[str, float]:
    """When an agent's telephone first rang for each caller, by the telephones' logs."""
    rings = {
        number: message.at
        for phone in phones
        for number, message in zip(rung_by(phone), phone.find("received", "INVITE"), strict=True)
    }
    return {caller: rings[caller.removeprefix("+86")] for caller in callers}


def _assert_in_order(moments: dict[str, float]) -> None:
    """Callers in the order in which they came: no later one more than a tie before an earlier one."""
    overtaken = [
        (earlier, later, at_earlier - at_later)
        for (earlier, at_earlier), (later, at_later) in combinations(moments.items(), 2)
        if at_earlier > at_later + TIE_SECONDS
    ]
    assert overtaken == []
