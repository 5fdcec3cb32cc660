"""When the hotline is open, and when a caller may be rung back: weeks, holidays, hours of rest, changes of clocks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.opening_hours import (
    HORIZON,
    Calendar,
    Holidays,
    HoursError,
    OpeningHours,
    Span,
    parse_holidays,
    parse_opening_hours,
    parse_quiet_hours,
)
from ivr.policy.rules import RulesError, parse_rules

OFFICE = {"workdays": ["08:30-12:00", "13:30-17:30"], "saturday": ["09:00-12:00"]}
NATIONAL_DAY = Calendar(
    off=tuple(date(2026, 10, day) for day in range(1, 8)), work=(date(2026, 10, 10),), years=(2026,)
)


def hours(
    opening: Any = OFFICE, *, holidays: Any = None, quiet: Any = (), zone: str = "Asia/Shanghai"
) -> OpeningHours:
    return OpeningHours(
        week=parse_opening_hours(opening),
        holidays=holidays or Holidays(public=NATIONAL_DAY),
        quiet=parse_quiet_hours(list(quiet)),
        timezone=zone,
    )


def at(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
    """A moment by the clock on the wall; 2026-11-23 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# ---- open or not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23 08:29:59.999", False),
        ("2026-11-23 08:30", True),
        ("2026-11-23 11:59:59", True),
        ("2026-11-23 12:00", False),
        ("2026-11-23 13:30", True),
        ("2026-11-23 17:30", False),
        ("2026-11-28 10:00", True),  # Saturday
        ("2026-11-28 14:00", False),
        ("2026-11-29 10:00", False),  # Sunday
    ],
)
def test_the_hotline_is_open_in_its_hours_and_not_a_second_longer(moment: str, is_open: bool) -> None:
    assert hours().is_open(at(moment)) is is_open


def test_a_hotline_without_opening_hours_never_closes() -> None:
    always = hours({})
    assert always == OpeningHours(holidays=Holidays(public=NATIONAL_DAY))
    assert always.is_open(at("2026-10-01 03:00"))
    assert always.next_opening(at("2026-10-01 03:00")) == at("2026-10-01 03:00")
    assert always.unknown_years(at("2031-10-01 03:00")) == ()


def test_a_span_to_midnight_and_one_from_midnight_are_one_night() -> None:
    night = hours({"monday": ["20:00-24:00"], "tuesday": ["00:00-06:00"]})
    for moment in ("2026-11-23 20:00", "2026-11-23 23:59:59.999999", "2026-11-24 00:00", "2026-11-24 05:59"):
        assert night.is_open(at(moment))
    assert not night.is_open(at("2026-11-24 06:00"))
    assert not night.is_open(at("2026-11-23 00:00"))


def test_days_are_those_of_the_hotlines_own_time_zone() -> None:
    sunday_evening_in_london = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    assert hours({"monday": ["06:00-07:00"]}).is_open(sunday_evening_in_london)
    assert not hours({"monday": ["06:00-07:00"]}, zone="Europe/London").is_open(sunday_evening_in_london)
    assert hours().local(sunday_evening_in_london).isoformat() == "2026-11-23T06:30:00+08:00"


# ---- holidays ---------------------------------------------------------------------------------------------------


def test_a_public_holiday_is_closed_and_the_saturday_worked_for_it_has_a_workdays_hours() -> None:
    assert not hours().is_open(at("2026-10-05 10:00"))  # Monday
    assert hours().is_open(at("2026-10-10 16:00"))  # Saturday, otherwise until noon
    assert not hours().is_open(at("2026-10-17 16:00"))


def test_a_saturday_worked_has_mondays_hours_where_workdays_are_given_one_by_one() -> None:
    opening = hours({"monday": ["10:00-11:00"], "friday": ["12:00-13:00"]})
    assert opening.is_open(at("2026-10-10 10:30"))
    assert not opening.is_open(at("2026-10-10 12:30"))


def test_a_public_holiday_may_have_hours_of_its_own() -> None:
    opening = hours({**OFFICE, "public_holidays": ["10:00-11:00"]})
    assert opening.is_open(at("2026-10-05 10:30"))
    assert not opening.is_open(at("2026-10-05 14:00"))


def test_the_companys_own_days_come_before_the_public_calendars() -> None:
    own = parse_holidays({"off": ["2026-10-10", "2026-11-23"], "work": ["2026-10-06", "2026-10-03"]})
    opening = hours(holidays=Holidays(own=own.own, public=NATIONAL_DAY))
    assert not opening.is_open(at("2026-10-10 10:00"))
    assert not opening.is_open(at("2026-11-23 10:00"))
    assert opening.is_open(at("2026-10-06 14:00"))  # Tuesday
    assert opening.is_open(at("2026-10-03 14:00"))  # Saturday, with a workday's hours
    assert not opening.is_open(at("2026-10-05 10:00"))


def test_a_workday_worked_by_itself_keeps_its_own_hours() -> None:
    opening = hours(
        {**OFFICE, "friday": ["08:30-11:00"]}, holidays=Holidays(own=Calendar(work=(date(2026, 10, 2),)))
    )
    assert opening.is_open(at("2026-10-02 10:30"))
    assert not opening.is_open(at("2026-10-02 11:30"))


def test_a_year_whose_holidays_nobody_told_us_is_an_ordinary_one_and_is_named() -> None:
    opening = hours()
    assert opening.is_open(at("2027-10-01 10:00"))  # a Friday
    assert opening.unknown_years(at("2026-10-20 10:00")) == ()
    assert opening.unknown_years(at("2026-11-23 10:00")) == (2027,)
    assert opening.unknown_years(at("2027-12-23 10:00")) == (2027, 2028)


def test_a_year_the_company_gave_days_of_is_known() -> None:
    own = Calendar(off=(date(2027, 2, 6),), work=(date(2028, 2, 6),))
    opening = hours(holidays=Holidays(own=own, public=NATIONAL_DAY))
    assert opening.unknown_years(at("2026-12-23 10:00")) == ()
    assert opening.unknown_years(at("2027-12-23 10:00")) == ()


def test_a_company_without_public_holidays_needs_no_calendar() -> None:
    assert hours(holidays=parse_holidays({"calendar": "none"})).unknown_years(at("2026-12-23 10:00")) == ()


# ---- the next opening -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:00"),
        ("2026-11-23 00:00", "2026-11-23 08:30"),
        ("2026-11-23 12:00", "2026-11-23 13:30"),
        ("2026-11-27 17:30", "2026-11-28 09:00"),
        ("2026-11-28 12:00", "2026-11-30 08:30"),
        ("2026-09-30 17:30", "2026-10-08 08:30"),  # over the national holidays
    ],
)
def test_a_caller_outside_the_hours_is_told_when_we_are_open_again(moment: str, opens: str) -> None:
    assert hours().next_opening(at(moment)) == at(opens)


def test_an_opening_is_told_in_utc_whatever_the_moment_was_asked_in() -> None:
    shanghai = at("2026-11-23 10:00").astimezone(ZoneInfo("Asia/Shanghai"))
    opens = hours().next_opening(shanghai)
    assert opens == shanghai
    assert opens is not None
    assert opens.tzinfo is UTC


def test_a_hotline_that_stays_closed_for_sixty_days_has_no_next_opening() -> None:
    closed = hours(holidays=parse_holidays({"off": ["2026-12-01/2027-02-28"]}))
    assert closed.next_opening(at("2026-11-30 17:30")) is None
    assert closed.next_callable(at("2026-11-30 17:30")) is None
    assert closed.next_opening(at("2026-12-31 08:29")) is None
    assert closed.next_opening(at("2026-12-31 08:30")) == at("2027-03-01 08:30")  # to the minute


@given(st.integers(0, 60 * 24 * 60), st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]))
def test_the_next_opening_is_open_and_nothing_before_it_is(minutes: int, zone: str) -> None:
    opening = hours(zone=zone)
    asked = at("2026-09-15 00:00") + timedelta(minutes=minutes)
    opens = opening.next_opening(asked)
    assert opens is not None
    assert opening.is_open(opens)
    assert not any(
        opening.is_open(asked + (opens - asked) * share / 16) for share in range(16 * (opens > asked))
    )


# ---- hours of rest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-11-23 11:59", False),
        ("2026-11-23 12:00", True),
        ("2026-11-23 13:29:59", True),
        ("2026-11-23 13:30", False),
        ("2026-11-23 17:59", False),
        ("2026-11-23 18:00", True),
        ("2026-11-23 23:59:59", True),
        ("2026-11-24 00:00", True),
        ("2026-11-24 08:29", True),
        ("2026-11-24 08:30", False),
    ],
)
def test_callers_are_left_in_peace_at_noon_and_at_night(moment: str, quiet: bool) -> None:
    rested = hours({}, quiet=["12:00-13:30", "18:00-08:30"])
    assert (rested.next_callable(at(moment)) != at(moment)) is quiet


def test_a_rest_that_ends_at_midnight_leaves_the_morning_alone() -> None:
    assert parse_quiet_hours(["22:00-24:00"]) == parse_quiet_hours(["22:00-00:00"])
    assert parse_quiet_hours(["22:00-00:00"]) == (Span(start=1320, until=1440),)


@pytest.mark.parametrize(
    ("moment", "callable_at"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:00"),
        ("2026-11-23 12:10", "2026-11-23 13:30"),
        ("2026-11-23 08:00", "2026-11-23 09:00"),  # open at 08:30, quiet until 09:00
        ("2026-11-23 17:10", "2026-11-24 09:00"),  # quiet before the closing
        ("2026-11-27 17:10", "2026-11-30 09:00"),
    ],
)
def test_a_caller_is_rung_back_when_we_are_open_and_he_does_not_rest(moment: str, callable_at: str) -> None:
    opening = hours({"workdays": ["08:30-17:30"]}, quiet=["12:00-13:30", "17:00-09:00"])
    assert opening.next_callable(at(moment)) == at(callable_at)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-23 10:00", "2026-11-23 12:00"),
        ("2026-11-23 12:00", "2026-11-23 17:00"),  # from 13:30 on
        ("2026-11-23 16:59", "2026-11-23 17:00"),
        ("2026-11-27 17:10", "2026-11-30 12:00"),  # a Friday
    ],
)
def test_the_hours_in_which_a_caller_may_be_rung_end_with_the_closing_or_with_his_rest(
    moment: str, until: str
) -> None:
    opening = hours({"workdays": ["08:30-17:30"]}, quiet=["12:00-13:30", "17:00-09:00"])
    assert opening.callable_until(at(moment)) == at(until)


def test_hours_that_meet_are_one_and_those_that_never_close_have_no_end() -> None:
    met = hours({"workdays": ["08:30-12:00", "12:00-24:00"], "saturday": ["00:00-02:00"]})
    assert met.callable_until(at("2026-11-27 10:00")) == at("2026-11-28 02:00")
    assert hours({}).callable_until(at("2026-11-27 10:00")) is None
    never = hours({"workdays": ["12:15-13:00"]}, quiet=["12:00-13:30"])
    assert never.callable_until(at("2026-11-27 10:00")) is None


def test_a_hotline_open_only_while_callers_rest_can_ring_nobody_back() -> None:
    opening = hours({"workdays": ["12:15-13:00"]}, quiet=["12:00-13:30"])
    assert opening.next_callable(at("2026-11-23 10:00")) is None
    assert opening.next_opening(at("2026-11-23 10:00")) == at("2026-11-23 12:15")


def test_nobody_is_rung_back_after_more_than_sixty_days() -> None:
    """Open again on day 56 for an hour in which callers rest, and on day 67."""
    off = {"off": ["2026-12-01/2027-01-24", "2027-01-26/2027-02-04"]}
    week = {"monday": ["12:15-13:00"], "friday": ["10:00-11:00"]}
    opening = hours(week, holidays=parse_holidays(off), quiet=["12:00-13:30"])
    assert opening.next_callable(at("2026-11-30 14:00")) is None
    assert opening.next_callable(at("2026-12-20 14:00")) == at("2027-02-05 10:00")


# ---- changes of clocks ------------------------------------------------------------------------------------------


def test_hours_follow_the_clock_on_the_wall_over_the_year() -> None:
    berlin = hours({"workdays": ["09:00-17:00"]}, zone="Europe/Berlin")
    assert berlin.next_opening(datetime(2026, 3, 27, 20, tzinfo=UTC)) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert berlin.next_opening(datetime(2026, 10, 23, 20, tzinfo=UTC)) == datetime(
        2026, 10, 26, 8, tzinfo=UTC
    )


def test_an_hour_that_does_not_exist_begins_an_hour_later() -> None:
    """Berlin, 29 March 2026: 02:00 is followed by 03:00."""
    berlin = hours({"sunday": ["02:30-05:00"]}, zone="Europe/Berlin")
    assert berlin.next_opening(datetime(2026, 3, 29, 0, tzinfo=UTC)) == at(
        "2026-03-29 03:30", "Europe/Berlin"
    )
    assert not berlin.is_open(at("2026-03-29 03:29", "Europe/Berlin"))
    assert berlin.is_open(at("2026-03-29 03:30", "Europe/Berlin"))


def test_hours_skipped_as_a_whole_do_not_exist() -> None:
    berlin = hours({"sunday": ["02:30-03:00"]}, zone="Europe/Berlin")
    midnight = at("2026-03-29 00:00", "Europe/Berlin")
    assert berlin.next_opening(midnight) == at("2026-04-05 02:30", "Europe/Berlin")


def test_an_hour_that_comes_twice_is_open_once() -> None:
    """Berlin, 25 October 2026: 03:00 is followed by 02:00."""
    zone = "Europe/Berlin"
    until_half_past_two = hours({"sunday": ["01:00-02:30"]}, zone=zone)
    assert until_half_past_two.is_open(at("2026-10-25 02:29", zone))
    assert not until_half_past_two.is_open(at("2026-10-25 02:15", zone, fold=1))
    rests_until_half_past_two = hours({}, quiet=["01:00-02:30"], zone=zone)
    again = at("2026-10-25 02:15", zone, fold=1)
    assert rests_until_half_past_two.next_callable(again) == again
    from_half_past_two = hours({"sunday": ["02:30-05:00"]}, zone=zone)
    assert from_half_past_two.is_open(at("2026-10-25 02:15", zone, fold=1))
    assert from_half_past_two.is_open(at("2026-10-25 04:59", zone))


def test_a_day_without_its_midnight_has_all_its_other_hours() -> None:
    """Cairo, 24 April 2026: the day begins at 01:00."""
    cairo = hours({"thursday": ["22:00-24:00"], "friday": ["00:00-02:00"]}, zone="Africa/Cairo")
    assert cairo.is_open(at("2026-04-23 23:59", "Africa/Cairo"))
    assert cairo.is_open(at("2026-04-24 01:00", "Africa/Cairo"))
    assert not cairo.is_open(at("2026-04-24 02:00", "Africa/Cairo"))


def test_a_change_of_clocks_just_before_midnight_reaches_into_the_next_day() -> None:
    """Toronto, 30 March 1919: 23:30 is followed by 00:30 of the next day."""
    toronto = hours({"sunday": ["20:00-24:00"]}, zone="America/Toronto")
    assert toronto.is_open(at("1919-03-31 00:59", "America/Toronto"))
    assert not toronto.is_open(at("1919-03-31 01:00", "America/Toronto"))


def test_a_change_of_clocks_just_after_midnight_reaches_back_into_the_day_before() -> None:
    """St John's, 7 November 2010: 00:01 is followed by 23:01 of the day before."""
    st_johns = hours({"sunday": ["00:00-06:00"]}, zone="America/St_Johns")
    assert not st_johns.is_open(at("2010-11-06 23:30", "America/St_Johns"))
    assert st_johns.is_open(at("2010-11-06 23:30", "America/St_Johns", fold=1))


def test_a_day_a_country_left_out_has_no_hours() -> None:
    """Apia, 30 December 2011: Thursday is followed by Saturday."""
    apia = hours({"friday": ["09:00-17:00"]}, zone="Pacific/Apia")
    new_year = at("2012-01-06 09:00", "Pacific/Apia")
    assert apia.next_opening(at("2011-12-31 18:00", "Pacific/Apia")) == new_year


def test_the_horizon_is_sixty_days() -> None:
    assert timedelta(days=60) == HORIZON


# ---- what managers write ----------------------------------------------------------------------------------------


def test_a_day_of_its_own_comes_before_its_kind() -> None:
    week = parse_opening_hours(
        {"workdays": ["9:00-17:00"], "weekend": ["10:00-12:00"], "friday": [], "sunday": []}
    )
    assert week is not None
    office, saturday = (Span(start=540, until=1020),), (Span(start=600, until=720),)
    assert week.days == (office, office, office, office, (), saturday, ())
    assert (week.makeup, week.public_holidays) == (office, ())


def test_spans_are_taken_in_the_order_of_the_day() -> None:
    week = parse_opening_hours({"monday": ["13:00-14:00", "09:00-12:00", "12:00-13:00"]})
    assert week is not None
    assert [span.start for span in week.days[0]] == [540, 720, 780]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("always", "must be a table of monday, "),
        ({"Monday": ["09:00-12:00"]}, "Monday: unknown; known are monday, "),
        ({"周一": ["09:00-12:00"]}, "周一: unknown"),
        (
            {"monday": "09:00-12:00"},
            "monday: must be a list of spans such as \"09:00-12:00\", not '09:00-12:00'",
        ),
        ({"monday": ["09:00"]}, "monday: must be a span such as \"09:00-12:00\", not '09:00'"),
        ({"monday": ["09:00-12:00\n"]}, "monday: must be a span"),
        ({"monday": ["０９:00-12:00"]}, "monday: must be a span"),
        ({"monday": [time(9)]}, "monday: must be a span"),
        ({"monday": [9]}, "monday: must be a span"),
        ({"monday": ["09:60-12:00"]}, "monday: '09:60-12:00' is no span of a day"),
        ({"monday": ["09:00-12:60"]}, "is no span of a day"),
        ({"monday": ["09:00-24:01"]}, "is no span of a day"),
        ({"monday": ["24:00-24:00"]}, "is no span of a day"),
        ({"monday": ["09:00-09:00"]}, "is no span of a day"),
        (
            {"monday": ["22:00-06:00"]},
            "monday: 22:00-06:00 runs over midnight: end it at 24:00, go on at 00:00",
        ),
        ({"monday": ["10:00-13:00", "09:00-10:01"]}, "monday: 09:00-10:01 and 10:00-13:00 overlap"),
        ({"monday": []}, "no hour of the week is open; write {}"),
        ({"public_holidays": ["09:00-12:00"]}, "no hour of the week is open"),
    ],
)
def test_opening_hours_that_make_no_sense_are_refused_by_their_day(value: object, says: str) -> None:
    with pytest.raises(HoursError) as refused:
        parse_opening_hours(value)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("12:00-13:30", "must be a list of spans"),
        (["noon"], "must be a span such as"),
        (["12:00-13:30", "13:00-14:00"], "12:00-13:30 and 13:00-14:00 overlap"),
        (["18:00-09:00", "08:00-10:00"], "00:00-09:00 and 08:00-10:00 overlap"),
        (["00:00-24:00"], "no hour of the day is left"),
        (["24:00-06:00"], "'24:00-06:00' is no span of a day"),
        (["08:00-20:00", "20:00-08:00"], "no hour of the day is left"),
    ],
)
def test_hours_of_rest_that_make_no_sense_are_refused(value: object, says: str) -> None:
    with pytest.raises(HoursError) as refused:
        parse_quiet_hours(value)
    assert says in str(refused.value)


def test_days_off_are_written_one_by_one_or_from_the_first_to_the_last() -> None:
    given = parse_holidays(
        {"off": [date(2027, 2, 14), "2027-02-06/2027-02-08", "2027-02-07"], "work": ["2027-02-20"]}
    )
    assert given.calendar == "CN"
    assert given.own.off == (date(2027, 2, 6), date(2027, 2, 7), date(2027, 2, 8), date(2027, 2, 14))
    assert given.own.work == (date(2027, 2, 20),)
    assert parse_holidays({}) == Holidays()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (["2027-02-06"], "must be a table of calendar, off, work"),
        ({"offf": []}, "offf: unknown; known are calendar, off, work"),
        ({"calendar": "US"}, "calendar: must be one of CN, none, not 'US'"),
        ({"calendar": ["CN"]}, "calendar: must be one of"),
        ({"off": "2027-02-06"}, "off: must be a list of days"),
        ({"off": ["06.02.2027"]}, 'off: must be a day such as "2027-02-06"'),
        ({"off": ["20270206"]}, "off: must be a day"),
        ({"off": ["2027-02-30"]}, "off: must be a day"),
        ({"off": ["2027-02-06/2027-02-3"]}, "off: must be a day"),
        ({"off": ["2027-02-06/2027-02-31"]}, "off: must be a day"),
        ({"work": [20270206]}, "work: must be a day"),
        ({"work": [datetime(2027, 2, 6, tzinfo=UTC)]}, "work: must be a day"),
        (
            {"off": ["2027-02-06/2027-02-05"]},
            "off: '2027-02-06/2027-02-05' must run forward, for at most 366 days",
        ),
        ({"off": ["2027-01-01/2028-01-02"]}, "must run forward, for at most 366 days"),
        ({"off": ["2027-02-06"], "work": ["2027-02-06"]}, "2027-02-06 is both off and work"),
    ],
)
def test_holidays_that_make_no_sense_are_refused_by_their_entry(value: object, says: str) -> None:
    with pytest.raises(HoursError) as refused:
        parse_holidays(value)
    assert says in str(refused.value)


# ---- as keys of the policy --------------------------------------------------------------------------------------


def test_a_policy_that_says_nothing_is_open_all_the_time_and_rings_nobody_back_at_noon() -> None:
    opening = parse_rules({}).hours
    assert opening.is_open(at("2026-10-01 03:00"))
    assert opening.next_callable(at("2026-11-23 12:10")) == at("2026-11-23 13:30")


def test_hours_of_the_policy_are_those_of_its_time_zone() -> None:
    given = {
        "opening_hours": OFFICE,
        "quiet_hours": [],
        "holidays": {"calendar": "none"},
        "timezone": "Europe/Berlin",
    }
    opening = parse_rules(given).hours
    assert opening == hours(holidays=Holidays(calendar="none"), zone="Europe/Berlin")
    assert opening.next_opening(at("2026-11-23 07:00", "Europe/Berlin")) == at(
        "2026-11-23 08:30", "Europe/Berlin"
    )


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("opening_hours", {"monday": ["noon"]}, "policy key opening_hours: monday: must be a span"),
        ("holidays", {"off": ["noon"]}, "policy key holidays: off: must be a day"),
        ("quiet_hours", ["noon"], "policy key quiet_hours: must be a span"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_their_key(key: str, value: object, says: str) -> None:
    with pytest.raises(RulesError) as refused:
        parse_rules({key: value})
    assert refused.value.key == key
    assert str(refused.value).startswith(says)
