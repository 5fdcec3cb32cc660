"""What the estimate is fed with follows the facts: quickly where they are clear, not at all where they are chance."""

from dataclasses import replace
from math import inf, nan
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.call import Call, Phase
from ivr.policy.wait import Pace, Position, Told, WaitError, estimate_wait, wait_quantile
from ivr.policy.wait_inputs import (
    FIRST_HANDLING_SECONDS,
    EndedWait,
    Talk,
    agents_at_once,
    corrected,
    correction,
    ended_wait,
    handling_seconds,
    pace_of,
    theta,
)
from tests.cast import noon

PLAIN = Pace(handling_seconds=240, theta=0)
STOOD = Position(ahead=3, serving=4)
P80 = wait_quantile(STOOD, PLAIN, 0.8)


def told(ratio: float, *, served: bool = True, stood: Position | None = STOOD) -> EndedWait:
    """A wait that took so many times the P80 for where the caller stood."""
    return EndedWait(seconds=ratio * P80, served=served, stood=stood)


def as_told(times: float = 1.0, waits: int = 60) -> list[EndedWait]:
    """Waits whose P80 is `times` what was told, in a mixed order."""
    ratios = [times * (index + 1) / (0.8 * (waits + 1)) for index in range(waits)]
    Random(1).shuffle(ratios)
    return [told(ratio) for ratio in ratios]


# ---- what a call teaches --------------------------------------------------------------------------------------


def over(**state: Any) -> Call:
    """A call that was held from half a minute on and ended after three."""
    call = Call(call_id=1, presented_at=noon(0), number=None, phase=Phase.ENDED)
    return replace(call, **{"held_since": noon(30), "ended_at": noon(180), **state})


def test_a_wait_is_compared_with_what_was_told_first_not_with_a_last_word_shortly_before_the_end__R69() -> (
    None
):
    first = Told(minutes=3, at=noon(40), position=STOOD)
    last = Told(minutes=1, at=noon(95), position=Position(ahead=0, serving=4))
    call = over(first_told=first, told=last, served_at=noon(100))
    assert ended_wait(call) == EndedWait(seconds=60, served=True, stood=STOOD)


def test_who_left_untold_waited_all_the_same_and_who_was_let_go_says_nothing_of_patience__R69() -> None:
    assert ended_wait(over()) == EndedWait(seconds=150, served=False)
    for ours in ("listed", "promised"):
        assert ended_wait(over(**{ours: True})) == EndedWait(seconds=150, served=False, released=True)
    assert ended_wait(over(served_at=noon(60), promised=True)) == EndedWait(seconds=30, served=True)
    assert ended_wait(over(served_at=noon(20))) == EndedWait(seconds=0, served=True)


def test_a_call_never_held_or_not_over_teaches_nothing_of_waiting__R69() -> None:
    assert ended_wait(over(held_since=None)) is None
    assert ended_wait(over(ended_at=None)) is None


# ---- handling time --------------------------------------------------------------------------------------------


def test_before_the_first_talk_the_usual_guess_is_used__R69() -> None:
    assert handling_seconds(()) == FIRST_HANDLING_SECONDS


def test_talks_that_always_last_the_same_are_believed__R69() -> None:
    assert handling_seconds([120.0] * 400) == pytest.approx(120, abs=1)
    assert handling_seconds([240.0] * 400) == pytest.approx(240)


def test_a_clear_change_is_followed_within_fifty_talks__R69() -> None:
    steady = [240.0, 180.0, 300.0] * 130
    assert handling_seconds([*steady, *[480.0, 360.0, 600.0] * 17]) > 420
    assert handling_seconds([*steady, *[120.0, 90.0, 150.0] * 17]) < 150


def test_a_run_that_may_be_chance_is_not_followed__R69() -> None:
    steady = [60.0, 420.0] * 200
    usual = handling_seconds(steady)
    assert handling_seconds([*steady, 420.0, 420.0, 420.0]) == pytest.approx(usual, rel=0.03)


def test_what_was_long_ago_is_forgotten__R69() -> None:
    assert handling_seconds([9000.0] * 100 + [200.0] * 400) == handling_seconds([200.0] * 400)


@given(st.lists(st.floats(0, 7200), max_size=60))
def test_handling_time_stays_among_the_talks_and_the_first_guess__R69(talks: list[float]) -> None:
    everything = [FIRST_HANDLING_SECONDS, *talks]
    found = handling_seconds(talks)
    assert min(everything) - 1e-6 <= found <= max(everything) + 1e-6
    assert found > 0


@pytest.mark.parametrize("seconds", [-1.0, nan, inf])
def test_a_talk_or_a_wait_that_cannot_be_is_refused_by_name(seconds: float) -> None:
    with pytest.raises(WaitError, match=r"^talk_seconds: "):
        handling_seconds([60.0, seconds])
    with pytest.raises(WaitError, match=r"^seconds: "):
        EndedWait(seconds=seconds, served=True)


# ---- patience -------------------------------------------------------------------------------------------------


def test_patience_is_abandonments_per_waited_second__R69() -> None:
    waits = [EndedWait(seconds=60, served=index % 4 > 0) for index in range(200)]
    assert theta(waits) == pytest.approx((50 + 1) / (200 * 60 + 1200))


def test_the_first_callers_are_taken_for_patient_and_later_facts_outweigh_it__R69() -> None:
    assert theta(()) == 1 / 1200
    assert theta([EndedWait(seconds=600, served=True)] * 200) < 1 / 100_000


def test_only_the_last_two_hundred_waits_count__R69() -> None:
    left = [EndedWait(seconds=1, served=False)] * 50
    stayed = [EndedWait(seconds=60, served=True)] * 200
    assert theta([*left, *stayed]) == theta(stayed)


def test_who_took_a_callback_has_not_lost_patience__R70() -> None:
    callbacks = [EndedWait(seconds=60, served=False, released=True)] * 20
    assert theta(callbacks) == theta([EndedWait(seconds=60, served=True)] * 20)


# ---- told versus actual ---------------------------------------------------------------------------------------


def test_without_anything_told_nothing_is_corrected__R69() -> None:
    assert correction((), PLAIN) == 1
    assert correction([told(3.0, stood=None)] * 60, PLAIN) == 1


def test_what_came_as_told_stays_as_it_is__R69() -> None:
    assert correction(as_told(), PLAIN) == 1


@pytest.mark.parametrize("times", [0.6, 0.75, 1 / 0.75, 1.6])
def test_sixty_waits_that_were_all_off_mend_most_of_it__R69(times: float) -> None:
    mended = correction(as_told(times), PLAIN)
    assert min(times, 1) < mended < max(times, 1)
    assert abs(times / mended - 1) < abs(times - 1) / 2


def test_few_waits_prove_little__R69() -> None:
    assert correction([told(2.0)], PLAIN) < 1.5
    assert correction([told(1.3)] * 3, PLAIN) == 1
    assert correction([told(0.5)] * 2, PLAIN) == 1


def test_told_too_short_is_mended_sooner_than_told_too_long__R69() -> None:
    assert correction(as_told(1.25, 20), PLAIN) > 1
    assert correction(as_told(1 / 1.25, 20), PLAIN) == 1


def test_only_the_last_sixty_told_waits_count__R69() -> None:
    assert correction([*[told(5.0)] * 60, *as_told()], PLAIN) == 1


def test_it_is_bounded_whatever_happened__R69() -> None:
    assert correction([told(100.0)] * 60, PLAIN) < 2.5
    assert correction([told(0.0)] * 60, PLAIN) > 0.4


def test_who_left_before_he_was_served_would_have_waited_longer__R69() -> None:
    stayed = as_told()
    left = [told(0.9, served=False)] * 30
    ignored, counted = correction(stayed[:30], PLAIN), correction([*stayed[:30], *left], PLAIN)
    assert counted > ignored
    assert counted > 1
    assert (
        correction([told(1.9, served=False)] * 60, PLAIN) > 1.5
    )  # all left, so late that they were told too little


def test_the_comparison_is_with_today_s_pace_so_that_nothing_is_mended_twice__R69() -> None:
    slow = Pace(handling_seconds=320, theta=0)
    waits = as_told(320 / 240)
    assert correction(waits, PLAIN) > 1.2
    assert correction(waits, slow) == 1
    assert correction(waits, Pace(handling_seconds=320, theta=0, correction=2.0)) == 1


def test_all_inputs_at_once_make_the_pace__R69() -> None:
    talks, waits = [200.0] * 100, [*as_told(2.0), EndedWait(seconds=5, served=False)]
    pace = pace_of(talks, waits)
    assert pace.handling_seconds == handling_seconds(talks)
    assert pace.theta == theta(waits)
    assert pace.correction == correction(waits, pace) > 1
    assert corrected(pace, ()).correction == 1
    assert estimate_wait(STOOD, pace).announced_minutes > 0


# ---- agents who talk at once ------------------------------------------------------------------------------------


def talks(*them: tuple[str, float, float]) -> tuple[Talk, ...]:
    return tuple(
        Talk(agent=agent, served_at=noon(since), ended_at=noon(until)) for agent, since, until in them
    )


@pytest.mark.parametrize(
    ("them", "most"),
    [
        (talks(), 1),
        (talks(("li", 0, 60), ("zhao", 60, 90)), 1),
        (talks(("li", 0, 60), ("li", 10, 40)), 1),  # a second caller in his ear
        (talks(("li", 0, 0), ("zhao", 0, 60)), 1),
        (talks(("zhao", 10, 50), ("li", 0, 60), ("wang", 49, 50), ("li", 70, 80)), 3),
    ],
)
def test_as_many_agents_are_expected_as_have_talked_at_one_moment_r10(
    them: tuple[Talk, ...], most: int
) -> None:
    assert agents_at_once(them) == most
