"""All busy, on a real Asterisk: who waits long is promised a call, and is called once, in the order of arrival.

Callers and agents are telephones, the customers' network is one too, and its own log says who was rung and how often.
"""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.real_asterisk.callback_people import (
    OFFERING,
    OWN_NUMBER,
    POLICY,
    CallbackHotline,
    Customers,
    accept,
    are_promised,
    busy,
    hears,
    press,
    speaks,
    speaks_and_leaves,
    take_callback,
)
from tests.real_asterisk.sip.media import tone_share
from tests.real_asterisk.sip.phones import AgentPhone
from tests.real_asterisk.stories import calling, heard_at, on_duty, rung_by, the_record, wait_for_music

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackHotline]:
    """Every wait is short enough to hold."""
    policy = POLICY + "hold_if_wait_at_most_seconds = 7200\n"
    with CallbackHotline(tmp_path_factory.mktemp("patient"), policy) as hotline:
        yield hotline


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackHotline]:
    """No wait is."""
    with CallbackHotline(tmp_path_factory.mktemp("offering"), OFFERING) as hotline:
        yield hotline


@pytest.fixture
def customers(hotline: CallbackHotline) -> Iterator[Customers]:
    with hotline.customers() as customers:
        yield customers


def test_a_short_wait_is_held_and_ends_with_a_person_r69(patient: CallbackHotline) -> None:
    first, second = "13810010001", "13810010002"
    with busy(patient, "amy", first) as (phone, talking), calling(patient, second) as caller:
        hears(caller, "please_hold")
        wait_for_music(caller.media, time.time())
        talking.hang_up()
        phone.wait_for("sent", "INVITE", 180, call=1)
        phone.order("ANSWER", call=1)
        patient.wait(lambda: patient.call(second)["served_at"] is not None)
        caller.hang_up()
        assert patient.ended_call(second)["outcome"] == "served"
    assert patient.callbacks_of(second) == []


def test_a_long_wait_is_offered_a_callback_and_the_customer_is_called_once_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """R10, R67, R68: the reason, the offer, his number read back, the time; then one call, a person, our number."""
    first, number = "13810020001", "13810020002"
    with busy(hotline, "bea", first) as (phone, talking):
        with calling(hotline, number) as caller:
            take_callback(caller)
            promised = hotline.callback(number)  # written before he hears of it
            hears(caller, "calling_from")
            caller.wait_until_over(40)
        call = hotline.ended_call(number)
        assert call["outcome"] == "callback"
        assert customers.rung(number) == []
        talking.hang_up()
        accept(phone, call=1)
        ringing = customers.wait_until_rung(number)
        customers.order_of(number, "ANSWER")
        hotline.wait(lambda: hotline.agent("bea")["state"] == "talking")
        assert_they_hear_each_other(phone, customers)
        customers.order_of(number, "HANGUP")
        hotline.wait_for_state(number, "done")
        hotline.wait(lambda: hotline.agent("bea")["state"] == "available")
        time.sleep(2)
    assert len(customers.rung(number)) == 1
    assert hotline.results(number) == ["reached"]
    assert heard_at(customers.media, "greeting") >= ringing.at
    assert f"<sip:{OWN_NUMBER}@" in customers.rung(number)[0].headers["from"]
    assert [shown.removeprefix("+86") for shown in rung_by(phone)] == [first, number]
    promise = hotline.promise(number)
    assert promise["state"] == "kept"
    assert promise["due_at"] - promised["promised_at"] > timedelta(minutes=9)
    assert promised["consent_at"] is not None
    assert the_record(hotline, call)["call_id"] == call["id"]


def assert_they_hear_each_other(phone: AgentPhone, customers: Customers) -> None:
    """Both ways, once the greeting is over."""
    agent_invite = phone.find("received", "INVITE", call=1)[0]
    phone.media.send_tone(1200, to=agent_invite.media_port)
    customers.media.send_tone(440, to=customers.find("received", "INVITE")[-1].media_port)
    time.sleep(2.2)
    since = time.time()
    time.sleep(1)
    assert tone_share(phone.media.audio(since), 440) > 0.9
    assert tone_share(customers.media.audio(since), 1200) > 0.9
    customers.media.stop_speaking()


def test_customers_are_called_in_the_order_in_which_they_rang_by_whoever_is_free_first_r69_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    numbers = ["13810030001", "13810030002", "13810030003"]
    with (
        busy(hotline, "cat", "13810030004") as (cat, with_cat),
        busy(hotline, "dee", "13810030005") as (dee, with_dee),
    ):
        are_promised(hotline, *numbers)
        with_dee.hang_up()
        accept(dee, call=1)
        speaks(hotline, customers, numbers[0])
        with_cat.hang_up()
        accept(cat, call=1)
        speaks(hotline, customers, numbers[1])
        customers.order_of(numbers[0], "HANGUP")
        accept(dee, call=2)
        speaks_and_leaves(hotline, customers, numbers[2])
        customers.order_of(numbers[1], "HANGUP")
        for number in numbers:
            hotline.wait_for_state(number, "done")
    rung = [invite.start_line.split("+86")[1][:11] for invite in customers.find("received", "INVITE")]
    assert list(dict.fromkeys(rung)) == numbers
    assert [len(customers.rung(number)) for number in numbers] == [1, 1, 1]
    assert [hotline.callback(number)["agent"] for number in numbers] == ["dee", "cat", "dee"]


def test_a_caller_may_have_another_number_called_r70(hotline: CallbackHotline, customers: Customers) -> None:
    """Keyed in, read back, confirmed; his own is not rung."""
    number, other = "13810040001", "13910040002"
    with busy(hotline, "eva", "13810040003") as (phone, talking):
        with calling(hotline, number) as caller:
            hears(caller, "offer_callback")
            press(caller, "1")
            hears(caller, "number_prefix")
            press(caller, "2")
            hears(caller, "ask_callback_number")
            press(caller, f"{other}#")
            hears(caller, "confirm_number", seconds=30)
            time.sleep(1.5)
            press(caller, "1")
            hears(caller, "callback_booked")
            caller.wait_until_over(40)
        talking.hang_up()
        accept(phone, call=1)
        speaks_and_leaves(hotline, customers, other)
    assert (len(customers.rung(other)), customers.rung(number)) == (1, [])


def test_who_refuses_the_callback_keeps_his_place_r69(hotline: CallbackHotline, customers: Customers) -> None:
    """Somebody who rang after him and is promised a call comes after him."""
    waits, later = "13810050001", "13810050002"
    with busy(hotline, "fia", "13810050003") as (phone, talking), calling(hotline, waits) as caller:
        hears(caller, "offer_callback")
        press(caller, "3")
        wait_for_music(caller.media, time.time())
        are_promised(hotline, later)
        talking.hang_up()
        phone.wait_for("sent", "INVITE", 180, call=1, seconds=15)
        assert customers.rung(later) == []
        phone.order("ANSWER", call=1)
        hotline.wait(lambda: hotline.call(waits)["served_at"] is not None)
        caller.hang_up()
        accept(phone, call=2)
        speaks_and_leaves(hotline, customers, later)
    assert hotline.callbacks_of(waits) == []
    assert hotline.ended_call(waits)["outcome"] == "served"


def test_who_hangs_up_in_the_middle_of_the_offer_are_promised_nothing_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13810060001"
    with busy(hotline, "gus", "13810060002") as (_, talking):
        with calling(hotline, number) as caller:
            hears(caller, "offer_callback")
            press(caller, "1")
            hears(caller, "number_prefix")
            caller.hang_up()
        assert hotline.ended_call(number)["outcome"] == "abandoned"
        talking.hang_up()
        time.sleep(2)
    assert hotline.callbacks_of(number) == []
    assert customers.rung(number) == []


def test_a_key_ends_the_music_for_a_callback_at_any_time_r70(
    patient: CallbackHotline,
) -> None:
    number = "13810070001"
    with (
        patient.customers() as customers,
        busy(patient, "hal", "13810070002") as (phone, talking),
        calling(patient, number) as caller,
    ):
        hears(caller, "please_hold")
        wait_for_music(caller.media, time.time())
        press(caller, "1")
        hears(caller, "number_prefix", seconds=10)
        press(caller, "1")
        hears(caller, "callback_booked")
        caller.wait_until_over(40)
        talking.hang_up()
        accept(phone, call=1)
        speaks_and_leaves(patient, customers, number)
    assert len(customers.rung(number)) == 1


def test_who_rings_again_hears_place_and_time_and_is_served_where_he_stands_r70(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """Within five seconds of the pickup, without an agent; the promise is kept on this call and nobody rings him."""
    number = "13810080001"
    with busy(hotline, "ida", "13810080002") as (phone, talking):
        are_promised(hotline, number)
        with calling(hotline, number) as caller:
            picked_up = caller.wait_for("received", "INVITE", 200, seconds=10)
            told_at = hears(caller, "callback_stands")
            assert told_at - picked_up.at < 5
            talking.hang_up()
            phone.wait_for("sent", "INVITE", 180, call=1, seconds=15)
            phone.order("ANSWER", call=1)
            hotline.wait_for_state(number, "done")
            assert heard_at(phone.media, "whisper_call") < heard_at(phone.media, "whisper_time_2")
            time.sleep(1)
            caller.hang_up()
        hotline.wait(lambda: hotline.agent("ida")["state"] == "available")
        time.sleep(2)
    assert customers.rung(number) == []
    assert hotline.promise(number)["state"] == "kept"


def test_an_agent_who_is_free_serves_a_caller_with_an_open_callback_at_once(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """The customer notices nothing of an agent who lets it ring; when he rings himself, he is served."""
    number = "13810090001"
    with busy(hotline, "jan", "13810090002") as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        phone.wait_for("sent", "INVITE", 180, call=1, seconds=15)
        phone.order("BUSY", call=1)
        hotline.wait(
            lambda: hotline.results(number) == ["agent_declined"] or len(hotline.results(number)) > 1
        )
    assert customers.rung(number) == []
    hotline.wait_for_state(number, "pending", seconds=40)
    with on_duty(hotline, "kim") as kim:
        accept(kim)
        speaks_and_leaves(hotline, customers, number)
    assert len(customers.rung(number)) == 1
