"""The traces and the rivals are what they say: a trace that flatters would prove nothing."""

from itertools import islice

import pytest

from tests.estimates.rivals import ASTERISK, HEAD_OF_LINE, LAST_SERVED, LINE_LENGTH, VICIDIAL, Rivals
from tests.estimates.traces import HOUR, Arrival, Disturbance, Scenario, arrivals

FLOOR = Scenario(name="four", agents=4, load=1.1, spread=1.0, patience_seconds=240)


def trace(disturbance: Disturbance | None = None) -> list[Arrival]:
    return list(islice(arrivals(FLOOR, 7, disturbance), 600))


def talking(callers: list[Arrival], at: float) -> int:
    begun = [(caller.at + caller.wait, caller.talk) for caller in callers if caller.served]
    return sum(since <= at < since + talk for since, talk in begun)


def test_nobody_waits_while_an_agent_is_free_and_no_agent_talks_twice() -> None:
    callers = trace()
    for caller in callers:
        before = [other for other in callers if other.at < caller.at]
        assert (talking(before, caller.at) == FLOOR.agents) is (caller.wait > 0)


def test_ahead_are_those_who_came_earlier_and_still_wait() -> None:
    callers = trace()
    assert any(caller.ahead > 3 for caller in callers)
    for caller in callers:
        before = [other for other in callers if other.at < caller.at]
        assert caller.ahead == sum(other.at + other.waited > caller.at for other in before)


def test_callers_are_served_in_the_order_they_came_and_whoever_is_impatient_leaves() -> None:
    callers = trace()
    begun = [caller.at + caller.wait for caller in callers if caller.served]
    assert begun == sorted(begun)
    assert any(not caller.served and caller.waited < caller.wait for caller in callers)


def test_an_agent_who_leaves_ends_his_talk_first_and_then_takes_nobody() -> None:
    callers = trace(Disturbance(at=2 * HOUR))
    late = [caller for caller in callers if caller.at > 4 * HOUR]
    assert {caller.serving for caller in callers} == {4, 3}
    assert {caller.serving for caller in late} == {3}
    assert max(talking(callers, caller.at) for caller in late) == 3


def test_talks_get_longer_from_the_trouble_on() -> None:
    calm, troubled = trace(Disturbance(at=HOUR)), trace(Disturbance(at=HOUR, handling_factor=1.25))
    assert calm[0].talk == troubled[0].talk
    assert troubled[-1].talk == pytest.approx(1.25 * calm[-1].talk)


def test_the_same_seed_gives_the_same_day() -> None:
    assert trace() == trace()


def test_asterisk_keeps_whole_seconds_and_three_quarters_of_the_old() -> None:
    assert guesses_after(100.9, 40.0, 7.0)[ASTERISK] == (3 * ((3 * 25 + 40) >> 2) + 7) >> 2 == 22


def test_vicidial_takes_the_mean_of_the_last_five_served_and_les_the_last() -> None:
    guesses = guesses_after(1000.0, 10.0, 20.0, 30.0, 40.0, 50.0)
    assert (guesses[VICIDIAL], guesses[LAST_SERVED]) == (30.0, 50.0)


def test_head_of_line_is_the_wait_so_far_of_who_has_waited_longest() -> None:
    rivals = Rivals()
    for at, patience in ((0.0, 30.0), (10.0, 500.0), (20.0, 500.0)):
        rivals.joined(caller(at, wait=400.0, patience=patience))
    assert rivals.guesses(caller(60.0), 240.0)[HEAD_OF_LINE] == 50.0


def test_who_left_unserved_teaches_the_rivals_nothing() -> None:
    rivals = Rivals()
    rivals.wait_ended(100.0, served=False)
    assert rivals.guesses(caller(0.0), 240.0) == {
        LINE_LENGTH: 180.0,
        HEAD_OF_LINE: 0.0,
        LAST_SERVED: 0.0,
        ASTERISK: 0.0,
        VICIDIAL: 0.0,
    }


def guesses_after(*waits: float) -> dict[str, float]:
    rivals = Rivals()
    for seconds in waits:
        rivals.wait_ended(seconds, served=True)
    return rivals.guesses(caller(0.0), 240.0)


def caller(at: float, *, wait: float = 1.0, patience: float = 2.0) -> Arrival:
    return Arrival(at=at, ahead=2, serving=4, wait=wait, patience=patience, talk=1.0)
