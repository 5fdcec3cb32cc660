"""A manager is told once of each trouble, and it is over only when it is well over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ivr.policy.alarms import Alarm, Change, Episode, Look, SeenAgent, SeenComplaint, SeenPromise, change
from ivr.policy.floor import AgentState
from ivr.policy.metrics import MeasuredCall
from ivr.policy.rules import Rules
from tests.cast import noon

RULES = Rules(alarm_calls=10, service_level_target=0.8, alarm_margin=0.05)
LEVEL = Episode(Alarm.SERVICE_LEVEL)
WAIT, NOBODY = Episode(Alarm.LONG_WAIT), Episode(Alarm.NOBODY)
NOW = noon(3600)


def call(served_after: float | None) -> MeasuredCall:
    served = None if served_after is None else noon(3000 + served_after)
    return MeasuredCall(
        presented_at=noon(3000),
        greeted_at=served,
        greeted_by="agent",
        served_at=served,
        ended_at=noon(3500),
        outcome="abandoned" if served is None else "served",
    )


def calls(in_time: int, late: int) -> Look:
    return Look(at=NOW, calls=[call(5)] * in_time + [call(40)] * late)


def agent(login: str, state: AgentState) -> SeenAgent:
    return SeenAgent(login=login, state=state, since=noon(3540), call_id=7)


def waiting(*seconds: float, agents: tuple[SeenAgent, ...] = ()) -> Look:
    return Look(at=NOW, waiting_since=[NOW - timedelta(seconds=each) for each in seconds], agents=agents)


def changed(look: Look, standing: Mapping[Episode, datetime] | None = None, rules: Rules = RULES) -> Change:
    return change(look, standing or {}, rules)


def begun(look: Look) -> list[Episode]:
    return [trouble.episode for trouble in changed(look).begin]


FREE, TALKING = agent("li", AgentState.AVAILABLE), agent("wang", AgentState.TALKING)


# ---- the service level ----------------------------------------------------------------------------------------


def test_the_level_s_alarm_fires_below_the_target_and_not_at_it() -> None:
    assert begun(calls(8, 2)) == []
    assert begun(calls(79, 21)) == [LEVEL]


def test_once_fired_it_is_over_at_the_target_plus_the_margin_and_not_before() -> None:
    standing = {LEVEL: NOW}
    assert changed(calls(84, 16), standing) == Change(go_on=(LEVEL,))
    assert changed(calls(85, 15), standing) == Change(over=(LEVEL,))


def test_nine_calls_fire_nothing_and_the_tenth_does() -> None:
    assert begun(calls(0, 9)) == []
    assert begun(calls(0, 10)) == [LEVEL]


def test_while_it_stands_few_calls_keep_it_up_and_none_end_it() -> None:
    assert changed(calls(0, 1), {LEVEL: NOW}).go_on == (LEVEL,)
    assert changed(Look(at=NOW), {LEVEL: NOW}).over == (LEVEL,)


def test_the_margin_never_asks_for_more_than_everybody() -> None:
    strict = replace(RULES, service_level_target=0.99)
    assert changed(calls(20, 0), {LEVEL: NOW}, strict).over == (LEVEL,)


def test_the_alarm_says_how_many_of_how_many() -> None:
    (trouble,) = changed(calls(6, 4)).begin
    told = {"level": 0.6, "served": 6, "calls": 10, "minutes": 30, "target": 0.8}
    assert trouble.figures == told


# ---- waits ------------------------------------------------------------------------------------------------------


def test_a_wait_is_an_alarm_only_when_it_is_longer_than_the_limit_r69() -> None:
    assert begun(waiting(120, 3, agents=(FREE,))) == []
    assert begun(waiting(3, 121, agents=(FREE,))) == [WAIT]


def test_nobody_on_duty_is_told_at_once_and_nobody_free_after_a_while_r67() -> None:
    assert begun(waiting(0)) == [NOBODY]
    assert begun(waiting(29, agents=(TALKING,))) == []
    assert begun(waiting(30, agents=(TALKING,))) == [NOBODY]
    assert begun(waiting(30, agents=(TALKING, FREE))) == []
    assert begun(Look(at=NOW)) == []


def test_it_is_over_only_after_a_minute_without_trouble() -> None:
    quiet = waiting(agents=(FREE,))
    before, after = NOW - timedelta(seconds=59.9), NOW - timedelta(seconds=60)
    assert changed(quiet, {WAIT: before, NOBODY: before}) == Change()
    assert changed(quiet, {WAIT: after, NOBODY: after}) == Change(over=(WAIT, NOBODY))


def test_what_comes_and_goes_within_that_minute_is_one_episode() -> None:
    seen = changed(waiting(200, agents=(FREE,)), {WAIT: NOW - timedelta(seconds=59)})
    assert seen == Change(go_on=(WAIT,))


# ---- promises and agents ------------------------------------------------------------------------------------------


def promise(minutes: float) -> SeenPromise:
    return SeenPromise(promise_id=3, due_at=NOW + timedelta(minutes=minutes), owner="li", call_id=9)


@pytest.mark.parametrize(
    ("minutes", "alarm"),
    [(10.01, None), (10, Alarm.PROMISE_DUE), (0, Alarm.PROMISE_DUE), (-0.01, Alarm.PROMISE_BROKEN)],
)
def test_a_promise_is_in_danger_ten_minutes_before_and_broken_after_its_time_r10(
    minutes: float, alarm: Alarm | None
) -> None:
    seen = changed(Look(at=NOW, promises=(promise(minutes),)))
    assert [trouble.episode for trouble in seen.begin] == ([Episode(alarm, "3")] if alarm else [])
    assert all((trouble.agent, trouble.call_id) == ("li", 9) for trouble in seen.begin)


def test_a_promise_kept_in_danger_is_over_at_once_and_one_broken_is_told_as_such_r10() -> None:
    danger = Episode(Alarm.PROMISE_DUE, "3")
    assert changed(Look(at=NOW), {danger: NOW}).over == (danger,)
    then = changed(Look(at=NOW, promises=(promise(-1),)), {danger: NOW})
    assert ([each.episode.alarm for each in then.begin], then.over) == ([Alarm.PROMISE_BROKEN], (danger,))


def test_an_unreachable_agent_is_told_with_what_he_held_and_is_over_when_he_is_back() -> None:
    gone = agent("zhao", AgentState.UNREACHABLE)
    (trouble,) = changed(Look(at=NOW, agents=(gone, FREE))).begin
    assert (trouble.episode, trouble.agent, trouble.call_id) == (
        Episode(Alarm.UNREACHABLE, "zhao"),
        "zhao",
        7,
    )
    assert trouble.figures == {"seconds": 60}
    assert changed(Look(at=NOW, agents=(FREE,)), {trouble.episode: NOW}).over == (trouble.episode,)


@pytest.mark.parametrize(("minutes", "late"), [(0, False), (-0.01, True)])
def test_a_complaint_nobody_has_answered_in_time_is_told_until_the_customer_has_our_answer_r80(
    minutes: float, late: bool
) -> None:
    due_at = NOW + timedelta(minutes=minutes)
    complaint = SeenComplaint(complaint_id=5, due_at=due_at, owner="li", call_id=9)
    episode = Episode(Alarm.COMPLAINT_LATE, "5")
    begun_now = changed(Look(at=NOW, complaints=(complaint,))).begin
    assert [trouble.episode for trouble in begun_now] == ([episode] if late else [])
    assert all((trouble.agent, trouble.call_id) == ("li", 9) for trouble in begun_now)
    assert changed(Look(at=NOW), {episode: NOW}).over == (episode,)
