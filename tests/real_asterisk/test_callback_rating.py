"""After the agent has hung up, a customer we called back is asked what he thinks of us, on a real Asterisk (R3).

Who was asked and what he answered is judged by what he heard, by the customers' network's log and by the table.
"""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from agi_scripts.session import AgiSession
from ivr.adapters.sql_callback_schema import ratings
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import Placed
from tests.real_asterisk import bare_switch
from tests.real_asterisk.bare_switch import BareSwitch
from tests.real_asterisk.callback_people import (
    OFFERING,
    CallbackHotline,
    Customers,
    accept,
    are_promised,
    busy,
    speaks,
)
from tests.real_asterisk.sip.phones import AgentPhone
from tests.real_asterisk.stories import CLEAR, heard, prompt, wait_until_heard

pytestmark = pytest.mark.real
LOGINS = (f"rae-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackHotline]:
    policy = OFFERING.replace("satisfaction = false\n", "")
    with CallbackHotline(tmp_path_factory.mktemp("asking"), policy) as hotline:
        yield hotline


@pytest.fixture
def customers(hotline: CallbackHotline) -> Iterator[Customers]:
    with hotline.customers() as customers:
        yield customers


@contextmanager
def called_back(
    hotline: CallbackHotline, customers: Customers, number: str, other: str
) -> Iterator[tuple[str, AgentPhone]]:
    """This customer speaks with an agent who called him back: his login and his telephone."""
    login = next(LOGINS)
    with busy(hotline, login, other) as (phone, talking):
        are_promised(hotline, number)
        talking.hang_up()
        accept(phone, call=1)
        speaks(hotline, customers, number)
        yield login, phone


def press(customers: Customers, key: str) -> None:
    customers.media.press(key, to=customers.find("received", "INVITE")[-1].media_port)


def rated(hotline: CallbackHotline, number: str) -> list[dict[str, Any]]:
    return hotline.rows(sa.select(ratings).where(ratings.c.caller == f"+86{number}"))


def test_a_customer_presses_a_key_after_the_agent_has_hung_up_and_it_is_kept_once_r3(
    hotline: CallbackHotline, customers: Customers
) -> None:
    """The agent is free, and the attempt over, before he has answered."""
    number = "13810300001"
    with called_back(hotline, customers, number, "13810300002") as (login, phone):
        left_at = time.time()
        phone.order("HANGUP", call=1)
        hotline.wait(lambda: hotline.agent(login)["state"] == "available", 2)
        hotline.wait_for_state(number, "done", 2)
        asked_at = wait_until_heard(customers.media, "ask_rating", first_seconds=1, seconds=5)
        assert asked_at - left_at < 1.0
        assert customers.find("received", "BYE") == []
        press(customers, "4")
        wait_until_heard(customers.media, "rating_thanks")
        customers.wait_for("received", "BYE")
    [row] = rated(hotline, number)
    assert (row["score"], row["agent"], row["callback_id"]) == (4, login, hotline.callback(number)["id"])
    assert len(customers.rung(number)) == 1
    assert hotline.results(number) == ["reached"]


def test_who_presses_nothing_was_asked_and_the_line_is_free_after_eight_seconds_r3(
    hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13810300003"
    with called_back(hotline, customers, number, "13810300004") as (_, phone):
        left_at = time.time()
        phone.order("HANGUP", call=1)
        over = customers.wait_for("received", "BYE", seconds=12)
    assert over.at - left_at < 9
    assert heard(customers.media, prompt("rating_thanks"))[0] < CLEAR
    assert [row["score"] for row in rated(hotline, number)] == [None]
    figures = {each["name"]: each for each in _metrics(hotline)}
    assert figures["satisfaction_response_rate"]["denominator"] >= 1


def test_a_customer_who_hangs_up_first_is_not_asked_r3(
    hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13810300005"
    with called_back(hotline, customers, number, "13810300006"):
        customers.order_of(number, "HANGUP")
        hotline.wait_for_state(number, "done")
        time.sleep(1)
    assert rated(hotline, number) == []


def _metrics(hotline: CallbackHotline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(hotline.command("metrics", "--json").stdout)
    return found


# ---- the switch alone -------------------------------------------------------------------------------------------

ASKED: list[str] = []
NUMBERS = itertools.count(300)


def _never(agi: AgiSession) -> None:
    """A server that says nothing."""
    ASKED.append(agi.arguments[0])
    time.sleep(8)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSwitch]:
    with BareSwitch(tmp_path_factory.mktemp("switch"), scripts={"callback_rating": _never}) as switch:
        yield switch


@contextmanager
def talk(
    switch: BareSwitch, *, seconds: float = 0.7
) -> Iterator[tuple[int, AgentPhone, bare_switch.Customers]]:
    """So long after the customer's answer, or the beginning of their talk."""
    callback = next(NUMBERS)
    with switch.agent() as agent, bare_switch.Customers(switch) as customers:
        assert switch.callbacks.place(switch.order(callback, agent.address)) is Placed.SENT
        bare_switch.accept(agent)
        customers.wait_for("sent", "INVITE", 180)
        customers.answer()
        customers.wait_for("received", "ACK")
        if seconds >= 0.5:
            switch.wait(lambda: "answered" in switch.fence(callback))
        time.sleep(seconds)
        yield callback, agent, customers


def test_a_server_that_says_nothing_holds_nobody_and_nothing_waits_for_it(switch: BareSwitch) -> None:
    with talk(switch) as (callback, agent, customers):
        left_at = time.time()
        agent.hang_up()
        assert switch.ended(callback, 1).result is AttemptResult.REACHED
        switch.wait(
            lambda: any(told[0] == bare_switch.attempt(callback) for told in switch.news.heard_ended), 1
        )
        assert 2.5 < customers.wait_for("received", "BYE").at - left_at < 4
    assert ASKED[-1] == str(bare_switch.attempt(callback))


@pytest.mark.parametrize(
    ("key", "seconds", "result"),
    [("*9", 0.7, AttemptResult.VOICEMAIL), ("", 0.4, AttemptResult.INTERRUPTED)],
    ids=["a machine answered", "the agent left during the greeting"],
)
def test_with_whom_nobody_spoke_he_is_not_asked(
    switch: BareSwitch, key: str, seconds: float, result: AttemptResult
) -> None:
    ASKED.clear()
    with talk(switch, seconds=seconds) as (callback, agent, customers):
        if key:
            agent.media.press(key, to=agent.find("received", "INVITE")[0].media_port)
        else:
            agent.hang_up()
        assert switch.ended(callback).result is result
        customers.wait_for("received", "BYE", seconds=4)
    assert ASKED == []
