"""The board for people and for displays: the same figures as the command line, and no number for a wall."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_schema import kiosk_keys
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import alerts, companies, company_numbers, records
from ivr.adapters.system_clock import SystemClock
from ivr.policy.metrics import measure
from ivr.policy.rules import Rules
from ivr.service.reports import Reports
from tests.adapters.rows import CALLER
from tests.cast import noon
from tests.webhooks.pages import Pages, pages_in
from webhooks.board_words import FIGURES, FORMULAS, TILES, alert_said, formula, goal_shown, shown, span
from webhooks.words import read_catalogue

NOW = datetime.now(UTC)  # noqa: TID251 # today, as the web application's own clock has it


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        yield made


def some_calls(pages: Pages) -> None:
    """Today: nine served at once, one who left; one waits."""
    begin = NOW - timedelta(seconds=30)
    for _ in range(9):
        pages.database.add_call(
            presented_at=begin,
            greeted_at=begin + timedelta(seconds=4),
            greeted_by="agent",
            served_at=begin + timedelta(seconds=4),
            ended_at=begin + timedelta(seconds=20),
            outcome="served",
            served_by="ana",
        )
    pages.database.add_call(presented_at=begin, ended_at=begin + timedelta(seconds=8), outcome="abandoned")
    pages.database.add_call(presented_at=begin, phase="held", caller="+8613912345678")


def test_the_numbers_on_the_board_are_those_of_hotline_metrics(pages: Pages) -> None:
    some_calls(pages)
    text = pages.browser("mia").get("/board/tables").text
    rows = Reports(SqlReports(pages.settings.database_url), Rules(), SystemClock()).metrics(None)
    for row in rows:
        name, value = FIGURES[row["name"]], shown(row["value"], row["unit"])
        cells = re.search(
            rf'<th scope="row">{re.escape(name)}</th>\s*<td class="number">(.*?)</td>', text, re.DOTALL
        )
        assert cells is not None, name
        if row["name"] == "idle_while_somebody_waits":
            continue  # its denominator runs with the clock
        assert re.sub("<[^>]+>", "", cells[1]) == value, name


def test_every_figure_has_a_name_and_its_formula_says_what_the_policy_reckons() -> None:
    english = read_catalogue()
    for metric in measure([], Rules(), noon()):
        assert metric.name in FIGURES
        numbers = {"deadline": "15", "strict": "11", "level": "15", "short": "5"}
        assert english[FORMULAS[metric.name]][0].format(**numbers) == metric.formula
        assert "{" not in formula(metric, Rules())
    assert set(TILES) <= FIGURES.keys() == FORMULAS.keys()


def test_an_agent_may_look_and_is_offered_no_keys(pages: Pages) -> None:
    agent, manager, admin = (pages.browser(login).get("/board") for login in ("ana", "mia", "root"))
    assert (agent.status_code, manager.status_code, admin.status_code) == (200, 200, 200)
    assert ["/board/keys" in each.text for each in (agent, manager, admin)] == [False, True, False]
    assert pages.visitor().get("/board").status_code == 302
    assert pages.visitor().get("/board/now", HX_Request="true").status_code == 401


def made_key(pages: Pages) -> str:
    manager = pages.browser("mia")
    manager.get("/board")
    made = manager.post("/board/keys", name="大厅")
    found = re.search(r"board\?key=([\w-]+)</code>", made.text)
    assert found is not None
    assert found[1] not in manager.get("/board").text, "it is shown once"
    return found[1]


def test_a_display_shows_the_board_with_its_key_and_no_number(pages: Pages) -> None:
    some_calls(pages)
    key, display = made_key(pages), pages.visitor()
    for path in ("/board", "/board/now"):
        answer = display.get(f"{path}?key={key}")
        assert answer.status_code == 200
        assert "13912345678" not in answer.text
        assert "/calls?" not in answer.text
        assert "csrf" not in answer.text
    assert display.get(f"/board/tables?key={key}").status_code == 302, "it opens nothing else"
    assert display.get(f"/calls?figure=waiting&key={key}").status_code == 302
    assert display.client.get_cookie("hotline_session") is None


def test_a_revoked_key_opens_nothing_and_its_display_is_told_so(pages: Pages) -> None:
    key, display, manager = made_key(pages), pages.visitor(), pages.browser("mia")
    assert display.get(f"/board/now?key={key}").status_code == 200
    manager.get("/board")
    key_id = pages.database.rows(kiosk_keys)[0]["id"]
    assert manager.post(f"/board/keys/{key_id}/revoke").status_code == 303
    assert manager.post(f"/board/keys/{key_id}/revoke").status_code == 404
    for path in ("/board", "/board/now"):
        gone = display.get(f"{path}?key={key}")
        assert gone.status_code == 403
    assert "钥匙已被收回" in display.get(f"/board?key={key}").text


def test_a_display_s_address_can_say_its_language(pages: Pages) -> None:
    key, display = made_key(pages), pages.visitor()
    answer = display.get(f"/board?key={key}&language=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/board?key={key}")
    assert "Longest wait" in display.get(f"/board?key={key}").text
    assert display.get("/board?key=nonsense&language=en").status_code == 403


def test_only_managers_make_keys_and_a_bad_name_makes_none(pages: Pages) -> None:
    agent, manager = pages.browser("ana"), pages.browser("mia")
    agent.get("/board")
    assert agent.post("/board/keys", name="大厅").status_code == 403
    manager.get("/board")
    refused = manager.post("/board/keys", name="")
    assert refused.status_code == 400
    assert "1 到 80 个字" in refused.text
    assert pages.database.rows(kiosk_keys) == []


def test_behind_a_number_stand_its_calls_and_only_a_manager_sees_who_called(pages: Pages) -> None:
    some_calls(pages)
    manager, agent = pages.browser("mia"), pages.browser("ana")
    assert manager.get("/calls?figure=abandoned").text.count(CALLER) == 1
    assert manager.get("/calls?figure=service_level&only=missed").text.count(CALLER) == 1
    assert manager.get("/calls?figure=offered").text.count(CALLER) == 10
    assert "+8613912345678" in manager.get("/calls?figure=waiting").text
    seen = agent.get("/calls?figure=waiting").text
    assert "13912345678" not in seen
    assert "+861********78" in seen


@pytest.mark.parametrize(
    ("query", "code"),
    [("figure=nonsense", 404), ("figure=offered&before=-1", 400), ("figure=callbacks_reached", 404)],
)
def test_a_list_of_nothing_we_know_is_refused(pages: Pages, query: str, code: int) -> None:
    assert pages.browser("mia").get(f"/calls?{query}").status_code == code


def test_an_alert_stands_above_a_manager_s_pages_until_one_has_seen_it(pages: Pages) -> None:
    values = '{"level": 0.62, "served": 31.0, "calls": 50, "minutes": 30, "target": 0.95}'
    alert = pages.database.add(alerts, at=NOW, kind="service_level_low", detail=values, about="")
    manager, agent = pages.browser("mia"), pages.browser("ana")
    shown_now = manager.get("/alerts").text
    assert "服务水平 62.0%：30 分钟内 50 个来电，31 个及时接听（目标 95.0%）" in shown_now
    assert "F10" in shown_now
    assert agent.get("/alerts").status_code == 403
    assert 'id="alerts"' in manager.get("/board").text
    assert 'id="alerts"' not in agent.get("/board").text
    assert "服务水平" not in manager.post(f"/alerts/{alert}/seen").text
    assert pages.database.rows(alerts)[0]["seen_by"] == "mia"


def test_alerts_and_numbers_in_words() -> None:
    assert alert_said("something_new", {}) == "something_new"
    assert alert_said("long_wait", {}) == "long_wait", "figures that are missing are no reason to fail"
    assert [shown(1, "share"), shown(0.9999, "share"), shown(None, "calls")] == ["100%", "100.0%", "–"]
    assert [shown(4.26, "score"), shown(12, "calls"), shown(15.0, "seconds")] == ["4.3", "12", "15 秒"]
    assert [span(59.9), span(61), span(3723)] == ["0:59", "1:01", "1:02:03"]
    assert goal_shown(None, "share") == ""


def test_a_company_is_found_and_shown_and_a_manager_keeps_its_contacts_r45(pages: Pages) -> None:
    database = pages.database
    company = database.add(companies, name="甲<b>公司", match_name="甲<b>公司", pinyin="jgs jiagongsi")
    database.add(company_numbers, number=CALLER, company_id=company, contact="王会计")
    call = database.add_call(presented_at=NOW, served_by="ana", outcome="served")
    row = {"fields": "{}", "open_records": "[]", "company_id": company, "symptom": "读卡器红灯"}
    database.add(records, call_id=call, state="open", opened_at=NOW, **row)
    agent, manager = pages.browser("ana"), pages.browser("mia")
    assert f'href="/companies/{company}"' in agent.get("/companies?q=JIAgong").text
    assert "没有找到" in agent.get("/companies?q=乙").text
    file = agent.get(f"/companies/{company}").text
    for text in ("甲&lt;b&gt;公司", CALLER, "王会计", "读卡器红灯", "未签服务协议"):
        assert text in file
    assert "/contacts" not in file
    assert agent.post(f"/companies/{company}/contacts", number=CALLER, contact="李").status_code == 403
    manager.get(f"/companies/{company}")
    assert manager.post(f"/companies/{company}/contacts", number=CALLER, contact="李出纳").status_code == 303
    assert "李出纳" in agent.get(f"/companies/{company}").text
    refused = manager.post(f"/companies/{company}/contacts", number="abc", contact="李")
    assert refused.status_code == 400
    assert "010-12345678" in refused.text
    manager.post(f"/companies/{company}/contacts", number=CALLER, drop="1")
    assert database.rows(company_numbers) == []
    for path in ("/companies/999", f"/companies/{10**30}"):
        assert agent.get(path).status_code == 404
