"""The guard just before a dial: what is too much in this hour delays a promise it allowed, and never breaks it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import callback_events, callbacks, promises
from ivr.adapters.sql_schema import alerts, ring_backs
from ivr.policy.callback_events import AttemptResult
from ivr.service.callbacks_by_hand import NotYoursError
from tests.service.house import House, house
from tests.service.test_callbacks import OTHER, RULES, ring

FRAUD = "toll_fraud_suspected"


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


def of_one_office(hotline: House, count: int, apart_seconds: float) -> None:
    """So many of one block of numbers are promised a call within three hours."""
    for number in range(count):
        hotline.promise(f"p{number}", f"+86138001380{number:02}", due_in_seconds=3 * 3600)
        hotline.clock.advance(apart_seconds)


def all_are_called(hotline: House) -> None:
    """Whoever is called speaks for a minute and a half; until nobody is left."""
    for _ in range(2000):
        placed = len(hotline.customers.placed)
        ring(hotline)
        for order in hotline.customers.placed[placed:]:
            served_at, at = hotline.clock.advance(5), hotline.clock.advance(85)
            hotline.callbacks.ended(order.name, AttemptResult.REACHED, served_at, at)
        if all(row["state"] != "pending" for row in hotline.rows(callbacks)):
            return
        hotline.clock.advance(21)
    raise AssertionError([row["state"] for row in hotline.rows(callbacks)])


def test_fourteen_of_one_office_promised_over_two_hours_are_all_called_in_time_r10_r70(
    hotline: House,
) -> None:
    of_one_office(hotline, 14, 500)
    hotline.agent("ana")
    all_are_called(hotline)
    assert {row["state"] for row in hotline.rows(callbacks)} == {"done"}
    assert {row["state"] for row in hotline.rows(promises)} == {"kept"}
    assert hotline.rows(ring_backs) == []
    refused = [row for row in hotline.rows(callback_events) if row["kind"] == "NumberRefused"]
    assert refused, "the hour was full"
    assert [row["kind"] for row in hotline.rows(alerts)] == [FRAUD], "said once"


def test_the_spending_stop_closes_nobodys_callback_r10_r82(tmp_path: Path) -> None:
    with house(tmp_path, replace(RULES, callbacks_an_hour=2), dials=True) as hotline:
        for number, caller in enumerate((OTHER, "+8613700137000", "+8613600136000")):
            hotline.promise(f"p{number}", caller, due_in_seconds=4 * 3600)
        hotline.agent("ana")
        all_are_called(hotline)
        begun = [order.not_after_at for order in hotline.customers.placed]
        assert (begun[1] - begun[0]).total_seconds() < 200
        assert 3600 <= (begun[2] - begun[0]).total_seconds() < 3630
        assert {row["state"] for row in hotline.rows(promises)} == {"kept"}


def test_the_agent_of_whoever_is_held_back_is_free_for_the_next_in_line_at_once(tmp_path: Path) -> None:
    with house(tmp_path, replace(RULES, callbacks_an_hour=1), dials=True) as hotline:
        told: list[str] = []
        hotline.callbacks.on_change = lambda: told.append(hotline.agents_state("ana"))
        hotline.promise("one", OTHER)
        hotline.promise("two", "+8613700137000")
        hotline.agent("ana")
        hotline.agent("ben")
        ring(hotline)
        assert (len(hotline.customers.placed), len(told)) == (1, 1)
        assert sorted(hotline.agents_state(login) for login in ("ana", "ben")) == ["available", "reserved"]
        ring(hotline)
        assert len(told) == 1, "until the hour is over nobody asks again"


def test_who_calls_by_hand_is_told_from_when_on_he_may(tmp_path: Path) -> None:
    manual = replace(RULES, callback_dialing="manual", callbacks_an_hour=1)
    with house(tmp_path, manual, dials=False) as hotline:
        hotline.promise("one", OTHER)
        hotline.promise("two", "+8613700137000")
        hotline.agent("ana")
        hotline.by_hand.take(1, "ana")
        hotline.by_hand.settle(1, AttemptResult.BUSY)
        with pytest.raises(
            NotYoursError, match=r"callback 2 may not be called \(spending_stop\): not before 03-02 21:00"
        ):
            hotline.by_hand.take(2, "ana")
        assert hotline.callback(2)["state"] == "pending"
        assert hotline.rows(ring_backs) == []
