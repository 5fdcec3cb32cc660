"""Administration: logins, the book of who did what, and the policy in force. For admins alone.

What is made here and shown once (a password, a SIP account) is in the answer to the request that made it, nowhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from config.policy import KeyInForce
from ivr.policy.phone import PhoneError
from ivr.policy.roles import Role
from ivr.service.agents import AgentError
from ivr.service.people import Account, People, made_password
from ivr.service.sign_in_ports import AuditBook
from webhooks.access import allowed, current
from webhooks.words import N_, _

ROWS = 50
SAID: Mapping[str, str] = {
    "login": N_("登录名：小写字母、数字和 _ . -，最多 32 个。"),
    "taken": N_("登录名：已经有人用了。"),
    "unknown": N_("没有这个登录名。"),
    "role": N_("角色：坐席、主管或管理员。"),
    "name": N_("姓名：一行，1 到 80 个字。"),
    "password": N_("密码：8 到 200 个字符。"),
    "phone": N_("话机：endpoint:NEW、endpoint:名称、sip:用户@主机、tel:+86… 或 client:名称。"),
    "phone_of_admin": N_("话机：管理员不接电话，没有话机。"),
    "phone_needed": N_("话机：接电话的人要有话机。"),
    "in_call": N_("话机：他正在通话，结束后再改。"),
    "on_duty": N_("角色：管理员不接电话，请他先下班（离线）。"),
    "last_admin": N_("角色：他是最后一个管理员。"),
}
ROLES = {Role.AGENT: N_("坐席"), Role.MANAGER: N_("主管"), Role.ADMIN: N_("管理员")}
STATES = {
    "offline": N_("离线"),
    "available": N_("空闲"),
    "reserved": N_("振铃"),
    "talking": N_("通话"),
    "wrap_up": N_("整理"),
    "away": N_("离开"),
    "unreachable": N_("断线"),
}
ACTIONS = {
    "sign_in": N_("登录"),
    "sign_in_failed": N_("登录失败"),
    "sign_out": N_("退出登录"),
    "login_added": N_("添加登录名"),
    "login_changed": N_("修改登录名"),
    "password_set": N_("设置密码"),
    "signed_out_by_force": N_("强制退出"),
    "display_key_made": N_("做屏幕钥匙"),
    "display_key_revoked": N_("收回屏幕钥匙"),
    "contact_kept": N_("写联系人"),
    "contact_dropped": N_("删联系人"),
    "visitor_entered": N_("登记在客户处的同事"),
    "visitor_ended": N_("在客户处的同事已离开"),
}

Publish = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the page says above all else: `shown` are names and values seen this once."""

    text: str
    shown: Mapping[str, str]
    bad: bool = False
    field: str = ""


def admin_blueprint(
    people: People[Account | None],
    audit: AuditBook,
    policy: Callable[[], tuple[KeyInForce, ...]],
    publish: Publish,
) -> Blueprint:
    """`publish` tells the switch of a new SIP account."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    _add_list(blueprint, people, publish)
    _add_one(blueprint, people, publish)
    _add_access(blueprint, people)

    @blueprint.get("/audit")
    @allowed(Role.ADMIN)
    def audit_log() -> str:
        """The newest first, so many at a time."""
        rows = audit.page(_number("before"), ROWS + 1)
        older = rows[ROWS - 1]["id"] if len(rows) > ROWS else None
        return render_template("admin_audit.html", rows=rows[:ROWS], older=older, actions=ACTIONS)

    @blueprint.get("/policy")
    @allowed(Role.ADMIN)
    def in_force() -> str:
        return render_template("admin_policy.html", keys=policy())

    return blueprint


def _add_list(blueprint: Blueprint, people: People[Account | None], publish: Publish) -> None:
    def listed(told: Told | None, **given: str) -> str:
        everybody = people.everybody()
        return render_template(
            "admin_people.html", people=everybody, told=told, given=given, roles=ROLES, states=STATES
        )

    @blueprint.get("")
    @allowed(Role.ADMIN)
    def everybody() -> str:
        return listed(None)

    @blueprint.post("")
    @allowed(Role.ADMIN)
    def add() -> str | tuple[str, int]:
        """A new login with a password nobody chose, shown once."""
        given = {name: request.form.get(name, "").strip() for name in ("login", "name", "role", "phone")}
        password = made_password()
        try:
            account = people.add(current().login, **given, password=password)
        except (AgentError, PhoneError) as error:
            return listed(_refused(error), **given), 400
        shown = {_("登录名"): given["login"], _("密码"): password, **_account(account)}
        _published(account, publish)
        return listed(Told(text=_("已添加。下面的内容只显示这一次："), shown=shown))


def _add_one(blueprint: Blueprint, people: People[Account | None], publish: Publish) -> None:
    @blueprint.get("/people/<login>")
    @allowed(Role.ADMIN)
    def one(login: str) -> str:
        return _page_of(people, login, None)

    @blueprint.post("/people/<login>")
    @allowed(Role.ADMIN)
    def change(login: str) -> str | tuple[str, int]:
        """Name, role and, where one is given, the phone."""
        given = {name: request.form.get(name, "").strip() for name in ("name", "role", "phone")}
        try:
            account = people.change(current().login, login, **given)
        except (AgentError, PhoneError) as error:
            return _page_of(people, login, _refused(error)), 400
        _published(account, publish)
        return _page_of(people, login, Told(text=_("已保存。"), shown=_account(account)))


def _add_access(blueprint: Blueprint, people: People[Account | None]) -> None:
    @blueprint.post("/people/<login>/password")
    @allowed(Role.ADMIN)
    def password(login: str) -> str | tuple[str, int]:
        """A new one, shown once; he is signed out everywhere."""
        try:
            made = people.new_password(current().login, login)
        except AgentError as error:
            return _page_of(people, login, _refused(error)), 400
        if login == current().login:
            return render_template("admin_own_password.html", password=made)
        return _page_of(people, login, Told(text=_("新密码只显示这一次："), shown={_("密码"): made}))

    @blueprint.post("/people/<login>/sign-out")
    @allowed(Role.ADMIN)
    def sign_out(login: str) -> AnyResponse:
        """At every browser of his."""
        people.sign_out(current().login, login)
        return redirect(f"/admin/people/{login}")


def _page_of(people: People[Account | None], login: str, told: Told | None) -> str:
    him = next((one for one in people.everybody() if one.login == login), None)
    if him is None:
        abort(404)
    return render_template("admin_login.html", him=him, told=told, roles=ROLES, states=STATES)


def _refused(error: AgentError | PhoneError) -> Told:
    why = "phone" if isinstance(error, PhoneError) else error.why
    return Told(text=_(SAID[why]) if why in SAID else str(error), shown={}, bad=True, field=why)


def _account(account: Account | None) -> dict[str, str]:
    if account is None:
        return {}
    return {_("话机账号"): account.name, _("话机密码"): account.secret}


def _published(account: Account | None, publish: Publish) -> None:
    if account is not None:
        publish()


def _number(name: str) -> int | None:
    """A whole number of the address, or 400 naming it."""
    text: Any = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        abort(400, name)
    return int(text)
