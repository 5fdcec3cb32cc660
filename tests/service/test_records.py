"""Every call leaves a record, with what is known of the caller (R6, R71)."""

import json
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_schema import outbox, records
from ivr.service.records import CallbackUnknownError, CallUnknownError, RecordService
from tests.adapters.rows import CALLER, NINE, Database, SetClock


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def open_for(database: Database, call_id: int) -> dict[str, Any]:
    record_id = RecordService(SqlRecords(database.url), SetClock()).open_for_call(call_id)
    (row,) = [row for row in database.rows(records) if row["id"] == record_id]
    return row


def test_a_call_that_was_hung_up_at_once_leaves_a_record_r6_r71(database: Database) -> None:
    row = open_for(database, database.add_call(outcome="abandoned"))
    assert (row["number"], row["state"], row["opened_at"]) == (CALLER, "open", NINE)
    assert (row["contact_phone"], row["fields"], row["open_records"]) == (None, "{}", "[]")
    assert database.undone() == []


def test_asked_twice_there_is_one_record_r71(database: Database) -> None:
    call_id = database.add_call()
    assert open_for(database, call_id) == open_for(database, call_id)
    assert len(database.rows(records)) == 1


def test_a_withheld_number_leaves_a_record_too_r71(database: Database) -> None:
    database.add_company("北京航天")
    earlier = open_for(database, database.add_call(caller=None))
    row = open_for(database, database.add_call(caller=None))
    assert (row["number"], row["company"], row["open_records"]) == (None, None, "[]")
    assert row["id"] != earlier["id"]


def test_a_known_number_brings_its_company_and_open_records_along_r71(database: Database) -> None:
    first = open_for(database, database.add_call())
    company = database.add_company("北京航天", CALLER, "+8613900139000", tax_bureau="海淀")
    colleague = open_for(database, database.add_call(caller="+8613900139000"))
    row = open_for(database, database.add_call(served_by="li"))
    assert (row["company_id"], row["company"], row["tax_bureau"]) == (company, "北京航天", "海淀")
    assert json.loads(row["open_records"]) == [first["id"], colleague["id"]]
    assert row["owner"] == "li"


def test_a_number_of_two_companies_names_neither(database: Database) -> None:
    database.add_company("北京航天", CALLER)
    database.add_company("上海代理记账", CALLER)
    row = open_for(database, database.add_call())
    assert (row["company_id"], row["company"]) == (None, None)


def test_a_job_for_a_call_nobody_knows_says_so(database: Database) -> None:
    with pytest.raises(CallUnknownError):
        open_for(database, 99)


# ---- callbacks ----------------------------------------------------------------------------------------------------


def promised(database: Database, call_id: int, number: str = CALLER) -> int:
    """As the call book writes it."""
    moments = {"presented_at": NINE, "promised_at": NINE, "due_at": NINE, "first_due_at": NINE}
    callback_id: int = database.add(
        callbacks, call_id=call_id, number=number, prefix="+861380013", state="pending", epoch=0, **moments
    )
    database.add(outbox, topic="callback", ref=callback_id, created_at=NINE)
    return callback_id


def log(database: Database, callback_id: int, clock: SetClock | None = None) -> None:
    RecordService(SqlRecords(database.url), clock or SetClock()).log_callback(callback_id)


def done(database: Database) -> list[object]:
    """When each callback was logged."""
    return [row["done_at"] for row in database.rows(outbox) if row["topic"] == "callback"]


def test_a_promised_callback_is_logged_with_company_and_open_cases_twice_as_once_r71(
    database: Database,
) -> None:
    earlier = open_for(database, database.add_call())
    company = database.add_company("北京航天", CALLER)
    callback_id = promised(database, database.add_call())
    clock = SetClock()
    for _ in range(2):
        log(database, callback_id, clock)
        clock.pass_seconds(60)
    _first, row = database.rows(records)
    assert (row["company_id"], row["company"]) == (company, "北京航天")
    assert json.loads(row["open_records"]) == [earlier["id"]]
    assert done(database) == [NINE]
    assert database.undone() == []


def test_who_withheld_his_number_is_known_by_the_one_he_keyed_in_r71(database: Database) -> None:
    database.add_company("北京航天", CALLER)
    call_id = database.add_call(caller=None)
    open_for(database, call_id)
    log(database, promised(database, call_id))
    (row,) = database.rows(records)
    assert (row["number"], row["company"]) == (CALLER, "北京航天")


def test_one_job_logs_every_callback_that_waits(database: Database) -> None:
    ids = [promised(database, database.add_call(), f"+86138001380{number}") for number in range(10, 13)]
    log(database, ids[0])
    assert done(database) == [NINE] * 3


def test_what_the_outbox_asks_for_can_be_done_without_a_worker(database: Database) -> None:
    call_id = database.add_call()
    callback_id = promised(database, call_id)
    service = RecordService(SqlRecords(database.url), SetClock())
    service.do("open_record", call_id)
    service.do("callback", callback_id)
    assert database.undone() == []


def test_a_job_for_a_callback_nobody_knows_says_so(database: Database) -> None:
    with pytest.raises(CallbackUnknownError):
        log(database, 99)
