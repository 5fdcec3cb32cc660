"""Puts the pages together: sessions, sign-in, access, CSRF, headers, words; then every area's blueprint.

The areas stand in webhooks.areas.
"""

import logging
from functools import partial

from flask import Flask, render_template, request, session
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, InternalServerError

from config.policy import load_rules
from config.secrets import load_or_create
from config.settings import Settings
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap.pages import sign_ins, web_sessions
from ivr.service.ports import BookUnavailable
from ivr.service.record_ports import DatabaseUnavailableError
from webhooks import access
from webhooks.access import User
from webhooks.areas import areas
from webhooks.failures import told_of
from webhooks.headers import add_headers
from webhooks.moments import add_moments
from webhooks.sessions import ServerSession, SqlSessions
from webhooks.sign_in import sign_in_blueprint, sign_in_page
from webhooks.words import N_, _, add_words

LARGEST_FORM_BYTES = 256 * 1024
NAVIGATION = (
    ("/desk", N_("工作台")),
    ("/desk/callbacks", N_("回电")),
    ("/records", N_("我的记录")),
    ("/visits", N_("上门审批")),
    ("/companies", N_("企业档案")),
    ("/board", N_("看板")),
    ("/admin", N_("管理")),
)
SAID = {
    400: N_("这个请求读不懂。"),
    401: N_("请先登录。"),
    403: N_("您的角色不能看这一页。"),
    404: N_("没有这一页。"),
    410: N_("保存期已过，已经删除。"),
    405: N_("这里不能这样请求。"),
    413: N_("发来的内容太大。"),
    500: N_("服务器出错了，已经记录下来。请再试一次。"),
    503: N_("数据库暂时没有回答。请再试一次。"),
}

log = logging.getLogger(__name__)


def add_pages(app: Flask, settings: Settings) -> None:
    """Everything a browser sees; to be called last, when the doors of machines are there."""
    secure = (settings.public_base_url or "").startswith("https://")
    app.config |= {
        "SECRET_KEY": load_or_create(settings.data_dir).web_key,
        "MAX_CONTENT_LENGTH": LARGEST_FORM_BYTES,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
        "WTF_CSRF_SSL_STRICT": False,  # it asks for a Referer, and our pages send none
        "WTF_CSRF_CHECK_DEFAULT": False,  # checked below, after the question who it is
    }
    app.session_interface = SqlSessions(web_sessions(settings), SystemClock(), secure=secure)
    add_words(app)
    add_moments(app, load_rules(settings).timezone)
    add_headers(app, settings)
    _add_people(app)
    app.register_blueprint(sign_in_blueprint(sign_ins(settings), secure=secure))
    for blueprint in areas(settings):
        app.register_blueprint(blueprint)
    access.enforce(app)
    _add_csrf(app)
    _add_errors(app)
    _add_navigation(app)


def _add_people(app: Flask) -> None:
    people = LoginManager(app)
    people.session_protection = None  # an address may change in a day; the token is what counts

    @people.user_loader  # type: ignore[untyped-decorator] # Flask-Login ships no types
    def load(login: str) -> User | None:
        person = session.person if isinstance(session, ServerSession) else None
        return User(person) if person is not None and person.login == login else None


def _add_csrf(app: Flask) -> None:
    csrf = CSRFProtect(app)

    @app.before_request
    def ours() -> None:
        """Whatever changes something comes from a page of ours."""
        if request.endpoint and access.access_of(app, request.endpoint) != access.MACHINES:
            csrf.protect()

    @app.errorhandler(CSRFError)
    def not_ours(_error: CSRFError) -> tuple[str, int]:
        if request.endpoint == "sign_in.sign_in":
            return sign_in_page(_("页面打开太久了，请再登录一次。"), request.form.get("login", "")), 400
        return _error_page(_("页面太旧，请刷新后再试。"), 400), 400


def _add_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[str, int] | HTTPException:
        if error.code is None or error.code < 400 or request.path.startswith(access.WITHOUT_SESSION):
            return error
        return _error_page(_(SAID.get(error.code, SAID[400])), error.code), error.code

    @app.errorhandler(Exception)
    def failed(error: Exception) -> tuple[str, int] | HTTPException:
        """The log names the page and where it broke; numbers in it are masked."""
        log.error("%s %s failed\n%s", request.method, request.endpoint, told_of(error))
        if request.path.startswith(access.WITHOUT_SESSION):
            return InternalServerError()
        code = 503 if isinstance(error, BookUnavailable | DatabaseUnavailableError) else 500
        return _error_page(_(SAID[code]), code), code


def _error_page(said: str, code: int) -> str:
    if request.headers.get("HX-Request") == "true":
        return render_template("error_fragment.html", said=said)
    return render_template("error.html", said=said, code=code)


def _add_navigation(app: Flask) -> None:
    @app.context_processor
    def bar() -> dict[str, object]:
        pages = [(path, _(name)) for path, name in NAVIGATION if access.reachable(app, path)]
        here = max((path for path, _name in NAVIGATION if request.path.startswith(path)), key=len, default="")
        return {
            "navigation": pages,
            "here": here,
            "me": access.someone(),
            "reachable": partial(access.reachable, app),
        }
