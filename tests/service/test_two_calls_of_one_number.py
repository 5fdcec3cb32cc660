"""Two calls from one number, of a company or a phone that lost its network: one place in line, one talk is enough."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_schema import calls
from ivr.policy.commands import Say
from ivr.policy.events import AgentAnswered, HoldElapsed
from ivr.policy.phone_number import number_to_ring
from tests.service.house import House, house
from tests.service.test_promised_in_a_call import BEFORE, RULES, TALKER, hangs_up, is_free, promised


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    """Promised a call; the one agent talks, somebody waits before him, and he is on the line twice."""
    with house(tmp_path, RULES, dials=True) as built:
        built.agent("ana")
        built.offer("talk", TALKER)
        built.burst("talk", AgentAnswered(at=built.clock.advance(1)), caller=TALKER)
        built.offer("before", BEFORE)
        promised(built)
        hangs_up(built, "promise")
        for ref in ("one", "two"):
            built.clock.advance(2)
            built.offer(ref)
        yield built


def is_served(hotline: House, ref: str) -> None:
    hotline.burst(ref, AgentAnswered(at=hotline.clock.advance(1)))


def nobody_is_called(hotline: House) -> None:
    for login in ("ben", "cai", "dai"):
        is_free(hotline, login)
    hotline.callbacks.sweep(hotline.clock.advance(3))
    hotline.floor_loop.turn()
    assert hotline.customers.placed == []


def row(hotline: House, ref: str) -> dict[str, object]:
    return hotline.rows(calls, ref=ref)[0]


@pytest.mark.parametrize("served", ["one", "two"])
@pytest.mark.parametrize("other_leaves", ["before", "after", "never"])
def test_whichever_of_his_calls_is_served_he_is_not_called_back_r70(
    hotline: House, served: str, other_leaves: str
) -> None:
    other = "two" if served == "one" else "one"
    if other_leaves == "before":
        hangs_up(hotline, other)
    is_served(hotline, served)
    assert hotline.callback()["state"] == "done"
    assert hotline.rows(promises)[0]["state"] == "kept"
    if other_leaves == "after":
        hangs_up(hotline, other)
    hangs_up(hotline, served)
    nobody_is_called(hotline)


def test_a_second_call_takes_neither_the_callback_nor_its_place_from_the_first_r69_r70(
    hotline: House,
) -> None:
    assert hotline.callback()["joined_call"] == row(hotline, "one")["id"]
    assert row(hotline, "one")["line_at"] == hotline.callback()["presented_at"]
    assert row(hotline, "two")["line_at"] == row(hotline, "two")["presented_at"]
    hangs_up(hotline, "two")
    assert hotline.callback()["joined_call"] == row(hotline, "one")["id"]


@pytest.mark.parametrize("noticed", ["at_once", "by_the_sweep"])
def test_when_the_first_call_is_gone_the_second_has_its_place_and_nobody_rings_him_r70(
    hotline: House, noticed: str
) -> None:
    if noticed == "at_once":
        hangs_up(hotline, "one")
    else:
        hotline.execute("UPDATE calls SET phase = 'ended' WHERE ref = 'one'")
        hotline.callbacks.sweep(hotline.clock.advance(2))
    assert hotline.callback()["joined_call"] == row(hotline, "two")["id"]
    hotline.burst("two", HoldElapsed(at=hotline.clock.advance(10)))
    assert row(hotline, "two")["line_at"] == hotline.callback()["presented_at"]
    is_free(hotline, "ben")
    is_free(hotline, "cai")
    assert (hotline.switch.fetched, hotline.customers.placed) == (["ch-before", "ch-two"], [])


def test_when_both_are_gone_unserved_he_is_called_back_as_promised_r70(hotline: House) -> None:
    hangs_up(hotline, "one")
    hangs_up(hotline, "two")
    is_free(hotline, "ben")
    is_free(hotline, "cai")
    assert [order.number for order in hotline.customers.placed] == [number_to_ring("+8613800138000")]


def test_who_waits_on_when_he_was_served_in_his_other_call_is_a_caller_like_any_other_r70(
    hotline: House,
) -> None:
    is_served(hotline, "two")
    hotline.set("ana", "away")
    said = hotline.burst("one", HoldElapsed(at=hotline.clock.advance(700)))
    words = [prompt for command in said if isinstance(command, Say) for prompt in command.prompts]
    assert "callback_stands" not in words, "nobody would call him"
