"""Administration in a real browser: usable by everybody, in both languages, light and dark."""

from pathlib import Path

import pytest

from tests.browser.accessible import assert_accessible
from tests.browser.chromium import screenshot
from tests.browser.conftest import PagesOnly


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_administer(pages_only: PagesOnly, tmp_path: Path, language: str, dark: bool) -> None:
    page = pages_only.page("root", language=language, dark=dark)
    for path in ("/admin", "/admin/people/ana", "/admin/audit", "/admin/policy"):
        page.goto(path)
        assert_accessible(page)
        screenshot(page, tmp_path, path.strip("/").replace("/", "-"))
    page.goto("/admin")
    page.locator("input[name=login]").fill("ana")
    page.locator("input[name=name]").fill("Ana")
    page.locator("button.main").click()
    page.locator("[role=alert]").wait_for()
    assert_accessible(page)
    screenshot(page, tmp_path, "refused")
    page.goto("/no-such-page")
    assert_accessible(page)
