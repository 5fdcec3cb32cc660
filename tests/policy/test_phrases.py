"""The words a caller never hears from us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.phrases import lint


@pytest.mark.parametrize(
    ("text", "rule", "phrase"),
    [
        ("我们不管", 13, "我们不管"),
        ("这个不归我们管。", 13, "不归我们管"),
        ("We don’t handle that.", 13, "wedonthandlethat"),
        ("这跟我们没关系", 14, "跟我们没关系"),
        ("这和我们没有关系", 14, "和我们没有关系"),
        ("与我们没关系", 14, "与我们没关系"),
        ("It has nothing to do with us!", 14, "nothingtodowithus"),
        ("没办法", 15, "没办法"),
        ("没有办法解决", 15, "没有办法解决"),
        ("This cannot be solved.", 15, "cannotbesolved"),
        ("随便您", 16, "随便"),
        ("Whatever.", 16, "whatever"),
        ("这个问题我不清楚", 17, "不清楚"),
        ("I'm not sure", 17, "imnotsure"),
        ("不知道", 18, "不知道"),
        ("I do not know.", 18, "donotknow"),
        ("我们不知道", 75, "我们不知道"),
        ("We don't know.", 75, "wedontknow"),
    ],
)
def test_each_forbidden_phrase_is_found_under_its_own_rule_r13_to_r18_r75(
    text: str, rule: int, phrase: str
) -> None:
    assert [(finding.rule, finding.phrase) for finding in lint(text)] == [(rule, phrase)]


@pytest.mark.parametrize(
    "text",
    ["不 知 道", "不,知。道", "不\u200b知道", "「不」知……道", "不\u3000知～道", "不\n知道", "【不知道】"],
)
def test_punctuation_and_spaces_hide_no_forbidden_phrase_r18(text: str) -> None:
    assert [finding.rule for finding in lint(text)] == [18]


def test_full_width_letters_hide_no_forbidden_phrase_r75() -> None:
    assert [finding.rule for finding in lint("ＷＥ ＤＯＮ＇Ｔ ＫＮＯＷ")] == [75]


def test_every_phrase_of_a_text_is_found_by_rule_and_then_by_place() -> None:
    assert [finding.rule for finding in lint("不知道，随便，我们不管，不知道")] == [13, 16, 18, 18]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "您好，金穗公司",
        "等我们有了确切结果后会尽快和您联系",
        "抱歉，我听不清楚，请您再说一遍",
        "Whatever the cause is, we will find it.",
        "我们的办法是重新安装驱动程序",
    ],
)
def test_what_may_be_said_is_not_held_against_the_agent(text: str) -> None:
    assert lint(text) == ()


def test_every_finding_offers_words_that_may_be_said_instead_r12() -> None:
    findings = lint("我们不管，跟我们没关系，没办法，随便，不清楚，不知道，我们不知道")
    assert [finding.rule for finding in findings] == [13, 14, 15, 16, 17, 18, 75]
    for finding in findings:
        assert finding.replacement
        assert lint(finding.replacement) == ()


def test_unsure_agents_are_given_the_promise_sentence_of_the_norm_r72() -> None:
    assert [finding.replacement for finding in lint("不清楚")] == ["等我们有了确切结果后会尽快和您联系"]


@given(st.text(), st.text())
def test_no_surrounding_text_hides_a_forbidden_phrase_r13(before: str, after: str) -> None:
    assert 13 in [finding.rule for finding in lint(f"{before}我们不管{after}")]
