"""`hotline why` tells what became of the callback promised in a call, as it was stored."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_stories import SqlStories
from ivr.policy.callback_events import (
    AttemptEnded,
    AttemptResult,
    CallbackEvent,
    CallerRangAgain,
    Claimed,
    DueTimeCannotBeMet,
    LeaseEnded,
    NewTimeTold,
    NumberRefused,
    SecondPersonNamed,
    SwitchSays,
)
from ivr.policy.callback_flow import CALLBACK_TRANSITIONS
from ivr.policy.callback_guard import Refusal
from ivr.policy.events import AgentAnswered, HungUp
from ivr.policy.explain_words import EN, ZH
from ivr.service.callback_codec import commands_from_json, event_from_json, event_to_json
from ivr.service.why import UnreadableStoryError, Why
from tests.service.house import NOON, House, house
from tests.service.test_callbacks import OTHER, RULES, ring

KEYS = ["at", "offset_seconds", "event", "phase_before", "phase_after", "decision", "numbers", "agrees"]


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


def why(hotline: House) -> Why:
    return Why(SqlStories(hotline.url), RULES, {})


def called_back(hotline: House) -> None:
    """Busy first, reached then."""
    hotline.promise()
    hotline.agent("ana")
    hotline.clock.advance(1)
    hotline.agent("ben")
    ring(hotline, 59)
    hotline.callbacks.ended(hotline.attempt_name(), AttemptResult.BUSY, None, hotline.clock.advance(30))
    ring(hotline, 180)
    served_at = hotline.clock.advance(20)
    name = hotline.attempt_name(1, 2)
    hotline.callbacks.served(name, served_at)
    ended_at = hotline.clock.advance(60)
    for _ in range(2):
        hotline.callbacks.ended(name, AttemptResult.REACHED, served_at, ended_at)


def test_the_callback_promised_in_a_call_is_told_after_it_by_times_r10_r28b_r70(hotline: House) -> None:
    called_back(hotline)
    lines = why(hotline).lines(1, EN)
    tail = [line for line in lines if "callback 1: " in line]
    assert lines[-len(tail) :] == tail
    first = "the agent's phone rings first, the customer's not after 03-02"
    assert [line.split(" s  callback 1: ") for line in tail] == [
        ["   +60.00", f"Ana takes the callback (attempt 1), {first} 20:02"],
        ["   +90.00", "the customer is busy"],
        ["   +90.00", "Ben is the second person who goes on with it"],
        ["   +90.00", "the promise is kept (by 03-02 20:30)"],
        ["  +270.00", f"Ana takes the callback (attempt 2), {first} 20:05"],
        ["  +290.00", "the customer answers and they speak"],
        ["  +350.00", "the attempt is over: the customer was spoken with"],
        ["  +350.00", "AttemptEnded: means nothing (late or repeated), nothing done"],
    ]
    assert any("回电 1：用户占线" in line for line in why(hotline).lines(1, ZH))


def test_a_program_gets_the_same_keys_for_it(hotline: House) -> None:
    called_back(hotline)
    rows = [row for row in why(hotline).rows(1, EN) if row["agrees"] is None]
    assert [list(row) for row in rows] == [KEYS] * 8
    first = json.loads(json.dumps(rows[0]))
    assert (first["event"], first["offset_seconds"], first["phase_before"]) == ("Claimed", 60.0, None)
    assert first["numbers"] == {"callback": 1, "agent": "ana", "attempt": 1, "until": "03-02 20:02"}


def test_a_promise_broken_and_handed_over_is_told_where_nobody_dialled_r10(tmp_path: Path) -> None:
    with house(tmp_path, RULES, dials=False) as hotline:
        hotline.promise(due_in_seconds=600)
        hotline.callbacks.sweep(hotline.clock.advance(700))
        told = [row["event"] for row in why(hotline).rows(1, EN) if row["agrees"] is None]
        assert told == ["PromiseBroken", "RouteLost"]
        assert "the manager is told: callback_without_route" in why(hotline).lines(1, EN)[-1]


def test_one_that_overtook_others_is_told_so_r10(hotline: House) -> None:
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()), caller=OTHER)
    hotline.offer("waits", "+8613700137000")
    hotline.clock.advance(1)
    hotline.promise(due_in_seconds=100)
    hotline.agent("ana")
    ring(hotline, 1)
    told = why(hotline).lines(3, EN)
    assert told[-1].endswith("callback 1: due by 03-02 20:01: taken before 1 who have waited longer")


def test_a_call_without_a_callback_is_told_without_one(hotline: House) -> None:
    hotline.offer("plain")
    hotline.burst("plain", HungUp(at=hotline.clock.advance(5)))
    assert not any("回电 " in line for line in why(hotline).lines(1, ZH))
    assert all(row["agrees"] for row in why(hotline).rows(1, ZH))


def test_a_log_of_another_version_is_refused_in_one_sentence(hotline: House) -> None:
    called_back(hotline)
    hotline.execute("UPDATE callback_events SET kind = 'Forgotten'")
    with pytest.raises(UnreadableStoryError, match="another version"):
        why(hotline).lines(1, ZH)


@pytest.mark.parametrize(
    "event",
    [
        Claimed(at=NOON, agent="ana", by_hand=True),
        AttemptEnded(at=NOON, epoch=2, result=AttemptResult.VOICEMAIL),
        LeaseEnded(at=NOON, epoch=2, switch_says=SwitchSays.UNKNOWN),
        CallerRangAgain(at=NOON, call_id=7),
        SecondPersonNamed(at=NOON, login="ben"),
        DueTimeCannotBeMet(at=NOON, new_due_at=NOON),
        NewTimeTold(at=NOON),
        NumberRefused(at=NOON, reason=Refusal.NO_ROUTE),
    ],
)
def test_an_event_comes_back_from_the_log_as_it_was_written(event: CallbackEvent) -> None:
    assert type(event) in {kind for kinds in CALLBACK_TRANSITIONS.values() for kind in kinds}
    assert event_from_json(event_to_json(event), type(event).__name__, NOON) == event


def test_orders_come_back_without_the_number() -> None:
    text = '[{"kind": "Dial", "epoch": 1, "agent": "ana", "not_after_at": "2026-03-02T12:00:00+00:00"}]'
    (dial,) = commands_from_json(text)
    assert getattr(dial, "number", None) == ""
