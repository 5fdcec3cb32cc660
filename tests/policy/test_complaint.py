"""Apologise, take it down in his words, verify, answer."""

from dataclasses import replace

import pytest

from ivr.policy.complaint import (
    ComplaintKind,
    ComplaintState,
    ComplaintWish,
    dues,
    may_complain,
    may_feed_back,
    may_verify,
)
from ivr.policy.refusal import Reason
from tests.policy.record_stories import OFFICE, TEAM, beijing
from tests.policy.test_endings import outcome, refused
from tests.policy.test_working_time import CLOSED_FOR_EVER

WISH = ComplaintWish(
    kind="service", said="他说跟我们没关系，随便！", apologised=True, owner="sun", unit="海淀分公司"
)


def test_a_complaint_is_taken_down_in_the_customers_own_words_R78() -> None:
    assert may_complain(WISH, TEAM) == WISH
    assert may_complain(replace(WISH, unit=" ", kind="skill"), TEAM).unit == ""
    assert ComplaintKind(WISH.kind) is ComplaintKind.SERVICE


def test_nobody_complains_without_hearing_an_apology_R79() -> None:
    assert refused(lambda: may_complain(replace(WISH, apologised=False), TEAM))[0] is Reason.APOLOGY_MISSING


def test_what_we_answer_shifts_no_blame_R79_R14() -> None:
    answer = replace(WISH, answer="这和我们没关系")
    assert refused(lambda: may_complain(answer, TEAM))[0] is Reason.FORBIDDEN_PHRASE


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (replace(WISH, kind="weather"), Reason.KIND_UNKNOWN),
        (replace(WISH, said=""), Reason.TEXT_MISSING),
        (replace(WISH, unit="长" * 201), Reason.TEXT_TOO_LONG),
        (replace(WISH, answer="长" * 1001), Reason.TEXT_TOO_LONG),
        (replace(WISH, owner=""), Reason.PERSON_MISSING),
        (replace(WISH, owner="finance"), Reason.NOT_OF_THE_TEAM),
    ],
)
def test_a_complaint_has_a_kind_words_and_one_of_us_who_has_it_R78(
    wish: ComplaintWish, reason: Reason
) -> None:
    assert refused(lambda: may_complain(wish, TEAM))[0] is reason


def test_it_is_verified_in_one_working_day_and_answered_in_three_R80() -> None:
    found = dues(OFFICE, beijing(9, day=6), 1, 3)
    assert (found.verify_at, found.feedback_at) == (beijing(9, day=9), beijing(9, day=11))
    nowhere = dues(CLOSED_FOR_EVER, beijing(9), 1, 3)
    assert (nowhere.verify_at, nowhere.feedback_at) == (beijing(9), beijing(9))


def test_first_the_facts_then_the_answer_R80() -> None:
    assert may_verify(ComplaintState.OPEN, "属实") == "属实"
    assert refused(lambda: may_verify(ComplaintState.VERIFIED, "属实"))[0] is Reason.NOT_NOW
    assert may_feed_back(ComplaintState.VERIFIED, "已整改") == "已整改"
    assert refused(lambda: may_feed_back(ComplaintState.OPEN, "已整改"))[0] is Reason.NOT_VERIFIED
    assert refused(lambda: may_feed_back(ComplaintState.CLOSED, "已整改"))[0] is Reason.NOT_NOW
    assert refused(lambda: may_feed_back(ComplaintState.VERIFIED, "不知道"))[0] is Reason.FORBIDDEN_PHRASE


def test_the_customers_own_words_are_taken_down_whatever_they_are_R78() -> None:
    assert outcome(lambda: may_complain(replace(WISH, said="随便，你们不知道"), TEAM)) is None
