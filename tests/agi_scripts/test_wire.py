import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from agi_scripts import wire


@settings(deadline=None)
@given(st.text(max_size=200) | st.from_regex(r"[0-9]{3}[ -]result=.{0,80}", fullmatch=True))
def test_no_text_makes_the_reply_parser_fail_otherwise_than_by_refusing(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert wire.parse_reply(text).code in {200, 503, 510, 511, 520}


@settings(deadline=None)
@given(st.text())
def test_every_value_survives_to_the_last_bracket(value: str) -> None:
    assert wire.parse_reply(f"200 result=1 ({value})").data == value


@settings(deadline=None)
@given(st.text())
def test_whatever_is_quoted_is_one_argument(value: str) -> None:
    quoted = wire.quoted(value)
    assert wire._QUOTED.fullmatch(quoted)
    assert wire._word(quoted) == quoted


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=30))
def test_no_environment_makes_the_parser_fail(lines: list[bytes]) -> None:
    assert all(key.startswith("agi_") for key in wire.parse_environment(lines))
