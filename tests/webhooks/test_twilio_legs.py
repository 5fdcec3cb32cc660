"""Whatever Twilio tells of a callback's legs twice, late or never, each step happens once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import twilio_attempts
from ivr.adapters.sql_schema import agents
from tests.fakes.twilio_placed import BUSY, NO_ANSWER, Agent, Customer
from tests.fakes.twilio_rest import Fault
from tests.fakes.twilio_wire import Delivery
from tests.webhooks.twilio_callbacks_house import (
    CHEN,
    WANG,
    TwilioHouse,
    one_promised,
    twilio_house,
)


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[TwilioHouse]:
    with one_promised(tmp_path) as built:
        yield built


# ---- told twice, late, never --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        (Agent(), Customer()),
        (Agent(hangs_up_first=False), Customer()),
        (Agent(star="*9"), Customer()),
        (Agent(presses=""), Customer()),
        (Agent(), Customer(does=BUSY)),
        (Agent(leaves_while_it_rings=True), Customer()),
    ],
)
def test_told_however_often_it_is_the_same_and_the_customer_was_rung_as_often_r70(
    agent: Agent, customer: Customer, tmp_path: Path
) -> None:
    """Also late, and all of it once more from the last to the first."""
    rows = []
    for delivery in Delivery:
        with twilio_house(tmp_path / delivery.name) as hotline:
            hotline.home.promise(caller=CHEN)
            hotline.agent("wang")
            hotline.legs.agent, hotline.legs.customer = agent, customer
            hotline.legs.delivery = delivery
            hotline.legs.loses_statuses = delivery is Delivery.CROWDED
            hotline.turn()
            hotline.plays_out()
            hotline.legs.deliver_late()
            for request in (*reversed(hotline.legs.wire.sent), *hotline.legs.wire.sent):
                assert hotline.legs.wire.send(*request).status == 200
            rows.append(stored(hotline))
    assert all(row == rows[0] for row in rows)


def stored(hotline: TwilioHouse) -> tuple[object, ...]:
    [row] = hotline.home.rows(twilio_attempts)
    kept = {name: row[name] for name in ("dialled_at", "served_at", "result", "ended_at", "sid")}
    state = hotline.home.callback()["state"]
    return kept, hotline.home.attempts(), dict(hotline.legs.rung), dict(hotline.legs.talks), state


def test_word_of_an_attempt_that_comes_after_the_next_one_changes_nothing(hotline: TwilioHouse) -> None:
    hotline.legs.customer, hotline.legs.loses_statuses = Customer(does=BUSY), True
    hotline.turn()
    hotline.plays_out()
    hotline.passes(200)
    hotline.legs.customer, hotline.legs.loses_statuses = Customer(), False
    hotline.until_over()
    before = hotline.home.attempts()
    hotline.legs.deliver_late()
    assert hotline.home.attempts() == before == [(1, "wang", "busy"), (2, "wang", "reached")]


def test_an_agent_who_picked_up_and_was_never_asked_has_missed_nothing(hotline: TwilioHouse) -> None:
    """Our own server was away when Twilio wanted the question."""
    hotline.turn()
    [order] = hotline.rest.orders
    order.status = "completed"  # what he heard was Twilio's own excuse
    hotline.passes(12)
    assert hotline.called() == "not_placed"
    [wang] = hotline.home.rows(agents, login="wang")
    assert (wang["misses"], wang["state"]) == (0, "available")


def test_the_end_of_a_leg_that_nobody_told_of_is_asked_for(hotline: TwilioHouse) -> None:
    hotline.legs.agent, hotline.legs.loses_statuses = Agent(does=NO_ANSWER), True
    hotline.turn()
    hotline.plays_out()
    assert hotline.called() is None
    hotline.passes(12)
    assert hotline.called() == "agent_did_not_answer"


def test_a_second_leg_of_the_same_attempt_rings_nobody_r70(hotline: TwilioHouse) -> None:
    """As if Twilio had carried an order out twice."""
    hotline.turn()
    [order] = hotline.rest.orders
    second = replace(order, sid="CA" + "d" * 32)
    hotline.legs.on_dial = lambda: hotline.legs.play(
        second
    )  # its agent takes it while the customer's phone rings
    hotline.legs.play(order)
    assert (hotline.legs.rung[WANG], hotline.legs.rung[CHEN]) == (2, 1)
    assert hotline.called() == "reached"


def test_an_order_carried_out_too_late_rings_the_agent_and_nobody_else_r70(hotline: TwilioHouse) -> None:
    hotline.rest.faults.append(Fault(executed=True))
    hotline.turn()
    hotline.rest.orders[0].made_at -= timedelta(days=1)  # not in the list when it is asked for
    hotline.passes(120)
    assert hotline.called() == "not_placed"
    hotline.rest.orders[0].made_at = hotline.home.clock.now()
    hotline.legs.play(hotline.rest.orders[0])
    assert hotline.legs.rung == {WANG: 1}


def test_a_customer_who_is_on_our_line_himself_is_not_rung_r70(hotline: TwilioHouse) -> None:
    hotline.turn()
    hotline.home.execute("UPDATE callbacks SET joined_call = 1")
    hotline.plays_out()
    assert (hotline.legs.rung[CHEN], hotline.called()) == (0, "not_placed")


def test_who_was_served_meanwhile_is_not_rung_and_the_agents_phone_stops_r70(hotline: TwilioHouse) -> None:
    hotline.turn()
    hotline.home.execute("UPDATE callbacks SET state = 'done'")
    hotline.sweep()
    hotline.plays_out()
    assert hotline.rest.ended == [hotline.rest.orders[0].sid]
    assert (hotline.legs.rung[CHEN], hotline.called()) == (0, "not_placed")


def test_killed_between_the_claim_and_the_order_it_is_tried_again_after_its_time_r70(tmp_path: Path) -> None:
    with twilio_house(tmp_path, run=lambda _work: None) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("wang")
        hotline.turn()
        assert hotline.rest.orders == []
        hotline.passes(120)
        assert hotline.called() == "not_placed"
        hotline.switch._run = lambda work: work()
        hotline.until_over()
        assert (hotline.legs.rung[CHEN], hotline.home.callback()["state"]) == (1, "done")


def test_with_the_book_away_the_agent_waits_in_silence_and_is_put_through_when_it_answers(
    hotline: TwilioHouse,
) -> None:
    hotline.turn()
    hotline.legs.on_pause = lambda: setattr(hotline.placed, "away", False)
    hotline.legs.on_picked_up = lambda: setattr(hotline.placed, "away", True)
    hotline.plays_out()
    assert hotline.legs.pauses == 1
    assert (hotline.called(), hotline.legs.rung[CHEN]) == ("reached", 1)
