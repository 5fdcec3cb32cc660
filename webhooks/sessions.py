"""Flask's sessions over our own book: the cookie carries a random token, the table only its sha256.

A sign-in gets a new token, so that nobody can be led into a session that somebody else knows. A request that finds
its session over goes on as a visitor's.
"""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

from ivr.policy.masking import masked
from ivr.policy.roles import Role
from ivr.policy.session_life import ABSOLUTE, IDLE, is_over, visit_is_over
from ivr.service.ports import Clock
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.service.sign_in_ports import Person, WebSession, WebSessionBook
from webhooks.access import WITHOUT_SESSION, acted

COOKIE: Final = "hotline_session"
NOTED_EVERY: Final = timedelta(minutes=1)  # a person's every click need not be written down
LOGIN: Final = "_user_id"  # Flask-Login's word for it
_TOKEN_LETTERS: Final = 43

log = logging.getLogger(__name__)


class ServerSession(dict[str, Any], SessionMixin):
    """One request's session. `token` None: it has none yet and gets one when there is something to keep."""

    def __init__(self, token: str | None, stored: WebSession | None) -> None:
        super().__init__(stored.data if stored else {})
        self.token = token if stored else None
        self.stored = stored
        self.before = dict(self)
        self.ended: list[str] = []
        self.renewed = False

    @property
    def person(self) -> Person | None:
        """Who signed in here."""
        return self.stored.who if self.stored else None

    def renew(self) -> None:
        """What it carries is forgotten and it goes on under a new token: at every sign-in and sign-out."""
        self.clear()
        if self.token is not None:
            self.ended.append(self.token)
        self.token, self.stored, self.renewed = None, None, True


class NoSession(ServerSession):
    """Of requests that have none; `unknown`: nobody can say whose it is, the database does not answer."""

    def __init__(self, *, unknown: bool = False) -> None:
        super().__init__(None, None)
        self.unknown = unknown


class SqlSessions(SessionInterface):
    """Sessions of an application; `secure` where the pages are reached by https."""

    def __init__(self, book: WebSessionBook, clock: Clock, *, secure: bool) -> None:
        self._book = book
        self._clock = clock
        self._secure = secure
        self._cleared_at: datetime | None = None

    def open_session(self, app: Flask, request: Request) -> ServerSession:  # noqa: ARG002 # Flask's form
        """The session of the cookie's token, or a new visitor's."""
        if request.path.startswith(WITHOUT_SESSION):
            return NoSession()
        token = request.cookies.get(COOKIE, "")
        try:
            return ServerSession(token, self._living(token) if len(token) == _TOKEN_LETTERS else None)
        except DatabaseUnavailableError as error:
            log.warning("a session could not be looked up: %s", masked(str(error)))
            return NoSession(unknown=True)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002 # likewise
        """Only what changed is written."""
        assert isinstance(session, ServerSession)
        if isinstance(session, NoSession):
            return
        for token in session.ended:
            self._book.end(hashed(token))
        if session.token is None:
            self._begin(session, response)
        elif session.stored is not None:
            self._go_on(session, session.token, session.stored)

    def is_open(self, token_hash: str, role: Role) -> bool:
        """Whether somebody of that role is still signed in by it: asked by what goes on longer than one request."""
        stored = self._book.find(token_hash)
        if stored is None or stored.who is None or self._is_over(stored):
            return False
        return stored.who.role is role

    def _begin(self, session: ServerSession, response: Response) -> None:
        if not session:
            if session.renewed:
                response.delete_cookie(COOKIE, path="/")
            return
        now = self._clock.now()
        self._clear(now)
        token = secrets.token_urlsafe(32)
        self._book.save(hashed(token), session.get(LOGIN), dict(session), now)
        response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="Lax", secure=self._secure)

    def _go_on(self, session: ServerSession, token: str, stored: WebSession) -> None:
        now = self._clock.now()
        noted = acted() and now - stored.acted_at >= NOTED_EVERY
        if not noted and dict(session) == session.before:
            return
        try:
            self._book.update(hashed(token), dict(session), now if noted else stored.acted_at)
        except DatabaseUnavailableError as error:  # his next click is noted again
            log.warning("a session could not be noted: %s", masked(str(error)))

    def _living(self, token: str) -> WebSession | None:
        stored = self._book.find(hashed(token))
        if stored is not None and self._is_over(stored):
            self._book.end(hashed(token))
            return None
        return stored

    def _is_over(self, stored: WebSession) -> bool:
        now = self._clock.now()
        if stored.sitting is None:
            return visit_is_over(stored.started_at, now)
        return is_over(stored.sitting, now)

    def _clear(self, now: datetime) -> None:
        """Visitors come and go; once a minute their leavings go too."""
        if self._cleared_at is None or now - self._cleared_at >= NOTED_EVERY:
            self._cleared_at = now
            self._book.clear(now - ABSOLUTE, now - IDLE)


def hashed(token: str) -> str:
    """As it stands in the table."""
    return hashlib.sha256(token.encode()).hexdigest()
