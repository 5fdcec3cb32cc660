"""Every page of the application times everybody who may ask for it: exactly those it is declared for get in.

The pages are those of the running application; a new one is here as soon as it exists.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from ivr.policy.roles import Role
from tests.webhooks.pages import PEOPLE, Browser, Pages, pages_in
from webhooks import access
from webhooks.access import ANYONE, MACHINES, UndeclaredViewError, access_of, allowed, anyone, machines

NOT_LET_IN = {302, 401, 403}
# What the norm asks of the roles; the words of the views themselves are looked at below.
ONLY_ADMINS = "/admin"
WHO_SIGNS_OUT = {"/sign-out"}  # it would end the browser this file goes on with


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_in(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="module")
def browsers(pages: Pages) -> dict[str | None, Browser]:
    """Nobody, an agent, another agent, a manager and an admin."""
    signed_in: dict[str | None, Browser] = {login: pages.browser(login) for login in PEOPLE}
    for browser in signed_in.values():
        browser.get("/sign-in-token")  # any page of ours brings a CSRF token
    return {None: pages.visitor(), **signed_in}


def questions(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address with every method it takes."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def asked(browser: Browser, rule: Rule, method: str) -> TestResponse:
    """With a one, or an `x`, in the place of whatever it is about."""
    values = dict.fromkeys(rule.arguments, "1")
    _, path = rule.build(values) or ("", rule.rule)
    headers = {"X-CSRFToken": browser.token}
    return browser.client.open(path, method=method, headers=headers)


def is_let_in(answer: TestResponse) -> bool:
    """Whatever the page then says; a page may lead on to another, but not to signing in."""
    if answer.status_code == 302:
        return not answer.location.startswith("/sign-in")
    return answer.status_code not in NOT_LET_IN


def test_every_page_lets_in_whom_it_is_declared_for_and_nobody_else(
    pages: Pages, browsers: dict[str | None, Browser]
) -> None:
    wrong, seen = [], 0
    for rule, method in questions(pages.app):
        declared = access_of(pages.app, rule.endpoint)
        if isinstance(declared, str):
            continue
        for login, browser in browsers.items():
            answer = asked(browser, rule, method)
            answer.close()
            expected = login is not None and PEOPLE[login] in declared
            seen += 1
            if is_let_in(answer) != expected:
                wrong.append(f"{method} {rule.rule} by {login}: {answer.status_code}")
    assert wrong == []
    assert seen >= 5 * len(PEOPLE)


def test_administration_is_for_admins_alone(pages: Pages) -> None:
    under = [rule for rule in pages.app.url_map.iter_rules() if rule.rule.startswith(ONLY_ADMINS)]
    assert len(under) >= 6
    assert {access_of(pages.app, rule.endpoint) for rule in under} == {frozenset({Role.ADMIN})}


def test_an_admin_takes_no_calls_and_has_no_desk(pages: Pages) -> None:
    assert pages.browser("root").get("/desk").status_code == 403


def test_the_only_pages_without_a_sign_in_are_those_that_lead_to_it(pages: Pages) -> None:
    open_pages = {
        rule.rule for rule in pages.app.url_map.iter_rules() if access_of(pages.app, rule.endpoint) == ANYONE
    }
    assert open_pages == {"/", "/sign-in", "/sign-out", "/language", "/here"}


def test_machines_have_no_session_and_pages_all_have_one(pages: Pages) -> None:
    for rule in pages.app.url_map.iter_rules():
        without = rule.rule.startswith(access.WITHOUT_SESSION)
        assert without == (access_of(pages.app, rule.endpoint) == MACHINES), rule.rule


def test_whatever_changes_something_needs_a_token_of_our_page(
    pages: Pages, browsers: dict[str | None, Browser]
) -> None:
    for rule, method in questions(pages.app):
        if method == "GET" or access_of(pages.app, rule.endpoint) == MACHINES:
            continue
        declared = access_of(pages.app, rule.endpoint)
        login = next(who for who, role in PEOPLE.items() if isinstance(declared, str) or role in declared)
        values = dict.fromkeys(rule.arguments, "1")
        _, path = rule.build(values) or ("", rule.rule)
        for headers in ({}, {"X-CSRFToken": browsers[None].token or "x"}):
            answer = browsers[login].client.open(path, method=method, headers=headers)
            assert answer.status_code == 400, f"{method} {rule.rule}"
            assert answer.text.count("csrf") <= 6


def test_a_page_that_does_not_say_who_may_see_it_stops_the_application() -> None:
    app = Flask("undeclared")
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(UndeclaredViewError, match="forgotten"):
        access.enforce(app)


def test_a_page_behind_no_session_cannot_call_itself_a_page() -> None:
    app = Flask("misplaced")
    app.add_url_rule("/twilio/page", "page", anyone(lambda: ""))
    with pytest.raises(UndeclaredViewError, match="/twilio/page"):
        access.enforce(app)
    other = Flask("misplaced the other way")
    other.add_url_rule("/api", "api", machines(lambda: ""))
    with pytest.raises(UndeclaredViewError, match="/api"):
        access.enforce(other)


def test_a_role_that_is_taken_away_is_gone_at_the_next_click(tmp_path: Path) -> None:
    with pages_in(tmp_path) as pages:
        browser = pages.browser("mia")
        assert browser.get("/desk").status_code == 200
        pages.app.view_functions["desk.desk"] = allowed(Role.AGENT)(lambda: "for agents")
        assert browser.get("/desk").status_code == 403
