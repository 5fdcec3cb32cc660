"""Whatever an agent writes first is taken; only closing requires, and a hint hinders nobody."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.record_answers import (
    CONFIRMED,
    NOT_ASKED,
    AnswerError,
    Answers,
    Hint,
    current,
    hints,
    missing,
    parse_answers,
)
from ivr.policy.record_form import Kind
from tests.policy.record_stories import FORM

TODAY = date(2026, 3, 2)
WHOLE = {
    "company": "北京京北商贸有限公司",
    "contact_phone": "13800138000",
    CONFIRMED: "on",
    "tax_bureau": "海淀分局",
    "symptom": "打印机不动了\n不知道为什么",
    "reader_lights": "red",
    "not_asked_b": "on",
    "printer_driver": "EPSON LQ-630K",
    "card_date": "2026-03-02",
    "filing_start": "2026-03-01",
    "accounting_month": "2026-03",
}


def test_what_is_written_is_what_is_kept_R71() -> None:
    answers = parse_answers(FORM, WHOLE)
    assert {question.id: answers.of(question.id) for question in FORM.questions} == {
        **{name: value for name, value in WHOLE.items() if name not in {CONFIRMED, "not_asked_b"}},
        "memory": NOT_ASKED,
    }
    assert answers.phone_confirmed


def test_the_order_locks_nothing_the_fault_may_be_written_before_the_company_R72a() -> None:
    answers = parse_answers(FORM, {"symptom": "不开机"})
    assert (answers.symptom, answers.company) == ("不开机", None)
    assert current(FORM, answers) == "company"


def test_closing_wants_company_confirmed_phone_and_bureau_in_that_order_R72a() -> None:
    assert missing(FORM, Answers()) == ("company", "contact_phone", "tax_bureau")
    assert missing(FORM, parse_answers(FORM, WHOLE)) == ()


def test_the_callers_number_alone_is_not_enough_he_has_to_confirm_it_R72a() -> None:
    assert missing(FORM, Answers(contact_phone="13800138000")) == ("company", CONFIRMED, "tax_bureau")
    known = Answers(company="京北", tax_bureau="海淀", contact_phone="13800138000")
    assert missing(FORM, known) == (CONFIRMED,)
    assert current(FORM, known) == "contact_phone"
    assert not parse_answers(FORM, {CONFIRMED: "on"}).phone_confirmed


@pytest.mark.parametrize("letter", ["a", "b", "c", "d"])
def test_that_something_was_not_asked_is_an_answer_of_its_own_R72c_R72d_R72e_R72f(letter: str) -> None:
    answers = parse_answers(FORM, {f"not_asked_{letter}": "on"})
    assert {answers.of(question.id) for question in FORM.of_letter(letter)} == {NOT_ASKED}
    assert parse_answers(FORM, {}).fields == {}


def test_an_answer_comes_before_the_tick_that_nothing_was_asked_R72d() -> None:
    assert parse_answers(FORM, {"not_asked_b": "on", "memory": "512 MB"}).of("memory") == "512 MB"
    assert parse_answers(FORM, {"reader_lights": NOT_ASKED}).of("reader_lights") == NOT_ASKED


def test_when_everything_is_answered_no_question_is_left() -> None:
    assert current(FORM, parse_answers(FORM, WHOLE)) is None


def test_what_the_customer_was_told_to_do_is_kept_beside_the_answers() -> None:
    assert parse_answers(FORM, {"solution": " 重新插卡 "}).fields == {"solution": "重新插卡"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"not_asked_e": "on"}, "not_asked_e"),
        ({"reader_lights": "blue"}, "reader_lights"),
        ({"card_date": "02.03.2026"}, "card_date"),
        ({"card_date": "2026-02-30"}, "card_date"),
        ({"filing_start": "２０２６-03-01"}, "filing_start"),
        ({"accounting_month": "2026-13"}, "accounting_month"),
        ({"accounting_month": "202603"}, "accounting_month"),
        ({"company": "a\x00b"}, "company"),
        ({"company": "a\nb"}, "company"),
        ({"symptom": "a\x1b[2J"}, "symptom"),
        ({"company": "长" * 201}, "company"),
        ({"symptom": "长" * 4001}, "symptom"),
        ({"memory": "长" * 401}, "memory"),
        ({"solution": "长" * 1001}, "solution"),
    ],
)
def test_what_no_form_of_ours_sends_is_refused_by_its_field(values: dict[str, str], field: str) -> None:
    with pytest.raises(AnswerError) as refused:
        parse_answers(FORM, values)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"card_date": "2026-03-02", "filing_start": "2026-03-01", "accounting_month": "2026-02"}, []),
        ({"card_date": "2026-03-04"}, [("card_date", Hint.CARD_NOT_TODAY)]),
        ({"filing_start": "2026-03-03"}, [("filing_start", Hint.FILING_AFTER_CARD)]),
        ({"filing_start": "2025-12-01"}, [("filing_start", Hint.FILING_LONG_AGO)]),
        ({"accounting_month": "2026-04"}, [("accounting_month", Hint.MONTH_NOT_CARDS)]),
        ({"accounting_month": "2026-01"}, [("accounting_month", Hint.MONTH_NOT_CARDS)]),
        ({"card_date": "1899-01-01", "filing_start": "2026-03-03"}, [("card_date", Hint.YEAR_ODD)]),
        ({"card_date": NOT_ASKED, "accounting_month": NOT_ASKED}, []),
    ],
)
def test_odd_dates_of_the_tax_card_are_hinted_at_R72f(
    fields: dict[str, str], found: list[tuple[str, Hint]]
) -> None:
    assert list(hints(Answers(fields=fields), TODAY)) == found


def test_a_hint_hinders_no_closing_R72f() -> None:
    odd = parse_answers(FORM, {**WHOLE, "card_date": "1999-01-01"})
    assert hints(odd, TODAY)
    assert missing(FORM, odd) == ()


def taken(values: dict[str, str]) -> Answers | str:
    """The answers, or the field that was refused."""
    try:
        return parse_answers(FORM, values)
    except AnswerError as refused:
        return refused.field


NAMES = [question.id for question in FORM.questions] + [CONFIRMED, "solution", "not_asked_a", "not_asked_d"]
LIKELY = st.sampled_from(["", "on", "red", "2026-03-02", "2026-03", " 京北 ", NOT_ASKED])


@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(LIKELY, st.text(max_size=30))))
def test_any_form_is_taken_whole_or_refused_by_a_field_it_has(values: dict[str, str]) -> None:
    answers = taken(values)
    if isinstance(answers, str):
        assert answers in values
        return
    for question in FORM.questions:
        sent = values.get(question.id, "").replace("\r\n", "\n").strip()
        ticked = question.letter and f"not_asked_{question.letter}" in values
        assert answers.of(question.id) == (sent or (NOT_ASKED if ticked else None))
    hints(answers, TODAY)
    assert bool(missing(FORM, answers)) == (
        not (answers.company and answers.tax_bureau and answers.phone_confirmed)
    )


@given(st.dictionaries(st.sampled_from(NAMES), LIKELY))
def test_what_was_taken_is_taken_again_the_same(values: dict[str, str]) -> None:
    answers = taken(values)
    if isinstance(answers, str):
        return
    again: dict[str, Any] = {
        question.id: answer for question in FORM.questions if (answer := answers.of(question.id))
    }
    again |= {CONFIRMED: "on"} if answers.phone_confirmed else {}
    again |= {"solution": answers.fields["solution"]} if "solution" in answers.fields else {}
    not_asked = [q for q in FORM.in_fields if again.get(q.id) == NOT_ASKED and q.kind is not Kind.CHOICE]
    for question in not_asked:
        del again[question.id]
        again[f"not_asked_{question.letter}"] = "on"
    if not {"card_date", "filing_start", "accounting_month"} & again.keys() or not not_asked:
        assert parse_answers(FORM, again) == answers


def test_that_the_memory_was_not_asked_about_is_an_answer_R72d() -> None:
    assert parse_answers(FORM, {"not_asked_b": "on"}).of("memory") == NOT_ASKED
