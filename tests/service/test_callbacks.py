"""Callbacks as they are carried out: who is called by whom, once, and what happens when nobody says how it ended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import callback_events, callbacks, idle_waits, promises
from ivr.adapters.sql_schema import agents, alerts, events, ring_backs
from ivr.policy.callback_events import AttemptResult
from ivr.policy.commands import LeaveCallback
from ivr.policy.events import AgentAnswered, CallOffered, HungUp
from ivr.policy.rules import Rules
from ivr.service.callback_ports import AttemptName, Placed
from tests.fakes.fake_callback_switch import over
from tests.service.house import House, house

RULES = Rules(answer_when_saturated="now", wrap_up_seconds=20, quiet_hours=(), callback_attempts=3)
OTHER = "+8613900139000"


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


def ring(hotline: House, seconds: float = 0.0) -> None:
    """Time passes, and the floor is looked at."""
    hotline.clock.advance(seconds)
    hotline.floor_loop.turn()


def over_with(hotline: House, result: AttemptResult, seconds: float = 30.0, callback_id: int = 1) -> None:
    """The running attempt ends, and the switch tells."""
    name = hotline.attempt_name(callback_id, hotline.callback(callback_id)["epoch"])
    hotline.callbacks.ended(name, result, None, hotline.clock.advance(seconds))


# ---- claimed and placed ------------------------------------------------------------------------------------


def test_who_frees_up_first_calls_back_who_rang_first_r70(hotline: House) -> None:
    hotline.promise()
    hotline.clock.advance(1)
    hotline.promise("other", OTHER)
    hotline.agent("ana")
    ring(hotline)
    [order] = hotline.customers.placed
    assert (order.name, order.agent, order.number) == (hotline.attempt_name(), "ana", "+8613800138000")
    assert order.phone == "sip:ana@127.0.0.1:5070"
    assert (hotline.callback()["state"], hotline.agents_state("ana")) == ("dialing", "reserved")
    assert hotline.callback(2)["state"] == "pending", "no more callbacks than free agents"


def test_the_claim_is_written_before_anything_leaves_r70(hotline: House) -> None:
    seen: list[tuple[str, str]] = []
    hotline.customers.on_place = lambda _order: seen.append(
        (hotline.callback()["state"], hotline.agents_state("ana"))
    )
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    assert seen == [("dialing", "reserved")]


def test_the_agent_hears_the_second_call_of_today_and_how_long_he_waited(hotline: House) -> None:
    hotline.offer("earlier")
    hotline.burst("earlier", HungUp(at=hotline.clock.now()))
    hotline.promise()
    hotline.agent("ana")
    ring(hotline, 185)
    [order] = hotline.customers.placed
    assert order.whisper == ("whisper_callback", "whisper_time_2", "whisper_waited_3")


def test_one_turn_places_no_more_callbacks_than_the_trunk_has_channels_beyond_the_reserve_r70(
    tmp_path: Path,
) -> None:
    with house(tmp_path, replace(RULES, trunk_channels=3, inbound_reserve=1), dials=True) as hotline:
        for number in range(4):
            hotline.promise(f"p{number}", f"+861380013800{number}")
            hotline.agent(f"agent{number}")
        for _ in range(3):
            ring(hotline)
        assert [order.name.callback_id for order in hotline.customers.placed] == [1, 2]
        assert [hotline.agents_state(f"agent{number}") for number in (2, 3)] == ["available"] * 2
        over_with(hotline, AttemptResult.REACHED)
        ring(hotline)
        assert hotline.customers.placed[-1].name.callback_id == 3


def test_while_the_switch_is_away_no_agent_is_reserved_for_a_callback(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.switch.down = True
    ring(hotline)
    assert (hotline.agents_state("ana"), hotline.attempts()) == ("available", [])
    hotline.switch.down = False
    ring(hotline)
    assert hotline.attempts() == [(1, "ana", None)]


def test_an_order_the_switch_refused_is_given_again_with_a_new_epoch(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.customers.answers = Placed.REFUSED
    ring(hotline)
    assert hotline.attempts() == [(1, "ana", "not_placed")]
    assert hotline.agents_state("ana") == "available"
    hotline.customers.answers = Placed.SENT
    ring(hotline, 24)
    assert len(hotline.attempts()) == 1
    ring(hotline, 1)
    assert [order.name.number for order in hotline.customers.placed] == [2]


def test_a_number_the_guard_no_longer_lets_through_goes_to_a_person_r82(hotline: House) -> None:
    hotline.promise()
    hotline.execute("UPDATE callbacks SET number = '+862195588'")
    hotline.agent("ana")
    ring(hotline)
    assert (hotline.callback()["state"], hotline.customers.placed) == ("handed_over", [])
    assert [row["reason"] for row in hotline.rows(ring_backs)] == ["number_refused"]
    assert hotline.agents_state("ana") == "available"


def test_overtaking_for_a_promise_that_would_break_is_written_down_r10(hotline: House) -> None:
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()))
    hotline.offer("waits", "+8613700137000")
    hotline.clock.advance(1)
    hotline.promise(due_in_seconds=100)
    hotline.agent("ana")
    ring(hotline, 1)
    assert [order.agent for order in hotline.customers.placed] == ["ana"]
    assert [row["kind"] for row in hotline.rows(callback_events)] == ["Claimed", "Overtook"]


# ---- how an attempt ends -----------------------------------------------------------------------------------


def test_a_customer_reached_is_done_the_promise_kept_and_the_agent_writes_his_notes_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    served_at = hotline.clock.advance(20)
    hotline.callbacks.served(hotline.attempt_name(), served_at)
    assert hotline.agents_state("ana") == "talking"
    ended_at = hotline.clock.advance(60)
    for _ in range(2):
        hotline.callbacks.ended(hotline.attempt_name(), AttemptResult.REACHED, served_at, ended_at)
    row = hotline.callback()
    assert (row["state"], row["agent"], row["served_at"], row["called_at"], row["closed_at"]) == (
        *("done", "ana"),
        *(served_at, served_at, ended_at),
    )
    [promise] = hotline.rows(promises)
    assert (promise["state"], promise["kept_at"]) == ("kept", served_at)
    assert hotline.agents_state("ana") == "wrap_up"


def test_a_machine_that_answered_is_no_customer_reached(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    hotline.callbacks.served(hotline.attempt_name(), hotline.clock.advance(20))
    over_with(hotline, AttemptResult.VOICEMAIL)
    assert (hotline.callback()["state"], hotline.callback()["served_at"]) == ("pending", None)
    assert hotline.agents_state("ana") == "available"


@pytest.mark.parametrize(
    ("result", "misses", "place_kept"),
    [
        (AttemptResult.BUSY, 0, True),
        (AttemptResult.INTERRUPTED, 0, True),
        (AttemptResult.AGENT_DECLINED, 1, False),
        (AttemptResult.AGENT_DID_NOT_ANSWER, 1, False),
    ],
)
def test_an_agent_comes_out_of_an_attempt_as_he_took_it(
    hotline: House, result: AttemptResult, misses: int, place_kept: bool
) -> None:
    hotline.promise()
    hotline.agent("ana")
    idle_since = hotline.rows(agents)[0]["idle_since"]
    ring(hotline)
    over_with(hotline, result)
    [ana] = hotline.rows(agents)
    assert (ana["state"], ana["misses"], ana["idle_since"] == idle_since) == ("available", misses, place_kept)


NOT_TAKEN = [AttemptResult.AGENT_DID_NOT_ANSWER, AttemptResult.AGENT_DECLINED]


@pytest.mark.parametrize("result", NOT_TAKEN)
def test_an_agent_who_does_not_take_two_callbacks_is_stood_down_but_never_the_last_r70(
    hotline: House, result: AttemptResult
) -> None:
    hotline.promise()
    for login in ("ana", "ben"):
        hotline.agent(login)
        hotline.clock.advance(1)
    hotline.execute("UPDATE agents SET misses = 1")
    for _ in range(2):
        ring(hotline)
        over_with(hotline, result)
    assert [hotline.agents_state(login) for login in ("ana", "ben")] == ["away", "available"]
    assert [row["kind"] for row in hotline.rows(alerts)] == ["agent_stood_down", "last_agent_misses"]


def test_the_first_failure_names_a_second_person_who_owns_the_promise_r28b(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.agent("ben", "away")
    ring(hotline)
    hotline.set("ben", "available")
    over_with(hotline, AttemptResult.NO_ANSWER)
    assert hotline.callback()["second_person"] == "ben"
    [promise] = hotline.rows(promises)
    assert (promise["owner"], promise["state"]) == ("ben", "kept"), "called in time"


def test_with_nobody_else_to_name_a_manager_hears_of_it_r28b(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    over_with(hotline, AttemptResult.BUSY)
    assert [row["kind"] for row in hotline.rows(alerts)] == ["no_second_person"]


def test_who_is_never_reached_ends_on_a_persons_list_r28b(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.agent("ben")
    for days in (0, 0, 1):
        hotline.clock.advance(days * 86_400)
        ring(hotline, 600)
        hotline.callbacks.sweep(hotline.clock.now())
        over_with(hotline, AttemptResult.NO_ANSWER)
    assert hotline.callback()["state"] == "unreached"
    [listed] = hotline.rows(ring_backs)
    assert (listed["reason"], listed["owner"]) == ("attempts_used", "ben")


# ---- the customer rings himself ----------------------------------------------------------------------------


def joins(hotline: House, ref: str = "again") -> None:
    """He is on the line again, and has joined his callback."""
    hotline.offer(ref)
    hotline.execute("UPDATE callbacks SET joined_call = (SELECT id FROM calls WHERE ref = 'again')")


def test_who_rang_again_and_left_is_called_back_after_all_r70(hotline: House) -> None:
    hotline.promise()
    joins(hotline)
    hotline.agent("ana")
    ring(hotline)
    assert hotline.customers.placed == []
    hotline.burst("again", HungUp(at=hotline.clock.now()))
    hotline.callbacks.sweep(hotline.clock.now())
    ring(hotline)
    assert len(hotline.customers.placed) == 1


def test_a_call_that_leaves_its_callback_does_so_in_its_own_transaction_r70(hotline: House) -> None:
    hotline.promise()
    joins(hotline)
    entry = hotline.book.unit(lambda unit: unit.find("asterisk", "again"))
    assert entry is not None
    joined = replace(entry, call=replace(entry.call, joined_callback=1))
    hotline.book.unit(lambda unit: unit.save(joined))
    hotline.burst("again", HungUp(at=hotline.clock.now()))
    assert hotline.callback()["joined_call"] is None
    assert LeaveCallback.__name__ in hotline.rows(events)[-1]["commands"]


def test_who_is_served_on_his_own_call_is_not_rung_and_the_attempt_under_way_is_stopped_r70(
    hotline: House,
) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    joins(hotline)
    hotline.agent("ben")
    served_at = hotline.clock.advance(5)
    hotline.execute(
        "UPDATE calls SET phase = 'ended', served_by = 'ben', "
        f"served_at = {int(served_at.timestamp() * 1000)} WHERE ref = 'again'"
    )
    hotline.callbacks.sweep(hotline.clock.now())
    row = hotline.callback()
    assert (row["state"], row["served_at"], row["agent"]) == ("done", served_at, "ben")
    assert hotline.customers.stopped == [(1, 1)]
    hotline.customers.log[1, 1] = over(AttemptResult.INTERRUPTED, hotline.clock.advance(2))
    hotline.callbacks.sweep(hotline.clock.now())
    assert hotline.attempts() == [(1, "ana", "interrupted")]
    assert hotline.agents_state("ana") == "available"
    assert hotline.callback()["served_at"] == served_at


# ---- the floor ---------------------------------------------------------------------------------------------


def test_a_caller_who_rang_earlier_than_the_callback_is_served_first_r69_r70(hotline: House) -> None:
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()))
    hotline.offer("waits", "+8613700137000")
    hotline.clock.advance(1)
    hotline.promise()
    hotline.agent("ana")
    ring(hotline, 1)
    assert (hotline.switch.fetched, hotline.customers.placed) == (["ch-waits"], [])
    hotline.agent("cai")
    ring(hotline, 2)
    assert [order.agent for order in hotline.customers.placed] == ["cai"]


def test_so_long_an_agent_was_free_while_a_caller_waited_is_kept(hotline: House) -> None:
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()))
    hotline.offer("waits", "+8613700137000")
    hotline.clock.advance(60)
    hotline.agent("ana")
    ring(hotline, 0.25)
    [row] = hotline.rows(idle_waits)
    assert (row["agent"], row["milliseconds"]) == ("ana", 250)


def test_a_new_caller_does_not_overtake_a_callback_that_has_waited_longer_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    hotline.clock.advance(1)
    hotline.burst("new", CallOffered(at=hotline.clock.now()), caller=OTHER)
    assert hotline.agents_state("ana") == "available"
    hotline.floor_loop.turn()
    assert [order.agent for order in hotline.customers.placed] == ["ana"]


def test_whoever_declines_again_and_again_keeps_no_caller_from_an_agent_r67_r69_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ben")
    hotline.offer("talk", OTHER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()), caller=OTHER)
    hotline.offer("waits", "+8613700137000")
    hotline.agent("ana")
    ring(hotline, 1)
    assert [order.agent for order in hotline.customers.placed] == ["ana"], "the callback's turn comes first"
    over_with(hotline, AttemptResult.AGENT_DECLINED, 8)
    ring(hotline)
    assert hotline.switch.fetched == ["ch-waits"]
    assert hotline.callback()["state"] == "pending"
    hotline.agent("cai")
    ring(hotline)
    assert [order.agent for order in hotline.customers.placed] == ["ana", "cai"]


def test_a_manager_hears_of_the_last_agent_who_takes_no_callback_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    for _ in range(3):
        ring(hotline, 11)
        over_with(hotline, AttemptResult.AGENT_DECLINED, 8)
    assert len(hotline.attempts()) == 3
    assert hotline.agents_state("ana") == "available"
    assert [row["kind"] for row in hotline.rows(alerts)] == ["last_agent_misses"] * 2


def test_what_breaks_off_on_our_side_is_not_made_again_every_quarter_minute_r28b_r70(hotline: House) -> None:
    hotline.promise()
    for login in ("ana", "ben"):
        hotline.agent(login)
    for _ in range(20):
        ring(hotline, 20)
        if hotline.callback()["state"] == "dialing":
            over_with(hotline, AttemptResult.INTERRUPTED, 10)
    assert len(hotline.attempts()) == 3
    assert hotline.rows(promises)[0]["state"] == "open", "his phone rang, and nobody spoke with him"
    assert hotline.callback()["second_person"] is not None
    assert [row["kind"] for row in hotline.rows(alerts)] == []
    ring(hotline, 600)
    assert len(hotline.attempts()) == 4


def test_what_broke_off_takes_nothing_from_the_calls_others_may_be_given_in_this_hour_r70(
    tmp_path: Path,
) -> None:
    with house(tmp_path, replace(RULES, callbacks_an_hour=2), dials=True) as hotline:
        hotline.promise()
        hotline.agent("ana")
        for _ in range(2):
            ring(hotline, 30)
            over_with(hotline, AttemptResult.INTERRUPTED, 5)
        hotline.promise("other", OTHER)
        ring(hotline, 1)
        assert hotline.customers.placed[-1].number == OTHER


def test_what_the_switch_tells_of_a_callback_nobody_has_is_nothing(hotline: House) -> None:
    now, name = hotline.clock.now(), AttemptName(callback_id=7, number=1, nonce="0badc0de")
    hotline.callbacks.served(name, now)
    hotline.callbacks.ended(name, AttemptResult.REACHED, now, now)
    hotline.callbacks.told(replace(name, is_announcement=True), True, now)
    assert hotline.rows(callbacks) == []
