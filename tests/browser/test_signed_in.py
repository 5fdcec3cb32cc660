"""The first start of a whole hotline: what it prints opens its pages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import assert_accessible
from tests.browser.chromium import close, new_page, sign_in
from tests.browser.conftest import Desk

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("login", "home"), [("wang", "/desk"), ("admin", "/admin")])
def test_the_logins_printed_at_the_first_start_open_the_pages(desk: Desk, login: str, home: str) -> None:
    printed = re.search(rf"\({login}\).*password (\S+)", desk.hotline.output())
    assert printed is not None, desk.hotline.output()
    page = sign_in(new_page(desk.browser, desk.base_url), login, printed[1])
    expect(page).to_have_url(f"{desk.base_url}{home}")
    assert_accessible(page)
    close(page)


def test_an_agent_made_in_the_administration_can_sign_in_and_his_phone_works(desk: Desk) -> None:
    desk.add("root2", "", role="admin")
    page = desk.page("root2")
    page.goto("/admin")
    page.locator("input[name=login]").fill("cai")
    page.locator("input[name=name]").fill("蔡")
    page.locator("section button.main").click()
    login, password, user, _secret = page.locator("dl.once code").all_inner_texts()
    assert login == "cai"
    etc = desk.hotline.data_dir / "asterisk"
    desk.hotline.wait(lambda: any(user in path.read_text() for path in etc.rglob("pjsip*.conf")), 30)
    hers = sign_in(new_page(desk.browser, desk.base_url), "cai", password)
    expect(hers).to_have_url(f"{desk.base_url}/desk")
    close(hers)
    for log in desk.hotline.settings.log_dir.glob("*.log"):
        assert password not in log.read_text("utf-8", "replace")
