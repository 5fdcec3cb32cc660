"""A real call rings an agent: his page shows who calls before he can say hello, his alone, once, whatever dies."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from config.redis_address import redis_url
from tests.adapters.many_rows import load_many, number_of
from tests.browser.conftest import Desk
from tests.real_asterisk.hotline import RunningHotline, wait_until
from tests.real_asterisk.sip.phones import AgentPhone

COMPANIES = 50_000
RINGS = 200
REST_SECONDS = 1.0  # between two of them: what follows a ring has come to its end, as in any wrap-up
BEFORE_HE_LIFTS_MS = 1000
POLICY = "agent_ring_seconds = 60\nrings = 10\npickup_margin_seconds = 1\n"

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]  # loading takes its time

# `pops`: what the page has drawn, also one behind another. `onScreen`: what the foremost has painted, and when, as the
# browser itself says (https://w3c.github.io/element-timing/).
WATCH = """
  window.pops = [];
  window.onScreen = [];
  const seen = new Set();
  new PerformanceObserver((list) => {
    for (const {identifier, renderTime} of list.getEntries()) {
      if (window.onScreen.some(({pop}) => pop === identifier)) continue;
      window.onScreen.push({pop: identifier, at: (performance.timeOrigin + renderTime) / 1000});
    }
  }).observe({type: "element"});
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => {
      const pop = document.querySelector("#caller .caller")?.dataset.pop;
      if (pop) document.querySelector(".caller-card h2").setAttribute("elementtiming", pop);
      if (!pop || seen.has(pop)) return;
      seen.add(pop);
      requestAnimationFrame(() => requestAnimationFrame(() => window.pops.push(pop)));
    }).observe(document.body, {childList: true, subtree: true});
  });
"""


class Ring:
    """A hotline with many companies, Ana at his page with his telephone, and Ben at his."""

    def __init__(self, desk: Desk, phone: AgentPhone) -> None:
        self.desk = desk
        self.hotline = desk.hotline
        self.phone = phone
        self.ana = watched(desk.page("ana"))
        self.ben = watched(desk.page("ben"))
        self._company = 100

    @contextmanager
    def ringing(self) -> Iterator[tuple[str, float]]:
        """A caller whose ring has reached Ana's telephone: his company, and the INVITE's moment."""
        self.hotline.wait(lambda: self.hotline.agent("ana")["state"] == "available", 20)
        self._company += 1
        before = len(self.phone.call_ids())
        number = number_of(self._company).removeprefix("+86")
        with self.hotline.caller(number) as caller:
            invite = self.phone.wait_for("received", "INVITE", call=before, seconds=15)
            yield f"第{self._company}家公司", invite.at
            caller.hang_up()
            self.hotline.wait(lambda: self.hotline.agent("ana")["call_id"] is None, 10)


def watched(page: Page) -> Page:
    """At the desk, its pops noted from now on."""
    page.add_init_script(WATCH)
    page.goto("/desk", timeout=30_000)
    expect(page.locator("#caller .caller-nobody")).to_be_visible(timeout=15_000)
    expect(page.locator("body")).to_have_attribute("data-connection", "live", timeout=15_000)
    return page


@pytest.fixture(scope="module")
def ring(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    hotline = RunningHotline(tmp_path_factory.mktemp("hotline"), POLICY)
    load_many(hotline.settings.database_url, COMPANIES, COMPANIES)
    with ExitStack() as running:
        running.callback(hotline.stop)
        hotline.start(120)
        phone = running.enter_context(hotline.phone("ana"))
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        desk = Desk(browser, hotline)
        desk.add("ana", phone.address, state="available")
        desk.add("ben", "endpoint:ben")
        made = Ring(desk, phone)
        yield made
        desk.close()


def shows(page: Page, company: str, seconds: float = 15) -> None:
    expect(page.locator(".caller-card h2")).to_have_text(company, timeout=seconds * 1000)


def nobody(page: Page) -> None:
    expect(page.locator(".caller-card")).to_have_count(0, timeout=15_000)


def test_the_rung_agent_sees_his_caller_and_it_goes_with_the_ring_and_nobody_else_sees_it_r66(
    ring: Ring,
) -> None:
    pops = ring.ben.evaluate("window.pops.length")
    with ring.ringing() as (company, _at):
        shows(ring.ana, company)
        nobody(ring.ben)
    nobody(ring.ana)
    assert ring.ben.evaluate("window.pops.length") == pops == 0


def test_a_pop_survives_a_reload_r66(ring: Ring) -> None:
    with ring.ringing() as (company, _at):
        shows(ring.ana, company)
        ring.ana.reload()
        shows(ring.ana, company)


@pytest.mark.alone
def test_a_ring_while_the_web_is_dead_pops_within_two_seconds_of_its_return_r66(ring: Ring) -> None:
    with ring.ringing() as (company, _at):
        ring.hotline.kill("web")
        came_back = healthy_again(ring.hotline)
        ring.ana.reload()
        shows(ring.ana, company)
        took = time.monotonic() - came_back
    expect(ring.ana.locator("body")).to_have_attribute("data-connection", "live", timeout=15_000)
    assert took <= 2


@pytest.mark.alone
def test_a_call_that_comes_while_the_web_is_dead_is_shown_without_a_reload_r66(ring: Ring) -> None:
    ring.hotline.kill("web")
    with ring.ringing() as (company, _at):
        came_back = healthy_again(ring.hotline)
        shows(ring.ana, company)
        took = time.monotonic() - came_back
    assert took <= 2


def healthy_again(hotline: RunningHotline) -> float:
    """The moment it answers."""

    def answers() -> bool:
        try:
            return hotline.readyz()[0] in {200, 503}
        except OSError:
            return False

    wait_until(answers, 20, hotline.logs)
    return time.monotonic()


def test_a_wiped_redis_takes_no_pop_away_r66(ring: Ring) -> None:
    store = redis.Redis.from_url(redis_url(ring.hotline.settings))
    with ring.ringing() as (company, _at):
        store.flushall()
        shows(ring.ana, company)
        ring.ana.reload()
        shows(ring.ana, company)
    with ring.ringing() as (company, _at):
        shows(ring.ana, company)
    store.close()


def test_ten_tabs_show_one_pop_each_and_none_twice_r66(ring: Ring) -> None:
    tabs = [watched(ring.ana.context.new_page()) for _ in range(9)]
    every = [ring.ana, *tabs]
    before = [tab.evaluate("window.pops.length") for tab in every]
    with ring.ringing() as (company, _at):
        for tab in every:
            shows(tab, company)
        assert [tab.locator(".caller-card").count() for tab in every] == [1] * 10
    for tab in every:
        nobody(tab)
    ring.hotline.wait(
        lambda: min(noted(every, before)) > 0
    )  # a tab behind another paints when it is its turn
    assert noted(every, before) == [1] * 10
    for tab in tabs:
        tab.close()


def noted(tabs: list[Page], before: list[int]) -> list[int]:
    """How many pops each has drawn since then."""
    return [tab.evaluate("window.pops.length") - then for tab, then in zip(tabs, before, strict=True)]


def painted(ring: Ring, before: int) -> float:
    """The moment at which the page painted one more pop than those before."""
    ring.hotline.wait(lambda: int(ring.ana.evaluate("window.onScreen.length")) > before)
    (pop,) = ring.ana.evaluate("window.onScreen")[before:]
    return float(pop["at"])


def milliseconds_to_the_pop(ring: Ring, rings: int) -> list[float]:
    """From the INVITE at his telephone to the painted pop, beside fifty thousand companies; the shortest first."""
    took = []
    ring.ana.bring_to_front()
    for _ in range(rings):
        time.sleep(REST_SECONDS)
        before = ring.ana.evaluate("window.onScreen.length")
        with ring.ringing() as (_company, invited_at):
            took.append((painted(ring, before) - invited_at) * 1000)
    print(f"p50 {share(took, 0.5):.0f} ms, p95 {share(took, 0.95):.0f}, p99 {share(took, 0.99):.0f}")
    return took


def share(took: list[float], part: float) -> float:
    return sorted(took)[int(len(took) * part)]


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_the_pop_is_painted_before_he_can_lift_the_receiver_r65_r66(ring: Ring) -> None:
    """On any machine; the milliseconds we aim at are judged below."""
    assert share(milliseconds_to_the_pop(ring, RINGS // 4), 0.95) <= BEFORE_HE_LIFTS_MS
    assert ring.ben.evaluate("window.pops.length") == 0


@pytest.mark.goal
@pytest.mark.timeout(900)
def test_the_pop_is_painted_within_a_hundred_milliseconds(ring: Ring) -> None:
    took = milliseconds_to_the_pop(ring, RINGS)
    assert share(took, 0.95) <= 100
    assert share(took, 0.99) <= 250


def test_nothing_of_another_agent_s_caller_is_sent_to_a_second_browser_r66(ring: Ring) -> None:
    with ring.ringing() as (company, _at):
        answer = ring.ben.request.get("/desk/caller")
        assert answer.status == 200
        assert company not in answer.text()
