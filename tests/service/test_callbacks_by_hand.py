"""Where no line of ours leads to customers agents call them back by hand: promised all the same, taken once (R70)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises
from ivr.adapters.sql_schema import agents, alerts, ring_backs
from ivr.policy.callback_events import AttemptResult
from ivr.policy.commands import Ask, LineCommand
from ivr.policy.events import AgentAnswered, DigitsPressed, HungUp
from ivr.policy.opening_hours import parse_quiet_hours
from ivr.service.callbacks_by_hand import NotYoursError
from tests.service.house import House, house
from tests.service.test_callbacks import OTHER, RULES, joins

MANUAL = replace(RULES, callback_dialing="manual")
TALKER = "+8613700137000"
NIGHT = parse_quiet_hours(["20:30-23:00"])
REACHED, BUSY = AttemptResult.REACHED, AttemptResult.BUSY


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    """Without a route."""
    with house(tmp_path, MANUAL, dials=False) as built:
        yield built


def refused(hotline: House, callback_id: int = 1, agent: str = "ana") -> str:
    """Why he does not get it."""
    with pytest.raises(NotYoursError) as error:
        hotline.by_hand.take(callback_id, agent)
    return str(error.value)


def not_settled(hotline: House, result: AttemptResult = BUSY, **given: object) -> str:
    with pytest.raises(NotYoursError) as error:
        hotline.by_hand.settle(1, result, **given)  # type: ignore[arg-type] # an agent or an attempt
    return str(error.value)


def looks(hotline: House, seconds: float = 0.0) -> None:
    """Time passes; the floor and the callbacks are looked at."""
    now = hotline.clock.advance(seconds)
    hotline.floor_loop.turn()
    hotline.callbacks.sweep(now)


# ---- promised ----------------------------------------------------------------------------------------------


def says_yes(hotline: House) -> tuple[LineCommand, ...]:
    """To the offer, and to his number."""
    for _ in range(2):
        last = hotline.burst("promise", DigitsPressed(at=hotline.clock.advance(5), digits="1"))
    return last


def test_a_callback_is_offered_and_promised_as_usual_though_no_line_leads_to_customers_r70(
    tmp_path: Path,
) -> None:
    with house(tmp_path, replace(MANUAL, hold_if_wait_at_most_seconds=60), dials=False) as hotline:
        hotline.agent("ana")
        hotline.offer("talk", TALKER)
        hotline.burst("talk", AgentAnswered(at=hotline.clock.advance(1)), caller=TALKER)
        hotline.offer("before", "+8613700137001")
        assert isinstance(hotline.offer("promise")[-1], Ask)
        says_yes(hotline)
        hotline.burst("promise", HungUp(at=hotline.clock.advance(1)))
        [callback], [promise] = hotline.rows(callbacks), hotline.rows(promises)
        assert (callback["state"], promise["state"]) == ("pending", "open")
        floor = hotline.book.unit(lambda unit: unit.floor(unit.find("asterisk", "before").call))  # type: ignore[union-attr] # he is there
        assert floor.callbacks_ahead == 0
        hotline.offer("behind", "+8613700137002")
        floor = hotline.book.unit(lambda unit: unit.floor(unit.find("asterisk", "behind").call))  # type: ignore[union-attr] # he is there
        assert (floor.ahead, floor.callbacks_ahead) == (2, 1), "his place in the one line is kept"


def test_nothing_is_dialled_and_no_agent_is_kept_from_a_caller_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    looks(hotline, 60)
    assert (hotline.customers.placed, hotline.agents_state("ana")) == ([], "available")
    assert not hotline.book.anything_due(hotline.clock.now())
    hotline.clock.advance(1)
    hotline.offer("caller", OTHER)
    assert hotline.agents_state("ana") == "reserved"


def test_also_with_a_trunk_nothing_is_dialled_where_agents_dial_r70(tmp_path: Path) -> None:
    with house(tmp_path, MANUAL, dials=True) as hotline:
        hotline.promise()
        hotline.agent("ana")
        looks(hotline, 60)
        assert (hotline.customers.placed, hotline.callback()["state"]) == ([], "pending")


# ---- taken -------------------------------------------------------------------------------------------------


def test_who_takes_it_learns_whom_to_call_and_what_was_promised_and_is_rung_by_nobody_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    now = hotline.clock.advance(60)
    taken = hotline.by_hand.take(1, "ana")
    assert (taken.callback.number, taken.attempt, taken.words) == ("+8613800138000", 1, "callback_by")
    assert (taken.calls_today, taken.before, taken.until) == (1, (), now + timedelta(minutes=15))
    row = hotline.callback()
    assert (row["state"], row["agent"], row["epoch"]) == ("dialing", "ana", 1)
    assert hotline.attempts() == [(1, "ana", None)]
    hotline.offer("caller", OTHER)
    looks(hotline)
    assert hotline.agents_state("ana") == "reserved"
    assert hotline.rows(agents)[0]["callback_id"] == 1


@pytest.mark.parametrize(("state", "afterwards"), [("available", "available"), ("away", "away")])
def test_he_is_afterwards_what_he_was_r70(hotline: House, state: str, afterwards: str) -> None:
    hotline.promise()
    hotline.agent("ana", state)
    hotline.by_hand.take(1, "ana")
    hotline.by_hand.settle(1, BUSY)
    assert hotline.agents_state("ana") == afterwards


def test_also_who_writes_his_notes_may_take_one_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.execute("UPDATE agents SET state = 'wrap_up'")
    assert hotline.by_hand.take(1, "ana").attempt == 1


@pytest.mark.parametrize("state", ["talking", "reserved", "offline"])
def test_who_is_with_somebody_else_or_not_there_takes_none(hotline: House, state: str) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.execute(f"UPDATE agents SET state = '{state}'")
    assert refused(hotline) == f"ana is {state}: who takes a callback is available, in wrap_up or away"
    assert (hotline.callback()["state"], hotline.attempts()) == ("pending", [])


def test_what_is_anothers_or_nobodys_is_refused_with_its_reason(hotline: House) -> None:
    hotline.promise()
    assert refused(hotline) == "there is no agent ana"
    for login in ("ana", "ben"):
        hotline.agent(login)
    assert refused(hotline, 7).startswith("there is no callback 7")
    hotline.by_hand.take(1, "ben")
    assert refused(hotline) == "callback 1 is ben's since 03-02 20:00"
    hotline.by_hand.settle(1, BUSY)
    assert refused(hotline) == "callback 1 is not to be called before 03-02 20:03"
    hotline.clock.advance(180)
    joins(hotline)
    assert refused(hotline).startswith("callback 1 waits: its customer is on the line himself, in call 2")
    hotline.execute("UPDATE callbacks SET joined_call = NULL")
    hotline.agent("cai")
    hotline.by_hand.take(1, "cai")
    hotline.by_hand.settle(1, REACHED)
    assert refused(hotline, agent="ben") == "callback 1 is over: the customer was spoken with"


def test_in_a_quiet_hour_nobody_is_tried_again(tmp_path: Path) -> None:
    with house(tmp_path, replace(MANUAL, quiet_hours=NIGHT), dials=False) as hotline:
        hotline.promise(due_in_seconds=60)
        hotline.agent("ana")
        hotline.by_hand.take(1, "ana")
        hotline.by_hand.settle(1, BUSY)
        hotline.execute("UPDATE callbacks SET next_at = NULL")
        hotline.clock.advance(3600)
        assert refused(hotline).startswith("callback 1 may not be called now: it is a quiet hour")


def test_who_takes_one_before_its_turn_is_told_so_and_gets_it_r70(hotline: House) -> None:
    hotline.promise()
    hotline.clock.advance(1)
    hotline.promise("other", OTHER)
    hotline.agent("ana")
    assert hotline.by_hand.take(2, "ana").before == (1,)


def test_a_number_the_guard_no_longer_lets_through_is_not_given_out_r82(hotline: House) -> None:
    hotline.promise()
    hotline.execute("UPDATE callbacks SET number = '+862195588'")
    hotline.agent("ana")
    assert "may not be called (service_number)" in refused(hotline)
    assert [row["reason"] for row in hotline.rows(ring_backs)] == ["number_refused"]
    assert hotline.agents_state("ana") == "available"


def test_where_the_hotline_dials_nobody_takes_one(tmp_path: Path) -> None:
    with house(tmp_path, RULES, dials=True) as hotline:
        hotline.promise()
        hotline.agent("ana")
        assert refused(hotline).startswith('callback_dialing is "automatic"')
        looks(hotline)
        assert not_settled(hotline) == "nobody has taken callback 1 by hand"


# ---- settled -----------------------------------------------------------------------------------------------


def test_a_customer_reached_by_hand_is_done_and_his_promise_kept_and_said_twice_changes_nothing_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.by_hand.take(1, "ana")
    at = hotline.clock.advance(120)
    assert hotline.by_hand.settle(1, REACHED, "ana", 1).state == "done"
    before = [hotline.rows(table) for table in (callbacks, callback_attempts, promises, agents)]
    hotline.clock.advance(1)
    assert not_settled(hotline, BUSY) == "attempt 1 of callback 1 is over already: reached"
    assert not_settled(hotline, REACHED).endswith("is over already: reached")
    assert [hotline.rows(table) for table in (callbacks, callback_attempts, promises, agents)] == before
    [promise], row = hotline.rows(promises), hotline.callback()
    assert (promise["state"], promise["kept_at"], row["served_at"], row["agent"]) == ("kept", at, at, "ana")
    assert hotline.agents_state("ana") == "wrap_up"


def test_who_is_not_reached_by_hand_is_tried_again_as_by_the_hotline_until_a_person_has_it_r28b(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.agent("ben", "away")
    moments = []
    for wait in (0, 600, 86_400):
        hotline.clock.advance(wait)
        hotline.by_hand.take(1, "ana")
        after = hotline.by_hand.settle(1, AttemptResult.NO_ANSWER)
        moments.append(after.next_at and after.next_at - hotline.clock.now())
    assert moments[0] == timedelta(minutes=10)
    assert (after.state, moments[2]) == ("unreached", None)
    assert [row["reason"] for row in hotline.rows(ring_backs)] == ["attempts_used"]


def test_only_his_own_attempt_is_settled(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    assert not_settled(hotline) == "nobody has taken callback 1 by hand"
    hotline.by_hand.take(1, "ana")
    assert not_settled(hotline, agent="ben") == "callback 1 is not ben's: ana took it last"
    assert not_settled(hotline, attempt=2) == "attempt 2 of callback 1 is not the last one: that is 1"
    assert hotline.callback()["state"] == "dialing"


def test_who_says_nothing_for_a_quarter_of_an_hour_loses_it_and_a_manager_knows_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.agent("ben")
    hotline.by_hand.take(1, "ana")
    looks(hotline, 899)
    assert (hotline.callback()["state"], hotline.agents_state("ana")) == ("dialing", "reserved")
    looks(hotline, 1)
    assert (hotline.callback()["state"], hotline.attempts()) == ("pending", [(1, "ana", "no_result")])
    assert [(row["kind"], row["agent"]) for row in hotline.rows(alerts)] == [
        ("callback_without_result", "ana")
    ]
    assert hotline.agents_state("ana") == "available"
    assert not_settled(hotline, REACHED) == "attempt 1 of callback 1 is over already: no_result"
    assert hotline.by_hand.take(1, "ben").attempt == 2
    assert not_settled(hotline, REACHED, agent="ana") == "callback 1 is not ana's: ben took it last"
    assert not_settled(hotline, REACHED, attempt=1).startswith("attempt 1 of callback 1 is not the last")


def test_who_is_served_on_his_own_call_meanwhile_is_reached_once_and_the_agent_let_go_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.by_hand.take(1, "ana")
    joins(hotline)
    served = int(hotline.clock.advance(5).timestamp() * 1000)
    hotline.execute(f"UPDATE calls SET phase = 'ended', served_at = {served} WHERE ref = 'again'")
    looks(hotline)
    assert (hotline.callback()["state"], hotline.customers.stopped) == ("done", [])
    assert hotline.by_hand.settle(1, BUSY, "ana").state == "done"
    assert hotline.agents_state("ana") == "available"


def test_an_agent_who_forgets_a_customer_served_meanwhile_is_let_go_too(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.by_hand.take(1, "ana")
    hotline.execute("UPDATE callbacks SET state = 'done', lease_until = NULL")
    looks(hotline, 899)
    assert hotline.attempts() == [(1, "ana", None)]
    looks(hotline, 1)
    assert hotline.attempts() == [(1, "ana", "unknown")]
    assert hotline.agents_state("ana") == "available"


# ---- times that cannot be kept ------------------------------------------------------------------------------


def test_what_nobody_takes_by_its_time_is_seen_before_and_after_it_r10(hotline: House) -> None:
    hotline.customers.answers = hotline.customers.answers.REFUSED
    hotline.promise(due_in_seconds=600)
    hotline.agent("ana")
    looks(hotline, 540)
    looks(hotline, 61)
    assert [row["kind"] for row in hotline.rows(alerts)] == ["promise_in_danger", "promise_broken"]
    assert hotline.callback()["state"] == "pending", "it is still owed"
