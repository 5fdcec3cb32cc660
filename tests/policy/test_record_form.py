"""Which questions a record asks is written in form.toml; what makes no sense there is refused by its key."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.form import load_form
from ivr.policy.record_form import FormError, Kind, parse_form
from tests.policy.record_stories import FORM

SHIPPED = Path(__file__).parents[2] / "config" / "form.toml"


def shipped() -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text("utf-8"))


def test_the_shipped_form_asks_in_the_norms_own_order_R72a_R72b_R72c_R72d_R72e_R72f() -> None:
    assert [(question.id, question.letter) for question in FORM.questions] == [
        ("company", ""),
        ("contact_phone", ""),
        ("tax_bureau", ""),
        ("symptom", ""),
        ("reader_lights", "a"),
        ("memory", "b"),
        ("printer_driver", "c"),
        ("card_date", "d"),
        ("filing_start", "d"),
        ("accounting_month", "d"),
    ]


def test_the_card_readers_lights_are_normal_red_green_or_dark_R72c() -> None:
    (lights,) = FORM.of_letter("a")
    assert [option.zh for option in lights.options] == ["正常", "红灯", "绿灯", "不亮"]


def test_only_company_phone_and_bureau_are_required_by_the_shipped_form_R72a() -> None:
    assert [question.id for question in FORM.questions if question.required] == [
        "company",
        "contact_phone",
        "tax_bureau",
    ]
    assert FORM.letters == ("a", "b", "c", "d")
    assert FORM.in_fields[0].kind is Kind.CHOICE


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda form: form.update(questions=[]), "questions"),
        (lambda form: form.update(question=[]), "question"),
        (lambda form: form.update(question={"id": "x"}), "question"),
        (lambda form: form["question"].insert(0, "company"), "question.1"),
        (lambda form: form["question"].reverse(), "question.1.id"),
        (lambda form: form["question"].pop(2), "question.3.id"),
        (lambda form: form.update(question=form["question"][:2]), "question.3.id"),
        (lambda form: form["question"].pop(3), "question"),
        (lambda form: form["question"].append(form["question"][5]), "question"),
        (lambda form: form["question"][1].update(required=False), "question.2.required"),
        (lambda form: form["question"][3].update(required="yes"), "question.4.required"),
        (lambda form: form["question"][0].update(color="red"), "question.1.color"),
        (lambda form: form["question"][0].pop("zh"), "question.1.zh"),
        (lambda form: form["question"][0].update(say_en=" "), "question.1.say_en"),
        (lambda form: form["question"][0].update(say_en="a\x00"), "question.1.say_en"),
        (lambda form: form["question"][0].update(en=5), "question.1.en"),
        (lambda form: form["question"][5].update(id="Memory"), "question.6.id"),
        (lambda form: form["question"][5].update(id="version"), "question.6.id"),
        (lambda form: form["question"][5].update(id="not_asked_a"), "question.6.id"),
        (lambda form: form["question"][5].update(kind="number"), "question.6.kind"),
        (lambda form: form["question"][5].update(kind="phone"), "question.6.kind"),
        (lambda form: form["question"][3].update(kind="text"), "question.4.kind"),
        (lambda form: form["question"][5].update(letter="e"), "question.6.letter"),
        (lambda form: form["question"][5].update(letter=1), "question.6.letter"),
        (lambda form: form["question"][3].update(letter="a"), "question.4.letter"),
        (lambda form: form["question"][5].update(options=[]), "question.6.options"),
        (lambda form: form["question"][4].pop("options"), "question.5.options"),
        (lambda form: form["question"][4]["options"].__delitem__(slice(1, 4)), "question.5.options"),
        (lambda form: form["question"][4]["options"].append("red"), "question.5.options.5"),
        (
            lambda form: form["question"][4]["options"].append({"id": "not_asked", "zh": "未问", "en": "?"}),
            "question.5.options.5.id",
        ),
        (
            lambda form: form["question"][4]["options"].append({"id": "red", "zh": "红", "en": "Red"}),
            "question.5.options",
        ),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_by_the_name_of_its_key(change: Any, key: str) -> None:
    form = shipped()
    change(form)
    with pytest.raises(FormError) as refused:
        parse_form(form)
    assert refused.value.key == key
    assert str(refused.value).startswith(f"form key {key}: ")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[[question]", None])
def test_a_form_that_cannot_be_read_is_refused_by_its_path(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "config" / "form.toml"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormError, match=r"form\.toml: cannot be read"):
        load_form(tmp_path)


def test_a_form_that_does_not_ask_for_the_fault_is_refused_R72b() -> None:
    form = shipped()
    del form["question"][3]
    with pytest.raises(FormError, match="symptom"):
        parse_form(form)
