"""The judge sees every caller that was lost, doubled or late, and excuses only what died with the switch."""

from dataclasses import replace

import pytest

from ivr.cli.telephone.sip_log import Message, parse_message
from tests.faults.judge import Caller, Outage, Row, callers_of, judge, nobodys

ALICE = Caller(number="13800000001", invited_at=100.0, taken_at=100.1, picked_up_at=113.0, refused=None)
BOB = Caller(number="13800000002", invited_at=101.0, taken_at=101.1, picked_up_at=102.0, refused=None)
ROWS = [Row(number=ALICE.number, ended=True), Row(number=BOB.number, ended=True)]


def test_all_picked_up_and_each_in_the_table_once_is_well() -> None:
    verdict = judge([ALICE, BOB], ROWS)
    assert verdict.wrong == ()
    assert (verdict.callers, verdict.cut_off) == (2, 0)
    assert verdict.slowest_seconds == pytest.approx(13.0)


@pytest.mark.parametrize(
    ("callers", "rows", "wrong"),
    [
        ([ALICE, BOB], ROWS[:1], f"{BOB.number}: 0 times in the table"),
        ([ALICE, BOB], [*ROWS, ROWS[0]], f"{ALICE.number}: 2 times in the table"),
        ([replace(ALICE, picked_up_at=115.01), BOB], ROWS, f"{ALICE.number}: picked up only after 15.01 s"),
        ([replace(ALICE, picked_up_at=None), BOB], ROWS, f"{ALICE.number}: never picked up"),
        (
            [replace(ALICE, picked_up_at=None, refused=503), BOB],
            ROWS,
            f"{ALICE.number}: never picked up, refused with 503",
        ),
        (
            [replace(ALICE, taken_at=None, picked_up_at=None), BOB],
            ROWS[1:],
            f"{ALICE.number}: the switch never took the call",
        ),
        (
            [ALICE, BOB],
            [ROWS[0], replace(ROWS[1], ended=False)],
            f"{BOB.number}: still in progress in the table",
        ),
    ],
)
def test_a_lost_doubled_late_or_forgotten_caller_is_found(
    callers: list[Caller], rows: list[Row], wrong: str
) -> None:
    assert judge(callers, rows).wrong == (wrong,)


def test_fifteen_seconds_sharp_is_in_time_r64() -> None:
    assert judge([replace(ALICE, picked_up_at=115.0)], ROWS).wrong == ()


def test_who_rang_when_the_switch_died_is_excused_from_the_pickup_but_not_from_the_table() -> None:
    ringing = replace(ALICE, picked_up_at=None)
    outage = [Outage(began_at=105.0, dead_at=105.1, ended_at=109.0)]
    assert judge([ringing], ROWS, outage).wrong == ()
    assert judge([ringing], ROWS, outage).cut_off == 1
    assert judge([ringing], [], outage).wrong == (f"{ALICE.number}: 0 times in the table",)


def test_who_dialled_while_the_switch_was_dead_counts_from_when_it_took_him() -> None:
    outage = [Outage(began_at=99.0, dead_at=99.1, ended_at=103.0)]
    patient = replace(ALICE, taken_at=104.0, picked_up_at=118.0)
    assert judge([patient], ROWS, outage).wrong == ()
    late = replace(patient, picked_up_at=119.5)
    assert judge([late], ROWS, outage).wrong == (f"{ALICE.number}: picked up only after 15.50 s",)
    never = replace(ALICE, taken_at=None, picked_up_at=None)
    assert judge([never], [], outage).wrong == ()


def test_a_death_of_the_switch_after_his_time_excuses_nobody() -> None:
    forgotten = replace(ALICE, picked_up_at=None)
    outage = [Outage(began_at=116.0, dead_at=116.1, ended_at=119.0)]
    assert judge([forgotten], ROWS, outage).wrong == (f"{ALICE.number}: never picked up",)


def test_a_row_without_a_caller_is_found() -> None:
    assert nobodys([ALICE, BOB], ROWS) == ()
    assert nobodys([ALICE], ROWS) == (f"{BOB.number}: in the table, yet nobody called",)


def _message(at: float, direction: str, start_line: str, call_id: str, method: str = "INVITE") -> Message:
    text = f"{start_line}\r\nFrom: <sip:{call_id}@127.0.0.1:5>\r\nCall-ID: {call_id}@x\r\nCSeq: 1 {method}\r\n\r\n"
    return parse_message(at, direction, text)


def test_a_log_is_read_as_its_callers_were_answered() -> None:
    log = [
        _message(1.0, "sent", "INVITE sip:4001234567@x SIP/2.0", "138"),
        _message(1.5, "sent", "INVITE sip:4001234567@x SIP/2.0", "138"),
        _message(1.6, "sent", "INVITE sip:4001234567@x SIP/2.0", "139"),
        _message(1.7, "received", "SIP/2.0 100 Trying", "138"),
        _message(1.8, "received", "SIP/2.0 180 Ringing", "138"),
        _message(9.0, "received", "SIP/2.0 200 OK", "138"),
        _message(9.1, "sent", "ACK sip:x SIP/2.0", "138", "ACK"),
        _message(9.2, "received", "SIP/2.0 503 Service Unavailable", "139"),
    ]
    assert callers_of(log) == [
        Caller(number="138", invited_at=1.0, taken_at=1.7, picked_up_at=9.0, refused=None),
        Caller(number="139", invited_at=1.6, taken_at=9.2, picked_up_at=None, refused=503),
    ]
