"""Every call leaves a record, with what is known of the caller (R6, R71)."""

import json
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_schema import records
from ivr.service.records import CallUnknownError, RecordService
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
