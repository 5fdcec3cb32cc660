"""Every figure with a goal has a word, exactly at its limits; one caller is never an alarm."""

import pytest

from ivr.policy.goals import Goal, Word, goals, judged, judged_wait
from ivr.policy.metrics import Metric, measure
from ivr.policy.rules import Rules
from tests.cast import noon

RULES = Rules()


def metric(name: str, value: float | None, over: int = 100, unit: str = "share") -> Metric:
    return Metric(name=name, formula="", numerator=0, denominator=over, value=value, unit=unit)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("service_level", 0.95, Word.OK),
        ("service_level", 0.9499, Word.WATCH),
        ("service_level", 0.90, Word.WATCH),
        ("service_level", 0.8999, Word.ALARM),
        ("greeted_within_three_rings", 1.0, Word.OK),
        ("greeted_within_three_rings", 0.9999, Word.WATCH),
        ("abandonment_rate", 0.05, Word.OK),
        ("abandonment_rate", 0.0501, Word.WATCH),
        ("abandonment_rate", 0.1001, Word.ALARM),
        ("asa_seconds", 15.0, Word.OK),
        ("asa_seconds", 30.0, Word.WATCH),
        ("asa_seconds", 30.1, Word.ALARM),
        ("offered", 7, Word.NONE),
        ("service_level", None, Word.EMPTY),
    ],
)
def test_a_figure_s_word_changes_exactly_at_its_goal_r64_r10(name: str, value: float, word: Word) -> None:
    assert judged(metric(name, value), RULES) is word


def test_a_promise_broken_in_silence_is_an_alarm_however_few_r10() -> None:
    broken = metric("promises_broken_in_silence", 1, 1, "calls")
    assert judged(broken, RULES) is Word.ALARM
    assert judged(metric("promises_broken_in_silence", 0, 1, "calls"), RULES) is Word.OK


def test_one_caller_is_no_trend() -> None:
    assert judged(metric("service_level", 0.0, over=9), RULES) is Word.WATCH
    assert judged(metric("service_level", 0.0, over=10), RULES) is Word.ALARM
    assert judged(metric("service_level", 1.0, over=1), RULES) is Word.OK


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (None, Word.OK),
        (15.0, Word.OK),
        (15.1, Word.WATCH),
        (120.0, Word.WATCH),
        (120.1, Word.ALARM),
    ],
)
def test_whoever_waits_longest_is_watched_and_then_an_alarm_r69(seconds: float | None, word: Word) -> None:
    assert judged_wait(seconds, RULES) is word


def test_every_goal_belongs_to_a_figure_of_metrics() -> None:
    of_promises = {
        "callbacks_kept_by_the_promised_minute",
        "promises_broken_in_silence",
        "told_wait_kept",
    }
    assert goals(RULES).keys() - of_promises <= {each.name for each in measure([], RULES, noon())}


def test_what_misses_a_goal_by_its_slack_is_still_watched_also_in_binary() -> None:
    assert Goal(value=0.8, slack=0.1).word(0.7) is Word.WATCH
