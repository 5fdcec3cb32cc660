"""Whether the doctor knows on which days the hotline is closed."""

from dataclasses import replace
from datetime import UTC, date, datetime

from ivr.policy.opening_hours import Calendar, Holidays, parse_opening_hours
from ivr.policy.rules import Rules
from ivr.service.doctor_policy import calendar_findings
from ivr.service.doctor_ports import Severity

NOVEMBER = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
OFFICE = Rules(
    opening_hours=parse_opening_hours({"workdays": ["08:30-17:30"]}),
    holidays=Holidays(public=Calendar(off=(date(2026, 10, 1),), years=(2026,))),
)


def test_a_year_nobody_has_announced_yet_is_a_warning_with_its_remedy() -> None:
    [finding] = calendar_findings(OFFICE, NOVEMBER)
    assert finding.severity is Severity.WARNING
    assert "2027" in finding.found.en
    assert finding.remedy is not None


def test_a_year_of_which_the_company_has_given_days_is_known() -> None:
    given = replace(OFFICE.holidays, own=Calendar(off=(date(2027, 1, 1),)))
    [finding] = calendar_findings(replace(OFFICE, holidays=given), NOVEMBER)
    assert finding.severity is Severity.OK


def test_a_hotline_that_never_closes_needs_no_calendar() -> None:
    [finding] = calendar_findings(Rules(), NOVEMBER)
    assert finding.severity is Severity.OK
    assert "always open" in finding.found.en
