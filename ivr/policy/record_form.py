"""What a record asks, and in which order (R72a-R72f); which questions there are is configuration, what they do is here.

The order guides, it never locks: any answer may come first, and only closing requires some (record_answers).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FIRST_ASKED = ("company", "contact_phone", "tax_bureau")  # 首先应询问, in this order (R72a)
SYMPTOM = "symptom"  # R72b
COLUMNS = (*FIRST_ASKED, SYMPTOM)  # every record has these; the other answers stand in its fields
LETTERS = ("a", "b", "c", "d")
_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TAKEN = re.compile(r"not_asked_.*|contact_phone_confirmed|solution|version|tab|take_over|csrf_token")


class FormError(ValueError):
    """A key of the form is unknown, missing or makes no sense; `key` names it."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        super().__init__(f"form key {key}: {reason}")


class Kind(StrEnum):
    """How a question is answered."""

    COMPANY = "company"
    PHONE = "phone"
    TEXT = "text"
    NOTE = "note"
    CHOICE = "choice"
    DATE = "date"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer of a choice; `id` is what is stored."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: its label, and the sentence it is asked with."""

    id: str
    kind: Kind
    zh: str
    en: str
    say_zh: str
    say_en: str
    letter: str = ""
    required: bool = False
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form:
    """The questions in the order in which they are asked."""

    questions: tuple[Question, ...]

    @property
    def in_fields(self) -> tuple[Question, ...]:
        """Those whose answers have no column of their own."""
        return tuple(question for question in self.questions if question.id not in COLUMNS)

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters in use, in order."""
        return tuple(dict.fromkeys(question.letter for question in self.questions if question.letter))

    def of_letter(self, letter: str) -> tuple[Question, ...]:
        """The questions under that letter."""
        return tuple(question for question in self.questions if question.letter == letter)


_KINDS = {"company": Kind.COMPANY, "contact_phone": Kind.PHONE, "tax_bureau": Kind.TEXT, SYMPTOM: Kind.NOTE}
_TEXTS = ("id", "kind", "zh", "en", "say_zh", "say_en")
_KNOWN = frozenset({*_TEXTS, "letter", "required", "options"})


def parse_form(values: Mapping[str, Any]) -> Form:
    """A form from a parsed TOML table. Raises FormError naming the first key at fault, as `question.3.kind`."""
    for key in values:
        if key != "question":
            raise FormError(key, "unknown; a form has only [[question]]")
    listed = values.get("question")
    if not isinstance(listed, list) or not listed:
        raise FormError("question", "must be a list of questions")
    questions = tuple(_question(f"question.{place}", value) for place, value in enumerate(listed, 1))
    _refuse_twice("question", [question.id for question in questions])
    _refuse_without_the_norms_own(questions)
    return Form(questions=questions)


def _refuse_without_the_norms_own(questions: Sequence[Question]) -> None:
    for place, asked in enumerate(FIRST_ASKED):
        if len(questions) <= place or questions[place].id != asked:
            raise FormError(f"question.{place + 1}.id", f"must be {asked}: it is asked at this place (R72a)")
        if not questions[place].required:
            raise FormError(f"question.{place + 1}.required", f"must be true: {asked} is always asked (R72a)")
    if SYMPTOM not in {question.id for question in questions}:
        raise FormError("question", f"there is no question with the id {SYMPTOM} (R72b)")


def _question(where: str, value: Any) -> Question:
    if not isinstance(value, dict):
        raise FormError(where, f"must be a table, not {value!r}")
    for key in value:
        if key not in _KNOWN:
            raise FormError(f"{where}.{key}", f"unknown; known keys are {', '.join(sorted(_KNOWN))}")
    texts = {key: _text(f"{where}.{key}", value.get(key)) for key in _TEXTS}
    kind = _kind(where, texts["id"], texts["kind"])
    required = value.get("required", False)
    if not isinstance(required, bool):
        raise FormError(f"{where}.required", f"must be true or false, not {required!r}")
    return Question(
        **{key: texts[key] for key in _TEXTS if key != "kind"},
        kind=kind,
        letter=_letter(where, texts["id"], value.get("letter", "")),
        required=required,
        options=_options(where, kind, value.get("options")),
    )


def _kind(where: str, id_: str, written: str) -> Kind:
    if not _ID.fullmatch(id_) or _TAKEN.fullmatch(id_):
        raise FormError(
            f"{where}.id", f"must be a free name of small letters, digits and underscores, not {id_!r}"
        )
    if written not in {kind.value for kind in Kind}:
        raise FormError(f"{where}.kind", f"must be one of {', '.join(Kind)}, not {written!r}")
    kind = Kind(written)
    expected = _KINDS.get(id_)
    if expected is not None and kind is not expected:
        raise FormError(f"{where}.kind", f"{id_} is of kind {expected}, not {written!r}")
    if expected is None and kind in {Kind.COMPANY, Kind.PHONE}:
        raise FormError(f"{where}.kind", f"only {kind}'s own question is of kind {kind}")
    return kind


def _letter(where: str, id_: str, value: Any) -> str:
    if value == "":
        return ""
    if value not in LETTERS:
        raise FormError(f"{where}.letter", f"must be one of {', '.join(LETTERS)}, not {value!r}")
    if id_ in COLUMNS:
        raise FormError(f"{where}.letter", f"{id_} has no letter")
    return str(value)


def _options(where: str, kind: Kind, value: Any) -> tuple[Option, ...]:
    if kind is not Kind.CHOICE:
        if value is not None:
            raise FormError(f"{where}.options", "only a choice has options")
        return ()
    if not isinstance(value, list) or len(value) < 2:
        raise FormError(f"{where}.options", "must be a list of at least two options")
    options = tuple(_option(f"{where}.options.{place}", one) for place, one in enumerate(value, 1))
    _refuse_twice(f"{where}.options", [option.id for option in options])
    return options


def _option(where: str, value: Any) -> Option:
    if not isinstance(value, dict) or value.keys() != {"id", "zh", "en"}:
        raise FormError(where, f"must be a table of id, zh and en, not {value!r}")
    texts = {key: _text(f"{where}.{key}", value[key]) for key in ("id", "zh", "en")}
    if not _ID.fullmatch(texts["id"]) or texts["id"] == "not_asked":
        raise FormError(
            f"{where}.id",
            f"must be a free name of small letters, digits and underscores, not {value['id']!r}",
        )
    return Option(**texts)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise FormError(key, f"must be a text, not {value!r}")
    return value


def _refuse_twice(key: str, ids: Sequence[str]) -> None:
    for id_ in ids:
        if ids.count(id_) > 1:
            raise FormError(key, f"the id {id_} is given twice")
