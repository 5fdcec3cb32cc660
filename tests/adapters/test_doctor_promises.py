"""The doctor on promises: what nobody has logged, and what passed in silence, on either database."""

from ivr.adapters.doctor_promises import promise_findings
from ivr.service.doctor_ports import Severity
from tests.adapters.books import Books, after


def found(books: Books, seconds: float, *, by_hand: bool = False) -> dict[str, Severity]:
    findings = promise_findings(books.database.url, after(seconds), by_hand=by_hand)
    return {finding.check: finding.severity for finding in findings}


def test_without_workers_the_promise_stands_and_the_doctor_says_that_its_record_is_late_r71(
    books: Books,
) -> None:
    books.promised()
    assert found(books, 10) == {"callbacks_logged": Severity.OK, "promises_kept": Severity.OK}
    assert found(books, 10.1)["callbacks_logged"] is Severity.WARNING


def test_a_promise_broken_in_silence_is_an_error_for_a_day_or_until_he_is_called_r10(books: Books) -> None:
    callback_id = books.promised(due_at=after(60))
    books.book.unit(lambda unit: unit.break_promises(after(61)))
    assert found(books, 61)["promises_kept"] is Severity.ERROR
    assert found(books, 60 + 86_401)["promises_kept"] is Severity.OK
    books.book.unit(lambda unit: unit.called(callback_id, after(90)))
    assert found(books, 91)["promises_kept"] is Severity.OK


def test_what_agents_have_to_dial_by_hand_is_counted_once_it_is_due(books: Books) -> None:
    url, due = books.database.url, "agents dial callbacks by hand (callback_dialing = manual), 1 are due"
    assert "callbacks_by_hand" not in found(books, 1)
    assert found(books, 1, by_hand=True)["callbacks_by_hand"] is Severity.OK
    books.promised("now")
    books.promised("later", number="+8613900139000", not_before_at=after(3600))
    first, *_rest = promise_findings(url, after(60), by_hand=True)
    assert (first.check, first.severity, first.found.en) == ("callbacks_by_hand", Severity.WARNING, due)
    assert next(promise_findings(url, after(3600), by_hand=True)).found.en.endswith("2 are due")
