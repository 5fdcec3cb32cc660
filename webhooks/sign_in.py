"""Signing in and out, the language, and the sign that hands are at the keyboard."""

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request, session
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from ivr.policy.roles import Role
from ivr.service.sign_in import SignIns, TooSoonError, WrongPasswordError
from webhooks import words
from webhooks.access import User, anyone, reachable, someone
from webhooks.sessions import ServerSession
from webhooks.words import _

A_YEAR_SECONDS = 365 * 24 * 3600
HOMES = {
    Role.AGENT: ("/desk",),
    Role.MANAGER: ("/board", "/desk"),
    Role.ADMIN: ("/admin", "/board", "/sign-in"),
}


def sign_in_blueprint(sign_ins: SignIns, *, secure: bool) -> Blueprint:
    """`secure`: cookies travel over https alone."""
    blueprint = Blueprint("sign_in", __name__)
    _add_sign_in(blueprint, sign_ins)

    @blueprint.post("/sign-out")
    @anyone
    def sign_out() -> AnyResponse:
        """The session is gone from the table: its cookie opens nothing any more, wherever it lies."""
        person = someone()
        if person is not None:
            sign_ins.signed_out(person.login)
        logout_user()
        cast(ServerSession, session).renew()
        return redirect("/sign-in")

    @blueprint.post("/language")
    @anyone
    def choose_language() -> AnyResponse:
        """Kept in this browser, also after signing out."""
        answer = redirect(local_path(request.form.get("back", "")) or "/")
        chosen = request.form.get("language", "")
        if chosen in words.LANGUAGES:
            answer.set_cookie(
                words.COOKIE, chosen, max_age=A_YEAR_SECONDS, httponly=True, samesite="Lax", secure=secure
            )
        return answer

    @blueprint.post("/here")
    @anyone
    def here() -> tuple[str, int]:
        """The page saw a key or a click: the session's half hour begins anew (webhooks.sessions)."""
        return "", 204

    return blueprint


def _add_sign_in(blueprint: Blueprint, sign_ins: SignIns) -> None:
    @blueprint.get("/")
    @anyone
    def home() -> AnyResponse:
        person = someone()
        if person is None:
            return redirect("/sign-in")
        return redirect(next(path for path in HOMES[person.role] if reachable(current_app, path)))

    @blueprint.get("/sign-in")
    @anyone
    def ask() -> AnyResponse | str:
        return sign_in_page() if someone() is None else redirect("/")

    @blueprint.post("/sign-in")
    @anyone
    def sign_in() -> AnyResponse:
        login, password = request.form.get("login", ""), request.form.get("password", "")
        try:
            person = sign_ins.sign_in(login, password, client_address())
        except WrongPasswordError:
            said = _("登录名或密码不对。")
            return Response(sign_in_page(said, login), 401)
        except TooSoonError as error:
            said = _("试得太多了，请等 %(seconds)s 秒再试。") % {"seconds": error.seconds}
            return Response(sign_in_page(said, login), 429, {"Retry-After": str(error.seconds)})
        cast(ServerSession, session).renew()
        login_user(User(person))
        return redirect(local_path(request.form.get("next", "")) or "/")


def sign_in_page(said: str = "", login: str = "") -> str:
    """Asks who it is; `said` is why the last try did not work."""
    wanted = local_path(request.values.get("next", "")) or ""
    return render_template("sign_in.html", said=said, login=login[:64], wanted=wanted)


def local_path(text: str) -> str | None:
    """A place on this server, or None: nobody is led away from it by an address he was sent."""
    if not text.startswith("/") or text.startswith("//") or not text.isprintable() or "\\" in text:
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else text


def client_address() -> str:
    """Where the browser is: a proxy on this machine says so in the last part of its own header."""
    address = request.remote_addr or "?"
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded if forwarded and address in {"127.0.0.1", "::1"} else address
