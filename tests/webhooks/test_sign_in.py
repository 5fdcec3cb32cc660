"""Who may in, how often he may try, and when he has to sign in again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_schema import audit, login_attempts, web_sessions
from tests.webhooks.pages import PASSWORD, Pages, pages_in
from webhooks.sessions import hashed


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        yield made


def test_an_agent_signs_in_and_stands_at_his_desk(pages: Pages) -> None:
    browser = pages.browser("ana")
    assert browser.get("/").location == "/desk"
    desk = browser.get("/desk")
    assert desk.status_code == 200
    assert 'id="caller"' in desk.text


def test_a_wrong_password_and_an_unknown_login_read_the_same(pages: Pages) -> None:
    wrong, unknown = (pages.visitor().sign_in(login, "not the password") for login in ("ana", "nobody"))
    assert wrong.status_code == unknown.status_code == 401
    assert "登录名或密码不对" in wrong.text
    assert "登录名或密码不对" in unknown.text


def test_signing_in_gives_a_new_token_and_only_its_hash_is_kept(pages: Pages) -> None:
    browser = pages.visitor()
    browser.get("/sign-in")
    before = browser.session_cookie
    browser.sign_in("ana")
    after = browser.session_cookie
    assert before is not None
    assert after is not None
    assert after != before
    assert [row["token_hash"] for row in pages.database.rows(web_sessions)] == [hashed(after)]


def test_a_session_that_somebody_else_planted_opens_nothing(pages: Pages) -> None:
    stranger = pages.visitor()
    stranger.get("/sign-in")
    planted = stranger.session_cookie
    assert planted is not None
    victim = pages.visitor()
    victim.client.set_cookie("hotline_session", planted)
    victim.sign_in("ana")
    assert stranger.get("/desk").location == "/sign-in?next=/desk"


def test_signing_out_ends_the_session_wherever_its_cookie_lies(pages: Pages) -> None:
    browser = pages.browser("ana")
    stolen = browser.session_cookie
    browser.get("/desk")
    assert browser.post("/sign-out").location == "/sign-in"
    thief = pages.visitor()
    thief.client.set_cookie("hotline_session", stolen or "")
    assert thief.get("/desk").status_code == 302


def test_an_older_hash_opens_and_is_replaced(pages: Pages) -> None:
    digest = hashlib.scrypt(PASSWORD.encode(), salt=bytes(16), n=2**14, r=8, p=5)
    pages.set_password("ana", f"scrypt${bytes(16).hex()}${digest.hex()}")
    pages.browser("ana")
    assert pages.database.agent("ana")["password"].startswith("$argon2id$")
    pages.browser("ana")


def test_nobody_signs_in_before_a_password_was_set(pages: Pages) -> None:
    pages.database.add_agent("cai")
    assert pages.visitor().sign_in("cai", "").status_code == 401
    assert pages.visitor().sign_in("cai", "None").status_code == 401


def test_who_guesses_is_told_how_long_to_wait(pages: Pages) -> None:
    for _ in range(5):
        assert pages.visitor().sign_in("ana", "a guess").status_code == 401
    answer = pages.visitor().sign_in("ana")
    assert answer.status_code == 429
    assert "请等 " in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 2


@pytest.mark.parametrize(
    ("reached_from", "said", "counted"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.66, 198.51.100.7", "198.51.100.7"),  # what came before it anybody can write
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("192.0.2.9", "198.51.100.7", "192.0.2.9"),
    ],
)
def test_where_somebody_is_says_only_a_proxy_on_this_machine(
    pages: Pages, reached_from: str, said: str, counted: str
) -> None:
    visitor = pages.visitor()
    visitor.get("/sign-in")
    visitor.client.post(
        "/sign-in",
        data={"csrf_token": visitor.token, "login": "ana", "password": "a guess"},
        headers={"X-Forwarded-For": said},
        environ_base={"REMOTE_ADDR": reached_from},
    )
    assert [row["address"] for row in pages.database.rows(login_attempts)] == [counted]


def test_an_address_that_cannot_be_one_is_not_written_down(pages: Pages) -> None:
    visitor = pages.visitor()
    visitor.get("/sign-in")
    visitor.client.post(
        "/sign-in",
        data={"csrf_token": visitor.token, "login": "ana", "password": "a guess"},
        headers={"X-Forwarded-For": "<script>" * 30},
    )
    assert [row["address"] for row in pages.database.rows(login_attempts)] == ["?"]


def test_a_login_that_cannot_be_one_is_not_written_down_it_may_be_a_password(pages: Pages) -> None:
    pages.visitor().sign_in("My Secret Pa55word!", "x")
    assert [row["login"] for row in pages.database.rows(login_attempts)] == ["?"]
    assert [row["login"] for row in pages.database.rows(audit)] == ["?"]


def test_every_sign_in_and_sign_out_stands_in_the_audit_log(pages: Pages) -> None:
    browser = pages.browser("ana")
    browser.get("/desk")
    browser.post("/sign-out")
    pages.visitor().sign_in("ana", "a guess")
    assert [row["action"] for row in pages.database.rows(audit)] == ["sign_in", "sign_out", "sign_in_failed"]


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/desk/callbacks?late=1", "/desk/callbacks?late=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("desk", "/"),
    ],
)
def test_signing_in_leads_to_a_page_of_ours_and_nowhere_else(pages: Pages, wanted: str, led_to: str) -> None:
    assert pages.visitor().sign_in("ana", next=wanted).location == led_to


def test_a_sign_in_page_left_open_too_long_asks_once_more(pages: Pages) -> None:
    answer = pages.visitor().post("/sign-in", login="ana", password=PASSWORD)
    assert answer.status_code == 400
    assert "请再登录一次" in answer.text
    assert 'value="ana"' in answer.text


def test_the_language_stays_chosen_after_signing_out(pages: Pages) -> None:
    browser = pages.visitor()
    assert "登录名" in browser.get("/sign-in").text
    assert browser.post("/language", language="en", back="/sign-in").location == "/sign-in"
    page = browser.get("/sign-in").text
    assert 'lang="en"' in page
    assert "Password" in page
    browser.post("/language", language="xx", back="//evil.example")
    assert 'lang="en"' in browser.get("/sign-in").text
