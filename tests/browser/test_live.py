"""Pages that stay in touch: one connection a browser, nothing lost when it breaks, and the bar that shows it all."""

import itertools
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from ivr.adapters.sql_schema import agents
from ivr.adapters.system_clock import SystemClock
from tests.browser.accessible import assert_accessible
from tests.browser.chromium import close, new_page, screenshot, sign_in
from tests.webhooks.pages import PASSWORD
from tests.webhooks.web_server import WebServer, running_web_server

KINDS = ("ring", "ring_over", "talk", "state", "record", "line", "callbacks", "alert", "snapshot")
LISTEN = """(() => {
  window.heard = [];
  addEventListener("DOMContentLoaded", () => {
    for (const kind of %s)
      document.body.addEventListener(`live:${kind}`, ({ detail }) => window.heard.push([kind, detail.call_id ?? null]));
  });
})()"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with running_web_server(tmp_path_factory.mktemp("web")) as server:
        yield server


class Desks:
    """People at their pages; whatever a page hears is kept in it."""

    def __init__(self, browser: Browser, web: WebServer) -> None:
        self._browser, self._web = browser, web
        self._pages: list[Page] = []

    def page(self, login: str, language: str = "zh", dark: bool = False) -> Page:
        page = new_page(self._browser, self._web.base_url, language=language, dark=dark)
        self._pages.append(page)
        page.context.add_init_script(LISTEN % list(KINDS))
        sign_in(page, login, PASSWORD)
        page.goto("/desk")
        self.connected(page)
        return page

    def connected(self, page: Page, state: str = "live", seconds: float = 15) -> None:
        expect(page.locator(".connection")).to_have_attribute("data-state", state, timeout=seconds * 1000)

    def close(self) -> None:
        for page in self._pages:
            close(page)


@pytest.fixture
def desks(browser: Browser, web: WebServer) -> Iterator[Desks]:
    made = Desks(browser, web)
    yield made
    made.close()


def heard(page: Page, kind: str) -> list[int | None]:
    found: list[list[object]] = page.evaluate("window.heard")
    return [call_id for name, call_id in found if name == kind]  # type: ignore[misc] # as the script keeps them


def heard_within(page: Page, kind: str, calls: list[int | None], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while heard(page, kind) != calls:
        assert time.monotonic() < until, f"{heard(page, kind)} instead of {calls}"
        time.sleep(0.02)


def becomes(
    web: WebServer, login: str, state: str, reason: str | None = None, until: datetime | None = None
) -> None:
    now = SystemClock().now()
    values = {"state": state, "reason": reason, "since": now, "idle_since": now, "until": until}
    with web.database.engine.begin() as connection:
        connection.execute(sa.update(agents).where(agents.c.login == login), values)
    web.news.tell(login, "state")


def open_streams(web: WebServer) -> int:
    """Connections that are established at the server's port, counted by the kernel."""
    port = f":{web.settings.web_port:04X} "
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()
    return sum(port in line.split(None, 2)[1] + " " and line.split()[3] == "01" for line in lines[1:])


def test_ten_tabs_share_one_connection_and_each_hears_a_ring_once_r66(desks: Desks, web: WebServer) -> None:
    first = desks.page("ana")
    tabs = [first]
    for _ in range(9):
        tab = first.context.new_page()
        tab.goto("/desk")
        desks.connected(tab)
        tabs.append(tab)
    time.sleep(3)  # connections kept alive after a request are closed by now
    assert open_streams(web) == 1
    ben = desks.page("ben")
    web.news.tell("ana", "ring", 41)
    for tab in tabs:
        heard_within(tab, "ring", [41])
    for tab in tabs[:-1]:
        tab.close()
    web.news.tell("ana", "ring", 42)
    heard_within(tabs[-1], "ring", [41, 42])
    assert heard(ben, "ring") == [], "another agent sees nothing of it"


@pytest.mark.alone
def test_a_killed_web_process_is_back_on_the_page_within_two_seconds(desks: Desks, web: WebServer) -> None:
    page = desks.page("ana")
    web.news.tell("ana", "ring", 1)
    heard_within(page, "ring", [1])
    web.kill()
    desks.connected(page, "polling")
    becomes(web, "ana", "away", "lunch")
    web.news.tell("ana", "ring", 2)
    web.start()
    began = time.monotonic()
    expect(page.locator("#bar-state .own")).to_contain_text("午餐", timeout=2000)
    assert time.monotonic() - began < 2.0
    desks.connected(page)
    heard_within(page, "ring", [1, 2])
    becomes(web, "ana", "offline")


def test_a_wiped_redis_costs_a_page_nothing(desks: Desks, web: WebServer) -> None:
    page = desks.page("ana")
    web.news.tell("ana", "ring", 1)
    heard_within(page, "ring", [1])
    web.redis.stop()
    desks.connected(page, "polling")
    assert page.locator(".connection").inner_text().strip() == "断开，每 3 秒查询"
    becomes(web, "ana", "talking")
    expect(page.locator("#bar-state .own strong")).to_have_text("通话中", timeout=6000)
    assert web.database.agent("ana")["page_seen_at"] is not None, "who asks is present"
    web.redis.start()
    desks.connected(page)
    web.news.tell("ana", "ring", 2)
    heard_within(page, "ring", [1, 2])
    becomes(web, "ana", "offline")


def test_keys_and_menu_change_the_state_and_everything_has_a_name(
    desks: Desks, web: WebServer, tmp_path: Path
) -> None:
    page = desks.page("ana")
    page.keyboard.press("F2")
    expect(page.locator("#bar-state .own strong")).to_have_text("可接")
    page.keyboard.press("F4")
    expect(page.locator(".menu-list button").first).to_be_focused()
    with page.expect_response("**/desk/bar"):
        web.news.tell("ana", "state")  # as of what he has just chosen himself, a moment later
    expect(page.locator(".menu-list button").first).to_be_focused()
    assert_accessible(page)
    screenshot(page, tmp_path, "menu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#bar-state .own")).to_contain_text("午餐")
    ana = web.database.agent("ana")
    assert (ana["state"], ana["reason"]) == ("away", "lunch")
    page.keyboard.press("F2")
    expect(page.locator("#bar-state .own strong")).to_have_text("可接")
    becomes(web, "ana", "offline")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_was_stood_down_is_told_why_and_is_back_with_one_key(
    desks: Desks, web: WebServer, tmp_path: Path, language: str
) -> None:
    page = desks.page("ana", language)
    becomes(web, "ana", "away", "missed_ring")
    banner = page.locator("#banner .banner")
    expect(banner).to_contain_text("F2")
    assert_accessible(page)
    screenshot(page, tmp_path, f"stood-down-{language}")
    page.keyboard.press("F2")
    expect(banner).to_have_count(0)
    assert web.database.agent("ana")["state"] == "available"
    becomes(web, "ana", "offline")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_wrap_up_counts_down_is_extended_once_and_ended_with_one_key(
    desks: Desks, web: WebServer, tmp_path: Path, dark: bool
) -> None:
    page = desks.page("ana", dark=dark)
    becomes(web, "ana", "wrap_up", until=SystemClock().now() + timedelta(seconds=25))
    timer = page.locator(".own-timer")
    expect(timer).to_have_text("00:20", timeout=10_000)
    assert_accessible(page)
    screenshot(page, tmp_path, "wrap-up")
    page.get_by_text("再要一会儿").click()
    page.get_by_role("button", name="系统慢").click()
    expect(page.locator("#bar-state .own")).to_contain_text("系统慢")
    expect(page.get_by_text("再要一会儿")).to_have_count(0)
    page.keyboard.press("F2")
    expect(page.locator("#bar-state .own strong")).to_have_text("可接")
    becomes(web, "ana", "offline")


def test_everybodys_counters_move_without_a_request_of_their_own(desks: Desks, web: WebServer) -> None:
    page = desks.page("ana")
    page.wait_for_timeout(500)  # what he asks for because he has come
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    call_id = web.database.add_call(phase="held", presented_at=SystemClock().now() - timedelta(seconds=75))
    web.news.tell("*", "line")
    expect(page.locator("[data-live=waiting]")).to_have_text("1")
    expect(page.locator("[data-live=longest]")).to_contain_text("01:1")
    assert asked == []
    with web.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE calls SET phase = 'ended' WHERE id = :id"), {"id": call_id})
    web.news.tell("*", "line")
    expect(page.locator("[data-live=waiting]")).to_have_text("0")
    expect(page.locator("[data-live=longest]")).to_have_text("–")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("login", ["ana", "mia"])
def test_the_bar_hides_nothing_however_much_stands_in_it(
    desks: Desks, web: WebServer, login: str, language: str
) -> None:
    page = desks.page(login, language)
    becomes(web, login, "wrap_up", "record_not_finished", SystemClock().now() + timedelta(seconds=55))
    expect(page.locator("#bar-state .own-why")).to_be_visible()
    parts = page.locator(".bar-nav, .own, .own-choices, .counts, .connection, .bar-language, .bar-person")
    boxes = [box for part in parts.all() if (box := part.bounding_box())]
    assert all(box["x"] + box["width"] <= 1366 for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        assert apart or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    becomes(web, login, "offline")
