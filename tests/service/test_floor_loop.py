"""The floor loop: the first in line gets the first who is free, and a switch gone silent delays nobody else."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ivr.adapters.sql_schema import agents, calls
from ivr.policy.commands import Ring
from ivr.policy.events import AgentAnswered, CallerFetched, CallOffered, HoldElapsed, HungUp, NumberNoted
from ivr.policy.rules import Rules
from tests.service.house import House, house

NOW = Rules(answer_when_saturated="now", wrap_up_seconds=20)


def phases(hotline: House) -> dict[str, str]:
    return {row["ref"]: row["phase"] for row in hotline.rows(calls)}


def waiting_callers(hotline: House, count: int) -> None:
    """One agent on duty but talking, and that many callers waiting, a second apart."""
    hotline.agent("ana")
    hotline.offer("talk")
    hotline.burst("talk", AgentAnswered(at=hotline.clock.advance(1)))
    for number in range(count):
        hotline.offer(f"c{number}")
        hotline.clock.advance(1)


def test_who_came_first_is_fetched_first_and_nobody_overtakes__R69(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 3)
        hotline.agent("ben")
        assert hotline.floor_loop.turn() == 1
        assert hotline.switch.fetched == ["ch-c0"]
        assert phases(hotline) == {"talk": "talking", "c0": "fetching", "c1": "held", "c2": "held"}


def test_the_agent_is_reserved_before_the_caller_is_taken_out_of_his_music(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 1)
        seen: list[str] = []
        hotline.switch.on_fetch = lambda _channel: seen.append(hotline.rows(agents, login="ben")[0]["state"])
        hotline.agent("ben")
        hotline.floor_loop.turn()
        assert seen == ["reserved"]


def test_a_fetched_caller_is_rung_through_to_the_agent_reserved_for_him__R69(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 1)
        hotline.agent("ben")
        hotline.floor_loop.turn()
        [ring] = hotline.burst("c0", CallerFetched(at=hotline.clock.now()))
        assert isinstance(ring, Ring)
        assert ring.agent == "ben"


def test_with_the_switch_away_nobody_is_reserved_for_whom_nobody_can_fetch__R69(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 1)
        hotline.switch.down = True
        hotline.agent("ben")
        assert hotline.floor_loop.turn() == 0
        assert hotline.rows(agents, login="ben")[0]["state"] == "available"
        [ring] = hotline.burst("c0", HoldElapsed(at=hotline.clock.advance(1)))
        assert isinstance(ring, Ring)


def test_a_caller_the_switch_did_not_fetch_comes_by_himself__R69(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 1)
        hotline.switch.refuses = True
        hotline.agent("ben")
        hotline.floor_loop.turn()
        [wait] = hotline.burst("c0", HoldElapsed(at=hotline.clock.advance(1)))
        [ring] = hotline.burst("c0", HoldElapsed(at=hotline.clock.advance(1)))
        assert not isinstance(wait, Ring)
        assert isinstance(ring, Ring)


def test_a_wrap_up_ends_by_itself_and_the_next_caller_is_fetched(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 1)
        hotline.burst("talk", HungUp(at=hotline.clock.advance(1)), key="end")
        assert hotline.floor_loop.turn() == 0
        assert hotline.rows(agents)[0]["state"] == "wrap_up"
        hotline.clock.advance(20)
        assert hotline.floor_loop.turn() == 1
        assert hotline.rows(agents)[0]["state"] == "reserved"


def test_nothing_to_do_takes_no_lock_and_fetches_nobody(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        assert hotline.floor_loop.turn() == 0
        assert hotline.switch.fetched == []


def test_a_call_the_switch_no_longer_has_is_ended_and_its_agent_is_free_again(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        hotline.offer("lost")
        hotline.clock.advance(11)
        assert hotline.floor_loop.reconcile(hotline.clock.now()) == 1
        [call] = hotline.rows(calls)
        assert (call["phase"], call["outcome"]) == ("ended", "abandoned")
        assert hotline.rows(agents)[0]["state"] == "available"


def test_a_call_the_switch_still_has_or_a_switch_that_cannot_be_asked_ends_nothing(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        hotline.clock.advance(11)
        hotline.switch.live = frozenset({"c1"})
        assert hotline.floor_loop.reconcile(hotline.clock.now()) == 0
        hotline.switch.down = True
        assert hotline.floor_loop.reconcile(hotline.clock.now()) == 0


def test_a_lease_never_frees_an_agent_while_his_call_stands_by_him(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")  # answered, but the stamp never reached us
        hotline.clock.advance(NOW.agent_ring_seconds + 300)
        hotline.floor_loop.turn()
        assert hotline.rows(agents)[0]["state"] == "reserved"


def test_a_reservation_whose_call_has_gone_another_way_ends_with_its_lease(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        lease = timedelta(seconds=NOW.agent_ring_seconds + 15)
        assert hotline.rows(agents)[0]["until"] == hotline.clock.now() + lease
        hotline.burst("c1", NumberNoted(at=hotline.clock.advance(1), number="+8613800138000"))
        hotline.execute("UPDATE calls SET phase = 'closing'")
        hotline.clock.advance(lease.total_seconds())
        hotline.floor_loop.turn()
        assert hotline.rows(agents)[0]["state"] == "available"


def test_a_call_of_another_door_is_not_ended_because_this_switch_does_not_know_it(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        hotline.agent("ana")
        contact = replace(hotline.contact("CA1"), door="twilio")
        hotline.switchboard.handle(contact, "1", (CallOffered(at=hotline.clock.now()),))
        hotline.clock.advance(60)
        assert hotline.floor_loop.reconcile(hotline.clock.now()) == 0


def test_nobody_overtakes_a_caller_whose_switch_cannot_fetch_him__R69(tmp_path: Path) -> None:
    with house(tmp_path, NOW) as hotline:
        waiting_callers(hotline, 0)
        contact = replace(hotline.contact("CA1"), door="twilio")
        hotline.switchboard.handle(contact, "1", (CallOffered(at=hotline.clock.now()),))
        hotline.clock.advance(1)
        hotline.offer("c1")
        hotline.agent("ben")
        assert hotline.floor_loop.turn() == 0
        assert phases(hotline)["c1"] == "held"
