"""A callback the switch does not place: another agent takes it, and where nobody can a manager hears of it, once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.adapters.sql_schema import alerts
from ivr.policy.events import AgentAnswered, CallOffered
from ivr.service.callback_ports import Placed, PlaceOrder
from ivr.service.floor_loop import FloorLoop
from tests.fakes.fake_callback_switch import FakeCallbackSwitch
from tests.service.house import House, house
from tests.service.test_callbacks import OTHER, RULES, ring


class Choosy(FakeCallbackSwitch):
    """Cannot ring one agent's phone."""

    def place(self, order: PlaceOrder) -> Placed:
        return Placed.REFUSED if order.agent == "cara" else super().place(order)


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        built.callbacks._switch = built.customers = Choosy()
        yield built


def test_an_agent_whom_only_twilio_rings_is_never_given_a_callback_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("cara", phone="client:cara")
    ring(hotline, 5)
    assert (hotline.attempts(), hotline.agents_state("cara")) == ([], "available")
    hotline.agent("sam")
    ring(hotline)
    assert hotline.attempts() == [(1, "sam", None)]


def test_a_caller_gets_the_agent_whom_no_callback_can_use_r69(hotline: House) -> None:
    hotline.agent("sam")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()))
    hotline.promise()
    hotline.clock.advance(1)
    hotline.floor_loop = FloorLoop(
        hotline.book, {"twilio": hotline.switch}, hotline.clock, hotline.rules, hotline.callbacks
    )
    waits = replace(hotline.contact("waits", "+85298765432"), door="twilio")
    hotline.switchboard.handle(waits, "1", (CallOffered(at=hotline.clock.now()),))
    hotline.agent("cara", phone="client:cara")
    ring(hotline, 1)
    assert (hotline.switch.fetched, hotline.customers.placed) == (["ch-waits"], [])


def test_what_was_not_placed_for_one_agent_is_tried_with_the_next_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("cara")
    hotline.agent("sam")
    hotline.execute("UPDATE agents SET idle_since = idle_since - 60000 WHERE login = 'cara'")
    ring(hotline)
    ring(hotline, 15)
    assert hotline.attempts() == [(1, "cara", "not_placed"), (2, "sam", None)]


def test_a_manager_hears_once_of_a_callback_that_is_never_placed(hotline: House) -> None:
    hotline.promise()
    hotline.agent("cara")
    for tries in range(1, 6):
        ring(hotline, 25)
        kinds = [row["kind"] for row in hotline.rows(alerts)]
        assert (len(hotline.attempts()), kinds) == (tries, ["callback_not_placed"] * (tries >= 3))
