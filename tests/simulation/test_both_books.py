"""The book in memory leads every unit of a day to where the database does: the simulation has no rules of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.policy.call import Outcome
from ivr.policy.callback import CallbackState
from ivr.simulation.book import MemoryBook
from ivr.simulation.day import Plan, Played, play
from ivr.simulation.staffing import Shift, Staffing
from tests.simulation.both_books import BothBooks
from tests.simulation.days import HASTY, NINE, RULES, a_day, after, callers, who_ring_again


def led_by_both(plan: Plan, directory: Path) -> tuple[Played, BothBooks]:
    made: list[BothBooks] = []

    def make(*args: Any, **given: Any) -> MemoryBook:
        made.append(BothBooks(*args, directory=directory, **given))
        return made[0]

    try:
        day, books = play(plan, make_book=make), made[0]
        assert [(each.kept_at, each.broken) for each in books.promised] == books.really_kept()
        return day, books
    finally:
        made[0].real.close()


def plan(hours: float, **values: Any) -> Plan:
    shifts = (
        Shift(agents=3, from_at=NINE, until_at=after(hours * 3600 + 7200)),
        Shift(agents=1, from_at=after(600), until_at=after(1500)),
    )
    return a_day(who_ring_again(callers(90, hours)), 0, hours, staffing=Staffing(shifts), **values)


def test_a_busy_half_hour_is_the_same_in_either_book(tmp_path: Path) -> None:
    day, books = led_by_both(plan(0.5), tmp_path)
    assert books.units > 1000
    assert {Outcome.SERVED, Outcome.CALLBACK, Outcome.ABANDONED} <= {call.outcome for call in day.calls}
    assert any(call.joined_callback for call in day.calls)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "values"),
    [
        pytest.param(RULES, {"answer_seconds": 25.0}, id="phones that nobody answers"),
        pytest.param(
            replace(RULES, all_busy_first="colleague", wrap_up_seconds=0.0),
            {"answer_seconds": 15.0},
            id="colleagues",
        ),
        pytest.param(replace(RULES, trunk_channels=7, inbound_reserve=2), {}, id="few channels"),
        pytest.param(
            replace(RULES, answer_when_saturated="now", max_hold_seconds=60.0), {}, id="short holds"
        ),
        pytest.param(RULES, {"calls_back": False}, id="no way out"),
    ],
)
def test_it_is_the_same_under_other_rules(tmp_path: Path, rules: Any, values: dict[str, Any]) -> None:
    _day, books = led_by_both(plan(0.5, rules=rules, **values), tmp_path)
    assert books.units > 400


@pytest.mark.slow
def test_whoever_the_guard_puts_off_is_put_off_in_either_book_until_the_same_moment(tmp_path: Path) -> None:
    """Most have to be called several times, so that more is dialled in an hour than was promised."""
    seldom_there = who_ring_again(callers(90, 1.0, replace(HASTY, reached=0.2)))
    rules = replace(RULES, callbacks_an_hour=8)
    _day, books = led_by_both(a_day(seldom_there, 3, 1.0, rules=rules), tmp_path)
    assert books.held_back() > 0


@pytest.mark.slow
def test_what_persons_are_given_when_all_agents_have_gone_is_broken_in_either_book_r10(
    tmp_path: Path,
) -> None:
    staffing = Staffing((Shift(agents=3, from_at=NINE, until_at=after(2700)),))
    _day, books = led_by_both(a_day(callers(90, 1.0), 0, 1.0, staffing=staffing), tmp_path)
    with_persons = [each for each in books.promised if each.callback.state is CallbackState.HANDED_OVER]
    assert with_persons
    assert all(each.broken for each in with_persons)
