"""What Twilio's REST interface does wrong rings no customer twice and forgets none: it is looked up, never guessed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_callback_schema import twilio_attempts
from ivr.adapters.twilio_calls import TwilioCalls
from tests.fakes.twilio_rest import Fault
from tests.webhooks.twilio_callbacks_house import (
    CHEN,
    CLIENT_SECONDS,
    WANG,
    TwilioHouse,
    one_promised,
    twilio_house,
)


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[TwilioHouse]:
    with one_promised(tmp_path) as built:
        yield built


# ---- Twilio's REST fails ------------------------------------------------------------------------------------------

EXECUTED, NOT_EXECUTED = True, False
TROUBLES = {
    "an error of its own, though it rings": [Fault(status=500, executed=True)],
    "an error of its own, and nothing rings": [Fault(status=500)],
    "no answer in time, though it rings": [Fault(executed=True, silent_seconds=CLIENT_SECONDS + 0.3)],
    "the connection cut, though it rings": [Fault(executed=True)],
    "the connection cut, and nothing rings": [Fault()],
    "an answer that is none, though it rings": [Fault(status=201, executed=True, body=b"<html>")],
    "three errors, one after the other": [Fault(status=500), Fault(status=503), Fault(executed=True)],
    "too many requests, for a moment": [Fault(status=429, retry_after="2")],
    "too many requests, for a minute": [Fault(status=429, retry_after="60")],
    "too many requests, again and again": [Fault(status=429)] * 4,
    "a refusal": [Fault(status=400)],
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("statuses_lost", [False, True], ids=["told", "not told"])
def test_whatever_befalls_an_order_the_customer_is_rung_once_and_not_forgotten_r70(
    trouble: list[Fault], statuses_lost: bool, hotline: TwilioHouse
) -> None:
    hotline.rest.faults.extend(trouble)
    hotline.legs.loses_statuses = statuses_lost
    hotline.until_over()
    assert hotline.home.callback()["state"] == "done"
    assert hotline.legs.rung[CHEN] == 1
    hotline.legs.deliver_late()
    hotline.passes(60)
    assert (hotline.home.callback()["state"], hotline.legs.rung[CHEN]) == ("done", 1)


@pytest.mark.parametrize("status", [400, 500, 503, None])
def test_an_order_is_sent_once_whatever_twilio_says_r70(status: int | None, hotline: TwilioHouse) -> None:
    hotline.rest.faults.append(Fault(status=status))
    hotline.turn()
    hotline.passes(60)
    assert [method for method, _ in hotline.rest.asked].count("POST") == 1
    assert hotline.called() == "not_placed"


def test_an_order_nobody_knows_of_is_looked_up_before_anything_is_ordered_again_r70(
    hotline: TwilioHouse,
) -> None:
    """Its leg is found by whom it rings and when it was made; another order's leg to the same phone is none."""
    hotline.rest.faults.append(Fault(executed=True))
    hotline.turn()
    assert hotline.home.rows(twilio_attempts)[0]["sid"] is None
    hotline.passes(10)
    assert hotline.home.rows(twilio_attempts)[0]["sid"] == hotline.rest.orders[0].sid
    hotline.plays_out()
    assert (hotline.called(), hotline.legs.rung) == ("reached", {WANG: 1, CHEN: 1})


def test_while_twilio_cannot_be_asked_nothing_is_ordered_again_r70(hotline: TwilioHouse) -> None:
    hotline.rest.faults.append(Fault(executed=True))
    hotline.rest.look_faults.extend([Fault(status=500)] * 40)
    hotline.turn()
    for _ in range(30):
        hotline.turn()
        hotline.passes(10)
    assert len(hotline.rest.orders) == 1
    assert hotline.called() is None
    hotline.passes(600)
    assert hotline.home.rows(twilio_attempts)[0]["sid"] == hotline.rest.orders[0].sid


def test_what_never_left_is_known_at_once(tmp_path: Path) -> None:
    """Nobody listens where Twilio should be."""
    with twilio_house(tmp_path) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("wang")
        hotline.switch._rest = _nowhere
        hotline.turn()
        hotline.sweep()
        assert hotline.called() == "not_placed"
        assert not hotline.switch.leads()


def _nowhere() -> Any:
    return TwilioCalls("AC" + "0" * 32, "x", "http://127.0.0.1:9")


def test_too_many_requests_are_given_the_rest_they_ask_for(hotline: TwilioHouse) -> None:
    hotline.rest.faults.append(Fault(status=429, retry_after="60"))
    hotline.turn()
    hotline.sweep()
    assert hotline.called() == "not_placed"
    for _ in range(27):
        hotline.passes(2)
        assert hotline.turn() == 0
    hotline.passes(8)
    assert hotline.turn() == 1


def test_orders_leave_one_a_second(tmp_path: Path) -> None:
    with twilio_house(tmp_path) as hotline:
        for each, caller in enumerate((CHEN, "+85261234567", "+85291234567")):
            hotline.home.promise(f"promise-{each}", caller)
            hotline.agent(("wang", "li", "mia")[each])
        assert hotline.turn() == 3
        made = [order.made_at for order in hotline.rest.orders]
        assert [(at - made[0]).total_seconds() for at in made] == [0, 1, 2]
        assert {order.queue_time for order in hotline.rest.orders} == {0}


def test_the_floor_waits_for_no_rest(tmp_path: Path) -> None:
    left: list[Any] = []
    with twilio_house(tmp_path, run=left.append) as hotline:
        hotline.home.promise(caller=CHEN)
        hotline.agent("wang")
        assert hotline.turn() == 1
        assert (len(left), hotline.rest.asked) == (1, [])


def test_an_agent_is_not_kept_for_an_order_twilio_does_not_list_r70(hotline: TwilioHouse) -> None:
    hotline.rest.faults.append(Fault(status=500))
    hotline.turn()
    hotline.passes(12)
    assert hotline.called() is None
    hotline.passes(10)
    assert hotline.called() == "not_placed"
    assert hotline.home.agents_state("wang") == "available"


def test_a_twilio_in_trouble_is_left_alone_longer_each_time_and_not_for_one_error(
    hotline: TwilioHouse,
) -> None:
    rests = []
    for _ in range(7):
        hotline.switch._pace.stumbled()
        rests.append(round(hotline.switch._pace.waits_seconds))
    assert rests == [2, 4, 8, 16, 32, 60, 60]
    hotline.switch._pace.went_well()
    hotline.home.clock.advance(61)
    hotline.switch._pace.stumbled()
    assert hotline.switch._pace.waits_seconds == 2
