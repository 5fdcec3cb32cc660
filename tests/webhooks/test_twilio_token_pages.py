"""Who is signed in and takes calls gets a token for his own Twilio telephone; nobody gets anybody else's."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.webhooks.pages import Pages, pages_in

SECRET = "a-secret-of-the-api-key-and-of-nobody-else"
KEY = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_API_KEY_SID": "SK" + "1" * 32,
    "TWILIO_API_KEY_SECRET": SECRET,
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_in(tmp_path_factory.mktemp("tokens"), **KEY) as made:
        yield made


@pytest.mark.parametrize("login", ["ana", "mia"])
def test_his_token_lets_him_be_rung_as_himself_and_place_no_call_r82(pages: Pages, login: str) -> None:
    browser = pages.browser(login)
    browser.get("/desk")
    answer = browser.post("/desk/twilio-token", identity="ben")  # asked for another: not looked at
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    given = answer.get_json()
    assert (given["identity"], given["seconds"]) == (login, 3600)
    token = jwt.decode(given["token"], SECRET, algorithms=["HS256"])
    assert (token["iss"], token["sub"]) == (KEY["TWILIO_API_KEY_SID"], KEY["TWILIO_ACCOUNT_SID"])
    assert token["grants"] == {"identity": login, "voice": {"incoming": {"allow": True}}}
    assert token["exp"] - token["nbf"] == 3600
    assert SECRET not in answer.text


def test_who_has_not_signed_in_or_takes_no_calls_or_is_led_here_by_another_page_gets_none(
    pages: Pages,
) -> None:
    visitor = pages.visitor()
    visitor.get("/sign-in")
    assert visitor.post("/desk/twilio-token").status_code == 401
    admin = pages.browser("root")
    admin.get("/admin")
    assert admin.post("/desk/twilio-token").status_code == 403
    agent = pages.browser("ana")
    agent.token = "none of ours"
    assert agent.post("/desk/twilio-token").status_code == 400
    assert agent.get("/desk/twilio-token").status_code == 405


def test_without_a_key_of_the_account_there_is_no_such_address(tmp_path: Path) -> None:
    with pages_in(tmp_path) as pages:
        browser = pages.browser("ana")
        browser.get("/desk")
        assert browser.post("/desk/twilio-token").status_code == 404
