"""Who may see which page: every view says so itself, and this file alone holds him to it.

A view without a word about access stops the application from being made. `current()` is the person of this request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

import flask_login
from flask import Flask, Response, abort, current_app, redirect, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ivr.policy.roles import Role
from ivr.service.sign_in_ports import Person

V = TypeVar("V", bound=Callable[..., Any])
ANYONE: Final = "anyone"
MACHINES: Final = "machines"
EVERY_ROLE: Final = frozenset(Role)
# Paths that have no session: what speaks there is no browser of ours, or asks for what is no secret.
WITHOUT_SESSION: Final = ("/twilio/", "/static/", "/healthz", "/readyz", "/metrics")

Access = frozenset[Role] | str


class UndeclaredViewError(Exception):
    """A view that says nothing about who may see it."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The person of this request."""

    login: str
    name: str
    role: Role


class User(flask_login.UserMixin):  # type: ignore[misc] # Flask-Login ships no types
    """Flask-Login's idea of a person: one that lasts for the request."""

    def __init__(self, person: Person) -> None:
        self.id = person.login
        self.signed_in = SignedIn(login=person.login, name=person.name, role=person.role)


def allowed(*roles: Role) -> Callable[[V], V]:
    """Only who has one of these roles."""
    return _declared(frozenset(roles))


def anyone(view: V) -> V:
    """Also who has not signed in."""
    return _declared(ANYONE)(view)


def machines(view: V) -> V:
    """No browser of ours: without session and CSRF, behind a guard of its own."""
    return _declared(MACHINES)(view)


def idle(view: V) -> V:
    """Asked for by the page itself: no sign that the person is still there."""
    view.__dict__["idle"] = True
    return view


def or_with(shown: Callable[[], bool]) -> Callable[[V], V]:
    """Also who shows something else, as a display its key; what opens nothing is refused by `shown` itself."""

    def on(view: V) -> V:
        view.__dict__["instead"] = shown
        return view

    return on


def current() -> SignedIn:
    """Whose request this is; only in a view that is for signed-in people."""
    user = flask_login.current_user
    if not user.is_authenticated:
        abort(401)
    return cast(SignedIn, user.signed_in)


def someone() -> SignedIn | None:
    """The same, or None before anybody has signed in."""
    user = flask_login.current_user
    return cast(SignedIn, user.signed_in) if user.is_authenticated else None


def access_of(app: Flask, endpoint: str) -> Access:
    """What its view says. Raises UndeclaredViewError."""
    if endpoint == "static":
        return MACHINES
    access: Access | None = getattr(app.view_functions[endpoint], "access", None)
    if access is None:
        raise UndeclaredViewError(f"{endpoint} does not say who may see it: @allowed(...) or @anyone")
    return access


def enforce(app: Flask) -> None:
    """Last of all, when every view is there. Raises UndeclaredViewError."""
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        without = rule.rule.startswith(WITHOUT_SESSION)
        if without != (access == MACHINES):
            raise UndeclaredViewError(
                f"{rule.rule}: what is for machines, and only that, lies without a session"
            )

    @app.before_request
    def let_in() -> Response | None:
        if getattr(session, "unknown", False):
            abort(503)  # to be asked to sign in again would cost an agent his page in the middle of a call
        if request.endpoint is None:
            return None
        instead = getattr(app.view_functions[request.endpoint], "instead", None)
        if instead is not None and someone() is None and instead():
            return None
        return _refusal(access_of(app, request.endpoint))


def reachable(app: Flask, path: str) -> bool:
    """Whether there is such a page and the person of this request may see it."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    access = access_of(app, endpoint)
    person = someone()
    return isinstance(access, str) or (person is not None and person.role in access)


def _refusal(access: Access) -> Response | None:
    if isinstance(access, str):
        return None
    person = someone()
    if person is None:
        return _to_sign_in()
    if person.role not in access:
        abort(403)
    return None


def _to_sign_in() -> Response:
    """A page is led there, a fragment takes its whole page along, a script is told 401."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=401, headers={"HX-Redirect": "/sign-in"})
    if request.method != "GET" or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        abort(401)
    wanted = request.full_path.rstrip("?")
    return cast("Response", redirect(f"/sign-in?next={quote(wanted)}"))


def _declared(access: Access) -> Callable[[V], V]:
    def on(view: V) -> V:
        view.__dict__["access"] = access
        return view

    return on


def acted() -> bool:
    """Whether this request is something the person did: he sent something, or opened a page.

    A fragment fetched anew, an open stream and what a view calls idle are the page's own doing.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "idle", False):
        return False
    opened = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    return request.method not in {"GET", "HEAD"} or (opened and request.headers.get("HX-Request") != "true")
