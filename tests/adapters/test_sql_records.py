"""A record and its row of the outbox are one transaction."""

import pytest

from ivr.adapters.sql_records import SqlRecords
from ivr.adapters.sql_schema import records
from ivr.service.record_ports import OPEN_RECORD, NewRecord, RecordUnit
from tests.adapters.rows import CALLER, NINE, Database


def opened(call_id: int, number: str | None = CALLER) -> NewRecord:
    return NewRecord(
        call_id=call_id, number=number, company=None, open_records=(), owner=None, opened_at=NINE
    )


def test_a_record_that_could_not_be_written_stays_on_the_outbox(database: Database) -> None:
    call_id = database.add_call()

    def breaks(unit: RecordUnit) -> None:
        unit.add(opened(call_id))
        unit.mark_done(OPEN_RECORD, call_id, NINE)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        SqlRecords(database.url).unit(breaks)
    assert database.rows(records) == []
    assert database.undone() == [call_id]


def test_open_records_are_found_by_number_or_company_and_closed_ones_are_not(database: Database) -> None:
    company = database.add_company("北京航天")
    base = {"fields": "{}", "open_records": "[]", "opened_at": NINE}
    same_number, same_company, closed, _other = (
        database.add(records, call_id=database.add_call(), **base | values)
        for values in (
            {"number": CALLER, "state": "open"},
            {"number": "+8613900139000", "company_id": company, "state": "open"},
            {"number": CALLER, "state": "closed"},
            {"number": "+8613900139001", "state": "open"},
        )
    )
    book = SqlRecords(database.url)
    assert book.unit(lambda unit: unit.open_records(CALLER, company)) == [same_number, same_company]
    assert closed not in book.unit(lambda unit: unit.open_records(CALLER, None))
    assert book.unit(lambda unit: unit.open_records(None, None)) == []


def test_a_call_nobody_knows_is_none(database: Database) -> None:
    assert SqlRecords(database.url).unit(lambda unit: unit.call(7)) is None
