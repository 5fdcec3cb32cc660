"""From the offer to the call back: what a caller was told is in the book before he hears it, and he is reached once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import callback_events, callbacks, promises, ratings
from ivr.adapters.sql_schema import calls, outbox
from ivr.policy.callback_events import AttemptResult
from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Say
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallOffered,
    DigitsPressed,
    HoldElapsed,
    HungUp,
    RingEnded,
    RingResult,
)
from ivr.policy.opening_hours import parse_opening_hours
from ivr.policy.rules import Rules
from ivr.service.ports import BookUnavailable
from tests.service.house import House, house

RULES = Rules(
    answer_when_saturated="now", wrap_up_seconds=20, quiet_hours=(), hold_if_wait_at_most_seconds=60
)
TALKER, BEFORE = "+8613700137000", "+8613700137001"


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    """The one agent talks, and somebody waits before him."""
    with house(tmp_path, RULES, dials=True) as built:
        built.agent("ana")
        built.offer("talk", TALKER)
        built.burst("talk", AgentAnswered(at=built.clock.advance(1)), caller=TALKER)
        built.offer("before", BEFORE)
        yield built


def presses(hotline: House, key: str, ref: str = "promise") -> tuple[LineCommand, ...]:
    return hotline.burst(ref, DigitsPressed(at=hotline.clock.advance(5), digits=key))


def promised(hotline: House) -> tuple[LineCommand, ...]:
    """He takes the offer and confirms his number; the last he hears."""
    assert isinstance(hotline.offer("promise")[-1], Ask)
    assert isinstance(presses(hotline, "1")[-1], Ask)
    return presses(hotline, "1")


def hangs_up(hotline: House, ref: str, caller: str = "+8613800138000") -> None:
    hotline.burst(ref, HungUp(at=hotline.clock.advance(1)), caller=caller)


def is_free(hotline: House, login: str) -> None:
    """One more agent, and the floor is looked at."""
    hotline.agent(login)
    hotline.floor_loop.turn()


def test_a_caller_who_agrees_is_promised_a_call_that_is_written_before_he_hears_of_it_r70(
    hotline: House,
) -> None:
    say, hang_up = promised(hotline)
    assert isinstance(say, Say)
    assert say.prompts[0] == "callback_booked"
    assert isinstance(hang_up, HangUp)
    [callback], [promise] = hotline.rows(callbacks), hotline.rows(promises)
    assert (callback["state"], callback["consent_at"]) == ("pending", hotline.clock.now())
    assert callback["presented_at"] == hotline.rows(calls, ref="promise")[0]["presented_at"]
    assert promise["said_text"].startswith("callback_booked")
    assert {"topic": "callback", "ref": callback["id"]}.items() <= hotline.rows(outbox)[-1].items()


def test_he_is_called_back_in_the_order_in_which_he_rang_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    hotline.offer("behind", "+8613700137009")
    is_free(hotline, "ben")
    assert (hotline.switch.fetched, hotline.customers.placed) == (["ch-before"], [])
    is_free(hotline, "cai")
    assert [order.agent for order in hotline.customers.placed] == ["cai"]
    is_free(hotline, "dai")
    assert hotline.switch.fetched == ["ch-before", "ch-behind"]


def test_who_hangs_up_in_the_middle_of_the_offer_is_promised_nothing(hotline: House) -> None:
    hotline.offer("promise")
    presses(hotline, "1")
    hangs_up(hotline, "promise")
    assert (hotline.rows(callbacks), hotline.rows(promises)) == ([], [])
    assert hotline.rows(calls, ref="promise")[0]["outcome"] == "abandoned"


def test_a_promise_that_cannot_be_written_is_not_made_r70(hotline: House) -> None:
    hotline.offer("promise")
    presses(hotline, "1")
    hotline.execute("ALTER TABLE promises RENAME TO elsewhere")
    with pytest.raises(BookUnavailable):
        presses(hotline, "1")
    assert hotline.rows(callbacks) == []
    hotline.execute("ALTER TABLE elsewhere RENAME TO promises")
    assert isinstance(presses(hotline, "1")[-1], HangUp)
    assert len(hotline.rows(callbacks)) == 1


def test_a_burst_that_comes_twice_promises_once_r70(hotline: House) -> None:
    hotline.offer("promise")
    presses(hotline, "1")
    at = hotline.clock.advance(5)
    said = [hotline.burst("promise", DigitsPressed(at=at, digits="1"), key="9") for _ in range(2)]
    assert said[0] == said[1]
    assert len(hotline.rows(promises)) == 1


def test_who_rings_again_is_told_his_time_and_place_at_once_and_keeps_both_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    say, hold = hotline.offer("again")
    assert isinstance(say, Say)
    assert "callback_stands" in say.prompts
    assert isinstance(hold, Hold)
    [callback] = hotline.rows(callbacks)
    [again] = hotline.rows(calls, ref="again")
    assert callback["joined_call"] == again["id"]
    assert again["line_at"] == callback["presented_at"] < again["presented_at"]


def test_who_rings_again_and_leaves_is_called_back_as_promised_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    hotline.offer("again")
    is_free(hotline, "ben")  # goes to who was before him
    hangs_up(hotline, "again")
    assert hotline.rows(calls, ref="again")[0]["outcome"] == "callback"
    is_free(hotline, "cai")
    assert [order.name.callback_id for order in hotline.customers.placed] == [1]


def test_who_rings_again_and_is_served_is_not_called_back_any_more_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    hotline.offer("again")
    is_free(hotline, "ben")
    is_free(hotline, "cai")
    assert hotline.switch.fetched == ["ch-before", "ch-again"]
    hotline.burst("again", CallerFetched(at=hotline.clock.advance(1)))
    served_at = hotline.clock.advance(3)
    hotline.burst("again", AgentAnswered(at=served_at))
    [callback], [promise] = hotline.rows(callbacks), hotline.rows(promises)
    assert (callback["state"], callback["agent"], callback["served_at"]) == ("done", "cai", served_at)
    assert (promise["state"], promise["kept_at"]) == ("kept", served_at)
    is_free(hotline, "dai")
    assert hotline.customers.placed == []


def test_the_reaper_of_a_lost_call_lets_its_callback_go_on_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    hotline.offer("again")
    hotline.switch.live = frozenset({"talk", "before"})
    hotline.floor_loop.reconcile(hotline.clock.advance(11))
    [callback] = hotline.rows(callbacks)
    assert (callback["state"], callback["joined_call"]) == ("pending", None)
    assert hotline.rows(callback_events)[-1]["kind"] == "CallerLeft"


def test_a_caller_served_while_his_phone_rings_for_the_callback_is_reached_once_r70(hotline: House) -> None:
    promised(hotline)
    hangs_up(hotline, "promise")
    is_free(hotline, "ben")
    is_free(hotline, "cai")
    assert hotline.callback()["state"] == "dialing"
    hotline.offer("again")
    is_free(hotline, "dai")
    hotline.burst("again", CallerFetched(at=hotline.clock.advance(1)))
    hotline.burst("again", AgentAnswered(at=hotline.clock.advance(1)))
    hotline.callbacks.sweep(hotline.clock.advance(1))
    assert hotline.customers.stopped == [(1, 1)]
    hotline.callbacks.ended(hotline.attempt_name(), AttemptResult.BUSY, None, hotline.clock.advance(1))
    assert hotline.callback()["state"] == "done"
    assert hotline.agents_state("cai") == "available"


def test_after_the_talk_he_is_asked_what_he_thinks_of_us_and_his_answer_is_kept_r3(hotline: House) -> None:
    ended = RingEnded(at=hotline.clock.advance(60), result=RingResult.ANSWERED)
    [ask] = hotline.burst("talk", ended, caller=TALKER)
    assert isinstance(ask, Ask)
    assert ask.seconds <= 8
    pressed = DigitsPressed(at=hotline.clock.advance(3), digits="4")
    hotline.burst("talk", pressed, caller=TALKER)
    [row] = hotline.rows(ratings)
    assert (row["caller"], row["agent"], row["score"]) == (TALKER, "ana", 4)


def test_one_who_waits_hears_no_offer_that_the_line_cannot_keep(tmp_path: Path) -> None:
    with house(tmp_path, RULES, dials=False) as hotline:
        hotline.agent("ana")
        hotline.offer("talk", TALKER)
        hotline.burst("talk", AgentAnswered(at=hotline.clock.advance(1)), caller=TALKER)
        said = [*hotline.offer("c1"), *hotline.burst("c1", HoldElapsed(at=hotline.clock.advance(1)))]
        assert not any(isinstance(command, Ask) for command in said)
        assert isinstance(hotline.burst("c2", CallOffered(at=hotline.clock.now()))[-1], Hold)


def test_callers_of_one_evening_are_promised_one_time_after_the_other_r10(tmp_path: Path) -> None:
    """Two agents talked at once today; talks are taken to last four minutes."""
    office = replace(RULES, opening_hours=parse_opening_hours({"workdays": ["09:00-18:00"]}))
    with house(tmp_path, office, dials=True) as hotline:
        for agent in ("ana", "ben"):
            hotline.offer(f"{agent}'s", None)
            hotline.execute(
                f"UPDATE calls SET served_by = '{agent}', served_at = presented_at,"
                f" ended_at = presented_at + 240000, phase = 'ended' WHERE ref = '{agent}''s'"
            )
        hotline.clock.advance(600)
        for number in range(30):
            caller, ref = f"+86138{number:04d}8000", f"{number}"
            assert isinstance(hotline.offer(ref, caller)[-1], Ask)
            for _ in range(2):
                hotline.burst(ref, DigitsPressed(at=hotline.clock.advance(5), digits="1"), caller=caller)
        due = [row["due_at"] for row in hotline.rows(callbacks)]
    opening = due[0] - timedelta(minutes=30)
    assert due == sorted(due)
    for before, due_at in enumerate(due):
        assert due_at - opening >= timedelta(minutes=(before + 1) * 4 / 2)
