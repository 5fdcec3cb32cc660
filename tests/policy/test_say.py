"""What an agent is given to say may be said."""

from ivr.policy.phrases import FORBIDDEN, lint
from ivr.policy.say import DIAGNOSIS, FAREWELL, sentences
from tests.policy.record_stories import FORM

ALL = sentences(FORM, "您好，金穗公司")


def test_the_steps_are_those_of_a_call_greeting_first_farewell_last_R65_R38() -> None:
    steps = [sentence.step for sentence in ALL]
    assert steps[0] == "greeting"
    assert steps[1:-5] == [question.id for question in FORM.questions]
    assert steps[-5:] == ["hold", "promise", "apology", "solved", "farewell"]
    assert ALL[-1].zh == FAREWELL == "再见，如果以后您的开票系统有什么问题请再与我们联系"


def test_no_sentence_we_give_him_is_one_nobody_may_say_R12() -> None:
    assert [finding for sentence in ALL for finding in lint(sentence.zh + sentence.en)] == []


def test_every_forbidden_phrase_is_shown_with_what_to_say_instead_R13_R14_R15_R16_R17_R18_R75() -> None:
    assert [shown.rule for shown in FORBIDDEN] == [13, 14, 15, 16, 17, 18, 75]
    for shown in FORBIDDEN:
        assert shown.rule in {finding.rule for finding in lint(shown.phrase)}
        assert lint(shown.replacement) == ()


def test_connections_are_looked_at_before_software_before_hardware_R32() -> None:
    assert DIAGNOSIS == ("connections", "software", "hardware")
