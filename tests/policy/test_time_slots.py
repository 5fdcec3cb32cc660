"""The time slots in which an unreached customer is tried again, and how they are read from the policy file."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.time_slots import (
    DEFAULT_SLOTS,
    CallableAt,
    TimeSlot,
    TimeSlotError,
    TimeSlots,
    Tried,
    next_slot_at,
    parse_time_slots,
)
from tests.policy.callback_stories import BEIJING, always, clock, never, office_hours

HALVES = parse_time_slots({"evening": "18:00-21:00", "noon": "12:00-13:30", "morning": "9:00-12:00"})


def next_slot(
    *at: datetime,
    again_from: datetime,
    slots: TimeSlots = HALVES,
    callable_at: CallableAt = always,
    a_day: int = 9,
) -> str | None:
    """On Beijing's clock."""
    tried = Tried(at=at, again_from=again_from, a_day=a_day)
    moment = next_slot_at(tried, slots, BEIJING, callable_at)
    return None if moment is None else f"{moment.astimezone(BEIJING):%d. %H:%M}"


def test_the_next_slot_is_one_not_yet_used_r28b() -> None:
    assert next_slot(clock(9, 30), again_from=clock(9, 40)) == "02. 12:00"
    assert next_slot(clock(9, 30), clock(12, 10), again_from=clock(12, 20)) == "02. 18:00"
    assert next_slot(clock(18), clock(12, 10, day=3), again_from=clock(12, 20, day=3)) == "04. 09:00"


def test_a_slot_that_runs_and_is_unused_is_taken_at_once_but_not_in_its_last_minutes_r28b() -> None:
    assert next_slot(clock(11, 58), again_from=clock(12, 8)) == "02. 12:08"
    assert next_slot(clock(9, 58), again_from=clock(20, 59)) == "02. 20:59"
    assert next_slot(clock(9, 58), again_from=clock(21)) == "03. 12:00"


def test_an_attempt_between_two_slots_uses_none_r28b() -> None:
    assert next_slot(clock(15), again_from=clock(15, 10)) == "02. 18:00"
    assert next_slot(clock(21), clock(8, 59), again_from=clock(21, 10)) == "03. 09:00"


def test_when_all_are_used_it_is_the_one_used_least_on_another_day_r28b() -> None:
    used = (clock(9), clock(9, 10), clock(12), clock(18))
    assert next_slot(*used, again_from=clock(18, 10)) == "03. 12:00"
    assert next_slot(*used, clock(12, day=3), again_from=clock(12, 10, day=3)) == "03. 18:00"


def test_a_slot_in_which_nobody_may_be_rung_is_left_out() -> None:
    assert next_slot(clock(9, 30), again_from=clock(9, 40), callable_at=office_hours) == "03. 09:00"
    assert next_slot(clock(9, 30), again_from=clock(9, 40), callable_at=never) is None
    nights = parse_time_slots({"night": "19:00-23:00", "early": "0:00-08:00"})
    assert next_slot(again_from=clock(9), slots=nights, callable_at=office_hours) is None


def test_within_a_slot_the_first_moment_to_ring_counts() -> None:
    days = parse_time_slots({"day": "09:00-17:00", "night": "17:00-24:00"})
    assert next_slot(again_from=clock(12, 30), slots=days, callable_at=office_hours) == "02. 13:30"
    assert next_slot(clock(9), again_from=clock(9, 9), slots=days, callable_at=office_hours) == "02. 17:00"


def test_long_holidays_are_waited_for_but_not_longer_than_two_weeks() -> None:
    def from_the_16th(at: datetime) -> datetime:
        return max(at, clock(9, day=16))

    def from_the_17th(at: datetime) -> datetime:
        return max(at, clock(9, day=17))

    assert next_slot(again_from=clock(21, 1), callable_at=from_the_16th) == "16. 09:00"
    assert next_slot(again_from=clock(21, 1), callable_at=from_the_17th) is None


def test_a_number_is_tried_only_so_often_a_day() -> None:
    thrice = (clock(9), clock(9, 10), clock(12))
    assert next_slot(*thrice, again_from=clock(12, 10), a_day=4) == "02. 18:00"
    assert next_slot(*thrice, again_from=clock(12, 10), a_day=3) == "03. 18:00"


def test_a_day_is_one_of_our_own_zone() -> None:
    late = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # half past midnight of the third
    slots = parse_time_slots({"night": "00:00-01:00", "rest": "01:00-24:00"})
    assert next_slot(late, again_from=late, slots=slots) == "03. 01:00"
    assert next_slot(late, again_from=late, slots=slots, a_day=1) == "04. 01:00"


def test_a_slot_is_that_of_the_clock_on_the_wall_also_when_it_is_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    slot = TimeSlot(name="morning", start=9 * 60, until=12 * 60)
    changed = datetime(2026, 3, 29, tzinfo=UTC).date()
    assert slot.on(changed, berlin)[0] == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert slot.on(changed - timedelta(days=1), berlin)[0] == datetime(2026, 3, 28, 8, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 3 * 1440), max_size=5).map(sorted),
    st.integers(0, 1440),
    st.sampled_from([always, office_hours]),
)
def test_whatever_was_tried_the_next_is_in_a_slot_in_time_and_of_the_least_used_r28b(
    minutes: list[int], later: int, callable_at: CallableAt
) -> None:
    at = tuple(clock(0) + timedelta(minutes=n) for n in minutes)
    again_from = (at[-1] if at else clock(0)) + timedelta(minutes=later)
    found = next_slot_at(Tried(at=at, again_from=again_from, a_day=9), DEFAULT_SLOTS, BEIJING, callable_at)
    assert found is not None
    assert found >= again_from
    assert callable_at(found) == found
    used = [sum(name_of(moment) == slot.name for moment in at) for slot in DEFAULT_SLOTS]
    assert min(used) == sum(name_of(moment) == name_of(found) for moment in at)


def name_of(moment: datetime) -> str | None:
    local = moment.astimezone(BEIJING)
    minute = local.hour * 60 + local.minute
    return next((slot.name for slot in DEFAULT_SLOTS if slot.start <= minute < slot.until), None)


# ---- from the policy file ---------------------------------------------------------------------------------------


def test_slots_are_read_in_the_order_of_the_day() -> None:
    assert [(slot.name, slot.start, slot.until) for slot in HALVES] == [
        ("morning", 540, 720),
        ("noon", 720, 810),
        ("evening", 1080, 1260),
    ]


def test_a_slot_may_end_with_the_day_and_touch_the_next_one() -> None:
    early, late = parse_time_slots({"上午": "00:00-12:00", "下午": "12:00-24:00"})
    assert (early.start, early.until, late.start, late.until) == (0, 720, 720, 1440)


def test_the_slots_as_delivered_can_be_written_so() -> None:
    written = {"morning": "09:00-12:00", "afternoon": "13:30-15:30", "late_afternoon": "15:30-18:00"}
    assert parse_time_slots(written) == DEFAULT_SLOTS


FINE: dict[Any, Any] = {"fine": "01:00-02:00"}


NONSENSE: list[tuple[Any, str]] = [
    ("09:00-12:00", "must be a table such as {morning ="),
    (["09:00-12:00", "13:00-14:00"], "must be a table"),
    (None, "must be a table"),
    ({}, "must be 2 to 12 slots, not 0"),
    (FINE, "must be 2 to 12 slots, not 1"),
    ({f"s{n}": f"{n:02}:00-{n:02}:30" for n in range(13)}, "must be 2 to 12 slots, not 13"),
    ({"": "09:00-12:00", **FINE}, "'': a slot's name"),
    ({"a b": "09:00-12:00", **FINE}, "'a b': a slot's name"),
    ({"a\n": "09:00-12:00", **FINE}, "a slot's name"),
    ({"a" * 31: "09:00-12:00", **FINE}, "a slot's name is up to thirty"),
    ({9: "09:00-12:00", **FINE}, "9: a slot's name"),
    ({"morning": 9, **FINE}, 'morning: must be a span such as "09:00-12:00", not 9'),
    ({"morning": ["09:00-12:00"], **FINE}, "morning: must be a span"),
    ({"morning": "9-12", **FINE}, "morning: must be a span"),
    ({"morning": "09:00-12:00\n", **FINE}, "morning: must be a span"),
    ({"morning": "０９:00-12:00", **FINE}, "morning: must be a span"),
    ({"morning": "09:60-12:00", **FINE}, "morning: '09:60-12:00' does not run forward inside one day"),
    ({"morning": "09:00-11:60", **FINE}, "morning: '09:00-11:60' does not"),
    ({"morning": "12:00-09:00", **FINE}, "morning: '12:00-09:00' does not"),
    ({"morning": "09:00-09:00", **FINE}, "morning: '09:00-09:00' does not"),
    ({"evening": "20:00-24:01", **FINE}, "evening: '20:00-24:01' does not"),
    ({"evening": "25:00-26:00", **FINE}, "evening: '25:00-26:00' does not"),
    ({"late": "11:59-13:00", "early": "09:00-12:00"}, "late: overlaps early"),
    ({"b": "09:00-12:00", "a": "09:00-12:00"}, "a: overlaps b"),
]


@pytest.mark.parametrize(("value", "says"), NONSENSE)
def test_slots_that_make_no_sense_are_refused_by_name(value: Any, says: str) -> None:
    with pytest.raises(TimeSlotError) as refused:
        parse_time_slots(value)
    assert says in str(refused.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("09:00-12:00"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
)
def test_whatever_stands_there_is_slots_or_refused(value: Any) -> None:
    try:
        slots = parse_time_slots(value)
    except TimeSlotError:
        return
    assert all(0 <= slot.start < slot.until <= 1440 for slot in slots)
