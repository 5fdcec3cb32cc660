"""Who did what to what, on either database; a telephone number in it is masked."""

from ivr.adapters.sql_audit import SqlAudit
from tests.adapters.rows import NINE


def test_what_was_done_is_read_newest_first_page_by_page(url: str) -> None:
    book = SqlAudit(url)
    for number in range(5):
        book.note(NINE, "ana", f"did_{number}", f"record:{number}")
    first = book.page(None, 2)
    assert [row["action"] for row in first] == ["did_4", "did_3"]
    assert [row["action"] for row in book.page(first[-1]["id"], 2)] == ["did_2", "did_1"]


def test_no_number_of_a_caller_stands_in_the_audit_log_whole(url: str) -> None:
    SqlAudit(url).note(NINE, "ana", "heard", "recording:7", "of +8613800138000")
    assert [row["detail"] for row in SqlAudit(url).page(None, 9)] == ["of +861********00"]
