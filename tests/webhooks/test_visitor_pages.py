"""Managers say who of ours is at a customer's, and until when (R40)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_schema import visitors, visits
from tests.adapters.rows import CALLER
from tests.webhooks.pages import Browser, Pages, pages_in
from tests.webhooks.record_house import COMPANY, served

WHEN = {"from_at": "2099-03-02T09:00", "until_at": "2099-03-02T17:00"}


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        made.database.add_company(COMPANY, CALLER, tax_bureau="海淀分局")
        yield made


@pytest.fixture
def mia(pages: Pages) -> Browser:
    browser = pages.browser("mia")
    browser.get("/visitors")
    return browser


def test_a_manager_enters_who_is_at_a_company_and_that_he_has_left_R40(pages: Pages, mia: Browser) -> None:
    assert 'href="/visitors?company=1"' in mia.get("/companies/1").text
    form = mia.get("/visitors?company=1").text
    assert COMPANY in form
    assert 'name="company" value="1"' in form
    assert mia.post("/visitors", engineer="ana", company="1", **WHEN).status_code == 303
    (row,) = pages.database.rows(visitors)
    assert (row["login"], row["number"], row["company_id"]) == ("ana", CALLER, 1)
    assert row["from_at"].isoformat() == "2099-03-02T01:00:00+00:00"
    shown = mia.get("/visitors").text
    end = re.search(r"/visitors/(\d+)/end", shown)
    assert COMPANY in shown
    assert end
    assert mia.post(end[0]).status_code == 303
    assert pages.database.rows(visitors) == []
    assert "没有登记" in mia.get("/visitors").text


def test_what_makes_no_stay_is_refused_in_words_and_kept_in_the_form_R40(pages: Pages, mia: Browser) -> None:
    for said, wrong in {
        "认得出": {"number": "12"},
        "最多 31 天": {"until_at": "2100-03-02T09:00"},
        "until_at": {"until_at": "soon"},
        "请填写： 由谁去": {"engineer": ""},
        "company": {"company": "x"},
    }.items():
        answer = mia.post("/visitors", **{"engineer": "老赵", "number": CALLER, **WHEN, **wrong})
        assert (answer.status_code, said in answer.text) == (422, True), said
        assert said == "请填写： 由谁去" or 'value="老赵"' in answer.text
    assert mia.get(f"/visitors?company={'9' * 30}").status_code == 200
    assert mia.post(f"/visitors/{'9' * 30}/end").status_code == 303
    assert pages.database.rows(visitors) == []


def test_the_engineer_named_for_a_visit_is_at_the_customer_s_then_R40(pages: Pages, mia: Browser) -> None:
    served(pages)
    ana = pages.browser("ana")
    ana.get("/desk")
    ana.get("/desk/record")
    ana.post("/records/1/visit", address="海淀", expiry_unknown="on")
    mia.post("/visits/1", what="approve")
    at = {"visit_at": "2099-01-01T09:00", "route": "三环"}
    assert ana.post("/records/1/visits/1", what="schedule", **at, engineer="ana").status_code == 200
    assert pages.database.rows(visits)[0]["engineer"] == "ana"
    assert "上门 1" in mia.get("/visitors").text
