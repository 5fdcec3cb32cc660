"""How long somebody stays signed in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivr.policy.floor import AgentState
from ivr.policy.session_life import Sitting, is_over, visit_is_over

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SITTING = Sitting(started_at=NINE, acted_at=NINE, state=AgentState.OFFLINE, since=NINE, misses=0)


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def test_who_does_nothing_for_half_an_hour_is_signed_out() -> None:
    assert not is_over(SITTING, after(29.9))
    assert is_over(SITTING, after(30))
    assert not is_over(replace(SITTING, acted_at=after(20)), after(49.9))


@pytest.mark.parametrize("state", ["available", "reserved", "talking", "wrap_up"])
def test_an_agent_on_duty_is_not_signed_out_for_resting_his_hands(state: str) -> None:
    assert not is_over(replace(SITTING, state=AgentState(state)), after(600))


def test_who_lets_it_ring_on_duty_has_half_an_hour_from_then() -> None:
    missed = replace(SITTING, state=AgentState.AVAILABLE, since=after(100), misses=1)
    assert not is_over(missed, after(129.9))
    assert is_over(missed, after(130))


def test_a_break_begins_with_the_state_that_says_so() -> None:
    away = replace(SITTING, state=AgentState.AWAY, since=after(100))
    assert not is_over(away, after(129.9))
    assert is_over(away, after(130))


def test_after_twelve_hours_everybody_signs_in_again() -> None:
    busy = replace(SITTING, state=AgentState.TALKING, acted_at=after(719))
    assert not is_over(busy, after(719.9))
    assert is_over(busy, after(720))


def test_a_visitors_session_ends_after_half_an_hour() -> None:
    assert not visit_is_over(NINE, after(29.9))
    assert visit_is_over(NINE, after(30))
