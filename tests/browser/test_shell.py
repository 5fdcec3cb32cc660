"""Signing in and the desk's frame in a real browser, in both languages, light and dark."""

from pathlib import Path

import pytest

from tests.browser.accessible import assert_accessible
from tests.browser.chromium import SCREEN, screenshot
from tests.browser.conftest import PagesOnly

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
LIGHTS = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@BOTH
@LIGHTS
def test_everybody_can_sign_in(pages_only: PagesOnly, tmp_path: Path, language: str, dark: bool) -> None:
    page = pages_only.visitor(language=language, dark=dark)
    page.goto("/sign-in")
    assert_accessible(page)
    screenshot(page, tmp_path, "sign-in")


@BOTH
@LIGHTS
def test_everybody_can_use_the_desks_frame(pages_only: PagesOnly, language: str, dark: bool) -> None:
    page = pages_only.page("ana", language=language, dark=dark)
    page.goto("/desk")
    assert_accessible(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= SCREEN["height"]


@BOTH
@pytest.mark.parametrize("login", ["ana", "mia"])
def test_nothing_in_the_bar_is_drawn_over_anything_else(
    pages_only: PagesOnly, login: str, language: str
) -> None:
    page = pages_only.page(login, language=language)
    page.goto("/desk")
    page.locator(".connection").wait_for()
    assert page.evaluate(OVERLAPPING) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]


OVERLAPPING = """() => {
  const leaves = [...document.querySelectorAll(".bar a, .bar button, .bar p, .bar strong, .bar-name")]
    .filter(one => one.offsetWidth && !one.querySelector("a, button, p, strong"))
    .map(one => [one.innerText, one.getBoundingClientRect()]);
  const wrong = [];
  for (const [i, [word, a]] of leaves.entries())
    for (const [other, b] of leaves.slice(i + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        wrong.push(`${word} / ${other}`);
  return wrong;
}"""
