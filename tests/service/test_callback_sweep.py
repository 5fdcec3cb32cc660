"""What nobody told us about callbacks: ends that are asked of the switch, and times that cannot be kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_callback_schema import promises
from ivr.adapters.sql_schema import alerts, calls, ring_backs
from ivr.policy.callback_events import AttemptResult
from ivr.policy.events import AgentAnswered
from ivr.service.callback_ports import Placed
from tests.fakes.fake_callback_switch import NOBODY_KNOWS, over
from tests.service.house import House, house
from tests.service.test_callbacks import RULES, ring


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, RULES, dials=True) as built:
        yield built


# ---- nobody said how it ended ------------------------------------------------------------------------------


def test_an_end_that_never_reached_us_is_found_at_the_switch_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    served_at, ended_at = hotline.clock.advance(10), hotline.clock.advance(10)
    hotline.customers.log[1, 1] = over(AttemptResult.REACHED, ended_at, served_at)
    hotline.callbacks.sweep(hotline.clock.advance(1))
    assert (hotline.callback()["state"], hotline.callback()["served_at"]) == ("done", served_at)
    assert hotline.agents_state("ana") == "wrap_up"


def test_a_talk_that_goes_on_is_left_alone_however_long_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    for _ in range(100):
        hotline.callbacks.sweep(hotline.clock.advance(20))
        hotline.floor_loop.turn()
    assert (hotline.callback()["state"], hotline.agents_state("ana")) == ("dialing", "reserved")
    assert len(hotline.customers.placed) == 1


def test_what_never_left_is_placed_anew_only_after_the_lease_and_its_grace_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    hotline.customers.log.clear()  # killed between the commit and the switch
    hotline.callbacks.sweep(hotline.clock.advance(80))
    hotline.callbacks.sweep(hotline.clock.advance(15))
    assert hotline.attempts() == [(1, "ana", None)]
    hotline.callbacks.sweep(hotline.clock.advance(1))
    assert hotline.attempts() == [(1, "ana", "not_placed")]
    ring(hotline, 25)
    assert hotline.attempts()[-1] == (2, "ana", None)


def test_an_unknown_end_is_never_dialled_again_but_given_to_a_person_r70(hotline: House) -> None:
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    hotline.customers.down = True
    hotline.callbacks.ended(hotline.attempt_name(), AttemptResult.UNKNOWN, None, hotline.clock.advance(5))
    for _ in range(20):
        hotline.callbacks.sweep(hotline.clock.advance(100))
        hotline.floor_loop.turn()
    assert hotline.callback()["state"] == "handed_over"
    assert [row["reason"] for row in hotline.rows(ring_backs)] == ["perhaps_called"]
    assert hotline.agents_state("ana") == "available"
    assert len(hotline.customers.placed) == 1


def test_while_nobody_knows_how_an_attempt_ended_its_agent_is_given_nobody_else_r70(hotline: House) -> None:
    """He may be on the phone with the customer."""
    hotline.promise()
    hotline.agent("ana")
    ring(hotline)
    hotline.customers.down = True
    hotline.callbacks.ended(hotline.attempt_name(), AttemptResult.UNKNOWN, None, hotline.clock.advance(5))
    assert hotline.agents_state("ana") == "reserved"
    hotline.offer("caller", TALKER)
    hotline.floor_loop.turn()
    assert hotline.agents_state("ana") == "reserved"
    assert hotline.rows(calls)[-1]["phase"] != "ringing"


# ---- times that cannot be kept -----------------------------------------------------------------------------


TALKER = "+8613700137000"


def endangered(hotline: House) -> None:
    """Everybody on duty talks, and nobody has come to it until a minute before the time."""
    hotline.agent("ben")
    hotline.offer("talk", TALKER)
    hotline.burst("talk", AgentAnswered(at=hotline.clock.now()), caller=TALKER)
    hotline.promise(due_in_seconds=600)
    hotline.callbacks.sweep(hotline.clock.advance(540))


def test_who_cannot_be_called_in_time_hears_the_new_time_before_the_old_one_passes_r10(
    hotline: House,
) -> None:
    endangered(hotline)
    [order] = hotline.customers.announcements
    assert (order.name.callback_id, order.name.number, order.prompts[0]) == (1, 1, "new_time")
    assert order.not_after_at == hotline.callback()["due_at"]
    hotline.agent("ana")
    ring(hotline)
    assert hotline.customers.placed == [], "he is being rung already"
    hotline.callbacks.told(order.name, True, hotline.clock.advance(20))
    row, [promise] = hotline.callback(), hotline.rows(promises)
    assert row["due_at"] == promise["due_at"] > row["first_due_at"]
    assert promise["state"] == "open"
    ring(hotline)
    assert len(hotline.customers.placed) == 1


def test_who_did_not_hear_it_keeps_the_old_time_and_a_manager_knows_r10(hotline: House) -> None:
    endangered(hotline)
    hotline.customers.heard[1, 1] = over(AttemptResult.NO_ANSWER, hotline.clock.advance(30))
    hotline.callbacks.sweep(hotline.clock.now())
    row = hotline.callback()
    assert (row["due_at"], row["new_due_at"]) == (row["first_due_at"], None)
    assert [alert["kind"] for alert in hotline.rows(alerts)] == ["promise_in_danger"]
    hotline.callbacks.sweep(hotline.clock.now())
    assert len(hotline.customers.announcements) == 1, "asked once"


def test_an_announcement_nobody_knows_of_was_not_heard(hotline: House) -> None:
    endangered(hotline)
    hotline.customers.heard.clear()
    hotline.customers.heard[1, 1] = NOBODY_KNOWS
    hotline.callbacks.sweep(hotline.clock.advance(61))
    assert hotline.callback()["new_due_at"] is not None
    hotline.callbacks.sweep(hotline.clock.advance(60))
    assert hotline.callback()["new_due_at"] is None


def told_a_new_time(hotline: House) -> None:
    """And he has heard it."""
    endangered(hotline)
    [order] = hotline.customers.announcements
    hotline.callbacks.told(order.name, True, hotline.clock.advance(20))


def test_a_second_new_time_is_told_nobody_a_person_has_it_by_name_and_it_passes_as_broken_r10(
    hotline: House,
) -> None:
    told_a_new_time(hotline)
    row = hotline.callback()
    hotline.clock.advance((row["due_at"] - hotline.clock.now()).total_seconds() - 60)
    hotline.callbacks.sweep(hotline.clock.now())
    row, [listed] = hotline.callback(), hotline.rows(ring_backs)
    assert (row["state"], row["hand_over_reason"]) == ("handed_over", "nobody_in_time")
    assert (listed["reason"], listed["owner"]) == ("nobody_in_time", "ben")
    hotline.callbacks.sweep(hotline.clock.advance(61))
    assert [alert["kind"] for alert in hotline.rows(alerts)] == ["promise_in_danger", "promise_broken"]
    [promise] = hotline.rows(promises)
    assert (promise["owner"], promise["kept_at"]) == ("ben", None)
    assert promise["broken_at"] is not None
    assert len(hotline.customers.announcements) == 1, "his phone has rung for that once"


def test_nobody_is_rung_all_night_for_new_times_that_nobody_is_there_to_keep_r10(hotline: House) -> None:
    hotline.promise(due_in_seconds=600)
    hotline.agent("ana", "offline")
    for _ in range(12 * 180):
        hotline.callbacks.sweep(hotline.clock.advance(20))
    assert hotline.customers.announcements == []
    kinds = [alert["kind"] for alert in hotline.rows(alerts)]
    assert kinds == ["no_second_person", "promise_in_danger", "promise_broken"]
    assert [row["reason"] for row in hotline.rows(ring_backs)] == ["nobody_in_time"]
    assert hotline.rows(promises)[0]["broken_at"] is not None


def test_a_promise_broken_in_silence_is_seen_once_r10(hotline: House) -> None:
    hotline.customers.answers = Placed.REFUSED
    endangered(hotline)
    for _ in range(3):
        hotline.callbacks.sweep(hotline.clock.advance(61))
    [promise] = hotline.rows(promises)
    assert promise["state"] == "broken"
    assert [row["kind"] for row in hotline.rows(alerts)] == ["promise_in_danger", "promise_broken"]


# ---- the way out is gone -----------------------------------------------------------------------------------


@pytest.fixture
def stranded(tmp_path: Path) -> Iterator[House]:
    """Promised for in half an hour; then the trunk was taken away, and the server started anew."""
    with house(tmp_path, RULES, dials=True) as before:
        before.promise()
    with house(tmp_path, RULES, dials=False) as built:
        yield built


def test_without_a_route_nobody_is_dialled_and_a_person_has_time_to_call_by_hand_r10_r28b(
    stranded: House,
) -> None:
    stranded.agent("ana")
    stranded.callbacks.sweep(stranded.clock.advance(1499))
    ring(stranded)
    assert (stranded.callback()["state"], stranded.customers.placed) == ("pending", [])
    stranded.callbacks.sweep(stranded.clock.advance(1))
    row = stranded.callback()
    assert (row["state"], row["second_person"]) == ("handed_over", "ana")
    [promise], [listed] = stranded.rows(promises), stranded.rows(ring_backs)
    assert (promise["state"], promise["owner"]) == ("handed_over", "ana")
    assert (listed["number"], listed["reason"], listed["owner"]) == (row["number"], "no_route", "ana")
    assert [alert["kind"] for alert in stranded.rows(alerts)] == ["callback_without_route"]
    assert (stranded.agents_state("ana"), stranded.attempts()) == ("available", [])


def test_a_promise_that_passed_while_nothing_ran_is_broken_and_given_to_a_person_r10(
    stranded: House,
) -> None:
    for _ in range(2):
        stranded.callbacks.sweep(stranded.clock.advance(1801))
    [promise], [listed] = stranded.rows(promises), stranded.rows(ring_backs)
    assert (promise["state"], listed["reason"], listed["owner"]) == ("broken", "no_route", None)
    kinds = [alert["kind"] for alert in stranded.rows(alerts)]
    assert kinds == ["promise_broken", "no_second_person", "callback_without_route"]


def test_who_was_not_reached_before_the_route_was_gone_is_not_forgotten_r28b(tmp_path: Path) -> None:
    with house(tmp_path, RULES, dials=True) as before:
        before.promise()
        before.agent("ana")
        before.agent("ben")
        ring(before)
        before.callbacks.ended(before.attempt_name(), AttemptResult.BUSY, None, before.clock.advance(30))
    with house(tmp_path, RULES, dials=False) as hotline:
        hotline.callbacks.sweep(hotline.clock.advance(209))
        assert hotline.callback()["state"] == "pending"
        hotline.callbacks.sweep(hotline.clock.advance(1))
        [listed], [promise] = hotline.rows(ring_backs), hotline.rows(promises)
        assert (listed["reason"], listed["owner"], promise["state"]) == ("no_route", "ben", "kept")


def test_a_switch_that_only_does_not_answer_has_not_lost_its_route(hotline: House) -> None:
    hotline.promise()
    hotline.switch.down = True
    hotline.callbacks.sweep(hotline.clock.advance(1600))
    assert hotline.callback()["state"] == "pending"
