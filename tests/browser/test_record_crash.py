"""A draft outlives whatever dies: the browser, or the web server, killed in the middle of a word."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from config.settings import ROOT
from ivr.adapters.sql_schema import records
from tests.browser.chromium import ARGUMENTS, close, new_page, program, sign_in
from tests.browser.conftest import PagesOnly
from tests.webhooks.pages import PASSWORD, Pages
from tests.webhooks.record_house import served

SLOW_MS = 30_000
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Web:
    """The web part as a process of its own, on one port however often it is started."""

    def __init__(self, data_dir: Path) -> None:
        with closing(socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        given = {"HOTLINE_DATA_DIR": str(data_dir), "REDIS_URL": "unix:///nowhere/redis.sock"}
        self._environ = {"PATH": os.defpath, **given, "HOTLINE_WEB_PORT": str(self.port)}
        self.start()

    def start(self) -> None:
        words = [sys.executable, "-m", "ivr", "part", "web"]
        self._process = subprocess.Popen(words, cwd=ROOT, env=self._environ, start_new_session=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"{self.base_url}/healthz", timeout=2):
                return
            time.sleep(0.2)
        raise AssertionError("the web part did not start")

    def kill(self) -> None:
        """With everything it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


@contextmanager
def running_web(data_dir: Path) -> Iterator[Web]:
    web = Web(data_dir)
    try:
        yield web
    finally:
        web.kill()


def at_desk(browser: Browser, base_url: str) -> Page:
    page = new_page(browser, base_url)
    page.set_default_timeout(SLOW_MS)
    sign_in(page, "ana", PASSWORD)
    page.goto("/desk")
    page.locator("#record-root").wait_for(timeout=SLOW_MS)
    return page


def stored(pages: Pages) -> dict[str, Any]:
    return pages.database.rows(records)[0]


def test_a_draft_survives_a_browser_killed_while_he_types_R71(pages_only: PagesOnly) -> None:
    served(pages_only.pages)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    doomed = pages_only.browser.browser_type.launch(executable_path=program(), args=[*ARGUMENTS])
    page = at_desk(doomed, pages_only.base_url)
    page.locator("#q-symptom").type("打印机不动")
    expect(page.locator("#record-saved")).to_contain_text("已保存", timeout=SLOW_MS)
    page.locator("#q-memory").type("5")
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.pid not in before and "chrom" in process.name():
                process.kill()
    with suppress(Error):  # what is killed cannot be closed
        doomed.close()
    page = at_desk(pages_only.browser, pages_only.base_url)
    expect(page.locator("#q-symptom")).to_have_value("打印机不动", timeout=SLOW_MS)
    close(page)


def test_a_draft_survives_a_web_server_killed_while_he_types_R71(browser: Browser, tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    served(pages)
    with running_web(tmp_path) as web:
        page = at_desk(browser, web.base_url)
        page.locator("#q-symptom").type("先写的")
        expect(page.locator("#record-saved")).to_contain_text("已保存", timeout=SLOW_MS)
        web.kill()
        page.locator("#q-symptom").type("，服务器断了还在写")
        expect(page.locator("#record-saved")).to_contain_text("未保存", timeout=SLOW_MS)
        web.start()
        expect(page.locator("#record-saved")).to_contain_text("已保存", timeout=SLOW_MS)
        assert stored(pages)["symptom"] == "先写的，服务器断了还在写"
        close(page)
    pages.database.engine.dispose()
