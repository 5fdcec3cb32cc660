"""Solved fully or not closed; promised with the sentence, a time and a name; undone for ten seconds."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ivr.policy.endings import (
    CLOSING,
    PROMISE_SENTENCE,
    Change,
    Contacted,
    Disposition,
    PromiseWish,
    StillOpen,
    keeps,
    may_close,
    may_promise,
    may_undo,
    may_write,
)
from ivr.policy.opening_hours import OpeningHours
from ivr.policy.refusal import Reason, Refused, of_the_team, written
from tests.policy.record_stories import NEVER_CLOSED, OFFICE, TEAM, beijing
from tests.policy.test_working_time import CLOSED_FOR_EVER

NOW = beijing(9)
WISH = PromiseWish(said_at=NOW, due_at=beijing(11), owner="qian")


def refused(call: Any) -> tuple[Reason, tuple[str, ...]]:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason, caught.value.about


def outcome(call: Any) -> Reason | None:
    """Why not, or None where it is done."""
    try:
        call()
    except Refused as refusal:
        return refusal.reason
    return None


def promised(wish: PromiseWish, hours: OpeningHours = OFFICE) -> str:
    return may_promise(wish, NOW, TEAM, hours, 4)


@pytest.mark.parametrize("kind", ["promise", "visit", "complaint", "callback"])
@pytest.mark.parametrize("ending", CLOSING)
def test_no_record_is_closed_over_what_is_owed_and_it_is_named_R9(kind: str, ending: Disposition) -> None:
    owed = [StillOpen(kind=kind, id=7)]
    assert refused(lambda: may_close(ending, (), owed, solved_fully=True)) == (
        Reason.STILL_OPEN,
        (f"{kind}:7",),
    )


def test_half_a_solution_closes_nothing_R9() -> None:
    reason, _ = refused(lambda: may_close(Disposition.SOLVED, (), (), solved_fully=False))
    assert reason is Reason.NOT_SOLVED_FULLY
    may_close(Disposition.SOLVED, (), (), solved_fully=True)


def test_what_was_not_asked_first_is_named_before_a_record_is_closed_R72a() -> None:
    assert refused(lambda: may_close(Disposition.SOLVED, ("company",), (), solved_fully=True)) == (
        Reason.MISSING,
        ("company",),
    )


@pytest.mark.parametrize("ending", [Disposition.WRONG_NUMBER, Disposition.NOT_BUSINESS])
def test_who_dialled_wrong_or_is_no_customer_has_no_company_to_be_asked_for_R82(ending: Disposition) -> None:
    may_close(ending, ("company", "tax_bureau"), (), solved_fully=False)


def test_other_business_on_the_hotline_is_told_apart_R82() -> None:
    assert Disposition.NOT_BUSINESS in CLOSING
    assert Disposition("not_business") is Disposition.NOT_BUSINESS


def test_the_sentence_comes_before_the_promise_R72() -> None:
    assert PROMISE_SENTENCE == "等我们有了确切结果后会尽快和您联系"
    assert refused(lambda: promised(replace(WISH, said_at=None)))[0] is Reason.SENTENCE_FIRST
    assert promised(WISH) == PROMISE_SENTENCE


def test_a_promise_has_a_due_time_R72_R10() -> None:
    assert refused(lambda: promised(replace(WISH, due_at=None)))[0] is Reason.DUE_MISSING


@pytest.mark.parametrize(
    ("due_at", "reason"),
    [
        (beijing(8), Reason.DUE_PASSED),
        (NOW, Reason.DUE_PASSED),
        (beijing(12, 30), Reason.DUE_OUTSIDE_HOURS),
        (beijing(20), Reason.DUE_OUTSIDE_HOURS),
        (beijing(11, day=7), Reason.DUE_OUTSIDE_HOURS),
        (beijing(15), Reason.DUE_TOO_LATE),
    ],
)
def test_only_what_can_be_done_is_promised_in_office_hours_and_soon_R10(due_at: Any, reason: Reason) -> None:
    assert refused(lambda: promised(replace(WISH, due_at=due_at)))[0] is reason


def test_a_later_time_is_promised_where_the_customer_asks_for_it_R10() -> None:
    assert promised(replace(WISH, due_at=beijing(15, day=3), customers_wish=True)) == PROMISE_SENTENCE


def test_where_the_last_hour_ends_at_rest_the_end_of_the_rest_is_in_time() -> None:
    assert promised(replace(WISH, due_at=beijing(13, 30)), NEVER_CLOSED) == PROMISE_SENTENCE
    wish = replace(WISH, due_at=beijing(11))
    assert refused(lambda: promised(wish, CLOSED_FOR_EVER))[0] is Reason.DUE_OUTSIDE_HOURS


@pytest.mark.parametrize(
    ("owner", "reason"), [("", Reason.PERSON_MISSING), ("nobody", Reason.NOT_OF_THE_TEAM)]
)
def test_a_named_person_finds_the_answer_R73(owner: str, reason: Reason) -> None:
    assert refused(lambda: promised(replace(WISH, owner=owner)))[0] is reason


def test_words_beside_the_sentence_are_checked_R12_R15() -> None:
    assert promised(replace(WISH, text="下午给您打电话")) == f"{PROMISE_SENTENCE}。下午给您打电话"
    assert refused(lambda: promised(replace(WISH, text="这个没办法解决"))) == (
        Reason.FORBIDDEN_PHRASE,
        ("没办法解决", PROMISE_SENTENCE),
    )


def test_nobody_outside_the_team_can_be_handed_a_caller_R74() -> None:
    assert of_the_team("sun", TEAM) == "sun"
    assert refused(lambda: of_the_team("finance", TEAM)) == (Reason.NOT_OF_THE_TEAM, ("finance",))


@pytest.mark.parametrize("result", [Contacted.NO_ANSWER, Contacted.BUSY])
def test_a_promise_is_kept_by_contact_alone_R73(result: Contacted) -> None:
    keeps(Contacted.REACHED)
    assert refused(lambda: keeps(result))[0] is Reason.ONLY_BY_CONTACT


def test_for_ten_seconds_what_nobody_else_knows_can_be_undone() -> None:
    change = Change(id=1, login="zhao", at=NOW)
    may_undo(change, "zhao", NOW + timedelta(seconds=10))
    for late in (replace(change, undone=True), replace(change, at=NOW - timedelta(seconds=10.5))):
        assert refused(lambda late=late: may_undo(late, "zhao", NOW))[0] is Reason.TOO_LATE_TO_UNDO
    assert refused(lambda: may_undo(change, "qian", NOW))[0] is Reason.NOT_YOURS
    assert refused(lambda: may_undo(replace(change, told="qian"), "zhao", NOW)) == (
        Reason.ALREADY_TOLD,
        ("qian",),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", Reason.TEXT_MISSING), ("\x00 ", Reason.TEXT_MISSING), ("长" * 401, Reason.TEXT_TOO_LONG)],
)
def test_a_text_that_has_to_be_there_is_there_and_of_bounded_length(text: str, reason: Reason) -> None:
    assert refused(lambda: written("route", text)) == (reason, ("route",))
    assert written("route", " 三环\n四环\x1b ") == "三环\n四环"


def test_one_writes_into_his_own_records_and_into_drafts_managers_into_all() -> None:
    assert may_write("zhao", "zhao", "promise", manager=False)
    assert may_write("zhao", None, "promise", manager=False)
    assert may_write("zhao", "qian", None, manager=False)
    assert may_write("sun", "qian", "promise", manager=True)
    assert not may_write("zhao", "qian", "promise", manager=False)


def test_a_record_with_a_promise_not_kept_yet_is_not_closed_R9() -> None:
    owed = [StillOpen(kind="promise", id=7)]
    assert outcome(lambda: may_close(Disposition.SOLVED, (), owed, solved_fully=True)) is Reason.STILL_OPEN


def test_nothing_is_promised_for_an_hour_in_which_nobody_is_here_R10() -> None:
    wish = replace(WISH, due_at=beijing(20), customers_wish=True)
    assert outcome(lambda: promised(wish)) is Reason.DUE_OUTSIDE_HOURS


def test_who_did_not_answer_was_not_contacted_R73() -> None:
    assert outcome(lambda: keeps(Contacted.NO_ANSWER)) is Reason.ONLY_BY_CONTACT


def test_business_that_is_none_of_the_hotlines_is_closed_without_a_company_R82() -> None:
    missing = ("company", "tax_bureau")
    assert outcome(lambda: may_close(Disposition.NOT_BUSINESS, missing, (), solved_fully=False)) is None
