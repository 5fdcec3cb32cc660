"""The one way in: written before spoken, repeated without effect, never without a record."""

import threading
from pathlib import Path

from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_schema import agents, calls, events, outbox, ring_backs
from ivr.policy.commands import HangUp, Hold, Ring, Say, Sound
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    HoldElapsed,
    HungUp,
    RingEnded,
    RingResult,
)
from ivr.policy.rules import Rules
from ivr.service.ports import Contact
from ivr.service.switchboard import Switchboard
from tests.service.house import House, house


def test_a_call_is_never_in_the_book_without_the_row_that_opens_its_record__R6_R71(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.offer("c1")
        [call] = hotline.rows(calls)
        assert [(row["topic"], row["ref"]) for row in hotline.rows(outbox)] == [("open_record", call["id"])]


def test_a_burst_asked_again_is_answered_the_same_and_changes_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        first = hotline.offer("c1")
        again = hotline.burst("c1", CallOffered(at=hotline.clock.now()), key="1")
        assert again == first
        assert len(hotline.rows(events)) == 1
        assert hotline.rows(agents)[0]["epoch"] == 1


def test_an_event_that_means_nothing_now_repeats_the_last_commands_and_is_noted(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        first = hotline.offer("c1")
        assert hotline.burst("c1", CallerFetched(at=hotline.clock.now())) == first
        assert [row["floor"] is None for row in hotline.rows(events)] == [False, True]


def test_a_call_whose_first_burst_never_reached_us_still_rings_an_agent__R64(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        [ring] = hotline.burst("c1", HoldElapsed(at=hotline.clock.now()))
        assert isinstance(ring, Ring)
        assert ring.agent == "ana"


def test_a_call_first_heard_of_at_its_hang_up_is_in_the_book_as_abandoned__R6(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        assert hotline.burst("c1", HungUp(at=hotline.clock.now()), key="end") == (HangUp(),)
        [call] = hotline.rows(calls)
        assert (call["outcome"], call["greeted_at"], call["served_at"]) == ("abandoned", None, None)


def test_the_switchs_stamps_come_with_every_burst_and_count_once__R64_R68(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        answered = AgentAnswered(at=hotline.clock.advance(3))
        hotline.burst("c1", answered, RingEnded(at=hotline.clock.advance(60), result=RingResult.ANSWERED))
        hotline.burst("c1", answered, HungUp(at=hotline.clock.now()), key="end")
        [call] = hotline.rows(calls)
        assert (call["served_at"], call["served_by"], call["outcome"]) == (answered.at, "ana", "served")
        kinds = [row["kind"] for row in hotline.rows(events)]
        assert kinds == ["CallOffered", "AgentAnswered", "RingEnded", "HungUp"]


def test_the_number_is_in_the_book_before_the_caller_hears_that_we_have_it__R70(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        [say, hang_up] = hotline.offer("c1")
        assert isinstance(say, Say)
        assert "number_noted" in say.prompts
        assert isinstance(hang_up, HangUp)
        assert [row["number"] for row in hotline.rows(ring_backs)] == ["+8613800138000"]


def test_who_rings_again_from_a_dead_channel_is_told_to_hang_up(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        hotline.burst("c1", HungUp(at=hotline.clock.now()), key="end")
        assert hotline.burst("c1", HoldElapsed(at=hotline.clock.now())) == (HangUp(),)


def test_a_stamp_heard_live_is_written_at_once_and_one_of_an_unknown_call_is_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        hotline.switchboard.note(hotline.contact("c1"), AgentAnswered(at=hotline.clock.advance(2)))
        hotline.switchboard.note(hotline.contact("c9"), CallerGreeted(at=hotline.clock.now()))
        assert [row["phase"] for row in hotline.rows(calls)] == ["talking"]
        assert hotline.rows(agents)[0]["state"] == "talking"


def test_twenty_callers_at_once_for_one_agent_and_exactly_one_gets_him(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        second_process = SqlCallBook(hotline.url, hotline.clock)
        boards = [hotline.switchboard, Switchboard(second_process, Rules())]
        answers: list[object] = []

        def offer(number: int) -> None:
            contact: Contact = hotline.contact(f"c{number}")
            answers.extend(boards[number % 2].handle(contact, "1", (CallOffered(at=contact.presented_at),)))

        threads = [threading.Thread(target=offer, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        second_process.close()
        assert sum(isinstance(answer, Ring) for answer in answers) == 1
        assert sum(isinstance(answer, Hold) for answer in answers) == 19


def test_an_agent_freed_by_a_caller_who_leaves_keeps_his_place_among_the_idle__R64(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.clock.advance(1)
        hotline.agent("ben")
        hotline.offer("c1")
        hotline.burst("c1", HungUp(at=hotline.clock.advance(5)), key="end")
        [ring] = hotline.offer("c2")
        assert isinstance(ring, Ring)
        assert (ring.agent, ring.sound) == ("ana", Sound.RINGING)


def test_what_an_agent_asks_for_during_a_talk_happens_after_it(tmp_path: Path) -> None:
    with house(tmp_path, Rules(wrap_up_seconds=0)) as hotline:
        _talk(hotline)
        hotline.set("ana", "away")
        assert hotline.rows(agents)[0]["state"] == "talking"
        hotline.burst("c1", HungUp(at=hotline.clock.advance(30)), key="end")
        assert hotline.rows(agents)[0]["state"] == "away"


def _talk(hotline: House) -> None:
    hotline.agent("ana")
    hotline.offer("c1")
    hotline.burst("c1", AgentAnswered(at=hotline.clock.advance(2)))


def test_a_ring_told_twice_still_ends_at_the_pickup__R64(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        [first] = hotline.offer("c1")
        hotline.clock.advance(4)
        [again] = hotline.burst("c1", CallOffered(at=hotline.clock.now()), key="1")
        assert isinstance(first, Ring)
        assert isinstance(again, Ring)
        assert (first.seconds, again.seconds) == (13, 9)


def test_a_wait_told_twice_still_ends_at_the_pickup_and_a_fallback_phone_keeps_its_time__R64(
    tmp_path: Path,
) -> None:
    with house(tmp_path, Rules(fallback_phones=("sip:boss@127.0.0.1",))) as hotline:
        hotline.agent("ana", "away")
        [_say, ring] = hotline.offer("c0")
        hotline.clock.advance(4)
        assert hotline.burst("c0", CallOffered(at=hotline.clock.now()), key="1")[1] == ring
        hotline.set("ana", "available")
        hotline.offer("c1")
        hotline.burst("c1", AgentAnswered(at=hotline.clock.advance(1)))
        hotline.offer("c2")
        hotline.clock.advance(9)
        [again] = hotline.burst("c2", CallOffered(at=hotline.clock.now()), key="1")
        assert again == Hold(seconds=4, sound=Sound.RINGING)


def test_a_burst_overtaken_by_its_own_repetition_counts_no_miss__R64(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        hotline.offer("c1")
        hotline.clock.advance(13)
        cut = RingEnded(at=hotline.clock.now(), result=RingResult.NO_ANSWER)
        [ring_on] = hotline.burst("c1", cut, key="2")
        hotline.burst(
            "c1", CallerGreeted(at=hotline.clock.now()), HoldElapsed(at=hotline.clock.now()), key="3"
        )
        late = RingEnded(at=hotline.clock.advance(5), result=RingResult.NO_ANSWER)
        hotline.burst("c1", late, key="2")
        assert isinstance(ring_on, Ring)
        assert hotline.rows(agents)[0]["misses"] == 0


def test_a_first_burst_that_brings_a_stamp_is_not_left_without_an_answer__R64(tmp_path: Path) -> None:
    with house(tmp_path) as hotline:
        hotline.agent("ana")
        now = hotline.clock.now()
        [ring] = hotline.burst("c1", CallerGreeted(at=now), HoldElapsed(at=now), key="5")
        assert isinstance(ring, Ring)
        assert ring.sound is Sound.MUSIC


def test_the_floor_is_told_of_whoever_waits_and_of_an_agent_let_go_and_of_nothing_else__R69(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as hotline:
        told: list[str] = []
        doing = "nobody waits and nobody is free"
        hotline.switchboard.on_change = lambda: told.append(doing)
        hotline.offer("c1")
        hotline.burst("c1", HungUp(at=hotline.clock.now()))
        hotline.agent("ana")
        doing = "an agent is taken"
        hotline.offer("c2")
        assert told == []
        doing = "somebody waits"
        hotline.offer("c3")
        doing = "an agent is let go"
        hotline.burst("c2", HungUp(at=hotline.clock.now()))
        assert told == ["somebody waits", "an agent is let go"]
