"""The Twilio door while its book is away: picked up at once, the fallback phones rung, the number on the disk before it
is spoken of, and every such call in the book afterwards (R64, R68, R70).
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_schema import agents, calls, ring_backs
from ivr.policy.rules import Rules
from ivr.service.drainer import Drainer
from tests.service.house import house
from tests.webhooks.twilio_caller import CALLER, Caller

RULES = Rules(fallback_phones=("endpoint:desk", "sip:boss@192.0.2.7", "tel:+85261234567"), satisfaction=False)
TALK = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "30"}


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    """The book does not answer; Wang is on duty."""
    (tmp_path / "spool").mkdir()
    with house(tmp_path, RULES) as home:
        home.agent("wang")
        caller = Caller(home, tmp_path / "spool")
        caller.switchboard.away = True
        yield caller


def drained(caller: Caller, spool: Path) -> int:
    """The book is back, and what was written down comes into it."""
    caller.switchboard.away = False
    for file in spool.glob("*.req"):
        os.utime(file, (0, 0))
    return Drainer(caller.spool, caller.switchboard, caller.home.rules).turn()


def rung(caller: Caller) -> str:
    """Whom the last document rings."""
    return caller.document[-1][0].text or ""


def test_with_the_book_away_the_fallback_phones_are_rung_then_his_number_is_taken__R68_R70(
    caller: Caller, tmp_path: Path
) -> None:
    assert caller.dials() == ["Play", "Play", "Play", "Redirect"]
    assert caller.heard[:2] == ["greeting.wav", "static_apology.wav"]
    assert caller.goes_on(18) == ["Dial"]
    assert rung(caller) == "sip:boss@192.0.2.7"  # the desk is no phone of this door
    assert caller.goes_on(20, DialCallStatus="no-answer") == ["Dial"]
    assert rung(caller) == "+85261234567"
    assert list((tmp_path / "spool").iterdir()) == []
    assert caller.goes_on(20, DialCallStatus="busy") == ["Play", "Play", "Hangup"]
    assert caller.heard == ["number_noted.wav", "goodbye.wav"]
    assert len(list((tmp_path / "spool").iterdir())) == 1
    caller.asks("/twilio/status", CallStatus="completed", CallDuration="58")
    presented_at = caller.home.clock.now() - timedelta(seconds=58)
    assert drained(caller, tmp_path / "spool") == 1
    assert (caller.row["door"], caller.row["outcome"], caller.row["caller"]) == ("twilio", "fallback", CALLER)
    assert (caller.row["presented_at"], caller.row["greeted_at"]) == (presented_at, presented_at)
    assert [row["number"] for row in caller.home.rows(ring_backs)] == [CALLER]


def test_who_leaves_during_the_apology_is_in_the_book_afterwards__R6(caller: Caller, tmp_path: Path) -> None:
    caller.dials()
    caller.home.clock.advance(6)
    for _ in range(2):  # and once more, late
        caller.asks("/twilio/status", CallStatus="completed", CallDuration="6")
    assert drained(caller, tmp_path / "spool") == 1
    assert (caller.row["outcome"], caller.row["greeted_by"]) == ("abandoned", "server")
    assert caller.home.rows(ring_backs) == []


def test_a_talk_with_a_fallback_phone_is_served_also_when_the_book_hears_of_it_later__R68(
    caller: Caller, tmp_path: Path
) -> None:
    caller.dials()
    caller.goes_on(18)
    assert caller.goes_on(40, **TALK) == ["Hangup"]
    caller.asks("/twilio/status", CallStatus="completed", CallDuration="58")
    assert drained(caller, tmp_path / "spool") == 1
    assert caller.row["outcome"] == "served"
    assert caller.row["served_at"] == caller.row["presented_at"] + timedelta(seconds=28)
    assert caller.home.rows(ring_backs) == []


@pytest.mark.parametrize("rung_before", [0, 1, 2])
def test_whenever_the_book_answers_again_he_goes_on_by_it__R69(rung_before: int, caller: Caller) -> None:
    presented_at = caller.home.clock.now()
    caller.dials()
    for _ in range(rung_before):
        caller.goes_on(18, DialCallStatus="no-answer")
    caller.switchboard.away = False
    assert caller.goes_on(18, DialCallStatus="no-answer") == ["Dial"]
    assert rung(caller).startswith("sip:wang@")
    assert (caller.row["presented_at"], caller.row["greeted_at"]) == (presented_at, presented_at)


@pytest.mark.parametrize(("keys", "words"), [("13800138000", "number_noted.wav"), ("", "no_number.wav")])
def test_who_withholds_his_number_is_asked_for_one__R70(
    keys: str, words: str, caller: Caller, tmp_path: Path
) -> None:
    caller.asks("/twilio/incoming", CallStatus="ringing", From="anonymous")
    for _ in range(3):
        caller.goes_on(18, DialCallStatus="no-answer", From="anonymous")
    assert caller.document[-1].tag == "Gather"
    caller.goes_on(9, From="anonymous", Digits=keys)
    assert caller.heard[0] == words
    drained(caller, tmp_path / "spool")
    assert [row["number"] for row in caller.home.rows(ring_backs)] == ([CALLER] if keys else [])


def test_what_is_not_on_the_disk_is_not_promised__R70(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "spool").rmdir()
    caller.dials()
    for _ in range(3):
        caller.goes_on(18, DialCallStatus="no-answer")
    assert caller.heard == ["no_number.wav"]


def test_a_fault_of_ours_is_not_his_either__R70(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the book is away: what decides breaks, again and again."""
    caller.switchboard.away = False
    monkeypatch.setattr(caller.switchboard, "handle", lambda *_told: 1 / 0)
    caller.dials()
    for _ in range(3):
        caller.goes_on(18, DialCallStatus="no-answer")
    assert caller.heard == ["number_noted.wav", "goodbye.wav"]


def test_of_a_database_that_is_locked_nobody_waits_longer_than_twilio_does__R64(
    caller: Caller, tmp_path: Path
) -> None:
    """The number's own address asks for an answer in two and a half seconds."""
    caller.switchboard.away = False
    with closing(sqlite3.connect(tmp_path / "hotline.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        for ask in (caller.dials, caller.goes_on):
            began = time.monotonic()
            ask()
            assert time.monotonic() - began < 2.4
        other.rollback()
    assert rung(caller) == "sip:boss@192.0.2.7"
    assert caller.goes_on(20, DialCallStatus="no-answer") == ["Dial"]
    assert [row["ref"] for row in caller.home.rows(calls)] == ["CA" + "1" * 32]
    assert caller.home.rows(agents)[0]["state"] == "reserved"
