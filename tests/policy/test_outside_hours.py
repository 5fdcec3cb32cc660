"""Outside the opening hours nobody is rung: the caller hears when we are open again, and his number is taken."""

from ivr.policy.call import Outcome
from ivr.policy.floor import AgentState
from ivr.policy.opening_hours import parse_holidays, parse_opening_hours
from ivr.policy.rules import Rules
from tests.cast import CALLER, LI, WANG, hotline, who_is

# it is noon on a Monday in Shanghai
OFFICE = Rules(opening_hours=parse_opening_hours({"workdays": ["08:30-12:00", "13:30-17:30"]}))
CLOSED = "say greeting outside_hours open_again"
AT_HALF_PAST_ONE = "day_today part_afternoon hour_1 clock_half"


def test_nobody_is_rung_and_the_caller_hears_when_we_are_open_again__R68_R70() -> None:
    caller = hotline(WANG, LI, rules=OFFICE).dials(0)
    assert caller.books == [f"list {CALLER} outside_hours"]
    assert caller.line == [f"{CLOSED} {AT_HALF_PAST_ONE} number_noted goodbye", "hang up"]
    caller.hangs_up(12)
    assert caller.call.outcome is Outcome.FALLBACK


def test_within_them_everything_is_as_ever__R64() -> None:
    late = Rules(opening_hours=parse_opening_hours({"workdays": ["08:30-17:30"]}))
    caller = hotline(WANG, rules=late).dials(0)
    assert caller.line[0].startswith("ring ")


def test_who_was_taken_in_time_is_kept_when_we_close__R69() -> None:
    nearly = Rules(opening_hours=parse_opening_hours({"workdays": ["08:30-12:01"]}))
    caller = hotline(who_is(WANG, AgentState.TALKING), rules=nearly).dials(0)
    caller.has_waited(13)
    caller.has_waited(70)
    assert caller.line[-1].startswith("hold")


def test_a_withheld_number_is_asked_for_and_listed_with_the_same_reason__R70() -> None:
    caller = hotline(WANG, rules=OFFICE).dials(0, number=None)
    assert caller.line == [f"ask greeting outside_hours open_again {AT_HALF_PAST_ONE} ask_number"]
    caller.presses(9, "13912345678")
    assert caller.books == ["list +8613912345678 outside_hours"]


def test_with_no_opening_in_sight_none_is_named() -> None:
    gone = Rules(
        opening_hours=OFFICE.opening_hours, holidays=parse_holidays({"off": ["2026-03-01/2026-12-31"]})
    )
    caller = hotline(WANG, rules=gone).dials(0)
    assert caller.line[0] == "say greeting outside_hours number_noted goodbye"
