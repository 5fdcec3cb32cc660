"""A callback in the agent's page, which may be loaded anew while the customer is on the line."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from ivr.bootstrap.phones import desk_phones
from tests.browser.conftest import Desk
from tests.browser.phone_house import (
    PHONE,
    browser_with_a_voice,
    calls,
    choose_the_page,
    longest_gap,
    share_of_the_agent,
    wait_for,
    wait_until_ready,
)
from tests.real_asterisk.callback_people import OFFERING, CallbackHotline, Customers, are_promised, busy

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

NOWHERE = "sip:nobody@127.0.0.1:9"
CUSTOMER_HZ = 440


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser_with_a_voice(tmp_path_factory.mktemp("voice")) as running:
        yield running


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackHotline]:
    with CallbackHotline(tmp_path_factory.mktemp("hotline"), OFFERING) as running:
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser, hotline: CallbackHotline) -> Iterator[Desk]:
    made = Desk(browser, hotline)
    made.add("zhao", NOWHERE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def customers(hotline: CallbackHotline) -> Iterator[Customers]:
    with hotline.customers() as phones:
        yield phones


@contextmanager
def calling_back(desk: Desk, hotline: CallbackHotline, customers: Customers, number: str) -> Iterator[Page]:
    """Zhao's page talks with a customer who was promised it, and who hums."""
    with busy(hotline, f"wang{number[-2:]}", f"139{number[3:]}"):
        are_promised(hotline, number)
        page = desk.page("zhao")
        page.goto("/desk")
        choose_the_page(page)
        hotline.set_agent("zhao", "available")
        wait_for(page, "ringing", 40)
        page.keyboard.press("Alt+j")
        wait_for(page, "talking")
        page.wait_for_timeout(400)  # the whisper has begun
        page.evaluate(
            f"async () => {{ const phone = {PHONE}; phone.keypad(phone.look().calls[0].id, '1'); }}"
        )
        customers.wait_until_rung(number)
        customers.media.send_tone(CUSTOMER_HZ, to=customers.rung(number)[0].media_port)
        customers.order_of(number, "ANSWER")
        hotline.wait(lambda: hotline.attempts(number)[-1]["served_at"] is not None)
        time.sleep(1.2)
        assert share_of_the_agent(customers) > 0.9
        try:
            yield page
        finally:
            hotline.set_agent("zhao", "offline")
            page.context.close()
            desk_phones(hotline.settings).give_back("zhao")
            hotline.wait(lambda: hotline.agent("zhao")["state"] == "offline", 20)


def test_a_page_loaded_anew_in_the_middle_of_a_callback_talks_on_with_the_same_customer_R70(
    desk: Desk, hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13800138061"
    with calling_back(desk, hotline, customers, number) as page:
        (before,) = calls(page)
        for _ in range(2):
            since = time.time() - 0.5
            page.reload()
            wait_for(page, "talking")
            time.sleep(1.5)
            print(f"gap {longest_gap(customers, since):.3f} s")
            assert share_of_the_agent(customers) > 0.9
        assert [call["ref"] for call in calls(page)] == [before["ref"]]
        assert hotline.agent("zhao")["state"] == "talking"
        assert hotline.callback(number)["state"] == "dialing"
        page.keyboard.press("Alt+h")
        wait_until_ready(page)
        hotline.wait_for_state(number, "done")
        assert hotline.results(number) == ["reached"]
        customers.wait_for("received", "BYE")
        assert len(customers.rung(number)) == 1


def test_a_customer_who_hangs_up_after_the_reload_has_been_reached_once_R70(
    desk: Desk, hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13800138062"
    with calling_back(desk, hotline, customers, number) as page:
        page.reload()
        wait_for(page, "talking")
        customers.order_of(number, "HANGUP")
        wait_until_ready(page)
        hotline.wait_for_state(number, "done")
        assert hotline.results(number) == ["reached"]
        assert len(customers.rung(number)) == 1


def test_a_page_that_does_not_come_back_lets_its_customer_go_and_he_was_reached_R70(
    desk: Desk, hotline: CallbackHotline, customers: Customers
) -> None:
    number = "13800138063"
    with calling_back(desk, hotline, customers, number) as page:
        left = time.time()
        page.goto("about:blank")
        hotline.wait_for_state(number, "done", 30)
        assert hotline.results(number) == ["reached"]
        assert 6 < hotline.attempts(number)[-1]["ended_at"].timestamp() - left < 14
        assert len(customers.rung(number)) == 1
