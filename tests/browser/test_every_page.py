"""Every page there is, opened by somebody who may: small, without a request to anybody else, usable by everybody."""

import gzip

import pytest
from flask import Flask
from playwright.sync_api import Page

from ivr.policy.roles import Role
from tests.browser.accessible import findings
from tests.browser.conftest import PagesOnly
from tests.browser.listening import asked_by, complaints_of
from tests.webhooks.pages import PEOPLE
from webhooks.access import access_of

LARGEST_PAGE_BYTES = 100_000
PHONE_LIBRARY = "sip"  # part of its file's name; fetched by whoever takes calls in the page
LOADED_MS = 1500  # an open page never falls silent: it listens for what happens

pytestmark = pytest.mark.slow


def paths_for(app: Flask, role: Role) -> list[str]:
    """Every address without a variable part that this role may open."""
    rules = [
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    return sorted(rule.rule for rule in rules if role in access_of(app, rule.endpoint))


def is_page(pages_only: PagesOnly, login: str, path: str) -> bool:
    """Not a fragment, a stream or a file."""
    client = pages_only.pages.browser(login).client
    answer = client.get(path, buffered=False)
    text = answer.mimetype == "text/html" and answer.get_data(as_text=True).startswith("<!doctype html>")
    answer.close()
    return text and answer.status_code == 200


@pytest.mark.parametrize("login", ["ana", "mia", "root"])
def test_every_page_is_small_asks_nobody_else_and_is_open_to_everybody(
    pages_only: PagesOnly, login: str
) -> None:
    app = pages_only.pages.app
    wanted = [path for path in paths_for(app, PEOPLE[login]) if is_page(pages_only, login, path)]
    assert wanted
    page = pages_only.page(login)
    wrong = [said for path in wanted for said in faults(page, pages_only.base_url, path)]
    assert wrong == []


def faults(page: Page, base_url: str, path: str) -> list[str]:
    """What is wrong with that page, in words."""
    asked, complaints = asked_by(page), complaints_of(page)
    page.goto(path)
    page.wait_for_timeout(LOADED_MS)
    found = [f"{path} asks {url}" for url in asked if not url.startswith((base_url, "ws://127.0.0.1"))]
    kept = [url for url in asked if url.startswith(base_url) and not is_endless(url, base_url)]
    size = sum(len(gzip.compress(page.request.get(url).body())) for url in kept)
    if not 0 < size <= LARGEST_PAGE_BYTES:
        found.append(f"{path} takes {size} bytes: {sorted(kept)}")
    found += [f"{path}: {said}" for said in complaints if "Content Security Policy" in said]
    return found + [f"{path}: {finding}" for finding in findings(page)]


def is_endless(url: str, base_url: str) -> bool:
    """The stream of events, and the one library that does not count."""
    name = url.removeprefix(base_url).partition("?")[0]
    return name.startswith("/events") or PHONE_LIBRARY in name.rpartition("/")[2]
