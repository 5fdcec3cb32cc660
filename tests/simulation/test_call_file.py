"""A file of real calls is read or refused; whatever is wrong is told with its line and field."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.service.csv_file import CsvFileError
from ivr.simulation.call_file import parse_calls
from ivr.simulation.demand import KnownCall

BEIJING = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 2, 9, tzinfo=BEIJING)


def parsed(text: str) -> tuple[KnownCall, ...]:
    return parse_calls(text.encode(), BEIJING)


def test_calls_come_in_the_order_of_their_moments_and_what_is_left_out_is_unknown() -> None:
    later, first = parsed(
        "presented_at,patience_seconds,handling_seconds\n2026-03-02 09:01,,90.5\n2026/3/2 9:00,30,\n"
    )[::-1]
    assert first == KnownCall(presented_at=NINE, patience_seconds=30.0)
    assert later == KnownCall(presented_at=NINE + timedelta(minutes=1), handling_seconds=90.5)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T01:00:00Z",
        "2026-03-02T09:00:00.000+08:00",
        "2026-03-02 09:00:00",
        "2026/3/2 9:00",
        "2026.3.2 9:00",
    ],
)
def test_a_moment_without_an_offset_is_meant_where_the_hotline_is(text: str) -> None:
    (call,) = parsed(f"presented_at\n{text}\n")
    assert call.presented_at.astimezone(UTC) == NINE.astimezone(UTC)


def test_chinese_headings_and_gb18030_are_what_a_spreadsheet_writes() -> None:
    (call,) = parse_calls("来电时间,处理秒数,耐心秒数\n2026/3/2 9:00,60,5\n".encode("gb18030"), BEIJING)
    assert call == KnownCall(presented_at=NINE, handling_seconds=60.0, patience_seconds=5.0)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: holds no call"),
        ("presented_at\n", "line 1: holds no call"),
        ("handling_seconds\n5\n", "line 1, column presented_at: is missing"),
        ("presented_at,name\n2026-03-02 09:00,x\n", "line 1, column name: is not known"),
        ("presented_at,来电时间\n2026-03-02 09:00,\n", "line 1, column 来电时间: stands there twice"),
        ("presented_at\nyesterday\n", "line 2, column presented_at: 'yesterday' is no moment"),
        ("presented_at\n2026-02-30 09:00\n", "line 2, column presented_at: '2026-02-30 09:00' is no moment"),
        ("presented_at\n0001-01-01T00:00:00+14:00\n", "line 2, column presented_at"),
        ("presented_at,handling_seconds\n2026-03-02 09:00,0\n", "line 2, column handling_seconds: '0' is no number"),
        ("presented_at,handling_seconds\n2026-03-02 09:00,1e3\n", "column handling_seconds: '1e3' is no number"),
        ("presented_at,handling_seconds\n2026-03-02 09:00,٣\n", "column handling_seconds: '٣' is no number"),
        ("presented_at,patience_seconds\n2026-03-02 09:00,-5\n", "column patience_seconds: '-5' is no number"),
        ("presented_at,patience_seconds\n2026-03-02 09:00,nan\n", "column patience_seconds: 'nan' is no number"),
        ("presented_at,patience_seconds\n2026-03-02 09:00,99999999\n", "column patience_seconds"),
        ("presented_at\n2026-03-02 09:00,5\n", "line 2: has 2 values under 1 headings"),
        ("presented_at\n2026-03-02 09:00\n2026-03-12 09:00\n", "stretch over 10 days"),
        ('presented_at\n"2026', "is not CSV"),
        ("presented_at\n2026\0\n", "holds a NUL"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_its_field(text: str, fault: str) -> None:
    with pytest.raises(CsvFileError, match=fault):
        parsed(text)


def test_every_fault_of_a_file_is_told_at_once() -> None:
    with pytest.raises(CsvFileError) as caught:
        parsed("presented_at,handling_seconds\nx,y\n2026-03-02 09:00,\nz,1\n")
    assert [(fault.line, fault.column) for fault in caught.value.problems] == [
        (2, "presented_at"),
        (2, "handling_seconds"),
        (4, "presented_at"),
    ]


def test_a_fault_never_steers_a_terminal() -> None:
    with pytest.raises(CsvFileError) as caught:
        parsed("presented_at\n\x1b[2Jx\n")
    assert str(caught.value).isprintable()


@given(st.binary(max_size=300))
def test_no_file_whatever_is_more_than_refused(data: bytes) -> None:
    for file in (data, b"presented_at,handling_seconds\n" + data):
        with contextlib.suppress(CsvFileError):
            assert all(call.presented_at.tzinfo for call in parse_calls(file, BEIJING))
