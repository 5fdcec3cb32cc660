"""What the switch says of a caller, and what a caller keys in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.phone_number import caller_identity, number_to_ring, typed_number

BEIJING = "010"


@pytest.mark.parametrize(
    ("presented", "caller"),
    [
        ("13800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("138-0013 8000", "+8613800138000"),
        ("(0571) 87654321", "+8657187654321"),
        ("65123456", "+861065123456"),
        ("+14155552671", "+14155552671"),
    ],
)
def test_a_certain_number_is_known_in_its_full_form(presented: str, caller: str) -> None:
    assert caller_identity(presented, BEIJING) == caller
    assert number_to_ring(caller) == caller


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "  ",
        "anonymous",
        "Anonymous",
        "UNKNOWN",
        "restricted",
        "+8656696",
        "8656696",
        "+86282452253",
        "266696687",
    ],
)
def test_a_caller_who_withholds_his_number_has_none_however_the_carrier_spells_it(presented: str) -> None:
    assert caller_identity(presented, BEIJING) is None


@pytest.mark.parametrize(
    ("presented", "caller", "to_ring"),
    [
        ("95588", "raw:95588", "95588"),
        ("110", "raw:110", "110"),
        ("12", "raw:12", None),
        ("13800138000转801", "raw:13800138000转801", None),
        ("sip:wang@evil.example", "raw:sip:wang@evil.example", None),
        ("1" * 60, "raw:" + "1" * 40, None),
        ("a\x00b\x1b[2J", "raw:ab[2J", None),
        ("\x00", None, None),
        ("raw:13800138000", "raw:raw:13800138000", None),
        ("00000000000", "raw:00000000000", "00000000000"),
    ],
)
def test_what_is_not_certain_is_shown_as_it_came_and_never_guessed(
    presented: str, caller: str | None, to_ring: str | None
) -> None:
    assert caller_identity(presented, BEIJING) == caller
    assert number_to_ring(caller) == to_ring


@pytest.mark.parametrize(
    ("digits", "area_code", "number"),
    [
        ("13912345678", "010", "+8613912345678"),
        ("13912345678#", "010", "+8613912345678"),
        ("057187654321", "010", "+8657187654321"),
        ("65123456", "010", "+861065123456"),
        ("87654321", "0571", "+8657187654321"),
        ("", "010", None),
        ("*#*", "010", None),
        ("1", "010", None),
        ("110", "010", None),
        ("8656696", "010", None),
        ("000000000000", "010", None),
        ("139123456789", "010", None),
    ],
)
def test_a_number_keyed_in_is_taken_only_where_it_is_a_valid_one_r70(
    digits: str, area_code: str, number: str | None
) -> None:
    assert typed_number(digits, area_code) == number


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"\+?[0-9 ()-]{0,25}", fullmatch=True))
def test_whatever_a_switch_presents_is_a_number_a_harmless_text_or_nothing(presented: str) -> None:
    caller = caller_identity(presented, BEIJING)
    if caller is None:
        return
    assert caller.isprintable()
    assert caller.startswith(("+", "raw:"))
    assert len(caller) <= 44
    to_ring = number_to_ring(caller)
    assert to_ring is None or to_ring.removeprefix("+").isdecimal()


@settings(deadline=None)
@given(st.text(alphabet="0123456789*#", max_size=20))
def test_whatever_is_keyed_in_is_a_full_number_or_none(digits: str) -> None:
    number = typed_number(digits, BEIJING)
    assert number is None or (number.startswith("+") and caller_identity(number, BEIJING) == number)


@pytest.mark.parametrize("presented", ["-----", "( ) ( )", "+-- --"])
def test_marks_without_a_digit_are_nobodys_number(presented: str) -> None:
    assert caller_identity(presented, BEIJING) == f"raw:{presented}"
    assert number_to_ring(f"raw:{presented}") is None
