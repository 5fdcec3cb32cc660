"""What each figure ought to be, and the word for what it is: fine, to be watched, or an alarm.

A figure without a goal gets no word. A share over fewer calls than `alarm_calls` is watched at most: one caller is
no trend.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ivr.policy.metrics import Metric
from ivr.policy.rules import Rules


class Word(StrEnum):
    """Said beside every figure, so that colour never speaks alone."""

    NONE = "none"  # nobody has said what it ought to be
    EMPTY = "empty"  # nothing counted yet
    OK = "ok"
    WATCH = "watch"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """`at_least` or at most `value`; what misses it by more than `slack` is an alarm."""

    value: float
    slack: float
    at_least: bool = True

    def word(self, value: float) -> Word:
        """How a figure stands to it."""
        missing = round(self.value - value if self.at_least else value - self.value, 4)
        if missing <= 0:
            return Word.OK
        return Word.WATCH if missing <= self.slack else Word.ALARM


def goals(rules: Rules) -> Mapping[str, Goal]:
    """By the figure's name."""
    level = Goal(value=rules.service_level_target, slack=0.05)
    return {
        "greeted_within_three_rings": Goal(value=1.0, slack=0.05),  # R64 knows no exception
        "served_within_three_rings": level,
        "service_level": level,
        "asa_seconds": Goal(
            value=rules.service_level_seconds, slack=rules.service_level_seconds, at_least=False
        ),
        "abandonment_rate": Goal(value=rules.abandonment_target, slack=0.05, at_least=False),
        "callbacks_kept_by_the_promised_minute": Goal(value=1.0, slack=0.05),  # R10
        "promises_broken_in_silence": Goal(value=0.0, slack=0.0, at_least=False),  # R10
        "told_wait_kept": Goal(value=0.8, slack=0.1),  # it is spoken so that four of five are served by then
    }


def judged(metric: Metric, rules: Rules) -> Word:
    """The word for one figure."""
    goal = goals(rules).get(metric.name)
    if goal is None:
        return Word.NONE
    if metric.value is None:
        return Word.EMPTY
    word = goal.word(metric.value)
    few = metric.unit in {"share", "seconds"} and metric.denominator < rules.alarm_calls
    return Word.WATCH if few and word is Word.ALARM else word


def judged_wait(seconds: float | None, rules: Rules) -> Word:
    """The word for whoever waits longest now; None where nobody waits."""
    if seconds is None or seconds <= rules.service_level_seconds:
        return Word.OK
    return Word.WATCH if seconds <= rules.alarm_wait_seconds else Word.ALARM
