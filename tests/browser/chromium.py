"""Debian's chromium for the tests, started by playwright; nothing in it reaches beyond this machine.

`python -m tests.browser.chromium` installs it and a Chinese font where they are missing and may be installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error, Page, sync_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
PACKAGES: Final = ("chromium", "fonts-noto-cjk")
MISSING: Final = (
    "chromium and a Chinese font are needed by the browser tests and were not found. "
    f"Install them (Debian: apt-get install -y {' '.join(PACKAGES)}) and run the tests again"
)
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREEN: Final = {"width": 1366, "height": 768}
LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}


class BrowserMissing(Exception):
    """There is no browser to start, or no font to draw Chinese with."""


def program() -> str | None:
    """Where chromium is."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def running_chromium(*arguments: str) -> Iterator[Browser]:
    """Without a window. A machine without it fails the tests, it never skips them. Raises BrowserMissing."""
    path = program()
    if path is None:
        raise BrowserMissing(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Browser, base_url: str, *, language: str = "zh", dark: bool = False) -> Page:
    """A person's browser with cookies of its own, at 1366 x 768; what its pages complain of stands in `complaints`."""
    context = browser.new_context(
        base_url=base_url,
        viewport=SCREEN,  # type: ignore[arg-type] # a dict of two numbers is what it takes
        locale=LOCALES[language],
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(20_000)
    context.add_cookies([{"name": "hotline_language", "value": language, "url": base_url}])
    return context.new_page()


def sign_in(page: Page, login: str, password: str) -> Page:
    """Through the page as a person does."""
    page.goto("/sign-in")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(password)
    page.locator("button.main").click()
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))
    return page


def screenshot(page: Page, directory: Path, name: str) -> Path:
    """What the screen shows, for somebody to look at."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.png"
    page.screenshot(path=path)
    return path


def close(page: Page) -> None:
    """With everything it keeps."""
    try:
        page.context.close()
    except Error:  # the browser is gone already
        return


def install() -> None:
    """Debian's packages, where something is missing and we may. Raises BrowserMissing."""
    if program() is not None and _draws_chinese():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BrowserMissing(MISSING)
    print("Installing chromium and a Chinese font, which the tests need ...", flush=True)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    wanted = [*quiet, "install", "-y", "--no-install-recommends", *PACKAGES]
    if subprocess.run(wanted).returncode != 0:
        subprocess.run([*quiet, "update"], check=True)
        subprocess.run(wanted, check=True)


def _draws_chinese() -> bool:
    if shutil.which("fc-list") is None:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    found = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True)
    return bool(found.stdout.strip())


if __name__ == "__main__":
    try:
        install()
    except (BrowserMissing, subprocess.CalledProcessError) as failure:
        sys.exit(f"{failure}")
