"""How long a sign-in lasts, and what does not make it last: an open page is not a person."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import web_sessions
from ivr.adapters.sql_schema import agents
from tests.webhooks.pages import Browser, Pages, pages_in

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        yield made


def lies_back(pages: Pages, minutes: float) -> None:
    """Everything that is known of sessions and agents happened so much earlier."""
    back = timedelta(minutes=minutes)
    for row in pages.database.rows(web_sessions):
        times = {"started_at": row["started_at"] - back, "seen_at": row["seen_at"] - back}
        changed(pages, sa.update(web_sessions).where(web_sessions.c.token_hash == row["token_hash"]), times)


def changed(pages: Pages, statement: sa.Update, values: dict[str, object]) -> None:
    with pages.database.engine.begin() as connection:
        connection.execute(statement.values(values))


def test_half_an_hour_without_a_touch_signs_out(pages: Pages) -> None:
    browser = pages.browser("ana")
    lies_back(pages, 29)
    assert browser.get("/desk").status_code == 200
    lies_back(pages, 30.1)
    assert browser.get("/desk").location == "/sign-in?next=/desk"


@pytest.mark.parametrize(
    ("what", "alive"),
    [
        (lambda browser: browser.get("/desk"), True),
        (lambda browser: browser.post("/here"), True),
        (lambda browser: browser.get("/desk", HX_Request="true"), False),
        (lambda browser: browser.get("/desk", Sec_Fetch_Mode="cors"), False),
    ],
    ids=["opening a page", "hands at the keyboard", "a fragment fetched by the page", "a stream or a poll"],
)
def test_only_what_a_person_does_keeps_him_signed_in(
    pages: Pages, what: Callable[[Browser], object], alive: bool
) -> None:
    browser = pages.browser("ana")
    browser.get("/desk")
    lies_back(pages, 20)
    what(browser)
    lies_back(pages, 20)
    assert (browser.get("/desk").status_code == 200) == alive


def test_an_agent_on_duty_is_not_signed_out_between_two_callers(pages: Pages) -> None:
    browser = pages.browser("ana")
    changed(pages, sa.update(agents).where(agents.c.login == "ana"), {"state": "available"})
    lies_back(pages, 300)
    assert browser.get("/desk").status_code == 200


def test_twelve_hours_end_every_sign_in(pages: Pages) -> None:
    browser = pages.browser("ana")
    changed(pages, sa.update(agents).where(agents.c.login == "ana"), {"state": "talking"})
    lies_back(pages, 12 * 60 + 1)
    assert browser.get("/desk").status_code == 302


def test_a_fragment_whose_session_is_over_takes_its_page_to_the_sign_in(pages: Pages) -> None:
    answer = pages.visitor().get("/desk", HX_Request="true")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_stream_whose_session_is_over_is_told_so(pages: Pages) -> None:
    assert pages.visitor().get("/desk", Sec_Fetch_Mode="cors").status_code == 401


def test_a_database_that_does_not_answer_signs_nobody_out(pages: Pages) -> None:
    browser = pages.browser("ana")
    with pages.database.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE web_sessions RENAME TO gone"))
    assert browser.get("/desk").status_code == 503
    with pages.database.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO web_sessions"))
    assert browser.get("/desk").status_code == 200


def test_visitors_leave_nothing_behind(pages: Pages) -> None:
    for _ in range(3):
        pages.visitor().get("/sign-in")
    lies_back(pages, 31)
    pages.app.session_interface._cleared_at = None  # type: ignore[attr-defined] # as a minute later
    pages.visitor().get("/sign-in")
    assert len(pages.database.rows(web_sessions)) == 1


def test_machines_get_no_cookie(pages: Pages) -> None:
    for path in ("/healthz", "/readyz", "/static/css/base.css"):
        answer = pages.visitor().get(path)
        assert "Set-Cookie" not in answer.headers
        answer.close()
    assert pages.database.rows(web_sessions) == []


@pytest.mark.parametrize(("base", "secure"), [("", False), ("https://hotline.example", True)])
def test_the_cookie_is_for_this_server_alone(tmp_path: Path, base: str, secure: bool) -> None:
    with pages_in(tmp_path, PUBLIC_BASE_URL=base) as pages:
        cookie = pages.visitor().get("/sign-in").headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == secure
