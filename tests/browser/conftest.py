"""People at real browsers: `desk` opens pages of a whole running hotline, `pages_only` those of the web alone.

Browser and hotline are started when a module first needs them and end with the module.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from ivr.bootstrap import agents_service
from tests.adapters.small_redis import SmallRedis
from tests.browser.chromium import close, new_page, running_chromium, sign_in
from tests.real_asterisk.hotline import RunningHotline
from tests.webhooks.pages import PASSWORD, Pages, pages_in

# What has to come may come late beside other tests; a test that judges how soon says its own seconds.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


class Desk:
    """A running hotline and the people who sit at its pages."""

    def __init__(self, browser: Browser, hotline: RunningHotline) -> None:
        self.browser = browser
        self.hotline = hotline
        self.base_url = f"http://127.0.0.1:{hotline.settings.web_port}"
        self._pages: list[Page] = []

    def add(self, login: str, phone: str, role: str = "agent", state: str | None = None) -> None:
        """Somebody with that phone and the tests' password."""
        service = agents_service(self.hotline.settings)
        service.add(login, login.title(), phone, role, PASSWORD)
        if state is not None:
            service.choose(login, state)

    def page(self, login: str, *, language: str = "zh", dark: bool = False) -> Page:
        """A new browser in which that person has signed in."""
        page = new_page(self.browser, self.base_url, language=language, dark=dark)
        self._pages.append(page)
        return sign_in(page, login, PASSWORD)

    def close(self) -> None:
        for page in self._pages:
            close(page)


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A whole hotline with the shipped policy; mark what uses it `real`."""
    with RunningHotline(tmp_path_factory.mktemp("hotline")) as hotline:
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        made = Desk(browser, hotline)
        yield made
        made.close()


class PagesOnly:
    """The web application in this process, with a Valkey and no switch. Its people are tests.webhooks.pages.PEOPLE."""

    def __init__(self, browser: Browser, pages: Pages, port: int) -> None:
        self.browser = browser
        self.pages = pages
        self.base_url = f"http://127.0.0.1:{port}"
        self._opened = ExitStack()

    def visitor(self, *, language: str = "zh", dark: bool = False) -> Page:
        """Somebody who has not signed in."""
        page = new_page(self.browser, self.base_url, language=language, dark=dark)
        self._opened.callback(close, page)
        return page

    def page(self, login: str, *, language: str = "zh", dark: bool = False) -> Page:
        return sign_in(self.visitor(language=language, dark=dark), login, PASSWORD)

    def close(self) -> None:
        self._opened.close()


@pytest.fixture(scope="module")
def valkey() -> Iterator[SmallRedis]:
    server = SmallRedis()
    yield server
    server.close()


@pytest.fixture
def pages_only(browser: Browser, tmp_path: Path, valkey: SmallRedis) -> Iterator[PagesOnly]:
    with pages_in(tmp_path, REDIS_URL=valkey.url) as pages, _served(pages) as port:
        made = PagesOnly(browser, pages, port)
        yield made
        made.close()


@contextmanager
def _served(pages: Pages) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, pages.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
