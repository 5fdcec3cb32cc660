"""Callers and agents are what they were asked to be."""

from datetime import timedelta
from math import inf
from random import Random
from statistics import mean, stdev

import pytest

from ivr.simulation.demand import CallTimes, DemandError, Habits, KnownCall, drawn_callers
from ivr.simulation.patience import Waited, survival
from ivr.simulation.staffing import Shift, Staffing, as_shifts
from tests.simulation.days import NINE, after


def test_calls_come_at_the_rate_of_their_half_hour() -> None:
    times = CallTimes(begins_at=NINE, stretch_seconds=1800.0, an_hour=(2000.0, 0.0, 500.0))
    moments = list(times.draw(Random(1)))
    counts = [sum(after(1800 * n) <= at < after(1800 * (n + 1)) for at in moments) for n in range(3)]
    assert moments == sorted(moments)
    assert counts[0] == pytest.approx(1000, abs=4 * 1000**0.5)
    assert counts[1] == 0
    assert counts[2] == pytest.approx(250, abs=4 * 250**0.5)
    assert sum(counts) == len(moments)
    assert times.ends_at == after(5400)


def test_talks_have_the_mean_and_the_spread_that_was_asked_for() -> None:
    habits, source = Habits(handling_seconds=200.0, spread=0.5), Random(1)
    talks = [habits.handling(source) for _ in range(20_000)]
    assert mean(talks) == pytest.approx(200, abs=4 * stdev(talks) / 20_000**0.5)
    assert stdev(talks) == pytest.approx(100, rel=0.05)


def test_who_never_leaves_waits_for_ever_and_draws_all_the_same() -> None:
    one, other = Random(1), Random(1)
    assert Habits().patience(one) == inf
    Habits(patience_seconds=60.0).patience(other)
    assert one.random() == other.random()


def test_a_share_of_callbacks_is_missed_with_the_same_chance_each_time() -> None:
    habits, source = Habits(reached=0.6), Random(1)
    missed = [habits.missed_callbacks(source) for _ in range(10_000)]
    assert missed.count(0) / 10_000 == pytest.approx(0.6, abs=0.02)
    assert mean(missed) == pytest.approx(0.4 / 0.6, abs=0.04)
    assert Habits(reached=1.0).missed_callbacks(source) == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("handling", {"handling_seconds": 0.0}),
        ("handling", {"handling_seconds": float("nan")}),
        ("spread", {"spread": -1.0}),
        ("patience", {"patience_seconds": 0.0}),
        ("takes-callback", {"takes_callback": 1.5}),
        ("reached", {"reached": 0.0}),
    ],
)
def test_a_number_that_makes_no_sense_is_named(field: str, values: dict[str, float]) -> None:
    with pytest.raises(DemandError) as caught:
        Habits(**values)
    assert caught.value.field == field


def test_what_is_known_of_a_call_is_not_drawn() -> None:
    known = KnownCall(presented_at=NINE, handling_seconds=33.0, patience_seconds=7.0)
    (caller,) = drawn_callers([known], Habits(), 1)
    assert (caller.handling_seconds, caller.patience_seconds) == (33.0, 7.0)


# ---- agents -----------------------------------------------------------------------------------------------------


def shift(agents: int, start: float, end: float) -> Shift:
    return Shift(agents=agents, from_at=after(start), until_at=after(end))


def test_shifts_add_up_and_never_below_nobody() -> None:
    staffing = Staffing((shift(2, 0, 100), shift(1, 50, 150), shift(-2, 80, 120)))
    assert staffing.steps() == (
        *((after(0), 2), (after(50), 3), (after(80), 1)),
        *((after(100), 0), (after(120), 1), (after(150), 0)),
    )


def test_who_came_last_leaves_first_and_everybody_leaves_in_the_end() -> None:
    stays = list(Staffing((shift(1, 0, 100), shift(1, 20, 60))).stays())
    assert [(stay.login, stay.from_at, stay.until_at) for stay in stays] == [
        ("agent02", after(20), after(60)),
        ("agent01", after(0), after(100)),
    ]


def test_shifts_made_of_steps_are_those_steps_again() -> None:
    steps = Staffing((shift(2, 0, 100), shift(1, 50, 150))).steps()
    assert Staffing(as_shifts(steps)).steps() == steps


# ---- patience ---------------------------------------------------------------------------------------------------

FREIREICH = (  # weeks of remission under 6-MP, 1963; + still in remission: the textbook's example of the estimate
    *(
        (6, True),
        (6, True),
        (6, True),
        (6, False),
        (7, True),
        (9, False),
        (10, True),
        (10, False),
        (11, False),
    ),
    *((13, True), (16, True), (17, False), (19, False), (20, False), (22, True), (23, True), (25, False)),
    *((32, False), (32, False), (34, False), (35, False)),
)


def test_the_product_limit_is_the_textbooks() -> None:
    known = survival([Waited(seconds=float(weeks), left=left) for weeks, left in FREIREICH])
    told = {weeks: round(known.share(float(weeks)), 4) for weeks in (5, 6, 7, 10, 13, 16, 22, 23, 40)}
    assert told == {
        5: 1.0,
        6: 0.8571,
        7: 0.8067,
        10: 0.7529,
        13: 0.6902,
        16: 0.6275,
        22: 0.5378,
        23: 0.4482,
        40: 0.4482,
    }


def test_patience_drawn_beyond_a_wait_is_longer_and_follows_those_who_left() -> None:
    source = Random(1)
    seen = [Waited(seconds=source.expovariate(1 / 100), left=True) for _ in range(2000)]
    known = survival(seen)
    drawn = [known.draw_beyond(50.0, source) for _ in range(4000)]
    assert min(drawn) > 50
    assert mean(drawn) == pytest.approx(
        150, abs=12
    )  # exponential: what is left does not depend on what is over


def test_where_nobody_was_seen_to_stay_so_long_the_mean_hazard_goes_on() -> None:
    source = Random(1)
    known = survival([Waited(seconds=10.0, left=True), Waited(seconds=90.0, left=False)])
    drawn = [known.draw_beyond(200.0, source) for _ in range(4000)]
    assert min(drawn) > 200
    assert mean(drawn) == pytest.approx(300, abs=8)


def test_where_nobody_left_everybody_stays() -> None:
    known = survival([Waited(seconds=10.0, left=False)])
    assert known.draw_beyond(10.0, Random(1)) == inf
    assert survival([]).draw_beyond(0.0, Random(1)) == inf


def test_callers_of_one_moment_stay_in_order() -> None:
    known = [
        KnownCall(presented_at=NINE + timedelta(seconds=n // 2), handling_seconds=float(n + 1))
        for n in range(6)
    ]
    assert [caller.handling_seconds for caller in drawn_callers(known, Habits(), 1)] == [1, 2, 3, 4, 5, 6]
