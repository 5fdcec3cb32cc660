"""What an agent has written into a record: read from a form, hints about it, and what closing still wants (R72a-R72f).

Nothing here locks a field: any answer may be missing or come first. "Not asked" is an answer of its own. A hint says
that something looks odd, and hinders nobody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from ivr.policy.record_form import FIRST_ASKED, Form, Kind, Question

NOT_ASKED = "not_asked"
CONFIRMED = "contact_phone_confirmed"
SOLUTION = "solution"  # what the customer was told to do: words of ours, in the record's fields
_MOST = {"company": 200, "contact_phone": 80, "tax_bureau": 200, "symptom": 4000, SOLUTION: 1000}
_MOST_IN_A_FIELD = 400
_YEARS = (1980, 2100)


class AnswerError(ValueError):
    """An answer that no form of ours sends; `field` names it, and nothing is changed."""

    def __init__(self, name: str, reason: str) -> None:
        self.field = name
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A record's answers; None where there is none yet. `fields` by question: a value, or NOT_ASKED."""

    company: str | None = None
    contact_phone: str | None = None
    phone_confirmed: bool = False
    tax_bureau: str | None = None
    symptom: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def of(self, question: str) -> str | None:
        """The answer to that question."""
        columns = {
            "company": self.company,
            "contact_phone": self.contact_phone,
            "tax_bureau": self.tax_bureau,
            "symptom": self.symptom,
        }
        return columns[question] if question in columns else self.fields.get(question)


def parse_answers(form: Form, values: Mapping[str, str]) -> Answers:
    """From what the page sent, every key of it known to the form. Raises AnswerError."""
    for name in values:
        if name not in _names(form):
            raise AnswerError(name, "the form has no such field")
    given = {question.id: _answer(question, values) for question in form.questions}
    fields = {question.id: answer for question in form.in_fields if (answer := given[question.id])}
    solution = _text(SOLUTION, values.get(SOLUTION, ""), many_lines=True)
    if solution:
        fields[SOLUTION] = solution
    phone = given["contact_phone"]
    return Answers(
        company=given["company"],
        contact_phone=phone,
        phone_confirmed=phone is not None and CONFIRMED in values,
        tax_bureau=given["tax_bureau"],
        symptom=given["symptom"],
        fields=fields,
    )


def _names(form: Form) -> frozenset[str]:
    letters = (f"{NOT_ASKED}_{letter}" for letter in form.letters)
    return frozenset({*(question.id for question in form.questions), *letters, CONFIRMED, SOLUTION})


def _answer(question: Question, values: Mapping[str, str]) -> str | None:
    """What is written comes before the tick that nothing was asked."""
    written = _text(question.id, values.get(question.id, ""), many_lines=question.kind is Kind.NOTE)
    if not written:
        return NOT_ASKED if question.letter and f"{NOT_ASKED}_{question.letter}" in values else None
    _refuse_nonsense(question, written)
    return written


def _text(name: str, value: str, *, many_lines: bool) -> str:
    text = value.replace("\r\n", "\n").strip()
    bare = text.replace("\n", "").replace("\t", "") if many_lines else text
    if not bare.isprintable():
        raise AnswerError(name, "has characters that cannot be written")
    most = _MOST.get(name, _MOST_IN_A_FIELD)
    if len(text) > most:
        raise AnswerError(name, f"is longer than {most} characters")
    return text


def _refuse_nonsense(question: Question, written: str) -> None:
    if question.kind is Kind.CHOICE and written not in {
        NOT_ASKED,
        *(option.id for option in question.options),
    }:
        raise AnswerError(question.id, f"{written!r} is not among its options")
    if question.kind is Kind.DATE and read_date(written) is None:
        raise AnswerError(question.id, f"must be a day as 2026-03-02, not {written!r}")
    if question.kind is Kind.MONTH and read_date(f"{written}-01") is None:
        raise AnswerError(question.id, f"must be a month as 2026-03, not {written!r}")


def read_date(text: str | None) -> date | None:
    """A day as 2026-03-02, None for anything else."""
    if text is None or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# ---- what closing wants, and where we are ------------------------------------------------------------------------


def missing(form: Form, answers: Answers) -> tuple[str, ...]:
    """What has to be there before this record can be closed, in the order in which it is asked (R72a)."""
    names = [question.id for question in form.questions if question.required and not answers.of(question.id)]
    if answers.contact_phone and not answers.phone_confirmed:
        names.insert(len([name for name in names if name in FIRST_ASKED[:1]]), CONFIRMED)
    return tuple(names)


def current(form: Form, answers: Answers) -> str | None:
    """The first question without an answer, None when all have one; the prefilled number is one once confirmed."""
    for question in form.questions:
        confirmed = question.kind is not Kind.PHONE or answers.phone_confirmed
        if not answers.of(question.id) or not confirmed:
            return question.id
    return None


# ---- hints ------------------------------------------------------------------------------------------------------


class Hint(StrEnum):
    """What looks odd about the dates of the tax card (R72f)."""

    CARD_NOT_TODAY = "card_not_today"
    FILING_AFTER_CARD = "filing_after_card"
    FILING_LONG_AGO = "filing_long_ago"
    MONTH_NOT_CARDS = "month_not_cards"
    YEAR_ODD = "year_odd"


def hints(answers: Answers, today: date) -> tuple[tuple[str, Hint], ...]:
    """Each with the question it is about. They never block."""
    card, filing = read_date(answers.of("card_date")), read_date(answers.of("filing_start"))
    month = read_date(f"{answers.of('accounting_month')}-01")
    dates = {"card_date": card, "filing_start": filing, "accounting_month": month}
    found = [
        (name, Hint.YEAR_ODD)
        for name, day in dates.items()
        if day is not None and not _YEARS[0] <= day.year <= _YEARS[1]
    ]
    if found:
        return tuple(found)
    if card is not None and abs(card - today) > timedelta(days=1):
        found.append(("card_date", Hint.CARD_NOT_TODAY))
    if filing is not None:
        found.extend(("filing_start", hint) for hint in _about_filing(filing, card or today))
    if month is not None and not _of_that_month(month, card or today):
        found.append(("accounting_month", Hint.MONTH_NOT_CARDS))
    return tuple(found)


def _about_filing(filing: date, card: date) -> list[Hint]:
    if filing > card:
        return [Hint.FILING_AFTER_CARD]
    return [Hint.FILING_LONG_AGO] if card - filing > timedelta(days=62) else []


def _of_that_month(month: date, card: date) -> bool:
    """This month's or the one before: a period is filed in the month that follows it."""
    return (card.year - month.year) * 12 + card.month - month.month in {0, 1}
