"""The caller's card as an agent sees it: everything in one look, in both languages, light and dark, by keyboard."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from ivr.adapters import sql_schema as tables
from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.system_clock import SystemClock
from ivr.policy.call import Call, Phase
from ivr.policy.wait import Position, Told
from ivr.service import codec
from tests.browser.accessible import assert_accessible
from tests.browser.chromium import screenshot
from tests.browser.conftest import PagesOnly
from tests.browser.listening import complaints_of
from tests.webhooks.pages import Pages

CALLER = "+861082193701"
SLOW_MS = 30_000  # a busy machine
BOTH = pytest.mark.parametrize("language", ["zh", "en"])
LIGHTS = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


class Floor:
    """Rows as the switchboard leaves them, so that a page can be looked at without a switch."""

    def __init__(self, pages: Pages) -> None:
        self.database = pages.database

    @property
    def now(self) -> datetime:
        return SystemClock().now()

    def company(self, name: str, number: str = CALLER, days: int = 40) -> int:
        expires_on = (self.now + timedelta(days=days)).date()
        company: int = self.database.add(
            tables.companies, name=name, match_name=name, agreement="A-1", agreement_expires_on=expires_on
        )
        self.database.add(tables.company_numbers, number=number, company_id=company, contact="张会计")
        return company

    def call(self, phase: str, since_seconds: float, number: str | None = CALLER, **values: Any) -> int:
        presented_at = self.now - timedelta(seconds=since_seconds)
        call = Call(
            call_id=1, presented_at=presented_at, number=number, phase=Phase(phase), rung_at=presented_at
        )
        state = codec.call_to_json(values.pop("state", call))
        return self.database.add_call(
            caller=number, phase=phase, presented_at=presented_at, state=state, **values
        )

    def seat(self, login: str, **values: Any) -> None:
        with self.database.engine.begin() as connection:
            him = tables.agents.c.login == login
            connection.execute(tables.agents.update().where(him).values(values))

    def rings(self, login: str, number: str | None = CALLER, since_seconds: float = 6) -> int:
        call_id = self.call("ringing", since_seconds, number)
        self.seat(login, state="reserved", call_id=call_id)
        return call_id

    def history(self, company: int) -> None:
        """Two records, a promise, a callback promised and nearly due."""
        base = {"fields": "{}", "open_records": "[]", "number": CALLER, "company_id": company}
        for days, state, disposition, symptom in (
            (3, "closed", "solved", "打印发票时提示“打印机未就绪”"),
            (9, "open", "promise", "读卡器红灯常亮，进不了开票系统"),
        ):
            opened_at = self.now - timedelta(days=days)
            call_id = self.database.add_call(caller=CALLER, presented_at=opened_at)
            record = self.database.add(
                tables.records,
                call_id=call_id,
                state=state,
                disposition=disposition,
                symptom=symptom,
                opened_at=opened_at,
                **base,
            )
        said = {"said_text": "等我们有了确切结果后会尽快和您联系", "made_by": "ben", "state": "open"}
        due = {"made_at": self.now, "due_at": self.now - timedelta(minutes=12)}
        self.database.add(
            promises, call_id=call_id, record_id=record, kind="answer", owner="ben", **said, **due
        )

    def callback(self, call_id: int, login: str) -> int:
        now, due = self.now, self.now + timedelta(minutes=9)
        callback: int = self.database.add(
            callbacks,
            call_id=call_id,
            number=CALLER,
            prefix=CALLER[:8],
            state="dialing",
            presented_at=now,
            promised_at=now,
            due_at=due,
            first_due_at=due,
            epoch=1,
            announcements=0,
        )
        self.seat(login, state="reserved", call_id=call_id, callback_id=callback)
        return callback


@pytest.fixture
def floor(pages_only: PagesOnly) -> Floor:
    return Floor(pages_only.pages)


def opened(pages_only: PagesOnly, login: str = "ana", **how: Any) -> Page:
    """At the desk, once: a tab that was there before has said aloud who rings."""
    page = pages_only.page(login, **how)
    expect(page).to_have_url(re.compile("/desk$"))
    expect(page.locator("#caller .caller")).to_be_visible()
    return page


@BOTH
@LIGHTS
def test_the_ring_says_who_calls_how_he_stands_and_what_is_open_r66(
    pages_only: PagesOnly, floor: Floor, tmp_path: Path, language: str, dark: bool
) -> None:
    floor.history(floor.company("北京金穗世纪科技发展有限公司"))
    floor.rings("ana")
    page = opened(pages_only, language=language, dark=dark)
    screenshot(page, tmp_path, f"ringing-{language}-{dark}")
    card = page.locator(".caller-card")
    for said in ("北京金穗世纪科技发展有限公司", "010 8219 3701", "张会计", "打印发票时提示"):
        expect(card).to_contain_text(said)
    expect(page.locator(".caller-ring")).to_have_text(re.compile("声" if language == "zh" else "ring"))
    expect(page.locator("#caller-aloud")).to_contain_text("北京金穗世纪科技发展有限公司")
    assert_accessible(page)


def test_the_ring_is_counted_on_by_the_server_s_clock_also_where_the_browser_s_is_wrong_r64(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = pages_only.page("ana")
    page.clock.install(time=datetime(2020, 1, 1, tzinfo=UTC))
    page.goto("/desk")
    expect(page.locator(".caller-nobody")).to_be_visible()
    floor.rings("ana", since_seconds=0)
    arrives(page)
    expect(page.locator(".caller-ring")).to_have_text("第一声")
    page.clock.run_for(5_500)
    expect(page.locator(".caller-ring")).to_have_text("第二声")
    page.clock.run_for(5_000)
    expect(page.locator(".caller-ring")).to_have_text("第三声")
    page.clock.run_for(5_000)
    expect(page.locator(".caller-ring")).to_have_text("三声以后")


def test_a_pop_takes_no_focus_is_said_once_and_calls_from_title_and_icon_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = opened(pages_only)
    complaints = complaints_of(page)
    page.locator("#caller-sound").focus()
    expect(page.locator("#caller-aloud")).to_have_text("")
    floor.company("甲公司")
    floor.rings("ana")
    arrives(page)
    expect(page.locator("#caller-aloud")).to_contain_text("甲公司")
    assert page.evaluate("document.activeElement.id") == "caller-sound"
    expect(page).to_have_title(re.compile("甲公司"))
    assert page.locator('link[rel="icon"]').get_attribute("href") == "/static/ringing.svg"
    page.evaluate("document.getElementById('caller-aloud').textContent = ''")
    arrives(page)
    expect(page.locator("#caller-aloud")).to_have_text("")
    floor.seat("ana", state="available", call_id=None)
    arrives(page)
    expect(page.locator(".caller-card")).to_have_count(0)
    assert page.locator('link[rel="icon"]').get_attribute("href") != "/static/ringing.svg"
    assert complaints == []


def arrives(page: Page) -> None:
    """As live news would say it."""
    with page.expect_response("**/desk/caller"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live:ring', {detail: {}}))")


@pytest.mark.parametrize("status", [None, 503])
def test_a_card_that_could_not_be_fetched_is_asked_for_again_r66(
    pages_only: PagesOnly, floor: Floor, status: int | None
) -> None:
    """Nothing but the ring is told of a ring: an answer that was lost would leave him without his caller."""
    page = opened(pages_only)
    floor.company("甲公司")
    asked: list[Route] = []

    def fails_twice(route: Route) -> None:
        asked.append(route)
        if len(asked) > 2:
            route.continue_()
        elif status is None:
            route.abort()
        else:
            route.fulfill(status=status)

    page.route("**/desk/caller", fails_twice)
    floor.rings("ana")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:ring', {detail: {}}))")
    expect(page.locator(".caller-card h2")).to_have_text("甲公司")
    page.wait_for_timeout(2_500)
    assert len(asked) == 3, "and no more often than that"


def test_a_number_of_several_companies_is_settled_by_one_key_r66(pages_only: PagesOnly, floor: Floor) -> None:
    floor.company("甲公司"), floor.company("乙公司")
    floor.rings("ana")
    page = opened(pages_only)
    expect(page.locator(".caller-card h2")).to_have_text("未知企业")
    page.keyboard.press("Alt+2")
    expect(page.locator(".caller-card h2")).to_have_text("乙公司")
    (record,) = floor.database.rows(tables.records)
    assert record["company"] == "乙公司"


def test_what_he_chooses_stands_also_when_news_come_in_the_same_moment_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    """A press whose answer the next news threw away would have to be made again, by somebody who is talking."""
    floor.company("甲公司"), floor.company("乙公司")
    floor.rings("ana")
    page = opened(pages_only)
    aborted: list[str] = []
    page.on("requestfailed", lambda request: aborted.append(request.method))
    page.evaluate("""() => {
      document.querySelector("[data-guess='2']").click();
      for (const kind of ["ring", "snapshot"]) document.body.dispatchEvent(new CustomEvent(`live:${kind}`));
    }""")
    expect(page.locator(".caller-card h2")).to_have_text("乙公司")
    assert "POST" not in aborted, "of two looks the second may replace the first"


def in_a_call_of_two_companies(pages_only: PagesOnly, floor: Floor) -> Page:
    """Ana talks with somebody whose number two of them have."""
    floor.company("甲公司"), floor.company("乙公司")
    call_id = floor.call("talking", 30, served_at=floor.now, served_by="ana")
    floor.seat("ana", state="talking", call_id=call_id)
    return opened(pages_only)


def chooses_as_the_card_is_drawn_anew(page: Page) -> None:
    """The second; then the button he pressed is there no more, and another like it is."""
    page.evaluate("document.querySelector(\"[data-guess='2']\").dataset.old = ''")
    page.keyboard.press("Alt+2")
    page.evaluate('document.body.dispatchEvent(new CustomEvent("live:ring"))')
    expect(page.locator("[data-guess]")).to_have_count(2)
    expect(page.locator("[data-old]")).to_have_count(0)


def test_a_company_chosen_while_he_writes_is_in_his_form_and_his_words_and_hands_stay_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = in_a_call_of_two_companies(pages_only, floor)
    page.locator("#q-symptom").type("打印机不动", timeout=SLOW_MS)
    page.keyboard.press("Alt+2")
    expect(page.locator("#q-company")).to_have_value("乙公司", timeout=SLOW_MS)
    expect(page.locator("#q-symptom")).to_be_focused()
    page.keyboard.type("了")
    expect(page.locator("#q-symptom")).to_have_value("打印机不动了")
    page.wait_for_function(
        "document.getElementById('record-saved').textContent.includes('已保存')", timeout=SLOW_MS
    )
    for _ in range(100):
        (record,) = floor.database.rows(tables.records)
        if record["symptom"] == "打印机不动了":
            break
        page.wait_for_timeout(100)
    assert (record["symptom"], record["company"]) == ("打印机不动了", "乙公司")
    assert page.locator("#record-notice").inner_text() == "", "nobody else has changed it"


def test_a_company_chosen_is_in_his_form_though_the_card_is_drawn_anew_before_the_answer_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = in_a_call_of_two_companies(pages_only, floor)
    page.locator("#q-symptom").focus(timeout=SLOW_MS)
    choices: list[Route] = []
    page.route("**/desk/caller/company", lambda route: choices.append(route))  # noqa: PLW0108 # as below
    chooses_as_the_card_is_drawn_anew(page)
    assert choices, "his choice is still on its way"
    choices[0].continue_()
    expect(page.locator("#q-company")).to_have_value("乙公司", timeout=SLOW_MS)
    expect(page.locator("#q-symptom")).to_be_focused()


def test_a_company_chosen_is_in_his_form_though_news_of_before_are_answered_first_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = in_a_call_of_two_companies(pages_only, floor)
    page.locator("#q-symptom").focus(timeout=SLOW_MS)
    news: list[Route] = []
    page.route("**/desk/record?*typing=1*", lambda route: news.append(route))  # noqa: PLW0108 # as below
    with page.expect_request("**/desk/record?*typing=1*"):
        page.evaluate('document.body.dispatchEvent(new CustomEvent("live:record"))')
    with page.expect_response("**/desk/caller/company"):
        page.keyboard.press("Alt+2")
    expect(page.locator(".caller-card h2")).to_have_text("乙公司")
    news[0].continue_()
    page.unroute("**/desk/record?*typing=1*")
    expect(page.locator("#q-company")).to_have_value("乙公司", timeout=SLOW_MS)
    expect(page.locator("#q-symptom")).to_be_focused()


def test_a_company_chosen_while_his_words_are_saved_stands_though_the_card_is_drawn_anew_r66(
    pages_only: PagesOnly, floor: Floor
) -> None:
    page = in_a_call_of_two_companies(pages_only, floor)
    page.locator("#q-symptom").type("打印机不动", timeout=SLOW_MS)
    saves: list[Route] = []
    page.route("**/draft", lambda route: saves.append(route))  # noqa: PLW0108 # of a built-in method Playwright can keep nothing
    chooses_as_the_card_is_drawn_anew(page)
    assert saves, "his words are still on their way"
    for save in saves:
        save.continue_()
    page.unroute("**/draft")
    expect(page.locator("#q-company")).to_have_value("乙公司", timeout=SLOW_MS)
    expect(page.locator("#q-symptom")).to_have_value("打印机不动")


def test_a_choice_that_is_not_his_changes_nothing_and_a_bad_one_is_named(
    pages_only: PagesOnly, floor: Floor
) -> None:
    first = floor.company("甲公司")
    floor.company("乙公司")
    call_id = floor.rings("ana")
    browser = pages_only.pages.browser("ben")
    browser.get("/desk")
    answer = browser.post("/desk/caller/company", call_id=str(call_id), company_id=str(first))
    assert answer.status_code == 200
    assert floor.database.rows(tables.records) == []
    for bad in ("", "x", "-1", "1" * 30, "²"):
        assert browser.post("/desk/caller/company", call_id=bad, company_id="1").status_code == 400


def test_a_second_call_pops_beside_the_first_and_one_key_goes_back_r67_r68(
    pages_only: PagesOnly, floor: Floor, tmp_path: Path
) -> None:
    floor.company("第一家公司")
    first = floor.call("talking", 80, served_at=floor.now - timedelta(seconds=70), greeted_at=floor.now)
    second = floor.call("ringing", 4, "+8613800138000")
    until = floor.now + timedelta(seconds=30)
    floor.seat("ana", state="talking", call_id=first, knock_call_id=second, knock_until=until)
    page = opened(pages_only)
    expect(page.locator(".caller-words")).to_contain_text("请您稍等")
    expect(page.locator(".caller-words")).to_contain_text("请您谅解")
    expect(page.locator('[data-which="second"]')).to_contain_text("138 0013 8000")
    screenshot(page, tmp_path, "knock")
    assert_accessible(page)
    with floor.database.engine.begin() as connection:
        taken = {"phase": "talking", "served_at": floor.now - timedelta(seconds=58), "greeted_at": floor.now}
        connection.execute(tables.calls.update().where(tables.calls.c.id == second).values(taken))
    floor.seat("ana", knock_until=None)
    arrives(page)
    expect(page.locator('[data-ear="second"]').first).to_contain_text("第一位在等")
    expect(page.locator("[data-hold].alarm")).to_be_visible(timeout=8_000)
    expect(page.locator("#caller-aloud")).to_contain_text("60 秒")
    screenshot(page, tmp_path, "second")
    assert_accessible(page)
    page.keyboard.press("Alt+0")
    expect(page.locator('[data-which="second"] [data-waits-word]')).to_be_visible()
    expect(page.locator('[data-ear="first"]').first).to_contain_text("第二位在等")
    expect(page.locator('[data-which="second"]')).to_have_attribute("data-waits", "true")
    page.reload()
    expect(page.locator('[data-ear="first"]').first).to_be_visible()


def test_whoever_holds_one_caller_is_reminded_too_with_any_telephone_r67(
    pages_only: PagesOnly, floor: Floor
) -> None:
    call_id = floor.call("talking", 80, served_at=floor.now, greeted_at=floor.now)
    floor.seat("ana", state="talking", call_id=call_id)
    page = opened(pages_only)
    page.keyboard.press("Alt+0")
    expect(page.locator("[data-hold]")).to_have_text("0:01")
    page.keyboard.press("Alt+0")
    expect(page.locator("[data-hold]")).to_be_hidden()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('phone:held', {detail: {ref: 'x'}}))")
    expect(page.locator("[data-hold]")).to_be_visible()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('phone:resumed', {detail: {ref: 'x'}}))")
    expect(page.locator("[data-hold]")).to_be_hidden()


def test_what_he_was_told_while_he_waited_stands_on_the_card_r66_r68(
    pages_only: PagesOnly, floor: Floor, tmp_path: Path
) -> None:
    presented_at = floor.now - timedelta(seconds=200)
    told = Told(minutes=3, at=presented_at, position=Position(ahead=2, serving=1))
    state = Call(
        call_id=1,
        presented_at=presented_at,
        number=CALLER,
        phase=Phase.RINGING,
        said_greeting=True,
        apologised=True,
        first_told=told,
        told=told,
        held_since=presented_at,
    )
    call_id = floor.call("ringing", 200, state=state, greeted_at=presented_at)
    floor.seat("ana", state="reserved", call_id=call_id)
    page = opened(pages_only)
    for said in ("听到了道歉和原因", "前面还有 2 位", "大约要等 3 分钟"):
        expect(page.locator(".caller-heard")).to_contain_text(said)
    expect(page.locator(".caller-ring")).to_have_count(0)
    screenshot(page, tmp_path, "told")


def test_a_callback_s_ring_says_whose_and_when_r9(
    pages_only: PagesOnly, floor: Floor, tmp_path: Path
) -> None:
    floor.company("甲公司")
    floor.callback(floor.call("ended", 600), "ana")
    page = opened(pages_only)
    expect(page.locator(".caller-card")).to_contain_text("给客户回电")
    expect(page.locator(".caller-card")).to_contain_text("第 1 次给他回电")
    expect(page.locator(".caller-card")).to_contain_text("还有 8 分钟")
    screenshot(page, tmp_path, "callback")


def test_no_sound_is_made_before_a_click_has_asked_for_it(pages_only: PagesOnly, floor: Floor) -> None:
    page = opened(pages_only)
    counted = "class extends AudioContext { constructor() { super(); window.made += 1; } }"
    made = f"() => {{ window.made = 0; window.AudioContext = {counted}; }}"
    page.evaluate(made)
    floor.rings("ana")
    arrives(page)
    expect(page.locator(".caller-card")).to_be_visible()
    assert page.evaluate("window.made") == 0
    page.locator("#caller-sound").click()
    expect(page.locator("#caller-sound")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.made") == 1
