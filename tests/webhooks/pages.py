"""The pages alone, over a database of their own: people with passwords, and browsers without a screen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.settings import Settings, load
from ivr.adapters.argon2_passwords import Argon2Passwords
from ivr.adapters.sql_sign_in import SqlSignIn
from ivr.policy.roles import Role
from tests.adapters.rows import Database
from webhooks.app import create_app

PASSWORD = "correct horse battery"
PEOPLE = {"ana": Role.AGENT, "ben": Role.AGENT, "mia": Role.MANAGER, "root": Role.ADMIN}
HASH = Argon2Passwords().hashed(PASSWORD)


class Pages:
    """An application with four people in it."""

    def __init__(self, directory: Path, **environ: str) -> None:
        given = {"HOTLINE_DATA_DIR": str(directory), "REDIS_URL": "unix:///nowhere/redis.sock", **environ}
        self.settings: Settings = load(given)
        self.database = Database(self.settings.database_url)
        for login, role in PEOPLE.items():
            self.database.add_agent(login, "offline", role=role.value, password=HASH)
        self.app = create_app(self.settings)

    def visitor(self) -> "Browser":
        return Browser(self.app.test_client())

    def browser(self, login: str) -> "Browser":
        """Of somebody who has signed in."""
        browser = self.visitor()
        answer = browser.sign_in(login)
        assert answer.status_code == 302, answer.text
        return browser

    def set_password(self, login: str, hashed: str) -> None:
        SqlSignIn(self.settings.database_url).set_password(login, hashed)


class Browser:
    """Keeps cookies, sends the CSRF token of the page it saw last."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        answer = self.client.get(path, headers=_named(headers))
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text) if _is_page(answer) else None
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **form})

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", login=login, password=password, **more)

    @property
    def session_cookie(self) -> str | None:
        cookie = self.client.get_cookie("hotline_session")
        return None if cookie is None else cookie.value


@contextmanager
def pages_in(directory: Path, **environ: str) -> Iterator[Pages]:
    pages = Pages(directory, **environ)
    yield pages
    pages.database.engine.dispose()


def _is_page(answer: TestResponse) -> bool:
    return answer.mimetype == "text/html"


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
