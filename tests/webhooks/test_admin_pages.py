"""Admins make logins, change them and see who did what; every bad word in a form is named and changes nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_schema import audit
from ivr.adapters.sql_schema import agents, sip_accounts
from tests.webhooks.pages import Browser, Pages, pages_in


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        yield made


@pytest.fixture
def admin(pages: Pages) -> Browser:
    browser = pages.browser("root")
    browser.get("/admin")
    return browser


def shown(page: str) -> list[str]:
    """What the page shows this once."""
    return re.findall(r"<dd><code>([^<]+)</code></dd>", page)


def test_a_new_agent_gets_a_password_and_a_phone_shown_once(pages: Pages, admin: Browser) -> None:
    answer = admin.post("/admin", login="cai", name="蔡", role="agent", phone="endpoint:NEW")
    login, password, user, _secret = shown(answer.text)
    assert (login, answer.status_code) == ("cai", 200)
    assert user.startswith("ag-")
    assert [row["name"] for row in pages.database.rows(sip_accounts)] == [user]
    assert password not in admin.get("/admin").text
    assert pages.visitor().sign_in("cai", password).status_code == 302


@pytest.mark.parametrize(
    ("login", "name", "role", "phone", "said"),
    [
        ("Cai!", "蔡", "agent", "endpoint:cai", "登录名：小写字母"),
        ("ana", "蔡", "agent", "endpoint:cai", "已经有人用了"),
        ("cai", "", "agent", "endpoint:cai", "姓名"),
        ("cai", "蔡", "boss", "endpoint:cai", "角色"),
        ("cai", "蔡", "agent", "<script>", "话机"),
        ("cai", "蔡", "admin", "endpoint:cai", "管理员不接电话"),
    ],
)
def test_what_cannot_be_a_login_is_refused_by_name(
    pages: Pages, admin: Browser, login: str, name: str, role: str, phone: str, said: str
) -> None:
    before = pages.database.rows(agents)
    answer = admin.post("/admin", login=login, name=name, role=role, phone=phone)
    assert answer.status_code == 400
    assert said in answer.text
    assert "<script>" not in answer.text
    assert pages.database.rows(agents) == before


def test_a_new_password_signs_out_whoever_used_the_old_one(pages: Pages, admin: Browser) -> None:
    ana = pages.browser("ana")
    admin.get("/admin/people/ana")
    (password,) = shown(admin.post("/admin/people/ana/password").text)
    assert ana.get("/desk").location == "/sign-in?next=/desk"
    assert pages.visitor().sign_in("ana").status_code == 401
    assert pages.visitor().sign_in("ana", password).status_code == 302


def test_an_admin_can_sign_somebody_out_everywhere(pages: Pages, admin: Browser) -> None:
    here, there = pages.browser("ana"), pages.browser("ana")
    admin.get("/admin/people/ana")
    admin.post("/admin/people/ana/sign-out")
    assert [browser.get("/desk").status_code for browser in (here, there)] == [302, 302]


def test_the_last_admin_stays_one(pages: Pages, admin: Browser) -> None:
    answer = admin.post("/admin/people/root", name="Root", role="agent", phone="endpoint:root")
    assert answer.status_code == 400
    assert "最后一个管理员" in answer.text
    assert pages.database.agent("root")["role"] == "admin"


def test_nobody_becomes_an_admin_while_he_is_on_duty(pages: Pages, admin: Browser) -> None:
    pages.database.add_agent("dan", "available")
    assert admin.post("/admin/people/dan", name="Dan", role="admin", phone="").status_code == 400
    assert pages.database.agent("dan")["role"] == "agent"


def test_a_phone_is_not_changed_during_a_call(pages: Pages, admin: Browser) -> None:
    pages.database.add_agent("dan", "talking")
    answer = admin.post("/admin/people/dan", name="Dan", role="agent", phone="endpoint:new-one")
    assert "正在通话" in answer.text
    assert pages.database.agent("dan")["phone"] == "endpoint:dan"


def test_an_agent_who_becomes_an_admin_has_no_phone_any_more(pages: Pages, admin: Browser) -> None:
    assert admin.post("/admin/people/ana", name="Ana", role="admin", phone="").status_code == 200
    ana = pages.database.agent("ana")
    assert (ana["role"], ana["phone"], ana["name"]) == ("admin", "", "Ana")


def test_a_login_nobody_has_is_no_page(admin: Browser) -> None:
    assert admin.get("/admin/people/nobody").status_code == 404


def test_whatever_an_admin_does_is_written_down_with_his_name(pages: Pages, admin: Browser) -> None:
    admin.get("/admin/people/ana")
    admin.post("/admin/people/ana/password")
    row = pages.database.rows(audit)[-1]
    assert (row["login"], row["action"], row["about"]) == ("root", "password_set", "login:ana")
    page = admin.get("/admin/audit").text
    assert "login:ana" in page
    assert "设置密码" in page


def test_the_audit_log_is_read_page_by_page(pages: Pages, admin: Browser) -> None:
    for number in range(60):
        pages.database.add(
            audit, at=pages.database.agent("ana")["since"], login="ana", action=f"did_{number}"
        )
    newest = admin.get("/admin/audit").text
    assert "did_59" in newest
    assert "did_9<" not in newest
    older = re.search(r'href="(/admin/audit\?before=\d+)"', newest)
    assert older is not None
    assert "did_9<" in admin.get(older[1]).text
    assert admin.get("/admin/audit?before=x").status_code == 400


def test_the_policy_in_force_is_shown_with_its_reasons(admin: Browser) -> None:
    page = admin.get("/admin/policy").text
    assert "pickup_margin_seconds" in page
    assert "Three rings (R64)" in page
