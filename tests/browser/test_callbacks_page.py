"""The list of calls to make, in a real browser: how late in words, one button for what came of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_schema import ring_backs
from tests.browser.accessible import assert_accessible
from tests.browser.chromium import screenshot
from tests.browser.conftest import PagesOnly
from tests.browser.test_caller_card import BOTH, CALLER, LIGHTS, Floor
from tests.webhooks.pages import pages_in


@pytest.fixture
def floor(pages_only: PagesOnly) -> Floor:
    return Floor(pages_only.pages)


def some_of_each(floor: Floor) -> int:
    """The call of a caller who gave up."""
    company = floor.company("北京金穗世纪科技发展有限公司")
    floor.history(company)
    call_id = floor.call("ended", 3600, outcome="callback")
    floor.callback(call_id, "ben")
    said = {"said_text": "请您放心，我们会在十分钟内给您回电", "made_by": "server", "state": "handed_over"}
    due = {"made_at": floor.now, "due_at": floor.now - timedelta(minutes=12)}
    floor.database.add(promises, call_id=call_id, kind="callback", owner="ana", **said, **due)
    return floor.call("ended", 1500, "+8613800138000", outcome="abandoned")


@BOTH
@LIGHTS
def test_everything_due_is_told_with_its_time_and_how_late_it_is_r6_r9_r10(
    pages_only: PagesOnly, floor: Floor, tmp_path: Path, language: str, dark: bool
) -> None:
    some_of_each(floor)
    page = pages_only.page("ana", language=language, dark=dark)
    page.goto("/desk/callbacks")
    screenshot(page, tmp_path, f"callbacks-{language}-{dark}")
    late, left = ("晚了 12 分钟", "还有 8 分钟") if language == "zh" else ("12 min late", "8 min left")
    expect(page.locator("[data-promise]").first).to_contain_text(late)
    expect(page.locator("[data-callback]").first).to_contain_text(left)
    expect(page.locator("[data-callback]").first).to_contain_text("北京金穗世纪科技发展有限公司")
    expect(page.locator("[data-ring-back]")).to_contain_text("138 0013 8000")
    assert_accessible(page)


def test_one_button_settles_a_caller_rung_back_and_a_second_agent_changes_nothing_r6(
    pages_only: PagesOnly, floor: Floor
) -> None:
    call_id = some_of_each(floor)
    page = pages_only.page("ana")
    page.goto("/desk/callbacks")
    page.get_by_role("button", name="没有人接").click()
    expect(page.locator("[data-ring-back]")).to_contain_text("没有人接")
    expect(page.locator("[data-ring-back]")).to_contain_text("ana")
    page.get_by_role("button", name="已通话").click()
    expect(page.locator("[data-ring-back]")).to_have_count(0)
    browser = pages_only.pages.browser("ben")
    browser.get("/desk/callbacks")
    assert "没有改变" in browser.post(f"/desk/ring-backs/{call_id}", result="reached").text
    (row,) = floor.database.rows(ring_backs)
    assert (row["done"], row["done_by"], row["result"]) == (True, "ana", "reached")
    for bad in ("", "kept", "已通话"):
        assert browser.post(f"/desk/ring-backs/{call_id}", result=bad).status_code == 400


def test_a_promise_handed_over_is_kept_by_a_button_r9_r10(pages_only: PagesOnly, floor: Floor) -> None:
    some_of_each(floor)
    page = pages_only.page("ana")
    page.goto("/desk/callbacks")
    page.get_by_role("button", name="已经联系上").click()
    expect(page.locator("[data-promise]")).to_have_count(0)
    kept = [row for row in floor.database.rows(promises) if row["owner"] == "ana"]
    assert [row["kept_at"] is not None for row in kept] == [True]


def test_agents_who_dial_by_hand_take_a_callback_and_say_what_came_of_it_r9_r28b(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('callback_dialing = "manual"\nquiet_hours = []\n', "utf-8")
    with pages_in(tmp_path, HOTLINE_POLICY=str(policy)) as pages:
        floor = Floor(pages)
        callback = floor.callback(floor.call("ended", 600), "ben")
        with floor.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE callbacks SET state = 'pending', epoch = 0")
        floor.seat("ben", state="offline", call_id=None, callback_id=None)
        floor.seat("ana", state="available")
        person = pages.browser("ana")
        assert "我来打" in person.get("/desk/callbacks").text
        assert "没有改变" not in person.post(f"/desk/callbacks/{callback}/take").text
        other = pages.browser("ben")
        other.get("/desk/callbacks")
        assert "没有改变" in other.post(f"/desk/callbacks/{callback}/take").text
        assert "没有改变" in other.post(f"/desk/callbacks/{callback}/result", result="reached").text
        assert person.post(f"/desk/callbacks/{callback}/result", result="unknown").status_code == 400
        told = person.post(f"/desk/callbacks/{callback}/result", result="busy").text
        assert "没有改变" not in told
        assert "占线" in told
        assert "下次" in told
        assert CALLER not in told
