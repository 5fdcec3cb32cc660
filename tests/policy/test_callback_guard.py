"""May this number be called back? Premium lines, banks, made-up numbers and our own are never dialled by themselves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.callback_guard import (
    PASSING,
    Allowed,
    Counts,
    Limits,
    Refusal,
    Refused,
    Verdict,
    judge_number,
    limits_of,
    prefix,
)
from ivr.policy.rules import Rules

MOBILE = "+8613800138000"
QUIET = Counts()
CHINA = Rules()


def verdict(number: str, counts: Counts = QUIET, rules: Rules = CHINA) -> Refusal | None:
    judged: Verdict = judge_number(number, counts, rules)
    return judged.reason if isinstance(judged, Refused) else None


@pytest.mark.parametrize(
    "number", [MOBILE, "+8617012345678", "+861062345678", "+861069012345", "+8657187654321", "+867512345678"]
)
def test_a_persons_phone_in_our_country_is_called_back_r70(number: str) -> None:
    assert judge_number(number, QUIET, CHINA) == Allowed()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("raw:110", Refusal.SERVICE_NUMBER),
        ("raw:12366", Refusal.SERVICE_NUMBER),
        ("95588", Refusal.SERVICE_NUMBER),
        ("raw:96110", Refusal.SERVICE_NUMBER),
        ("raw:10086", Refusal.SERVICE_NUMBER),
        ("raw:1069012345678", Refusal.SERVICE_NUMBER),
        ("raw:4008123456", Refusal.SERVICE_NUMBER),
        ("raw:8008123456", Refusal.SERVICE_NUMBER),
        ("raw:16812345", Refusal.SERVICE_NUMBER),
        ("+8695588", Refusal.SERVICE_NUMBER),
        ("+8612366", Refusal.SERVICE_NUMBER),
        ("+86110", Refusal.SERVICE_NUMBER),
        ("+86106901234567", Refusal.SERVICE_NUMBER),
        ("+8616812345678", Refusal.SERVICE_NUMBER),
        ("+861095588", Refusal.SERVICE_NUMBER),
        ("+862195588", Refusal.SERVICE_NUMBER),
        ("+862112345", Refusal.SERVICE_NUMBER),
        ("+862010086", Refusal.SERVICE_NUMBER),
        ("+8657195588", Refusal.SERVICE_NUMBER),
        ("+867511068111", Refusal.SERVICE_NUMBER),
        ("+864008123456", Refusal.NOT_A_PERSONS_PHONE),
        ("+868008123456", Refusal.NOT_A_PERSONS_PHONE),
        ("+862096123", Refusal.NOT_A_PERSONS_PHONE),
        ("+19002345678", Refusal.NOT_A_PERSONS_PHONE),
        ("+8613800", Refusal.NOT_VALID),
        ("+86139123456789", Refusal.NOT_VALID),
        ("+8656696", Refusal.NOT_VALID),
        ("+999123456789", Refusal.NOT_VALID),
        ("+86", Refusal.NOT_VALID),
        ("+0123456789", Refusal.NOT_VALID),
        ("13800138000", Refusal.NOT_VALID),
        ("raw:13800138000转801", Refusal.NOT_VALID),
        ("+8613800138000;ext=1", Refusal.NOT_VALID),
        ("+8613800138000&PJSIP/evil", Refusal.NOT_VALID),
        ("+８６13800138000", Refusal.NOT_VALID),
        ("+8613800138000\n", Refusal.NOT_VALID),
        ("", Refusal.NOT_VALID),
        ("+14155552671", Refusal.REGION_NOT_ALLOWED),
        ("+18765551234", Refusal.REGION_NOT_ALLOWED),
        ("+85223456789", Refusal.REGION_NOT_ALLOWED),
        ("+870773111632", Refusal.REGION_NOT_ALLOWED),
    ],
)
def test_what_is_not_surely_a_persons_phone_of_ours_goes_to_a_person_r10(
    number: str, reason: Refusal
) -> None:
    assert verdict(number) is reason


def test_a_country_is_allowed_by_its_own_name_not_by_its_code() -> None:
    rules = Rules(allowed_regions=("US", "HK"))
    assert verdict("+14155552671", rules=rules) is None
    assert verdict("+85223456789", rules=rules) is None
    assert verdict("+18765551234", rules=rules) is Refusal.REGION_NOT_ALLOWED  # +1 too, and Jamaica
    assert verdict(MOBILE, rules=rules) is Refusal.REGION_NOT_ALLOWED


@pytest.mark.parametrize("own", ["+861062345678", "010-62345678", "62345678", "861062345678"])
def test_our_own_numbers_are_never_rung_however_they_are_written(own: str) -> None:
    rules = Rules(own_numbers=("+861087654321", own))
    assert verdict("+861062345678", rules=rules) is Refusal.OUR_OWN_NUMBER
    assert verdict("+861062345679", rules=rules) is None


def test_a_number_has_one_open_callback_r70() -> None:
    assert verdict(MOBILE, Counts(open_for_number=1)) is Refusal.ALREADY_PROMISED


@pytest.mark.parametrize(
    ("just_not", "too_much", "reason"),
    [
        (Counts(attempts_today=2), Counts(attempts_today=3), Refusal.TOO_OFTEN_TODAY),
        (Counts(prefix_last_hour=9), Counts(prefix_last_hour=10), Refusal.TOO_MANY_ALIKE),
        (Counts(all_last_hour=299), Counts(all_last_hour=300), Refusal.SPENDING_STOP),
    ],
)
def test_nobody_is_dialled_without_end_and_the_spending_stops(
    just_not: Counts, too_much: Counts, reason: Refusal
) -> None:
    assert (verdict(MOBILE, just_not), verdict(MOBILE, too_much)) == (None, reason)


def test_the_limits_are_ours_to_set() -> None:
    tight = Limits(attempts_a_day=1, prefix_an_hour=1, all_an_hour=1)
    for counts in (Counts(attempts_today=1), Counts(prefix_last_hour=1), Counts(all_last_hour=1)):
        assert isinstance(judge_number(MOBILE, counts, CHINA, tight), Refused)
        assert judge_number(MOBILE, counts, CHINA) == Allowed()


def test_the_reason_nearest_to_the_caller_is_the_one_given() -> None:
    flood = Counts(open_for_number=1, attempts_today=9, prefix_last_hour=99, all_last_hour=999)
    assert verdict("+864008123456", flood) is Refusal.NOT_A_PERSONS_PHONE
    assert verdict(MOBILE, flood) is Refusal.ALREADY_PROMISED
    assert verdict(MOBILE, Counts(attempts_today=9, prefix_last_hour=99)) is Refusal.TOO_OFTEN_TODAY
    assert verdict(MOBILE, Counts(prefix_last_hour=99, all_last_hour=999)) is Refusal.TOO_MANY_ALIKE


@pytest.mark.parametrize(
    ("number", "common"),
    [
        (MOBILE, "+861380013"),
        ("+8613800139999", "+861380013"),
        ("+861062345678", "+861062345"),
        ("+14155552671", "+14155552"),
        ("raw:110", "raw:110"),
        ("+999123456789", "+999123456789"),
    ],
)
def test_numbers_made_up_in_a_row_have_one_prefix(number: str, common: str) -> None:
    assert prefix(number) == common


def test_what_passes_has_a_limit_an_hour_and_the_spending_stop_is_the_policys_r82() -> None:
    limits = limits_of(Rules(callbacks_an_hour=70))
    assert {passing: limits.an_hour(passing) for passing in PASSING} == {
        Refusal.TOO_MANY_ALIKE: 10,
        Refusal.SPENDING_STOP: 70,
    }


@settings(deadline=None)
@given(
    st.text(max_size=25)
    | st.from_regex(r"(\+|raw:)?[0-9]{0,16}", fullmatch=True)
    | st.from_regex(r"\+86(10|21|571|1[0-9]{2}|4|8|9)[0-9]{3,9}", fullmatch=True)
)
def test_whatever_asks_to_be_called_is_a_persons_number_in_china_or_refused(number: str) -> None:
    prefix(number)
    if verdict(number) is None:
        assert number.startswith("+86")
        assert number[3:].isdecimal()
        assert len(number) in range(12, 15)
        assert not number[3:].startswith(("0", "400", "800", "95", "96"))
