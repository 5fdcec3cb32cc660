"""Spans of time, moments and telephone numbers as a caller hears them: keys of prompts, in the order of the language.

Words belong to config/prompts.toml. Chinese names the larger first and the part of the day before the hour
(周一上午九点), any other language is spoken as English is (Monday at nine a.m.).
"""

import re
from datetime import date, datetime, time

from ivr.policy.prompts import CHINESE, Prompt, Unit, count_prompts, number_prompts, telephone_prompts
from ivr.policy.wait import Longer

_REASONS = {
    Longer.FEWER_AGENTS: Prompt.FEWER_AGENTS,
    Longer.EARLIER_CALLER: Prompt.EARLIER_CALLER,
    Longer.LONGER_TALKS: Prompt.LONGER_TALKS,
    Longer.OTHERWISE: Prompt.WAIT_LONGER,
}
LONGEST_SPAN_MINUTES = 60  # a time further away is named by the clock
MOST_TIMES, MOST_MINUTES = 3, 10  # beyond these an agent hears 多次, 十分以上
_PARTS_OF_THE_DAY = ((6, "dawn"), (12, "morning"), (13, "noon"), (18, "afternoon"), (24, "evening"))


def opening_prompts(opening: datetime, now: datetime, language: str) -> tuple[str, ...]:
    """When we are open again: 我们恢复接听电话的时间是 · 周一上午九点. Both moments on the hotline's own clock."""
    return (Prompt.OPEN_AGAIN, *moment_prompts(opening, now, language))


def moment_prompts(moment: datetime, now: datetime, language: str) -> tuple[str, ...]:
    """A day and a time: today, tomorrow, a weekday of the next six days, else the date. Both on the hotline's clock."""
    day = day_prompts(moment.date(), now.date(), language)
    clock = clock_prompts(moment.time(), language)
    return (*day, *clock) if language == CHINESE else (*day, "clock_at", *clock)


def day_prompts(day: date, today: date, language: str) -> tuple[str, ...]:
    """今天, 明天, 周三, else 二月三号; the year is never said."""
    ahead = (day - today).days
    if ahead in {0, 1}:
        return ("day_tomorrow" if ahead else "day_today",)
    if 1 < ahead < 7:
        return (f"weekday_{day.isoweekday()}",)
    suffix = ("date_day",) if language == CHINESE else ()
    return (f"month_{day.month}", *number_prompts(day.day, language), *suffix)


def clock_prompts(clock: time, language: str) -> tuple[str, ...]:
    """Hours and minutes: 下午三点半, 上午九点零五分; three thirty p.m., nine oh five a.m. Seconds are not said."""
    if language == CHINESE:
        part = next(part for end, part in _PARTS_OF_THE_DAY if clock.hour < end)
        hour = clock.hour if clock.hour <= 12 else clock.hour - 12
        return (f"part_{part}", f"hour_{hour}", *_chinese_minutes(clock.minute))
    half = "clock_am" if clock.hour < 12 else "clock_pm"
    return (*number_prompts(clock.hour % 12 or 12, language), *_english_minutes(clock.minute, language), half)


def duration_prompts(minutes: int, language: str) -> tuple[str, ...]:
    """A length of time: 三分钟, 两小时十分钟; "one hour thirty minutes". At most 999 hours; raises ValueError."""
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return count_prompts(rest, Unit.MINUTES, language)
    return (*_hours(hours, language), *(count_prompts(rest, Unit.MINUTES, language) if rest else ()))


def wait_prompts(ahead: int, minutes: int, longer: Longer | None, language: str) -> tuple[str, ...]:
    """您前面还有两位 · 预计还需等待三分钟; before it the reason, where that is longer than was told before."""
    reason = () if longer is None else (_REASONS[longer],)
    return (*reason, *place_prompts(ahead, language), Prompt.WAIT_ABOUT, *duration_prompts(minutes, language))


def place_prompts(ahead: int, language: str) -> tuple[str, ...]:
    """您前面还有两位; with nobody ahead: 接下来就轮到您了."""
    if ahead == 0:
        return (Prompt.YOU_ARE_NEXT,)
    return (Prompt.POSITION_BEFORE, *count_prompts(ahead, Unit.PEOPLE, language))


def callback_within_prompts(due: datetime, now: datetime, language: str) -> tuple[str, ...]:
    """An offer: 我们会在 · 十分钟 · 之内给您回电话; where that is more than an hour away, by the clock."""
    minutes = int((due - now).total_seconds() // 60)
    if minutes > LONGEST_SPAN_MINUTES:
        return callback_by_prompts(due, now, language)
    end = ("callback_within_end",) if language == CHINESE else ()
    return (Prompt.CALLBACK_WITHIN, *duration_prompts(minutes, language), *end)


def callback_by_prompts(due: datetime, now: datetime, language: str) -> tuple[str, ...]:
    """A promise: 我们会在 · 下午三点半 · 之前给您回电话; the day where it is another. Both on the hotline's clock."""
    end = ("callback_by_end",) if language == CHINESE else ()
    today = due.date() == now.date()
    moment = clock_prompts(due.time(), language) if today else moment_prompts(due, now, language)
    return (Prompt.CALLBACK_BY, *moment, *end)


def new_time_prompts(due: datetime, now: datetime, language: str) -> tuple[str, ...]:
    """To a customer who cannot be called back by the time he was promised: our apology and the new time."""
    return (Prompt.NEW_TIME, *callback_by_prompts(due, now, language))


def whisper_prompts(times_called: int, waited_minutes: int, *, callback: bool = True) -> tuple[str, ...]:
    """To the agent before he takes a call: 回电 · 第二次 · 等三分. What is not worth saying is left out."""
    kind = Prompt.WHISPER_CALLBACK if callback else Prompt.WHISPER_CALL
    times = (f"whisper_time_{_up_to(MOST_TIMES, times_called)}",) if times_called > 1 else ()
    waited = (f"whisper_waited_{_up_to(MOST_MINUTES, waited_minutes)}",) if waited_minutes > 0 else ()
    return (kind, *times, *waited)


def _up_to(most: int, count: int) -> str:
    return str(count) if count <= most else "more"


def dialled_number_prompts(number: str) -> tuple[str, ...]:
    """A number as it is dialled at home, digit by digit (1 is 幺)."""
    return telephone_prompts(_as_dialled(number))


def _as_dialled(number: str) -> str:
    """Without the country code of home; a fixed line gets its leading zero back, mobile, 400 and 800 have none."""
    if not number.startswith("+86"):
        return number
    national = number.removeprefix("+86")
    return national if re.fullmatch(r"1[0-9]{10}|[48]00[0-9]{7}", national) else f"0{national}"


def _hours(hours: int, language: str) -> tuple[str, ...]:
    if language == CHINESE:
        return (*(("number_liang",) if hours == 2 else number_prompts(hours, language)), "unit_hours")
    return (*number_prompts(hours, language), "unit_hour" if hours == 1 else "unit_hours")


def _chinese_minutes(minutes: int) -> tuple[str, ...]:
    if minutes == 0:
        return ()
    if minutes == 30:
        return ("clock_half",)
    zero = ("number_0",) if minutes < 10 else ()
    return (*zero, *number_prompts(minutes, CHINESE), "clock_minute")


def _english_minutes(minutes: int, language: str) -> tuple[str, ...]:
    if minutes == 0:
        return ()
    return (*(("clock_oh",) if minutes < 10 else ()), *number_prompts(minutes, language))
