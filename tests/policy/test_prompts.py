"""Numbers as callers hear them, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy.prompts import Unit, count_prompts, number_prompts, telephone_prompts

CHINESE = dict(enumerate("零一二三四五六七八九十")) | {100: "百"}


def spoken(words: tuple[str, ...]) -> list[int]:
    return [int(word.removeprefix("number_")) for word in words]


def read_back(words: tuple[str, ...]) -> int:
    """What a listener understands: a ten or hundred multiplies the word before it, a zero adds nothing."""
    total = 0
    for word in spoken(words):
        if word == 100:
            total *= 100
        elif word == 10 and total % 10:
            total += (total % 10) * 9
        else:
            total += word
    return total


@pytest.mark.parametrize(
    ("number", "heard"),
    [
        ("13800138000", "13800138000"),
        ("+8613800138000", "8613800138000"),
        ("0571-8765 4321", "057187654321"),
        ("１３８", ""),
        ("", ""),
    ],
)
def test_a_callers_number_is_read_back_digit_by_digit(number: str, heard: str) -> None:
    assert telephone_prompts(number) == tuple(f"digit_{digit}" for digit in heard)


@pytest.mark.parametrize(
    ("n", "heard"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (23, "二十三"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (115, "一百一十五"),
        (120, "一百二十"),
        (999, "九百九十九"),
    ],
)
def test_a_number_is_spoken_in_chinese_as_people_say_it(n: int, heard: str) -> None:
    assert "".join(CHINESE[word] for word in spoken(number_prompts(n, "zh_CN"))) == heard


@pytest.mark.parametrize(
    ("n", "heard"),
    [
        (0, [0]),
        (10, [10]),
        (19, [19]),
        (20, [20]),
        (23, [20, 3]),
        (100, [1, 100]),
        (105, [1, 100, 5]),
        (540, [5, 100, 40]),
        (999, [9, 100, 90, 9]),
    ],
)
def test_a_number_is_spoken_in_english_as_people_say_it(n: int, heard: list[int]) -> None:
    assert spoken(number_prompts(n, "en")) == heard


@pytest.mark.parametrize("n", [-1, 1000])
def test_a_number_out_of_range_is_refused_before_anybody_hears_it(n: int) -> None:
    with pytest.raises(ValueError, match=f"^{n} cannot be spoken"):
        number_prompts(n, "en")


@pytest.mark.parametrize(
    ("n", "unit", "language", "heard"),
    [
        (2, Unit.PEOPLE, "zh_CN", ("number_liang", "unit_people")),
        (2, Unit.MINUTES, "zh_CN", ("number_liang", "unit_minutes")),
        (1, Unit.PEOPLE, "zh_CN", ("number_1", "unit_people")),
        (12, Unit.MINUTES, "zh_CN", ("number_10", "number_2", "unit_minutes")),
        (22, Unit.MINUTES, "zh_CN", ("number_2", "number_10", "number_2", "unit_minutes")),
        (1, Unit.MINUTES, "en", ("number_1", "unit_minute")),
        (1, Unit.PEOPLE, "en", ("number_1", "unit_person")),
        (2, Unit.PEOPLE, "en", ("number_2", "unit_people")),
        (0, Unit.MINUTES, "en", ("number_0", "unit_minutes")),
    ],
)
def test_a_count_is_spoken_with_its_unit(n: int, unit: Unit, language: str, heard: tuple[str, ...]) -> None:
    assert count_prompts(n, unit, language) == heard


@given(st.integers(0, 999), st.sampled_from(["zh_CN", "en"]))
def test_whoever_hears_a_number_understands_the_number_that_was_meant(n: int, language: str) -> None:
    assert read_back(number_prompts(n, language)) == n


def test_no_two_numbers_sound_alike() -> None:
    for language in ("zh_CN", "en"):
        assert len({number_prompts(n, language) for n in range(1000)}) == 1000
