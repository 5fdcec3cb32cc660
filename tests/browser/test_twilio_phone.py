"""An agent's page takes Twilio's calls as well: one strip, the same keys, one talk at a time.

Twilio's Voice SDK is played by fake_twilio_sdk.js; whether its names are those of the published file is asked of that
file, in the same browser. Nothing here has spoken to Twilio.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, Page, expect

from ivr.bootstrap.phones import desk_phones
from tests.browser.conftest import Desk, PagesOnly
from tests.browser.listening import asked_by, complaints_of
from tests.browser.phone_house import (
    PHONE,
    browser_with_a_voice,
    choose_the_page,
    hums,
    leaves,
    wait_for,
    wait_until_ready,
)
from tests.real_asterisk.hotline import RunningHotline
from webhooks.headers import TWILIO_SIGNALLING

SDK = "**/vendor/twilio/*.js"
FAKE = Path(__file__).with_name("fake_twilio_sdk.js")
KEYS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_API_KEY_SID": "SK" + "1" * 32,
    "TWILIO_API_KEY_SECRET": "a-secret-of-the-api-key-and-of-nobody-else",
}
ABROAD = "+85298765432"
NOWHERE = "sip:nobody@127.0.0.1:9"
LAST = "twilioDevice.calls.at(-1)"

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser_with_a_voice(tmp_path_factory.mktemp("voice")) as running:
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    policy = "wrap_up_seconds = 0\nsatisfaction = false\n"
    with RunningHotline(tmp_path_factory.mktemp("hotline"), policy, KEYS) as hotline:
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        made = Desk(browser, hotline)
        made.add("zhao", "client:zhao")
        made.add("qian", NOWHERE)
        yield made
        made.close()


@contextmanager
def at_the_phone(desk: Desk, login: str = "zhao", *, away: bool = False) -> Iterator[Page]:
    """His page is his phone, and Twilio's SDK the fake; `away`: Twilio takes no registration."""
    page = desk.page(login)
    page.route(SDK, lambda route: route.fulfill(path=FAKE, content_type="text/javascript"))
    page.add_init_script(f"window.twilioAway = {str(away).lower()}")
    page.goto("/desk")
    choose_the_page(page)
    try:
        yield page
    finally:
        desk.hotline.set_agent(login, "offline")
        page.context.close()
        desk_phones(desk.hotline.settings).give_back(login)


def twilio_says(page: Page, words: str) -> None:
    expect(page.locator("#phone [data-part=twilio]")).to_have_text(words)


def rung_by_twilio(page: Page, ref: str = "CA1") -> None:
    page.evaluate("([from, ref]) => twilioDevice.ring(from, ref)", [ABROAD, ref])
    wait_for(page, "ringing")


def did(page: Page) -> list[list[Any]]:
    """What was asked of Twilio's last call."""
    done: list[list[Any]] = page.evaluate(f"{LAST}.did")
    return done


def test_a_call_of_twilios_is_answered_muted_held_keyed_and_ended_with_the_same_keys(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        twilio_says(page, "Twilio 也打到本页")
        claims = jwt.decode(page.evaluate("twilioDevice.tokens[0]"), options={"verify_signature": False})
        assert claims["grants"] == {"identity": "zhao", "voice": {"incoming": {"allow": True}}}
        page.evaluate(
            "() => { window.told = []; for (const name of ['ringing', 'talking', 'held', 'resumed', 'ended'])"
            " document.body.addEventListener(`phone:${name}`, ({detail}) => window.told.push([name, detail.ref])); }"
        )
        rung_by_twilio(page)
        page.keyboard.press("Alt+j")
        wait_for(page, "talking")
        page.keyboard.press("Alt+m")
        page.keyboard.press("Alt+m")
        page.keyboard.press("Alt+b")
        wait_for(page, "held")
        assert page.evaluate(f"{LAST}.track.enabled") is False, "nor does he hear the caller"
        page.keyboard.press("Alt+b")
        wait_for(page, "talking")
        assert page.evaluate(f"{LAST}.track.enabled") is True
        page.keyboard.press("Alt+k")
        page.locator("#phone [data-digit='1']").click()
        page.keyboard.press("Alt+h")
        wait_until_ready(page)
        accepted, *others = did(page)
        assert accepted[0] == "accept"
        assert "deviceId" in accepted[1]["rtcConstraints"]["audio"], "the microphone he chose"
        assert others == [
            ["mute", True],
            ["mute", False],
            ["mute", True],
            ["mute", False],
            ["sendDigits", "1"],
            ["disconnect"],
        ]
        assert page.evaluate("window.told") == [
            [name, "CA1"] for name in ("ringing", "talking", "held", "resumed", "ended")
        ]


def test_what_rings_is_refused_for_the_next_colleague_and_a_caller_who_leaves_takes_it_along(
    desk: Desk,
) -> None:
    with at_the_phone(desk) as page:
        rung_by_twilio(page)
        page.keyboard.press("Alt+h")
        wait_until_ready(page)
        assert did(page) == [["reject"]]
        rung_by_twilio(page)
        page.evaluate(f"{LAST}.leave()")
        wait_until_ready(page)
        assert did(page) == []


def test_both_switches_ring_one_page_and_one_caller_at_a_time_is_talked_to_r64(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        desk.hotline.set_agent("zhao", "available")
        with desk.hotline.caller("13800138071") as caller:
            wait_for(page, "ringing")
            page.keyboard.press("Alt+j")
            hums(caller)
            wait_for(page, "talking")
            rung_by_twilio(page)
            page.keyboard.press("Alt+j")
            page.wait_for_function(
                "() => [...document.querySelectorAll('#phone .phone-calls li')]"
                ".map(row => row.dataset.state).join() === 'held,talking'"
            )
            page.keyboard.press("Alt+h")
            wait_for(page, "held")
            page.keyboard.press("Alt+b")
            wait_for(page, "talking")
            assert did(page)[-1] == ["disconnect"]
            leaves(caller)
        wait_until_ready(page)
        assert desk.hotline.ended_call("13800138071")["served_by"] == "zhao"


def test_a_token_that_runs_out_is_followed_by_another(desk: Desk) -> None:
    with at_the_phone(desk) as page:
        twilio_says(page, "Twilio 也打到本页")
        page.evaluate("twilioDevice.emit('tokenWillExpire')")
        page.wait_for_function("() => twilioDevice.tokens.length === 2")


def test_where_twilio_cannot_ring_the_page_it_says_so_and_the_other_door_rings_on(desk: Desk) -> None:
    with at_the_phone(desk, away=True) as page:
        twilio_says(page, "Twilio 打不到本页，正在重试")
        wait_until_ready(page)
        page.evaluate("window.twilioAway = false")
        twilio_says(page, "Twilio 也打到本页")


def test_the_page_of_who_has_no_client_there_loads_nothing_of_twilios(desk: Desk) -> None:
    with at_the_phone(desk, "qian") as page:
        assert page.locator("#phone").get_attribute("data-twilio") is None
        assert page.evaluate("typeof window.Twilio") == "undefined"
        assert page.evaluate(f"async () => {PHONE}.look().registered") is True


def test_the_published_file_has_what_we_use_and_asks_nobody_but_twilios_signalling(
    pages_only: PagesOnly,
) -> None:
    page = pages_only.page("ana")
    asked, complaints = asked_by(page), complaints_of(page)
    page.goto("/desk")
    missing = page.evaluate(
        """async () => {
            await import('/static/vendor/twilio/twilio-voice-2.18.5.min.js');
            const {Device, Call} = Twilio;
            const wanted = [[Device, ['register', 'destroy', 'updateToken', 'on']],
                [Call, ['accept', 'reject', 'disconnect', 'mute', 'sendDigits', 'getRemoteStream', 'status', 'on']]];
            return wanted.flatMap(([of, names]) => names.filter(name => typeof of.prototype[name] !== 'function'));
        }"""
    )
    assert missing == []
    text = page.request.get("/static/vendor/twilio/twilio-voice-2.18.5.min.js").text()
    for name in (
        "tokenWillExpire",
        "incoming",
        "publishEvents===false",
        "_options.Sound||",
        "allowIncomingWhileBusy",
    ):
        assert name in text, name
    token = jwt.encode({"grants": {"identity": "ana"}}, "nobody's secret, and long enough for a test")
    page.evaluate(
        "token => import('/static/js/twilio_phone.js').then(phone => { phone.register(async () => token, null); })",
        token,
    )
    page.wait_for_timeout(1500)  # whatever else it would fetch
    assert [url for url in asked if not url.startswith((pages_only.base_url, "ws://127.0.0.1"))] == []
    refused = [said for said in complaints if "Content Security Policy" in said]
    assert refused, "here nothing is allowed to Twilio"
    assert all(TWILIO_SIGNALLING in said for said in refused), refused
