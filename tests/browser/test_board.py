"""The board in a real browser: everybody can read it, it says when it is old, and a revoked display goes dark."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ivr.adapters.sql_desk_schema import kiosk_keys
from ivr.adapters.sql_schema import agents, alerts, companies, company_numbers
from tests.adapters.rows import CALLER
from tests.browser.accessible import assert_accessible
from tests.browser.chromium import close, new_page, screenshot
from tests.browser.conftest import PagesOnly
from tests.browser.listening import complaints_of

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
LIGHTS = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
WALL = {"width": 1920, "height": 1080}


@pytest.fixture
def busy(pages_only: PagesOnly) -> PagesOnly:
    """Calls of every outcome, agents in every state, an alert."""
    database, now = pages_only.pages.database, datetime.now(UTC)  # noqa: TID251 # as the pages' own clock has it
    for minutes in range(0, 120, 4):
        at = now - timedelta(minutes=minutes, seconds=30)
        late = minutes % 3 == 0
        served = at + timedelta(seconds=40 if late else 5)
        row = {"presented_at": at, "greeted_at": at + timedelta(seconds=5), "greeted_by": "agent"}
        if minutes % 20 == 0:
            database.add_call(**row, ended_at=at + timedelta(seconds=20), outcome="abandoned")
        else:
            ended = served + timedelta(seconds=60)
            database.add_call(**row, served_at=served, ended_at=ended, outcome="served", served_by="ana")
    database.add_call(presented_at=now - timedelta(seconds=70), phase="held")
    states = ("available", "reserved", "talking", "wrap_up", "away", "unreachable")
    for seconds, state in enumerate(states):
        database.add_agent(f"agent{seconds}", state, since=now - timedelta(seconds=60 * seconds), call_id=1)
    told = '{"seconds": 130, "waiting": 2}'
    database.add(alerts, at=now, kind="long_wait", detail=told, about="", still_at=now)
    return pages_only


@BOTH
@LIGHTS
def test_everybody_can_read_the_board_its_tables_and_the_calls_behind_it(
    busy: PagesOnly, tmp_path: Path, language: str, dark: bool
) -> None:
    page = busy.page("mia", language=language, dark=dark)
    complaints = complaints_of(page)
    page.goto("/board")
    page.locator("#alerts .alert").wait_for()
    screenshot(page, tmp_path, "board")
    assert_accessible(page)
    page.locator("details > summary", has_text=re.compile("表格|tables")).click()
    page.locator(".board-tables").wait_for()
    assert_accessible(page)
    page.locator(".tile .big a").nth(2).click()
    page.wait_for_url("**/calls?figure=*")
    assert_accessible(page)
    assert complaints == []


@BOTH
@LIGHTS
def test_everybody_can_use_a_company_s_file_r45(busy: PagesOnly, language: str, dark: bool) -> None:
    database = busy.pages.database
    company = database.add(companies, name="甲公司", match_name="甲公司", pinyin="jgs jiagongsi")
    database.add(company_numbers, number=CALLER, company_id=company, contact="王会计")
    page = busy.page("mia", language=language, dark=dark)
    page.goto("/companies")
    page.locator("main input[name=q]").fill("jiag")
    page.keyboard.press("Enter")
    page.locator("main table a").click()
    page.wait_for_url(f"**/companies/{company}")
    assert_accessible(page)


def test_the_main_numbers_are_large_and_the_wall_needs_no_scrolling(busy: PagesOnly) -> None:
    page = a_display(busy)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.tile .big')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert len(sizes) == 8
    assert min(sizes) >= 48
    assert page.evaluate("document.documentElement.scrollHeight") <= WALL["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= WALL["width"]
    wide = "[...document.querySelectorAll('.tile .big')].every(e => e.scrollWidth <= e.clientWidth)"
    assert page.evaluate(wide)
    assert_accessible(page)
    close(page)


def test_every_tile_says_its_state_in_a_word_and_a_sign_and_its_formula(busy: PagesOnly) -> None:
    page = a_display(busy)
    for tile in page.locator(".tile").all():
        said = tile.locator(".word").inner_text()
        assert re.fullmatch(r"[✓◆▲–] (正常|注意|警报|尚无数据)", said), said
        assert len(tile.locator(".formula").inner_text()) >= 5
    close(page)


def test_the_longest_wait_ticks(busy: PagesOnly) -> None:
    page = a_display(busy)
    timer = page.locator(".tile [role=timer]")
    before = timer.inner_text()
    assert re.fullmatch(r"1:[1-3]\d", before)
    expect(timer).not_to_have_text(before, timeout=3000)
    close(page)


def test_fifteen_seconds_after_the_server_stopped_the_whole_board_says_that_it_is_old(
    busy: PagesOnly,
) -> None:
    page = a_display(busy)
    page.route("**/board/now*", lambda route: route.abort())
    page.wait_for_timeout(9_000)
    expect(page.locator("#stale")).to_be_empty()
    expect(page.locator("#board.is-stale")).to_have_count(1, timeout=12_000)
    expect(page.locator("#stale")).to_have_text("数据已过时 STALE")
    expect(page.locator("#stale")).to_be_visible()
    hatched = "getComputedStyle(document.getElementById('board-now'), '::after').backgroundImage"
    assert "repeating-linear-gradient" in page.evaluate(hatched)
    timer = page.locator(".tile [role=timer]")
    stands = timer.inner_text()
    page.wait_for_timeout(1500)
    assert timer.inner_text() == stands, "what may be wrong does not go on counting"
    assert_accessible(page)
    page.unroute("**/board/now*")
    expect(page.locator("#board.is-stale")).to_have_count(0, timeout=8_000)
    expect(page.locator("#stale")).to_be_empty()
    close(page)


def test_a_revoked_display_is_dark_in_seconds_and_says_why(busy: PagesOnly) -> None:
    page = a_display(busy)
    key_id = busy.pages.database.rows(kiosk_keys)[0]["id"]
    manager = busy.page("mia")
    manager.goto("/board")
    manager.locator("#keys button.danger").click()
    manager.wait_for_url("**/board#keys")
    assert busy.pages.database.rows(kiosk_keys)[0]["revoked_by"] == "mia"
    expect(page.get_by_text("这块屏幕的钥匙已被收回")).to_be_visible(timeout=8_000)
    expect(page.locator(".tile")).to_have_count(0)
    assert key_id == 1
    close(page)


def test_a_manager_acknowledges_an_alert_with_one_key(busy: PagesOnly) -> None:
    page = busy.page("mia")
    page.goto("/board")
    page.locator("#alerts .alert").wait_for()
    page.keyboard.press("F10")
    expect(page.locator("#alerts .alert")).to_have_count(0)
    assert busy.pages.database.rows(alerts)[0]["seen_by"] == "mia"


def test_what_an_agent_does_is_on_the_board_at_the_next_look(busy: PagesOnly) -> None:
    page = a_display(busy)
    expect(page.locator(".agents li.gone")).to_have_count(1)
    with busy.pages.database.engine.begin() as connection:
        connection.execute(agents.update().where(agents.c.login == "agent5").values(state="available"))
    expect(page.locator(".agents li.gone")).to_have_count(0, timeout=8_000)
    close(page)


def a_display(pages_only: PagesOnly) -> Page:
    """A screen on the wall with a key of its own."""
    manager = pages_only.page("mia")
    manager.goto("/board")
    manager.locator("#keys input[name=name]").fill("大厅")
    manager.locator("#keys button.main").click()
    address = manager.locator("#made").inner_text()
    close(manager)
    page = new_page(pages_only.browser, pages_only.base_url)
    page.set_viewport_size(WALL)  # type: ignore[arg-type] # a dict of two numbers is what it takes
    page.goto(address)
    page.locator(".tile").first.wait_for()
    return page
