"""Customers who are not reached, on a real Asterisk: tried again in time, by others too, never twice at once (R28b).

Time is moved for the callback in question alone: everything written of it becomes so many minutes older.
"""

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_schema import alerts
from ivr.policy.callback_flow import CUSTOMER_RING_SECONDS
from tests.real_asterisk.callback_people import (
    OFFERING,
    CallbackHotline,
    Customers,
    accept,
    are_promised,
    busy,
    speaks_and_leaves,
)
from tests.real_asterisk.stories import heard_at, on_duty, ring_backs_of

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackHotline]:
    with CallbackHotline(tmp_path_factory.mktemp("offering"), OFFERING) as hotline:
        yield hotline


@pytest.fixture
def customers(hotline: CallbackHotline) -> Iterator[Customers]:
    with hotline.customers() as customers:
        yield customers


def test_a_busy_customer_is_called_again_after_minutes_and_reached_once_r28b(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """After three minutes; somebody besides the first agent goes on trying too."""
    number = "13820010001"
    with busy(hotline, "lea", "13820010002") as (phone, talking), on_duty(hotline, "max") as second:
        hotline.set_agent("max", "away")
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        customers.wait_until_rung(number)
        hotline.set_agent("max", "available")
        customers.order_of(number, "BUSY")
        hotline.wait_for_state(number, "pending")
        hotline.set_agent("max", "away")
        assert hotline.results(number) == ["busy"]
        assert pause_seconds(hotline, number) == pytest.approx(180, abs=5)
        assert hotline.callback(number)["second_person"] == "max"
        time.sleep(1)
        assert len(customers.rung(number)) == 1
        hotline.let_time_pass(number, 3.1)
        accept(phone, call=2)
        speaks_and_leaves(hotline, customers, number, times=2)
        assert second.call_ids() == []
    assert hotline.results(number) == ["busy", "reached"]
    assert len(customers.rung(number)) == 2


def pause_seconds(hotline: CallbackHotline, number: str) -> float:
    """From the end of the last attempt to the next."""
    ended_at, next_at = hotline.attempts(number)[-1]["ended_at"], hotline.callback(number)["next_at"]
    return float((next_at - ended_at).total_seconds())


def test_a_customer_who_does_not_come_to_the_phone_is_called_later_r28b(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """His phone rings as long as we let it, and again ten minutes later."""
    number = "13820070001"
    with busy(hotline, "tia", "13820070002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        ringing = customers.wait_until_rung(number)
        hotline.wait_for_state(number, "pending", seconds=60)
        (given_up,) = customers.find("received", "CANCEL")
        assert given_up.at - ringing.at == pytest.approx(CUSTOMER_RING_SECONDS, abs=3)
        assert hotline.results(number) == ["no_answer"]
        assert pause_seconds(hotline, number) == pytest.approx(600, abs=5)
        hotline.wait(lambda: hotline.agent("tia")["state"] == "available")
        hotline.let_time_pass(number, 10.1)
        accept(phone, call=2)
        speaks_and_leaves(hotline, customers, number, times=2)
    assert hotline.results(number) == ["no_answer", "reached"]
    assert len(customers.rung(number)) == 2


def test_who_cannot_be_called_in_time_hears_so_before_it_passes_and_is_called_by_the_new_time_r10(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """The only agent talks on: the hotline itself rings him, once, and what he was promised first stays written."""
    number = "13820080001"
    with busy(hotline, "ulf", "13820080002") as (phone, talking):
        are_promised(hotline, number)
        hotline.let_time_pass(number, minutes_left(hotline, number) - 1)
        promised = hotline.callback(number)
        rung = customers.wait_until_rung(number, seconds=10)
        assert rung.at < promised["due_at"].timestamp()
        customers.order_of(number, "ANSWER")
        assert hotline.callback(number)["due_at"] == promised["due_at"]
        hotline.wait(lambda: hotline.callback(number)["due_at"] > promised["due_at"], 30)
        assert heard_at(customers.media, "greeting") < heard_at(customers.media, "new_time")
        assert hotline.callback(number)["first_due_at"] == promised["due_at"]
        assert hotline.promise(number)["state"] == "open"
        time.sleep(3)
        assert len(customers.rung(number)) == 1
        talking.hang_up()
        accept(phone, call=1)
        speaks_and_leaves(hotline, customers, number, times=2)
    assert hotline.results(number) == ["reached"]
    assert hotline.promise(number)["state"] == "kept"


def minutes_left(hotline: CallbackHotline, number: str) -> float:
    """Until he was promised to be called."""
    return float(hotline.callback(number)["due_at"].timestamp() - time.time()) / 60


def test_a_customer_whose_machine_answers_is_called_later_r28b(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """Ten minutes later; what the agent heard was a machine, and he says so by key."""
    number = "13820020001"
    with busy(hotline, "ned", "13820020002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        customers.order_of(number, "ANSWER")
        hotline.wait(lambda: hotline.agent("ned")["state"] == "talking")
        time.sleep(2)
        phone.media.press("*9", to=phone.find("received", "INVITE", call=1)[0].media_port)
        hotline.wait_for_state(number, "pending")
        assert hotline.results(number) == ["voicemail"]
        assert hotline.promise(number)["state"] != "broken"
        assert pause_seconds(hotline, number) == pytest.approx(600, abs=5)
        hotline.let_time_pass(number, 10.1)
        accept(phone, call=2)
        speaks_and_leaves(hotline, customers, number, times=2)
    assert hotline.results(number) == ["voicemail", "reached"]


def test_an_agent_who_does_not_take_it_costs_the_customer_nothing_and_the_next_one_does(
    hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13820030001"
    with busy(hotline, "oda", "13820030002") as (phone, talking):
        are_promised(hotline, number)
        with on_duty(hotline, "pia") as second:
            second.wait_for("sent", "INVITE", 180, call=0)
            second.refuse()
            hotline.wait(lambda: hotline.results(number)[:1] == ["agent_declined"])
            talking.hang_up()
            accept(phone, call=1)
            speaks_and_leaves(hotline, customers, number)
    assert hotline.results(number) == ["agent_declined", "reached"]
    assert len(customers.rung(number)) == 1


def test_whom_the_switch_died_on_before_anybody_spoke_is_called_again_and_reached_once_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """kill -9 of Asterisk while his phone rings; a new one is up within seconds."""
    number = "13820040001"
    with busy(hotline, "quin", "13820040002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        customers.wait_until_rung(number)
        hotline.kill("asterisk")
        hotline.wait(lambda: hotline.results(number) == ["interrupted"], 30)
        accept(phone, call=2)
        speaks_and_leaves(hotline, customers, number, times=2)
    assert hotline.results(number) == ["interrupted", "reached"]
    assert len(customers.rung(number)) == 2


def test_whom_a_person_spoke_with_is_not_called_again_after_the_switch_died_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """kill -9 of Asterisk in the talk, and of the server that would have heard of its end."""
    number = "13820050001"
    with busy(hotline, "rio", "13820050002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        customers.order_of(number, "ANSWER")
        hotline.wait(lambda: hotline.agent("rio")["state"] == "talking")
        time.sleep(18)  # they speak; of a shorter talk, and a death that nobody saw, a person is asked
        hotline.kill("agi")
        hotline.kill("asterisk")
        hotline.wait_for_state(number, "done", seconds=30)
        hotline.wait(lambda: hotline.agent("rio")["state"] == "available", 15)
        time.sleep(2)
    assert hotline.results(number) == ["reached"]
    assert len(customers.rung(number)) == 1


def test_whom_nobody_reaches_in_all_attempts_is_handed_to_a_person_r28b(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """Never closed in silence: his number stands on the list, and the managers hear of it."""
    number = "13820060001"
    with busy(hotline, "sal", "13820060002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        for attempt in range(1, 5):
            accept(phone, call=attempt)
            customers.order_of(number, "BUSY", times=attempt)
            hotline.wait(
                lambda attempt=attempt: hotline.results(number) == ["busy"] * attempt  # type: ignore[misc] # a default binds the loop's value
            )
            if hotline.callback(number)["state"] != "pending":
                break
            hotline.let_time_pass(number, 3 * 24 * 60)
    assert hotline.callback(number)["state"] in {"unreached", "handed_over"}
    assert ring_backs_of(hotline, hotline.calls(number)[0]) == [f"+86{number}"]
    kinds = {row["kind"] for row in hotline.rows(sa.select(alerts))}
    assert "callback_unreached" in kinds
