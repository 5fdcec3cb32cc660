"""A company chosen on the card is a change of the record like any other, on either database."""

import pytest

from ivr.adapters.sql_company_choice import SqlCompanyChoice
from ivr.adapters.sql_desk_schema import record_changes
from ivr.service.desk_records import StaleDraftError
from tests.adapters.books import after
from tests.adapters.desk_house import THREE, ZHAO, Desk


def test_a_draft_written_before_the_company_was_chosen_does_not_overwrite_it_R71(desk: Desk) -> None:
    company = desk.company("乙公司")
    record_id = desk.opened()
    seen = desk.record(record_id)["version"]
    assert SqlCompanyChoice(desk.database.url).name_company(record_id, company, "zhao", after(5))
    row = desk.record(record_id)
    assert (row["company"], row["version"], row["saved_at"]) == ("乙公司", seen + 1, after(5))
    assert [change["action"] for change in desk.database.rows(record_changes)] == ["company_chosen"]
    with pytest.raises(StaleDraftError):
        desk.records.save_draft(ZHAO, record_id, seen, {**THREE, "company": ""})
    desk.records.save_draft(ZHAO, record_id, seen + 1, {**THREE, "company": "丙公司"})
    assert desk.record(record_id)["company"] == "丙公司"
