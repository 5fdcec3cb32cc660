"""The record in a real browser: nothing typed is lost, nothing moves under the hands, every ending by keyboard."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.adapters.sql_pinyin import fill_pinyin
from ivr.adapters.sql_schema import companies, records
from ivr.policy.endings import PROMISE_SENTENCE
from tests.adapters.rows import CALLER
from tests.browser.accessible import assert_accessible
from tests.browser.chromium import screenshot
from tests.browser.conftest import PagesOnly
from tests.webhooks.record_house import COMPANY, served, still_talking

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
LIGHTS = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
SLOW_MS = 30_000  # a busy machine; the draft itself goes off after two seconds


@pytest.fixture
def house(pages_only: PagesOnly) -> PagesOnly:
    database = pages_only.pages.database
    database.add_company(COMPANY, tax_bureau="海淀分局")
    database.add_company("上海浦东软件有限公司", tax_bureau="浦东分局")
    with database.engine.begin() as connection:
        connection.execute(
            sa.update(companies).values(agreement="FW-1", agreement_expires_on=date(2099, 12, 31))
        )
        fill_pinyin(connection)
    served(pages_only.pages)
    return pages_only


def at_desk(house: PagesOnly, path: str = "/desk", **look: Any) -> Page:
    page = house.page("ana", **look)
    page.set_default_timeout(SLOW_MS)
    page.goto(path)
    page.locator("#record-root").wait_for(timeout=SLOW_MS)
    page.locator("#help-root").wait_for(timeout=SLOW_MS)
    return page


def stored(house: PagesOnly, place: int = 0) -> dict[str, Any]:
    return house.pages.database.rows(records)[place]


def until(page: Page, true: Callable[[], bool]) -> None:
    """What was saved is in the database a moment later."""
    for _ in range(SLOW_MS // 100):
        if true():
            return
        page.wait_for_timeout(100)
    assert true()


def fill_three(page: Page) -> None:
    page.locator("#q-company").fill(COMPANY)
    page.locator("#q-tax_bureau").fill("海淀分局")
    page.locator("[name=contact_phone_confirmed]").check()


def test_what_is_typed_is_a_draft_after_two_seconds_without_a_key_pressed_for_it_R71(
    house: PagesOnly,
) -> None:
    page = at_desk(house)
    page.locator("#q-symptom").type("打印机不动")
    until(page, lambda: stored(house)["symptom"] == "打印机不动")
    page.locator("[name=not_asked_d]").check()
    page.locator("[name=reader_lights][value=red]").check()
    until(page, lambda: '"reader_lights": "red"' in stored(house)["fields"])
    page.reload()
    expect(page.locator("#q-symptom")).to_have_value("打印机不动", timeout=SLOW_MS)
    expect(page.locator("[name=not_asked_d]")).to_be_checked()
    expect(page.locator("[name=reader_lights][value=red]")).to_be_checked()


def test_news_neither_overwrites_what_is_typed_nor_moves_the_hands_R71(house: PagesOnly) -> None:
    page = at_desk(house)
    page.locator("#q-memory").type("512 MB")
    for kind in ("ring", "talk", "state", "record", "snapshot"):
        page.evaluate(
            "kind => document.body.dispatchEvent(new CustomEvent('live:' + kind, {detail: {}}))", kind
        )
    served(house.pages)  # and a new call
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:talk', {detail: {}}))")
    expect(page.locator("#record-notice")).to_contain_text("有新的来电", timeout=SLOW_MS)
    expect(page.locator("#q-memory")).to_be_focused()
    expect(page.locator("#q-memory")).to_have_value("512 MB")
    page.keyboard.press("Alt+n")
    expect(page.locator("#record-root")).to_have_attribute("data-record", "2", timeout=SLOW_MS)
    assert '"memory": "512 MB"' in stored(house)["fields"]


def test_a_second_tab_is_told_and_takes_over_with_all_he_typed_R71(house: PagesOnly) -> None:
    first = at_desk(house)
    second = first.context.new_page()
    second.goto("/desk")
    second.locator("#q-symptom").focus(timeout=SLOW_MS)
    first.locator("#q-symptom").type("第一页写的")
    until(first, lambda: stored(house)["symptom"] == "第一页写的")
    second.locator("#q-symptom").type("第二页写的")
    button = second.locator("#record-notice button")
    button.wait_for(timeout=SLOW_MS)
    assert stored(house)["symptom"] == "第一页写的"
    assert second.locator("#q-symptom").input_value() == "第二页写的"
    button.click()
    until(second, lambda: stored(house)["symptom"] == "第二页写的")


@pytest.mark.parametrize("typed", ["jingbei", "bjjb", "京北"])
def test_a_company_is_chosen_by_pinyin_and_brings_its_bureau_and_agreement_R72a_R45(
    house: PagesOnly, typed: str
) -> None:
    page = at_desk(house)
    page.locator("#q-company").type(typed)
    page.locator("#companies li").first.wait_for(timeout=SLOW_MS)
    assert page.locator("#q-company").get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#q-company").input_value() == COMPANY
    assert page.locator("#q-tax_bureau").input_value() == "海淀分局"
    expect(page.locator("#record-company")).to_contain_text("FW-1")
    until(page, lambda: stored(house)["company_id"] == 1)


def test_enter_goes_through_the_fields_in_the_norms_order_and_locks_none_R72a_R72f(house: PagesOnly) -> None:
    page = at_desk(house)
    page.keyboard.press("Alt+1")
    passed = []
    for _ in range(12):
        passed.append(page.evaluate("document.activeElement.name"))
        page.keyboard.press("Tab")
    order = [
        name
        for name in dict.fromkeys(passed)
        if not name.startswith(("not_asked", "contact_phone_confirmed"))
    ]
    assert order[:7] == [
        "company",
        "contact_phone",
        "tax_bureau",
        "symptom",
        "reader_lights",
        "memory",
        "printer_driver",
    ]
    for group, name in (("2", "symptom"), ("3", "reader_lights"), ("4", "solution"), ("1", "company")):
        page.keyboard.press(f"Alt+{group}")
        assert page.evaluate("document.activeElement.name") == name
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "contact_phone"


def test_a_promise_by_keyboard_the_sentence_first_R72_R73(house: PagesOnly) -> None:
    page = at_desk(house)
    fill_three(page)
    page.keyboard.press("F6")
    expect(page.locator("#panel-promise .sentence")).to_have_text(PROMISE_SENTENCE)
    assert page.locator("#promise-owner").is_disabled()
    page.keyboard.press("Space")
    expect(page.locator("#promise-owner")).to_be_enabled(timeout=SLOW_MS)
    page.locator("#promise-owner").select_option("ben")
    page.locator("#panel-promise button.main").press("Enter")
    expect(page.locator("#record-beside .thing")).to_contain_text("ben", timeout=SLOW_MS)
    (promise,) = house.pages.database.rows(promises)
    assert (promise["owner"], promise["said_text"]) == ("ben", PROMISE_SENTENCE)
    assert stored(house)["company"] == COMPANY  # what was typed is saved before anything is done with it


def test_closing_names_what_is_missing_then_closes_and_is_undone_by_a_key_R9_R72a(house: PagesOnly) -> None:
    page = at_desk(house)
    page.keyboard.press("F9")
    page.locator("#panel-close [name=solved_fully]").check()
    page.locator("#panel-close button.main").click()
    expect(page.locator("#record-refused")).to_contain_text("企业全称", timeout=SLOW_MS)
    page.keyboard.press("Escape")
    fill_three(page)
    page.keyboard.press("Control+Enter")
    page.locator("#panel-close [name=solved_fully]").check()
    page.locator("#panel-close button.main").click()
    page.locator("#undo").wait_for(timeout=SLOW_MS)
    assert stored(house)["state"] == "closed"
    page.keyboard.press("Alt+z")
    expect(page.locator("#panel-close")).to_have_count(1, timeout=SLOW_MS)
    assert stored(house)["state"] == "open"


def test_a_visit_and_a_complaint_by_keyboard_R76_R77_R78_R79(house: PagesOnly) -> None:
    page = at_desk(house)
    page.keyboard.press("F7")
    page.locator("[name=address]").fill("海淀区一号")
    page.locator("[name=expiry_unknown]").check()
    page.locator("[name=address]").press("Enter")
    expect(page.locator("#record-beside")).to_contain_text("等负责人审批", timeout=SLOW_MS)
    assert page.locator("#record-beside [name=visit_at]").is_disabled()
    page.keyboard.press("F8")
    page.locator("#panel-complaint [name=said]").fill("你们说随便")
    page.locator("#panel-complaint [name=owner]").select_option("mia")
    page.locator("#panel-complaint button.main").click()
    expect(page.locator("#record-refused")).to_contain_text("道歉", timeout=SLOW_MS)
    page.locator("[name=apologised]").check()
    page.locator("#panel-complaint button.main").click()
    expect(page.locator("#record-beside")).to_contain_text("待核实", timeout=SLOW_MS)
    assert [row["state"] for row in house.pages.database.rows(visits)] == ["requested"]
    assert [row["said"] for row in house.pages.database.rows(complaints)] == ["你们说随便"]


def test_words_for_the_customer_are_checked_while_they_are_written_and_his_own_are_not_R12_R15(
    house: PagesOnly,
) -> None:
    page = at_desk(house)
    page.locator("#q-symptom").type("他说没办法")
    page.locator("#q-solution").type("没办法解决")
    expect(page.locator("#said-solution")).to_contain_text(PROMISE_SENTENCE, timeout=SLOW_MS)
    expect(page.locator("#q-solution")).to_have_attribute("aria-invalid", "true")
    until(page, lambda: stored(house)["symptom"] == "他说没办法")
    assert "没办法解决" not in stored(house)["fields"]


def test_one_key_says_the_sentence_of_the_step_R65_R72a(house: PagesOnly) -> None:
    still_talking(house.pages)
    page = at_desk(house)
    expect(page.locator(".now .sentence")).to_have_text("您好，金穗公司")
    page.keyboard.press("Alt+s")
    expect(page.locator("#help-root")).to_have_attribute("data-current", "company", timeout=SLOW_MS)


@BOTH
@LIGHTS
def test_everybody_can_use_the_record_and_sees_it_whole(
    house: PagesOnly, tmp_path: Path, language: str, dark: bool
) -> None:
    page = at_desk(house, language=language, dark=dark)
    for column in ("#record", "#help"):
        high, seen = page.evaluate(
            "column => {const c = document.querySelector(column); return [c.scrollHeight, c.clientHeight]}",
            column,
        )
        assert high <= seen, column
    assert page.evaluate("document.documentElement.scrollHeight") <= 768
    assert_accessible(page)
    for key in ("F6", "F7", "F8", "F9", "Alt+c"):
        page.keyboard.press(key)
        page.locator(".record-panel:not([hidden])").wait_for()
        assert_accessible(page)
    screenshot(page, tmp_path, "record")
    for path in ("/records", "/records/1"):
        page.goto(path)
        assert_accessible(page)


@BOTH
@LIGHTS
def test_everybody_can_decide_on_visits(house: PagesOnly, language: str, dark: bool) -> None:
    page = at_desk(house)
    page.keyboard.press("F7")
    page.locator("[name=address]").fill(f"海淀区一号 {CALLER}")
    page.locator("[name=expiry_unknown]").check()
    page.locator("[name=address]").press("Enter")
    expect(page.locator("#record-beside")).to_contain_text("等负责人审批", timeout=SLOW_MS)
    manager = house.page("mia", language=language, dark=dark)
    manager.set_default_timeout(SLOW_MS)
    manager.goto("/visits")
    assert_accessible(manager)
    manager.locator("button[value=approve]").click()
    expect(manager.locator("button[value=approve]")).to_have_count(0, timeout=SLOW_MS)
    assert house.pages.database.rows(visits)[0]["decided_by"] == "mia"
