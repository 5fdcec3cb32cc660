"""What a browser is told with every page: load nothing from elsewhere, run nothing inline, be framed by nobody."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webhooks.pages import Pages, pages_in
from webhooks.headers import TWILIO_SIGNALLING

TEMPLATES = Path(__file__).resolve().parents[2] / "webhooks" / "templates"
NUMBER = "13800138000"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path, HOTLINE_WS_PORT="8089") as made:
        yield made


@pytest.mark.parametrize("path", ["/sign-in", "/desk", "/no-such-page", "/static/js/hands.js"])
def test_every_answer_to_a_browser_carries_the_policy(pages: Pages, path: str) -> None:
    answer = pages.visitor().get(path)
    policy = answer.headers["Content-Security-Policy"]
    answer.close()
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self' ws://localhost:8089" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]


def test_behind_https_the_phone_speaks_through_the_same_proxy(tmp_path: Path) -> None:
    with pages_in(tmp_path, PUBLIC_BASE_URL="https://hotline.example") as pages:
        policy = pages.visitor().get("/sign-in", Host="hotline.example").headers["Content-Security-Policy"]
        assert "connect-src 'self' wss://hotline.example/ws;" in policy


def test_on_the_machine_itself_the_phone_speaks_to_the_switch_also_where_there_is_a_public_address(
    tmp_path: Path,
) -> None:
    with pages_in(tmp_path, PUBLIC_BASE_URL="https://hotline.example") as pages:
        policy = pages.visitor().get("/sign-in", Host="127.0.0.1:8080").headers["Content-Security-Policy"]
        assert "connect-src 'self' ws://127.0.0.1:8088/ws;" in policy


def test_a_page_may_speak_to_twilio_only_where_an_agent_s_page_can_be_rung_by_it(
    pages: Pages, tmp_path: Path
) -> None:
    assert "twilio" not in pages.visitor().get("/sign-in").headers["Content-Security-Policy"]
    with pages_in(tmp_path / "with", TWILIO_API_KEY_SID="SK" + "1" * 32) as with_a_key:
        policy = with_a_key.visitor().get("/sign-in").headers["Content-Security-Policy"]
        assert f"connect-src 'self' ws://localhost:8088/ws {TWILIO_SIGNALLING}; form-action" in policy


def test_a_host_nobody_can_have_is_not_written_into_the_policy(pages: Pages) -> None:
    answer = pages.visitor().get("/sign-in", Host="evil.example; script-src *")
    assert "evil" not in answer.headers.get("Content-Security-Policy", "")


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    inline = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on")
    found = [path.name for path in TEMPLATES.rglob("*.html") if inline.search(path.read_text("utf-8"))]
    assert found == []


def test_a_page_that_fails_says_so_and_the_log_has_no_callers_number(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    browser = pages.browser("ana")

    def broken() -> str:
        raise RuntimeError(f"the caller +86{NUMBER}")

    broken.__dict__["access"] = pages.app.view_functions["desk.desk"].__dict__["access"]
    pages.app.view_functions["desk.desk"] = broken
    with caplog.at_level(logging.DEBUG):
        answer = browser.get(f"/desk?number={NUMBER}")
    assert answer.status_code == 500
    assert "服务器出错了" in answer.text
    assert "desk.desk failed" in caplog.text
    assert NUMBER not in caplog.text
    assert NUMBER not in answer.text
