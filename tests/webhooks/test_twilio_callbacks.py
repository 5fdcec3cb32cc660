"""Customers called back through Twilio, over its real client and signed webhooks: the agent first, the customer once.

Whom it rang is counted at the far end (tests/fakes/twilio_placed.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.twilio_addresses import PATIENCE
from tests.fakes.twilio_placed import BUSY, FAILED, NO_ANSWER, Agent, Customer
from tests.fakes.twiml_schema import parse
from tests.webhooks.twilio_callbacks_house import (
    CHEN,
    OURS,
    RULES,
    WANG,
    TwilioHouse,
    one_promised,
    twilio_house,
)


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[TwilioHouse]:
    with one_promised(tmp_path) as built:
        yield built


# ---- the agent first, then the customer -------------------------------------------------------------------------


def test_a_freed_agent_is_rung_first_and_the_customer_hears_the_greeting_and_then_him_r65_r70(
    hotline: TwilioHouse,
) -> None:
    assert hotline.turn() == 1
    hotline.plays_out()
    assert list(hotline.legs.rung.items()) == [(WANG, 1), (CHEN, 1)]
    assert hotline.legs.shown == {WANG: OURS, CHEN: OURS}
    assert hotline.legs.heard[WANG][0].startswith("whisper")
    assert hotline.legs.heard[CHEN] == ["greeting"]
    assert hotline.called() == "reached"
    row = hotline.home.callback()
    assert (row["state"], row["route"], row["agent"]) == ("done", "twilio", "wang")
    assert row["closed_at"] - row["served_at"] >= timedelta(seconds=30)
    assert hotline.home.agents_state("wang") == "available"


def test_where_talks_are_recorded_agent_and_customer_hear_so_before_they_speak_R65(tmp_path: Path) -> None:
    with twilio_house(tmp_path, replace(RULES, record_calls=True)) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("wang")
        hotline.turn()
        hotline.plays_out()
        assert hotline.legs.heard[WANG][-1] == "recording_notice"
        assert hotline.legs.heard[CHEN] == ["greeting", "recording_notice"]
        assert hotline.called() == "reached"
        dials = [answer.body for _, _, answer in hotline.legs.wire.posted if b"<Dial" in answer.body]
        assert [b'record="record-from-answer-dual"' in each for each in dials] == [True]


def test_each_step_is_asked_for_again_where_no_answer_came_in_time_r70(hotline: TwilioHouse) -> None:
    """A connection that fails once costs nobody a customer who has just picked up."""
    hotline.legs.agent = Agent(star="*9")
    hotline.turn()
    hotline.plays_out()
    documents = [parse(answer.body) for _, _, answer in hotline.legs.wire.posted]
    elements = [element for document in documents for element in document.iter()]
    texts = [text for one in elements for text in (one.text or "", *one.attrib.values())]
    asked = [text for text in (hotline.rest.orders[0].url, *texts) if "/twilio/callbacks/" in text]
    assert {address.split("/")[5] for address in asked} == {
        "picked-up", "key", "greeting", "greeted", "customer-left", "machine"
    }  # fmt: skip
    assert all(address.endswith(PATIENCE) for address in asked), asked


def test_a_customer_who_has_picked_up_is_put_through_also_without_a_greeting_r65(tmp_path: Path) -> None:
    """A recording that is gone is no reason to let him go; the doctor misses it."""
    with twilio_house(tmp_path, replace(RULES, greeting="not_recorded")) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("wang")
        hotline.turn()
        hotline.plays_out()
        assert (hotline.legs.talks[CHEN], hotline.called()) == (1, "reached")


def test_an_agent_reached_at_his_browser_is_rung_there(tmp_path: Path) -> None:
    with twilio_house(tmp_path) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("mia", "client:mia")
        hotline.turn()
        hotline.plays_out()
        assert hotline.legs.rung == {"client:mia": 1, CHEN: 1}


def test_an_agent_whose_phone_only_our_asterisk_rings_is_given_no_callback_of_twilios(tmp_path: Path) -> None:
    with twilio_house(tmp_path) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("mia", "endpoint:mia")
        assert hotline.turn() == 0
        assert (hotline.home.agents_state("mia"), hotline.rest.orders) == ("available", [])


@pytest.mark.parametrize(
    ("agent", "result", "state"),
    [
        (Agent(does=NO_ANSWER), "agent_did_not_answer", "available"),
        (Agent(does=BUSY), "agent_declined", "available"),
        (Agent(does=FAILED), "agent_did_not_answer", "available"),
        (Agent(presses="2"), "agent_declined", "available"),
        (Agent(presses=""), "agent_declined", "available"),
    ],
    ids=["not there", "busy", "not reachable", "another key", "no key"],
)
def test_who_does_not_take_it_by_key_rings_nobody_r70(
    agent: Agent, result: str, state: str, hotline: TwilioHouse
) -> None:
    """A voicemail of his own presses no key."""
    hotline.legs.agent = agent
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() == result
    assert hotline.legs.rung[CHEN] == 0
    assert hotline.home.agents_state("wang") == state
    assert hotline.home.callback()["state"] == "pending"


@pytest.mark.parametrize(
    ("customer", "result"),
    [
        (Customer(does=BUSY), "busy"),
        (Customer(does=NO_ANSWER), "no_answer"),
        (Customer(does=FAILED), "refused_by_network"),
        (Customer(leaves_in_the_greeting=True), "no_answer"),
    ],
)
def test_a_customer_who_is_not_reached_is_tried_again_later_r28b(
    customer: Customer, result: str, hotline: TwilioHouse
) -> None:
    hotline.legs.customer = customer
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() == result
    assert hotline.home.callback()["next_at"] > hotline.home.clock.now()
    assert hotline.home.agents_state("wang") == "available"


@pytest.mark.parametrize(("star", "result"), [("*9", "voicemail"), ("*", "reached")])
def test_the_agent_says_by_a_key_that_a_machine_answered_r28b(
    star: str, result: str, hotline: TwilioHouse
) -> None:
    hotline.legs.agent = Agent(star=star)
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() == result
    assert (hotline.home.callback()["served_at"] is None) == (result == "voicemail")


@pytest.mark.parametrize("asked", [True, False])
def test_an_agent_who_leaves_while_the_customers_phone_rings_has_broken_it_off(
    asked: bool, hotline: TwilioHouse
) -> None:
    """Whether Twilio asks for the action of a Dial whose caller has left is not in its pages: both ways are one."""
    hotline.legs.agent = Agent(leaves_while_it_rings=True)
    hotline.legs.action_after_hangup = asked
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() == "interrupted"


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("agent_first", [True, False])
def test_whoever_hangs_up_first_they_have_spoken(
    asked: bool, agent_first: bool, hotline: TwilioHouse
) -> None:
    hotline.legs.agent = Agent(hangs_up_first=agent_first)
    hotline.legs.action_after_hangup = asked
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() == "reached"
    assert hotline.legs.talks[CHEN] == 1


# ---- a new time is said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer", "moved"),
    [(Customer(), True), (Customer(does=NO_ANSWER), False), (Customer(does=BUSY), False)],
)
def test_a_time_that_cannot_be_kept_is_said_through_twilio_too_r10(
    customer: Customer, moved: bool, tmp_path: Path
) -> None:
    with twilio_house(tmp_path) as hotline:
        hotline.home.promise(caller=CHEN, due_in_seconds=60)
        hotline.agent("wang", "endpoint:wang")  # on duty, and no phone of Twilio's
        due_at = hotline.home.callback()["due_at"]
        hotline.legs.customer = customer
        hotline.sweep()
        hotline.plays_out()
        hotline.passes(2)
        assert (hotline.home.callback()["due_at"] > due_at) == moved
        assert hotline.legs.rung == {CHEN: 1}
        if moved:
            assert hotline.legs.heard[CHEN][0] == "greeting"
            assert len(hotline.legs.heard[CHEN]) > 3
