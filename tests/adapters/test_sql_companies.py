"""The file of a company, on either database: found however it is spelled, with all that happened (R45)."""

from datetime import date

import pytest

from ivr.adapters.sql_audit import SqlAudit
from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_companies import SqlCompanies
from ivr.adapters.sql_desk_schema import audit, complaints, visits
from ivr.adapters.sql_schema import companies, company_numbers, records
from ivr.policy.rules import Rules
from ivr.service.companies import Companies, ContactError, Expiry, expiry
from tests.adapters.books import after
from tests.adapters.rows import CALLER, NINE, Database, SetClock

OTHER = "+8613900139000"
TODAY = date(2026, 3, 2)


def files(database: Database) -> Companies:
    return Companies(SqlCompanies(database.url), Rules(), SetClock(), SqlAudit(database.url))


def add_company(database: Database, name: str, pinyin: str, *numbers: str) -> int:
    company = int(database.add(companies, name=name, match_name=name.casefold(), pinyin=pinyin))
    for number in numbers:
        database.add(company_numbers, number=number, company_id=company, contact="王会计")
    return company


def test_a_company_is_found_by_name_however_spelled_and_by_pinyin_r45(database: Database) -> None:
    north = add_company(database, "北京航天(华北)有限公司", "bjhthbyxgs beijinghangtianhuabeiyouxiangongsi")
    add_company(database, "上海百货公司", "shbhgs shanghaibaihuogongsi")
    other = add_company(database, "航天信息", "htxx hangtianxinxi")

    def found(typed: str) -> list[int]:
        return [each.id for each in files(database).find(typed)]

    assert found("航天（华北）") == [north]
    assert found("航 天") == [other, north], "what begins with it comes first"
    assert found("HTXX") == found("hangtianxinxi") == [other]
    assert found("bjht") == [north]
    assert found("   ") == found("不存在") == found("%") == found("_") == []


def test_the_file_has_contacts_records_calls_and_what_is_open_the_most_urgent_first_r45(
    database: Database,
) -> None:
    company = add_company(database, "甲公司", "jgs", CALLER, OTHER)
    row = {"fields": "{}", "open_records": "[]", "company_id": company}
    callback = database.add_callback(database.add_call(caller=OTHER), OTHER)
    call = database.add_call(served_by="li", served_at=after(9), ended_at=after(99), outcome="served")
    record = database.add(
        records, call_id=call, state="open", opened_at=after(1), symptom="读卡器红灯", **row
    )
    elsewhere = database.add_call(caller="+861012345678")
    database.add(records, call_id=elsewhere, state="closed", opened_at=after(2), owner="zhao", **row)
    database.add_call(caller="+8613700000000")
    promise = {"call_id": call, "kind": "answer", "said_text": "会联系您", "made_by": "li", "made_at": NINE}
    database.add(promises, **promise, record_id=record, due_at=after(3600), state="open", owner="zhao")
    database.add(
        promises, **promise, record_id=record, due_at=after(60), state="kept", owner="li", kept_at=after(50)
    )
    said = {"record_id": record, "kind": "service", "said": "等太久", "apologised": True, "owner": "chen"}
    due = {"made_at": NINE, "verify_due_at": after(600), "feedback_due_at": after(900)}
    database.add(complaints, **said, **due, state="open")
    visit = {
        "record_id": record,
        "address": "长安街一号",
        "agreement_unknown": False,
        "charge_explained": False,
    }
    visit["requested_by"] = "li"
    database.add(visits, **visit, state="requested", requested_at=NINE)
    database.add(visits, **visit, state="declined", requested_at=NINE)
    file = files(database).file(company)
    assert file is not None
    assert [(each.number, each.contact) for each in file.contacts] == [(CALLER, "王会计"), (OTHER, "王会计")]
    assert [(each.symptom, each.owner) for each in file.records] == [(None, "zhao"), ("读卡器红灯", "li")]
    assert [(each.kind, each.about, each.owner) for each in file.open] == [
        ("complaint", "等太久", "chen"),
        ("callback", OTHER, None),
        ("promise", "会联系您", "zhao"),
        ("visit", "长安街一号", "li"),
    ]
    assert callback == database.rows(callbacks)[0]["id"]
    assert [each.caller for each in file.calls][:2] == ["+861012345678", CALLER]
    newest = file.calls[1]
    assert (newest.agent, newest.wait_seconds, newest.talk_seconds) == ("li", 9, 90)
    assert files(database).file(999) is None


def test_a_manager_keeps_the_contacts(database: Database) -> None:
    company = add_company(database, "甲公司", "jgs", CALLER)
    book = files(database)
    assert book.set_contact("chen", company, "138 0013 8000", "  李  出纳 ") == CALLER
    assert book.set_contact("chen", company, "62345678", "") == "+861062345678"
    file = book.file(company)
    assert file is not None
    assert [(each.number, each.contact) for each in file.contacts] == [
        ("+861062345678", None),
        (CALLER, "李 出纳"),
    ]
    book.drop_number("chen", company, CALLER)
    assert [row["action"] for row in database.rows(audit)] == ["contact_kept"] * 2 + ["contact_dropped"]
    assert CALLER not in str(database.rows(audit))
    with pytest.raises(ContactError, match="not this company's any more"):
        book.drop_number("chen", company, CALLER)


@pytest.mark.parametrize(
    ("number", "contact", "field"),
    [
        ("hello", "", "number"),
        ("", "", "number"),
        (CALLER, "x" * 81, "contact"),
        (CALLER, "a\x00", "contact"),
    ],
)
def test_a_contact_that_makes_no_sense_changes_nothing(
    database: Database, number: str, contact: str, field: str
) -> None:
    company = add_company(database, "甲公司", "jgs", CALLER)
    before = database.rows(company_numbers)
    with pytest.raises(ContactError) as refused:
        files(database).set_contact("chen", company, number, contact)
    assert refused.value.field == field
    assert database.rows(company_numbers) == before


def test_no_contact_is_kept_of_a_company_that_is_not_there(database: Database) -> None:
    with pytest.raises(ContactError, match="company"):
        files(database).set_contact("chen", 9, CALLER, "李")


@pytest.mark.parametrize(
    ("agreement", "expires_on", "said"),
    [
        (None, None, Expiry(word="none")),
        ("A-1", None, Expiry(word="unknown")),
        ("A-1", date(2026, 3, 1), Expiry(word="expired", days=1)),
        ("A-1", TODAY, Expiry(word="soon", days=0)),
        ("A-1", date(2026, 4, 1), Expiry(word="soon", days=30)),
        (None, date(2026, 4, 2), Expiry(word="valid", days=31)),
    ],
)
def test_how_an_agreement_stands_is_said_in_words_r77(
    agreement: str | None, expires_on: date | None, said: Expiry
) -> None:
    assert expiry(agreement, expires_on, TODAY) == said
