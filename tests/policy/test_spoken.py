"""Moments, lengths of time and telephone numbers as callers hear them."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.prompt_pack import load_texts
from ivr.policy.prompts import Prompt
from ivr.policy.spoken import (
    callback_by_prompts,
    callback_within_prompts,
    clock_prompts,
    day_prompts,
    dialled_number_prompts,
    duration_prompts,
    moment_prompts,
    new_time_prompts,
    opening_prompts,
    whisper_prompts,
)

TEXTS = load_texts(Path(__file__).parents[2] / "config" / "prompts.toml")
MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 20, 18, 5, tzinfo=UTC)  # a Friday; the zone does not matter here


def heard(keys: tuple[str, ...], language: str) -> str:
    """As it is spoken; a prompt without a text in the language is one no caller may be given."""
    return ("" if language == "zh_CN" else " ").join(TEXTS.of(language)[key] for key in keys)


@pytest.mark.parametrize(
    ("clock", "zh", "en"),
    [
        ("00:00", "凌晨零点", "twelve a.m."),
        ("00:07", "凌晨零点零七分", "twelve oh seven a.m."),
        ("05:59", "凌晨五点五十九分", "five fifty nine a.m."),
        ("06:00", "上午六点", "six a.m."),
        ("09:00", "上午九点", "nine a.m."),
        ("09:09", "上午九点零九分", "nine oh nine a.m."),
        ("11:10", "上午十一点十分", "eleven ten a.m."),
        ("12:00", "中午十二点", "twelve p.m."),
        ("12:59", "中午十二点五十九分", "twelve fifty nine p.m."),
        ("13:02", "下午一点零二分", "one oh two p.m."),
        ("14:22", "下午两点二十二分", "two twenty two p.m."),
        ("15:30", "下午三点半", "three thirty p.m."),
        ("17:45", "下午五点四十五分", "five forty five p.m."),
        ("18:00", "晚上六点", "six p.m."),
        ("23:31", "晚上十一点三十一分", "eleven thirty one p.m."),
    ],
)
def test_a_time_is_spoken_as_people_say_it(clock: str, zh: str, en: str) -> None:
    moment = time.fromisoformat(clock)
    assert heard(clock_prompts(moment, "zh_CN"), "zh_CN") == zh
    assert heard(clock_prompts(moment, "en"), "en") == en


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (0, "今天", "today"),
        (1, "明天", "tomorrow"),
        (2, "周三", "Wednesday"),
        (6, "周日", "Sunday"),
        (7, "十一月三十号", "November thirty"),
        (40, "一月二号", "January two"),
        (-1, "十一月二十二号", "November twenty two"),
    ],
)
def test_a_day_is_named_so_that_only_one_day_can_be_meant(days: int, zh: str, en: str) -> None:
    day = MONDAY + timedelta(days=days)
    assert heard(day_prompts(day, MONDAY, "zh_CN"), "zh_CN") == zh
    assert heard(day_prompts(day, MONDAY, "en"), "en") == en


def test_a_caller_outside_the_hours_hears_when_we_are_open_again() -> None:
    opening = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    zh, en = (opening_prompts(opening, NOW, language) for language in ("zh_CN", "en"))
    assert heard(zh, "zh_CN") == "我们恢复接听电话的时间是周一上午九点"
    assert heard(en, "en") == "We will be open again Monday at nine a.m."
    assert "工作时间" in heard((Prompt.OUTSIDE_HOURS,), "zh_CN")


def test_a_promised_minute_is_spoken_with_its_day() -> None:
    due = NOW + timedelta(minutes=25)
    assert heard(moment_prompts(due, NOW, "zh_CN"), "zh_CN") == "今天晚上六点半"
    assert heard(moment_prompts(due, NOW, "en"), "en") == "today at six thirty p.m."


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(0, 60 * 24 * 60 - 1))  # noqa: DTZ001  the hotline's own clock
def test_everything_that_can_be_said_has_words_and_no_two_moments_sound_alike(
    now: datetime, ahead: int
) -> None:
    now = now.replace(second=0, microsecond=0)
    then = now + timedelta(minutes=ahead)
    for language in ("zh_CN", "en"):
        said = heard(moment_prompts(then, now, language), language)
        for other in (then + timedelta(hours=12), then + timedelta(minutes=1), then + timedelta(days=7)):
            assert heard(moment_prompts(other, now, language), language) != said


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "零分钟", "zero minutes"),
        (1, "一分钟", "one minute"),
        (2, "两分钟", "two minutes"),
        (59, "五十九分钟", "fifty nine minutes"),
        (60, "一小时", "one hour"),
        (61, "一小时一分钟", "one hour one minute"),
        (122, "两小时两分钟", "two hours two minutes"),
        (720, "十二小时", "twelve hours"),
    ],
)
def test_a_wait_is_spoken_in_minutes_and_a_long_one_in_hours(minutes: int, zh: str, en: str) -> None:
    assert heard(duration_prompts(minutes, "zh_CN"), "zh_CN") == zh
    assert heard(duration_prompts(minutes, "en"), "en") == en


@pytest.mark.parametrize("minutes", [-1, 60_000])
def test_a_wait_that_cannot_be_spoken_is_refused_before_anybody_hears_it(minutes: int) -> None:
    with pytest.raises(ValueError, match="cannot be spoken"):
        duration_prompts(minutes, "zh_CN")


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("+8613800138000", "13800138000"),
        ("13800138000", "13800138000"),
        ("+864001234567", "4001234567"),
        ("+868001234567", "8001234567"),
        ("+861087654321", "01087654321"),
        ("+8657187654321", "057187654321"),
        ("057187654321", "057187654321"),
        ("87654321", "87654321"),
        ("7654321", "7654321"),
        ("+85223456789", "85223456789"),
        ("110", "110"),
        ("raw:", ""),
    ],
)
def test_a_number_is_read_back_as_it_is_dialled_digit_by_digit__R70(number: str, dialled: str) -> None:
    said = dialled_number_prompts(number)
    assert "".join(key.removeprefix("digit_") for key in said) == dialled


def test_one_is_yao_in_a_telephone_number_and_in_no_other__R70() -> None:
    assert heard(dialled_number_prompts("+8613811110000"), "zh_CN") == "幺三八幺幺幺幺零零零零"
    assert heard(duration_prompts(11, "zh_CN"), "zh_CN") == "十一分钟"


# ---- the callback ----------------------------------------------------------------------------------------


def clock(hour: int, minute: int, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "language", "said"),
    [
        (clock(15, 30), "zh_CN", "我们会在下午三点半之前给您回电话"),
        (clock(15, 30), "en", "We will call you back by three thirty p.m."),
        (clock(9, 0, 3), "zh_CN", "我们会在明天上午九点之前给您回电话"),
        (clock(9, 0, 3), "en", "We will call you back by tomorrow at nine a.m."),
    ],
)
def test_a_promise_names_the_time_and_the_day_where_it_is_another_r10(
    due: datetime, language: str, said: str
) -> None:
    assert heard(callback_by_prompts(due, clock(15, 0), language), language) == said
    apology, *rest = new_time_prompts(due, clock(15, 0), language)
    assert (apology, heard(tuple(rest), language)) == (Prompt.NEW_TIME, said)


@pytest.mark.parametrize(
    ("due", "language", "said"),
    [
        (clock(15, 10), "zh_CN", "我们会在十分钟之内给您回电话"),
        (clock(15, 10), "en", "We will call you back within ten minutes"),
        (clock(16, 0), "zh_CN", "我们会在一小时之内给您回电话"),
        (clock(16, 1), "zh_CN", "我们会在下午四点零一分之前给您回电话"),
    ],
)
def test_an_offer_names_the_minutes_and_beyond_an_hour_the_time_r70(
    due: datetime, language: str, said: str
) -> None:
    assert heard(callback_within_prompts(due, clock(15, 0), language), language) == said


@pytest.mark.parametrize(
    ("times", "minutes", "callback", "said"),
    [
        (1, 0, False, "来电"),
        (1, 0, True, "回电"),
        (2, 3, True, "回电第二次等三分"),
        (3, 10, True, "回电第三次等十分"),
        (4, 11, True, "回电多次十分以上"),
    ],
)
def test_an_agent_hears_what_kind_of_call_it_is_which_time_and_how_long_he_waited(
    times: int, minutes: int, callback: bool, said: str
) -> None:
    assert heard(whisper_prompts(times, minutes, callback=callback), "zh_CN") == said
