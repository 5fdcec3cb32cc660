"""Which prompts a caller hears, and in what order, named by key alone.

Texts and recordings belong to config/prompts.toml and the packs. A telephone number is spoken digit by digit,
a count word by word, by the grammar of the language.
"""

from enum import StrEnum

CHINESE = "zh_CN"


class Prompt(StrEnum):
    """The keys of prompts spoken as they are; digits and number words come from the functions below."""

    GREETING = "greeting"
    ALL_BUSY = "all_busy"
    PLEASE_HOLD = "please_hold"
    STILL_BUSY = "still_busy"
    POSITION_BEFORE = "position_before"
    YOU_ARE_NEXT = "you_are_next"
    WAIT_ABOUT = "wait_about"
    FEWER_AGENTS = "fewer_agents"
    EARLIER_CALLER = "earlier_caller"
    LONGER_TALKS = "longer_talks"
    WAIT_LONGER = "wait_longer"
    NOBODY_ON_DUTY = "nobody_on_duty"
    OUTSIDE_HOURS = "outside_hours"
    OPEN_AGAIN = "open_again"
    HELD_TOO_LONG = "held_too_long"
    TRYING_FALLBACK = "trying_fallback"
    STATIC_APOLOGY = "static_apology"
    NUMBER_NOTED = "number_noted"
    NO_NUMBER = "no_number"
    ASK_NUMBER = "ask_number"
    NUMBER_PREFIX = "number_prefix"
    OFFER_CALLBACK = "offer_callback"
    CALLBACK_WITHIN = "callback_within"
    CALLBACK_BY = "callback_by"
    PRESS_FOR_CALLBACK = "press_for_callback"
    ELSE_WAIT = "else_wait"
    CONFIRM_NUMBER = "confirm_number"
    ASK_CALLBACK_NUMBER = "ask_callback_number"
    NUMBER_INVALID = "number_invalid"
    CALLBACK_BOOKED = "callback_booked"
    CALLING_FROM = "calling_from"
    CALLBACK_STANDS = "callback_stands"
    CALLBACK_LATE = "callback_late"
    HOLD_OR_HANG_UP = "hold_or_hang_up"
    LINES_BUSY = "lines_busy"
    ASK_RATING = "ask_rating"
    RATING_THANKS = "rating_thanks"
    WHISPER_CALL = "whisper_call"
    WHISPER_CALLBACK = "whisper_callback"
    NEW_TIME = "new_time"
    GOODBYE = "goodbye"
    AGENT_AVAILABLE = "agent_available"
    AGENT_AWAY = "agent_away"
    FEATURE_FAILED = "feature_failed"
    RECORDING_NOTICE = "recording_notice"


class Unit(StrEnum):
    """What a spoken count counts."""

    MINUTES = "unit_minutes"
    PEOPLE = "unit_people"


_SINGULAR = {Unit.MINUTES: "unit_minute", Unit.PEOPLE: "unit_person"}


def telephone_prompts(number: str) -> tuple[str, ...]:
    """The digits of ``number`` one by one ("+861…" → digit_8, digit_6, …); nothing else is spoken."""
    return tuple(f"digit_{character}" for character in number if character in "0123456789")


def number_prompts(n: int, language: str) -> tuple[str, ...]:
    """The words of a whole number from 0 to 999: zh_CN 一百零五, any other language one hundred five."""
    if not 0 <= n <= 999:
        raise ValueError(f"{n} cannot be spoken: numbers go from 0 to 999")
    words = _chinese_words(n) if language == CHINESE else _english_words(n)
    return tuple(f"number_{word}" for word in words)


def count_prompts(n: int, unit: Unit, language: str) -> tuple[str, ...]:
    """A number with its unit: 两位 (a count of two is 两, never 二), "one minute", "two minutes"."""
    if language == CHINESE:
        return (*(("number_liang",) if n == 2 else number_prompts(n, language)), unit.value)
    return (*number_prompts(n, language), _SINGULAR[unit] if n == 1 else unit.value)


def _chinese_words(n: int) -> tuple[int, ...]:
    """Each word as its value. After hundreds a missing ten is 零 and ten is 一十; alone it is 十."""
    if n <= 10:
        return (n,)
    if n < 20:
        return (10, n - 10)
    if n < 100:
        tens, ones = divmod(n, 10)
        return (tens, 10, *_unless_zero(ones))
    hundreds, rest = divmod(n, 100)
    head = (hundreds, 100)
    if rest == 0:
        return head
    if rest < 10:
        return (*head, 0, rest)
    tens, ones = divmod(rest, 10)
    return (*head, tens, 10, *_unless_zero(ones))


def _english_words(n: int) -> tuple[int, ...]:
    """Each word as its value: one hundred twenty three."""
    if n < 20:
        return (n,)
    if n < 100:
        tens, ones = divmod(n, 10)
        return (tens * 10, *_unless_zero(ones))
    hundreds, rest = divmod(n, 100)
    return (hundreds, 100, *(_english_words(rest) if rest else ()))


def _unless_zero(n: int) -> tuple[int, ...]:
    return (n,) if n else ()
