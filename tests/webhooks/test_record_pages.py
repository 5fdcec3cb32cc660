"""The records' pages translate: what an agent sends is done or refused in his language, and shown again."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_desk_schema import complaints, record_changes, visits
from ivr.adapters.sql_schema import companies, records
from ivr.policy.endings import PROMISE_SENTENCE
from tests.adapters.rows import CALLER
from tests.webhooks.pages import Browser, Pages, pages_in
from tests.webhooks.record_house import COMPANY, served, still_talking

THREE = {
    "company": COMPANY,
    "contact_phone": CALLER,
    "contact_phone_confirmed": "on",
    "tax_bureau": "海淀分局",
}


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        made.database.add_company(COMPANY, CALLER, tax_bureau="海淀分局")
        served(made)
        yield made


@pytest.fixture
def ana(pages: Pages) -> Browser:
    browser = pages.browser("ana")
    browser.get("/desk")
    browser.get("/desk/record")
    return browser


def record(pages: Pages) -> dict[str, Any]:
    return pages.database.rows(records)[0]


def saved(browser: Browser, version: int = 0, **more: str) -> Any:
    """The answer to a draft."""
    return browser.post("/records/1/draft", version=str(version), **{**THREE, **more})


def test_the_record_of_his_call_is_there_with_his_number_to_be_confirmed_R71_R72a(ana: Browser) -> None:
    page = ana.get("/desk/record").text
    assert f'value="{CALLER}"' in page
    assert re.search(r'name="contact_phone_confirmed">', page)
    places = [page.index(f'name="{name}"') for name in ("company", "contact_phone", "tax_bureau", "symptom")]
    places += [
        page.index(f'name="{name}"') for name in ("reader_lights", "memory", "printer_driver", "card_date")
    ]
    places += [page.index(f'name="{name}"') for name in ("filing_start", "accounting_month")]
    assert places == sorted(places)


def test_nothing_in_the_form_is_locked_or_required_while_he_writes_R72a(ana: Browser) -> None:
    page = ana.get("/desk/record").text
    form = page[page.index('id="record-form"') : page.index("</form>")]
    assert not re.search(r"\b(required|readonly|disabled)\b", form)
    assert form.count("未问") == 4


def test_a_draft_is_answered_with_its_version_and_what_is_missing_R71(pages: Pages, ana: Browser) -> None:
    answer = saved(ana, symptom="不知道为什么不打印", card_date="1999-01-01")
    assert answer.status_code == 200
    assert (answer.json["version"], answer.json["missing"], answer.json["current"]) == (
        1,
        [],
        "reader_lights",
    )
    assert [hint["field"] for hint in answer.json["hints"]] == ["card_date"]
    assert (record(pages)["symptom"], record(pages)["phone_confirmed"]) == ("不知道为什么不打印", True)


def test_a_stale_page_is_told_so_and_may_take_over_R71(ana: Browser) -> None:
    assert saved(ana, symptom="一").status_code == 200
    stale = saved(ana, symptom="二")
    assert (stale.status_code, stale.json["version"]) == (409, 1)
    assert saved(ana, symptom="二", take_over="1").json["version"] == 2


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"version": "-1"}, "version"),
        ({"version": "x"}, "version"),
        ({"version": "9" * 30}, "version"),
        ({"colour": "red"}, "colour"),
        ({"reader_lights": "blue"}, "reader_lights"),
        ({"card_date": "tomorrow"}, "card_date"),
        ({"symptom": "a\x00b"}, "symptom"),
        ({"company": "x" * 201}, "company"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_by_its_field_and_changes_nothing(
    pages: Pages, ana: Browser, sent: dict[str, str], field: str
) -> None:
    before = record(pages)
    answer: Any = ana.post("/records/1/draft", **{"version": "0", **sent})
    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert record(pages) == before


def test_words_for_the_customer_are_refused_with_the_replacement_R12_R15(pages: Pages, ana: Browser) -> None:
    answer = saved(ana, solution="没办法解决", symptom="没办法打印")
    assert PROMISE_SENTENCE in answer.json["unsayable"][0]["said"]
    assert "没办法解决" not in record(pages)["fields"]
    assert record(pages)["symptom"] == "没办法打印"
    live: Any = ana.post("/desk/check", text="这个我不清楚")
    assert PROMISE_SENTENCE in live.json[0]["said"]
    assert ana.post("/desk/check", text="请重新插卡").json == []


def test_what_nobody_may_say_is_always_beside_what_to_say_R12_R13_R14_R15_R16_R17_R18_R75(
    pages: Pages, ana: Browser
) -> None:
    still_talking(pages)
    page = ana.get("/desk/help").text
    for phrase in ("我们不管", "跟我们没关系", "没办法解决", "随便", "不清楚", "不知道", "我们不知道"):
        assert f"<dt>{phrase}</dt>" in page
    assert "您好，金穗公司" in page


def test_what_to_say_goes_on_with_the_call_R65_R72a_R38(pages: Pages, ana: Browser) -> None:
    still_talking(pages)
    assert 'data-current="greeting"' in ana.get("/desk/help").text
    ana.post("/records/1/said", step="greeting")
    assert 'data-current="contact_phone"' in ana.get("/desk/help").text  # the number told the company already
    saved(ana, symptom="x", not_asked_d="on", not_asked_b="on", not_asked_c="on", reader_lights="not_asked")
    assert 'data-current="solved"' in ana.get("/desk/help").text
    ana.post("/records/1/said", step="solved")
    assert 'data-current="farewell"' in ana.get("/records/1/help").text
    assert ana.post("/records/1/said", step="nonsense").status_code == 422


def test_nobody_is_greeted_who_has_hung_up_R65(pages: Pages, ana: Browser) -> None:
    assert 'data-current="contact_phone"' in ana.get("/desk/help").text
    still_talking(pages)
    assert 'data-current="greeting"' in ana.get("/desk/help").text


def test_a_promise_is_refused_without_its_sentence_and_made_with_it_R72_R73(
    pages: Pages, ana: Browser
) -> None:
    offered = re.search(r'name="due_at" value="([^"]+)"', ana.get("/desk/record").text)
    assert offered
    first = ana.post("/records/1/promise", due_at=offered[1], owner="ben")
    assert first.status_code == 422
    assert first.headers["HX-Retarget"] == "#record-refused"
    ana.post("/records/1/said", step="promise")
    assert "请指定一个人负责" in ana.post("/records/1/promise", due_at=offered[1], owner="").text
    assert ana.post("/records/1/promise", due_at="soon", owner="ben").status_code == 422
    done = ana.post("/records/1/promise", due_at=offered[1], owner="ben")
    assert done.status_code == 200
    (promise,) = pages.database.rows(promises)
    assert (promise["said_text"], promise["owner"], promise["made_by"]) == (PROMISE_SENTENCE, "ben", "ana")
    assert ana.post("/records/1/promises/1", result="maybe").status_code == 422
    assert ana.post("/records/1/promises/1", result="reached").status_code == 200
    assert pages.database.rows(promises)[0]["state"] == "kept"


def test_a_record_is_closed_or_says_what_is_still_owed_R9(pages: Pages, ana: Browser) -> None:
    saved(ana)
    assert ana.post("/records/1/close", ending="solved").status_code == 422
    assert ana.post("/records/1/close", ending="promise").status_code == 422
    ana.post("/records/1/visit", address="海淀", expiry_unknown="on")
    refused = ana.post("/records/1/close", ending="solved", solved_fully="on")
    assert "上门 1" in refused.text
    mia = pages.browser("mia")
    mia.get("/visits")
    assert mia.post("/visits/1", what="decline", reason="").status_code == 422
    assert mia.post("/visits/1", what="decline", reason="可以远程处理").status_code == 200
    ana.post("/records/1/visits/1", what="tell")
    closed = ana.post("/records/1/close", ending="solved", solved_fully="on")
    assert "撤销" in closed.text
    undo = re.search(r"/records/1/undo/(\d+)", closed.text)
    assert undo
    assert ana.post(f"/records/1/undo/{undo[1]}").status_code == 200
    assert record(pages)["state"] == "open"


def test_a_visit_is_approved_on_the_managers_page_and_arranged_after_it_R76_R77(
    pages: Pages, ana: Browser
) -> None:
    with pages.database.engine.begin() as connection:
        connection.execute(sa.update(companies).values(agreement_expires_on=sa.text("'2026-01-01'")))
    assert "截止日期" in ana.post("/records/1/visit", address="海淀").text
    assert "收费" in ana.post("/records/1/visit", address="海淀", expires_told="2027-01-01").text
    asked = ana.post("/records/1/visit", address="海淀", expires_told="2027-01-01", charge_explained="on")
    assert re.search(r'name="visit_at"[^>]* disabled', asked.text)
    assert ana.get("/visits").status_code == 403
    assert ana.post("/visits/1", what="approve").status_code == 403
    early = ana.post("/records/1/visits/1", what="schedule", visit_at="2099-01-01T09:00", route="三环")
    assert early.status_code == 422
    mia = pages.browser("mia")
    assert "不符" in mia.get("/visits").text
    assert mia.post("/visits/1", what="approve").status_code == 200
    done = ana.post("/records/1/visits/1", what="schedule", visit_at="2099-01-01T09:00", route="三环")
    assert done.status_code == 200
    assert pages.database.rows(visits)[0]["state"] == "scheduled"
    assert ana.post("/records/1/visits/1", what="dance").status_code == 422
    assert ana.post("/records/1/visits/1", what="finish").status_code == 200
    assert mia.post("/visits/1", what="cancel", reason="x").status_code == 422


def test_a_complaint_is_taken_down_verified_and_answered_R78_R79_R80(pages: Pages, ana: Browser) -> None:
    wish = {
        "kind": "service",
        "said": "你们说随便",
        "owner": "ana",
        "unit": "海淀分公司",
        "answer": "谢谢您的意见",
    }
    assert "道歉" in ana.post("/records/1/complaint", **wish).text
    assert ana.post("/records/1/complaint", **wish, apologised="on").status_code == 200
    assert ana.post("/records/1/complaints/1", answer="已整改").status_code == 422
    assert ana.post("/records/1/complaints/1", verification="属实").status_code == 200
    assert ana.post("/records/1/complaints/1", answer="我们不知道").status_code == 422
    assert ana.post("/records/1/complaints/1", answer="已整改").status_code == 200
    (row,) = pages.database.rows(complaints)
    assert (row["state"], row["said"], row["answer"]) == ("closed", "你们说随便", "已整改")


def test_a_colleague_is_asked_and_nobody_outside_the_team_R74(pages: Pages, ana: Browser) -> None:
    assert ana.post("/records/1/consult", colleague="ben", question="红灯怎么办").status_code == 200
    assert ana.post("/records/1/consult", colleague="finance", question="x").status_code == 422
    assert ana.post("/records/1/consult", colleague="ben", question="下班", hand_on="on").status_code == 200
    assert record(pages)["owner"] == "ben"
    assert {row["action"] for row in pages.database.rows(record_changes)} == {"consulted", "handed_on"}


def test_a_page_in_which_somebody_types_is_given_nothing_that_replaces_his_form_R71(
    pages: Pages, ana: Browser
) -> None:
    stamp = re.search(r'data-stamp="([^"]+)"', ana.get("/desk/record").text)
    assert stamp
    assert ana.get(f"/desk/record?have={stamp[1]}").status_code == 204
    saved(ana, symptom="在别处写的")
    typing = ana.get(f"/desk/record?have={stamp[1]}&typing=1")
    assert typing.headers["HX-Reswap"] == "none"
    assert "record-form" not in typing.text
    assert "在别处打开并改过" in typing.text
    served(pages)
    other = ana.get(f"/desk/record?have={stamp[1]}&typing=1")
    assert "有新的来电" in other.text
    assert "record-form" not in other.text


def test_his_unfinished_records_are_listed_and_every_record_can_be_read(pages: Pages, ana: Browser) -> None:
    saved(ana, symptom="打印机不动")
    assert "打印机不动" in ana.get("/records").text
    ben = pages.browser("ben")
    assert "打印机不动" not in ben.get("/records").text
    assert ben.get("/records/1").status_code == 200
    assert "来电时" in ben.get("/desk/record").text
    for path in ("/records/9", "/records/9/help"):
        assert ben.get(path).status_code == 404
    assert ben.post("/records/9/draft", version="0").status_code == 404
    for path in ("/records/9/said", "/records/9/close"):
        assert ben.post(path, step="greeting", ending="solved").status_code == 404


def test_companies_are_found_while_the_name_is_typed(ana: Browser) -> None:
    found = ana.get("/desk/companies?q=京北").json
    assert found == [{"name": COMPANY, "tax_bureau": "海淀分局", "agreement": "没有服务协议"}]
    assert ana.get("/desk/companies").json == []
