"""The page as a telephone, on a whole hotline: sound both ways, a reload in a talk, and words where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from ivr.adapters.sql_desk_schema import audit
from ivr.adapters.sql_schema import alerts
from ivr.bootstrap.phones import desk_phones
from tests.browser.chromium import new_page, sign_in
from tests.browser.conftest import Desk
from tests.browser.phone_house import (
    PHONE,
    browser_with_a_voice,
    calls,
    choose_the_page,
    dial,
    hums,
    leaves,
    longest_gap,
    packets,
    share_of_the_agent,
    wait_for,
    wait_until_ready,
)
from tests.real_asterisk.hotline import RunningHotline
from tests.webhooks.pages import PASSWORD

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

NOWHERE = "sip:nobody@127.0.0.1:9"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser_with_a_voice(tmp_path_factory.mktemp("voice")) as running:
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    policy = 'wrap_up_seconds = 0\nsatisfaction = false\nall_busy_first = "colleague"\n'
    with RunningHotline(tmp_path_factory.mktemp("hotline"), policy) as hotline:
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        made = Desk(browser, hotline)
        for login in ("zhao", "qian"):
            made.add(login, NOWHERE)
        yield made
        made.close()


@contextmanager
def at_the_phone(desk: Desk, login: str = "zhao") -> Iterator[Page]:
    """His page is his phone and he is available; afterwards he is offline and the page is closed."""
    page = desk.page(login)
    page.goto("/desk")
    choose_the_page(page)
    desk.hotline.set_agent(login, "available")
    try:
        yield page
    finally:
        desk.hotline.set_agent(login, "offline")
        page.context.close()
        desk_phones(desk.hotline.settings).give_back(login)
        desk.hotline.wait(lambda: desk.hotline.agent(login)["state"] == "offline", 15)


def test_a_call_is_answered_held_taken_back_and_ended_in_the_page_and_both_hear_each_other_R71(
    desk: Desk,
) -> None:
    with at_the_phone(desk) as page, desk.hotline.caller("13800138001") as caller:
        page.evaluate(
            "() => { window.told = []; for (const name of ['ringing', 'talking', 'held', 'resumed', 'ended'])"
            " document.body.addEventListener(`phone:${name}`, ({detail}) => window.told.push([name, detail.ref])); }"
        )
        wait_for(page, "ringing")
        page.keyboard.press("Alt+j")
        hums(caller)
        wait_for(page, "talking")
        time.sleep(2.2)
        counted = packets(page)
        assert counted["received"] > 60
        assert counted["sent"] > 60
        assert counted["lost"] == 0
        assert share_of_the_agent(caller) > 0.9
        page.keyboard.press("Alt+b")
        wait_for(page, "held")
        time.sleep(1.5)
        assert share_of_the_agent(caller) < 0.3, "he hears music"
        page.keyboard.press("Alt+b")
        wait_for(page, "talking")
        time.sleep(1.5)
        assert share_of_the_agent(caller) > 0.9
        page.keyboard.press("Alt+m")
        time.sleep(1.5)
        assert share_of_the_agent(caller) < 0.3, "muted"
        page.keyboard.press("Alt+h")
        wait_until_ready(page)
        call = desk.hotline.ended_call("13800138001")
        assert (call["outcome"], call["served_by"]) == ("served", "zhao")
        told = page.evaluate("window.told")
        assert told == [[name, call["ref"]] for name in ("ringing", "talking", "held", "resumed", "ended")]


def test_a_page_loaded_anew_in_the_middle_of_a_talk_talks_on_and_is_no_second_answer_R71(desk: Desk) -> None:
    with at_the_phone(desk) as page, desk.hotline.caller("13800138002") as caller:
        wait_for(page, "ringing")
        page.keyboard.press("Alt+j")
        hums(caller)
        wait_for(page, "talking")
        time.sleep(1.5)
        desk.hotline.wait(lambda: desk.hotline.call("13800138002")["served_at"] is not None)
        before, since = desk.hotline.call("13800138002"), time.time() - 0.5
        page.reload()
        wait_for(page, "talking")
        time.sleep(1.5)
        print(f"gap {longest_gap(caller, since):.3f} s")
        assert longest_gap(caller, since) < 8.0, (
            "on a machine that does nothing else it is a quarter of a second"
        )
        assert share_of_the_agent(caller) > 0.9
        assert packets(page)["received"] > 40
        after = desk.hotline.call("13800138002")
        assert (after["served_at"], after["phase"]) == (before["served_at"], "talking")
        assert desk.hotline.agent("zhao")["state"] == "talking"
        leaves(caller)
        wait_until_ready(page)
        assert desk.hotline.ended_call("13800138002")["outcome"] == "served"


def test_a_page_that_closes_while_it_rings_lets_the_next_agent_be_rung_R64(desk: Desk) -> None:
    with at_the_phone(desk, "zhao") as first:
        time.sleep(0.1)
        with at_the_phone(desk, "qian") as second, desk.hotline.caller("13800138003") as caller:
            wait_for(first, "ringing")
            left = time.monotonic()
            first.goto("about:blank")
            wait_for(second, "ringing")
            assert time.monotonic() - left < 3
            second.keyboard.press("Alt+j")
            hums(caller)
            wait_for(second, "talking")
            leaves(caller)
        assert desk.hotline.ended_call("13800138003")["served_by"] == "qian"


def test_a_page_that_is_frozen_frees_its_caller_after_a_second_R64(desk: Desk) -> None:
    with at_the_phone(desk, "zhao") as frozen:
        time.sleep(0.1)
        with at_the_phone(desk, "qian") as awake:
            frozen.evaluate(
                "() => setTimeout(() => { const from = Date.now(); while (Date.now() - from < 9000); }, 0)"
            )
            with desk.hotline.caller("13800138009") as caller:
                wait_for(awake, "ringing", 8)  # the ring time of one agent is twenty seconds
                awake.keyboard.press("Alt+j")
                hums(caller)
                wait_for(awake, "talking")
                leaves(caller)
        assert desk.hotline.ended_call("13800138009")["served_by"] == "qian"
        assert "a page did not ring within a second" in desk.hotline.log("agi")


def test_without_a_microphone_the_page_says_so_in_words_and_registers_nothing(desk: Desk) -> None:
    page = desk.page("zhao")
    page.goto("/desk")
    page.get_by_role("button", name="本页就是我的电话").click()  # nobody has allowed it
    wait_for(page, "none")
    assert "没有允许使用话筒" in page.locator("#phone [data-part=state]").inner_text()
    assert desk.hotline.agent("zhao")["desk_phone"] is None
    page.context.close()


def test_of_two_tabs_one_is_the_phone_and_the_other_takes_over_when_it_closes(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        other = page.context.new_page()
        other.goto("/desk")
        wait_for(other, "tab")
        with desk.hotline.caller("13800138004") as caller:
            wait_for(page, "ringing")
            assert other.locator("#phone").get_attribute("data-state") == "tab"
            page.keyboard.press("Alt+j")
            hums(caller)
            wait_for(page, "talking")
            time.sleep(1)
            page.close()
            wait_for(other, "talking")
            time.sleep(1.5)
            assert share_of_the_agent(caller) > 0.9
            leaves(caller)
        wait_until_ready(other)


def test_who_claims_the_phone_elsewhere_has_it_and_the_first_page_says_so(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        elsewhere = new_page(desk.browser, desk.base_url)
        sign_in(elsewhere, "zhao", PASSWORD)
        elsewhere.goto("/desk")
        choose_the_page(elsewhere)
        page.reload()
        wait_for(page, "none")
        assert "另一个窗口" in page.locator("#phone [data-part=state]").inner_text()
        elsewhere.get_by_role("button", name="换回话机").click()
        wait_for(elsewhere, "desk")
        assert desk.hotline.agent("zhao")["desk_phone"] is None
        elsewhere.context.close()


def test_a_second_call_is_taken_with_one_key_and_the_first_taken_back_with_one_key_R67_R68(
    desk: Desk,
) -> None:
    with at_the_phone(desk) as page, desk.hotline.caller("13800138005") as first:
        wait_for(page, "ringing")
        page.keyboard.press("Alt+j")
        hums(first)
        wait_for(page, "talking")
        desk.hotline.wait(lambda: desk.hotline.agent("zhao")["state"] == "talking")
        with desk.hotline.caller("13800138006") as second:
            wait_for(page, "ringing")
            page.keyboard.press("Alt+j")
            hums(second)
            page.wait_for_function(
                f"async () => {PHONE}.look().calls.map(call => call.state).join() === 'held,talking'"
            )
            time.sleep(1.5)
            assert share_of_the_agent(second) > 0.9
            assert share_of_the_agent(first) < 0.3
            back_to(page, "first", "talking,held")
            assert share_of_the_agent(first) > 0.9
            assert share_of_the_agent(second) < 0.3
            back_to(page, "second", "held,talking")
            assert share_of_the_agent(second) > 0.9
            leaves(second)
            page.wait_for_function(f"async () => {PHONE}.look().calls.length === 1")
        expect(page.locator("#caller [data-single] [data-return]")).to_have_attribute(
            "aria-pressed", "true", timeout=15_000
        )
        page.keyboard.press("Alt+0")
        wait_for(page, "talking")
        time.sleep(1.5)
        assert share_of_the_agent(first) > 0.9
        leaves(first)
        wait_until_ready(page)


def back_to(page: Page, which: str, states: str) -> None:
    """By the card's own key: the other one waits then, on the card and in his ear."""
    page.keyboard.press("Alt+0")
    page.wait_for_function(f"async () => {PHONE}.look().calls.map(call => call.state).join() === '{states}'")
    expect(page.locator(f"#caller [data-which={which}]")).to_have_attribute("data-waits", "false")
    time.sleep(1.5)


def test_a_colleague_is_asked_while_the_caller_holds_R74(desk: Desk) -> None:
    with at_the_phone(desk, "zhao") as page:
        desk.hotline.wait(lambda: desk.hotline.agent("zhao")["state"] == "available")
        with desk.hotline.caller("13800138007") as caller:
            wait_for(page, "ringing")
            page.keyboard.press("Alt+j")
            hums(caller)
            wait_for(page, "talking")
            with at_the_phone(desk, "qian") as colleague:
                page.keyboard.press("Alt+t")
                page.get_by_role("button", name="呼叫").click()
                wait_for(colleague, "ringing")
                assert calls(colleague)[0]["from"] == "Zhao"
                colleague.keyboard.press("Alt+j")
                wait_for(colleague, "talking")
                assert [call["state"] for call in calls(page)] == ["held", "talking"]
                page.keyboard.press("Alt+h")
                wait_until_ready(colleague)
            wait_for(page, "held")
            page.keyboard.press("Alt+b")
            wait_for(page, "talking")
            leaves(caller)
            wait_until_ready(page)


def test_a_page_dials_nobody_outside_and_the_attempt_is_written_down_R74(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        assert dial(page, "13900139000") == "Rejected"
        desk.hotline.wait(lambda: bool(refusals(desk)))
        (line,) = refusals(desk)
        assert (line["login"], line["detail"]) == ("zhao", "13900139000")
        assert [
            row["agent"] for row in desk.hotline.rows(sa.select(alerts)) if row["kind"] == "dial_refused"
        ] == ["zhao"]


def refusals(desk: Desk) -> list[dict[str, object]]:
    return desk.hotline.rows(sa.select(audit).where(audit.c.action == "dial_refused"))


def test_a_switch_that_begins_anew_is_told_of_the_page_by_the_page(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        desk.hotline.kill("asterisk")
        page.locator("#phone:not([data-state=ready])").wait_for(timeout=10_000)
        wait_until_ready(page, 90)
        desk.hotline.wait(lambda: desk.hotline.log("agi").count("manager events connected") >= 2, 30)
        with desk.hotline.caller("13800138008") as caller:
            wait_for(page, "ringing")
            page.keyboard.press("Alt+j")
            hums(caller)
            wait_for(page, "talking")
            leaves(caller)
        wait_until_ready(page)
