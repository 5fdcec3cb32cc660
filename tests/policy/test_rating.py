"""After the agent has hung up the caller is asked once a day what he thinks of us (R3)."""

from dataclasses import replace

import pytest

from ivr.policy.call import Outcome
from ivr.policy.commands import Ask
from ivr.policy.floor import AgentState, Floor
from ivr.policy.rating import RATING_SECONDS
from ivr.policy.rules import Rules
from tests.cast import WANG, Caller, hotline, who_is


def served(*, unrated: bool = True, rules: Rules | None = None) -> Caller:
    caller = hotline(WANG, rules=rules, seen=Floor(unrated_today=unrated)).dials(0)
    caller.is_answered(5)
    caller.is_done_talking(60)
    return caller


def test_one_key_is_asked_for_after_the_agent_has_hung_up_r3() -> None:
    caller = served()
    assert caller.books == ["wrap up wang 30 s", "ask rating"]
    assert caller.line == ["ask ask_rating"]
    ask = caller.step.commands[-1] if caller.step else None
    assert ask == Ask(prompts=("ask_rating",), digits=1, seconds=RATING_SECONDS)


@pytest.mark.parametrize("key", "12345")
def test_his_answer_is_kept_before_he_is_thanked_r3(key: str) -> None:
    caller = served()
    caller.presses(65, key)
    assert (caller.books, caller.line) == ([f"rate {key}"], ["say rating_thanks goodbye", "hang up"])
    caller.hangs_up(68)
    assert caller.call.outcome is Outcome.SERVED


@pytest.mark.parametrize("key", ["", "0", "6", "#", "12"])
def test_anything_else_and_silence_are_no_answer_r3(key: str) -> None:
    caller = served()
    caller.presses(68, key)
    assert (caller.books, caller.line) == ([], ["hang up"])


def test_who_was_asked_today_is_not_asked_again_r3() -> None:
    assert (served(unrated=False).books, served(unrated=False).line) == (["wrap up wang 30 s"], ["hang up"])


def test_the_managers_may_leave_it_out_r3() -> None:
    assert served(rules=Rules(satisfaction=False)).line == ["hang up"]


def test_a_caller_who_hangs_up_first_is_not_asked_r3() -> None:
    caller = hotline(WANG, seen=Floor(unrated_today=True)).dials(0)
    caller.is_answered(5)
    caller.hangs_up(60)
    assert caller.books == ["wrap up wang 30 s"]


def test_a_caller_who_leaves_during_the_question_was_served_r3() -> None:
    caller = served()
    caller.hangs_up(62)
    assert (caller.books, caller.call.outcome) == ([], Outcome.SERVED)


def test_a_fallback_phone_asks_nobody_r3() -> None:
    rules = replace(Rules(), fallback_phones=("endpoint:duty",))
    gone = who_is(WANG, AgentState.AWAY)
    caller = hotline(gone, rules=rules, seen=Floor(unrated_today=True)).dials(0)
    caller.is_answered(5)
    caller.is_done_talking(60)
    assert (caller.books, caller.line) == ([], ["hang up"])
