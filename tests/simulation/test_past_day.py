"""A day that was, played again: as it was it comes out as it was, and what nobody knows is a range."""

from dataclasses import replace
from datetime import datetime

import pytest

from ivr.policy.call import Outcome
from ivr.policy.metrics import MeasuredCall
from ivr.simulation.day import play
from ivr.simulation.demand import Habits
from ivr.simulation.figures import measured_call, measured_callback
from ivr.simulation.past_day import PastCall, PastDay, Range, Replay, Setting
from ivr.simulation.staffing import Shift
from tests.simulation.days import NINE, RULES, a_day, after, callers

AGENTS = 4
DAY = play(a_day(callers(75, 1.5), AGENTS, 1.5, calls_back=False))
UNCHANGED = Setting(rules=RULES, prompt_seconds={}, calls_back=False)


def past(day: tuple[MeasuredCall, ...]) -> PastDay:
    calls = tuple(
        PastCall(measured=call, number=f"+861390000{n:04}", answer_seconds=4.0) for n, call in enumerate(day)
    )
    return PastDay(calls=calls, on_duty=((after(1), AGENTS),))


MEASURED = tuple(measured_call(call) for call in DAY.calls)


@pytest.fixture(scope="module")
def replay() -> Replay:
    return Replay(past(MEASURED), Habits(), seed=1, draws=3)


@pytest.fixture(scope="module")
def as_before(replay: Replay) -> dict[str, Range]:
    return replay.under(UNCHANGED)


def test_a_day_played_as_it_was_comes_out_as_it_was(replay: Replay, as_before: dict[str, Range]) -> None:
    true = replay.as_it_was(RULES)
    for name, within in (("asa_seconds", 6.0), ("service_level", 0.05), ("abandonment_rate", 0.05)):
        value, likely = true[name].value, as_before[name].likely
        assert value is not None
        assert likely == pytest.approx(value, abs=within), name
    assert true["abandoned"].value == sum(
        call.outcome is Outcome.ABANDONED and call.ended_at - call.presented_at > after(5) - NINE
        for call in DAY.calls
        if call.ended_at
    )


def test_nobody_knows_how_long_callers_would_have_waited_so_every_figure_is_a_range(
    replay: Replay,
) -> None:
    fewer = Shift(agents=-2, from_at=NINE, until_at=after(10_000))
    left = replay.under(replace(UNCHANGED, besides=(fewer,)))["abandonment_rate"]
    assert left.low is not None
    assert left.likely is not None
    assert left.high is not None
    assert left.low < left.likely < left.high


def test_one_more_agent_lets_fewer_callers_leave(replay: Replay, as_before: dict[str, Range]) -> None:
    more = Shift(agents=2, from_at=NINE, until_at=after(10_000))
    changed = replay.under(replace(UNCHANGED, besides=(more,)))
    for name in ("abandonment_rate", "wait_p80", "asa_seconds"):
        before, now = as_before[name].likely, changed[name].likely
        assert before is not None
        assert now is not None
        assert now < before, name


def test_a_shift_that_begins_before_the_first_call_makes_nobody_wait_for_it(replay: Replay) -> None:
    all_day = Shift(agents=1, from_at=after(-32_400), until_at=after(54_000))
    occupancy = replay.under(replace(UNCHANGED, besides=(all_day,)))["occupancy"].likely
    assert occupancy is not None
    assert occupancy > 0.5


def test_the_same_seed_gives_the_same_ranges(as_before: dict[str, Range]) -> None:
    assert Replay(past(MEASURED), Habits(), seed=1, draws=3).under(UNCHANGED) == as_before


def test_what_is_not_over_or_never_came_to_us_is_not_played() -> None:
    running = replace(MEASURED[0], ended_at=None, served_at=None, outcome=Outcome.IN_PROGRESS)
    refused = replace(MEASURED[1], served_at=None, outcome="rejected")
    assert len(Replay(past((running, refused, *MEASURED[2:])), Habits(), seed=1).calls) == len(MEASURED) - 2


def test_the_talk_of_a_callback_is_the_talk_of_its_caller_and_he_takes_the_callback_again() -> None:
    who = callers(90, 1.0)
    day = play(a_day(who, 3, 1.0))
    promised = {each.callback.call_id: each for each in day.promised}
    calls = tuple(
        PastCall(
            measured=measured_call(call),
            number=caller.number,
            promise=measured_callback(promised[call.call_id]) if call.call_id in promised else None,
            callback_seconds=caller.handling_seconds if call.call_id in promised else None,
        )
        for call, caller in zip(day.calls, who, strict=True)
    )
    again = Replay(PastDay(calls=calls, on_duty=((NINE, 3),)), Habits(takes_callback=0.0), seed=1, draws=1)
    true = again.as_it_was(RULES)["callbacks_promised"].value
    played = again.under(replace(UNCHANGED, calls_back=True))["callbacks_promised"]
    assert true == len(promised) > 10
    assert played.likely == pytest.approx(true, rel=0.5)


def test_where_nobody_was_seen_on_duty_nobody_answers() -> None:
    empty = PastDay(calls=past(MEASURED[:5]).calls, on_duty=())
    assert Replay(empty, Habits(), seed=1, draws=1).under(UNCHANGED)["answered_share"] == Range(
        low=0.0, likely=0.0, high=0.0
    )


def test_who_was_seen_last_stays_to_the_end() -> None:
    seen: tuple[tuple[datetime, int], ...] = ((after(5), 1), (after(60), AGENTS))
    day = replace(past(MEASURED), on_duty=seen)
    likely = Replay(day, Habits(), seed=1, draws=1).under(UNCHANGED)["answered_share"].likely
    assert likely is not None
    assert likely > 0.7
