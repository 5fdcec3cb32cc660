"""Before he speaks with somebody who has waited or rings again, an agent hears so: 来电 · 第二次 · 等三分."""

from dataclasses import replace

import pytest

from ivr.policy.callback_guard import Refusal, Refused
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.floor import AgentState, Floor
from ivr.policy.rules import Rules
from tests.cast import LI, WANG, Caller, Hotline, hotline, noon, who_is

BUSY = who_is(WANG, AgentState.TALKING)
RULES = Rules(quiet_hours=())


def fetched(people: Hotline, caller: Caller, seconds: float) -> str:
    """His turn comes, and the agent is rung."""
    people.becomes("wang", AgentState.AVAILABLE, seconds)
    people.looks(seconds)
    caller.is_fetched(seconds)
    return caller.line[0]


def after(seconds: float) -> str:
    """Of a caller held for so long, what the agent hears."""
    people = hotline(BUSY, rules=RULES)
    caller = people.dials(0)
    caller.has_waited(13)
    caller.is_greeted(13)
    return fetched(people, caller, seconds)


def rings_again(calls_today: int, presented: float = -20) -> str:
    promised = OpenCallback(
        callback_id=7, presented_at=noon(presented), due_at=noon(600), calls_today=calls_today
    )
    desk = CallbackDesk(verdict=Refused(reason=Refusal.ALREADY_PROMISED), open=promised)
    people = hotline(BUSY, rules=RULES, seen=Floor(desk=desk))
    return fetched(people, people.dials(0), 20)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59.9, ""),
        (60, " whispering whisper_call whisper_waited_1"),
        (199, " whispering whisper_call whisper_waited_3"),
        (3600, " whispering whisper_call whisper_waited_more"),
        (659, " whispering whisper_call whisper_waited_10"),
    ],
)
def test_the_agent_hears_how_many_minutes_the_caller_has_waited(seconds: float, words: str) -> None:
    assert after(seconds) == f"ring wang 20 s music{words}"


@pytest.mark.parametrize(
    ("calls_today", "words"),
    [(1, "whisper_time_2"), (2, "whisper_time_2"), (3, "whisper_time_3"), (5, "whisper_time_more")],
)
def test_the_agent_hears_that_the_caller_rings_again(calls_today: int, words: str) -> None:
    """Also where the callback was promised yesterday; a wait of less than a minute is not named."""
    assert rings_again(calls_today) == f"ring wang 20 s music whispering whisper_call {words}"


def test_who_rings_again_has_waited_since_his_first_call() -> None:
    assert rings_again(2, presented=-280).endswith("whisper_call whisper_time_2 whisper_waited_5")


def test_nobodys_three_rings_are_spent_on_words_r64() -> None:
    """Not before the pickup, however long we knew nothing of him, and not with the greeting."""
    promised = OpenCallback(callback_id=7, presented_at=noon(-900), due_at=noon(600), calls_today=2)
    desk = CallbackDesk(verdict=Refused(reason=Refusal.ALREADY_PROMISED), open=promised)
    caller = hotline(WANG, seen=Floor(desk=desk)).dials(0)
    assert caller.line == ["ring wang 13 s ringing"]
    caller.is_let_ring(13)
    assert caller.line == ["ring wang 7 s greeting"]


def test_a_colleague_whose_talk_is_broken_into_hears_nothing() -> None:
    rules = replace(RULES, all_busy_first="colleague")
    assert hotline(BUSY, rules=rules).dials(0).line == ["ring wang 13 s ringing"]


def test_the_next_agent_hears_it_too() -> None:
    people = hotline(BUSY, rules=RULES)
    caller = people.dials(0)
    caller.has_waited(13)
    caller.is_greeted(13)
    fetched(people, caller, 100)
    people.agents["li"] = LI
    caller.is_let_ring(120)
    assert caller.line == ["ring li 20 s music whispering whisper_call whisper_waited_2"]


def test_a_fallback_phone_hears_nothing() -> None:
    rules = replace(RULES, fallback_phones=("endpoint:duty",), max_hold_seconds=60)
    caller = hotline(BUSY, rules=rules).dials(0)
    for seconds in (13, 23, 73):
        caller.has_waited(seconds)
    assert caller.line[-1] == "ring endpoint:duty 20 s music"
