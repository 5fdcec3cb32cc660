"""What a waiting caller is told of his place and his wait, and that it never grows in silence."""

from dataclasses import replace

from ivr.policy.call import Call
from ivr.policy.call_flow import advance
from ivr.policy.events import CallOffered, HoldElapsed
from ivr.policy.floor import AgentState, Floor
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import CALLER, LI, WANG, noon, told, who_is

NOW = Rules(answer_when_saturated="now", hold_if_wait_at_most_seconds=600)
BUSY = tuple(who_is(someone, AgentState.TALKING) for someone in (WANG, LI))
TWO_AHEAD = Floor(agents=BUSY, ahead=2, pace=Pace(handling_seconds=120))


class Line:
    """One caller, and the floor as each of his decisions sees it."""

    def __init__(self, floor: Floor = TWO_AHEAD) -> None:
        self.call = Call(call_id=1, presented_at=noon(), number=CALLER)
        self.said = self.happens(CallOffered(at=noon()), floor)

    def waits(self, seconds: float, floor: Floor = TWO_AHEAD) -> str:
        return self.happens(HoldElapsed(at=noon(seconds)), floor)

    def happens(self, event: CallOffered | HoldElapsed, floor: Floor) -> str:
        step = advance(self.call, event, floor, NOW)
        self.call = step.call
        return told(step.for_the_line[0])


def told_once() -> Line:
    line = Line()
    line.waits(8)
    line.waits(14)
    return line


def test_after_the_request_to_hold_he_hears_his_place_and_an_upper_bound_of_his_wait__R69() -> None:
    line = Line()
    assert line.said == "say greeting all_busy"
    assert line.waits(8) == "say please_hold"
    assert line.waits(14) == "say position_before number_liang unit_people wait_about number_5 unit_minutes"
    assert line.call.estimated_wait_seconds == 300


def test_later_he_hears_what_is_left_and_what_he_was_told_first_is_kept__R69() -> None:
    line = told_once()
    assert line.waits(20) == "hold 10 s music"
    assert line.waits(30) == "hold 10 s music"
    one_ahead = replace(TWO_AHEAD, ahead=1)
    assert line.waits(100, one_ahead) == (
        "say position_before number_1 unit_people wait_about number_3 unit_minutes"
    )
    assert line.call.estimated_wait_seconds == 300


def test_a_longer_wait_is_told_with_its_reason__R69() -> None:
    line = told_once()
    line.waits(20)
    line.waits(30)
    alone = replace(TWO_AHEAD, agents=BUSY[:1])
    assert line.waits(40, alone).startswith("say fewer_agents position_before")


def test_with_nobody_ahead_he_is_told_that_he_is_next__R69() -> None:
    line = Line()
    line.waits(8)
    assert line.waits(14, replace(TWO_AHEAD, ahead=0)).startswith("say you_are_next wait_about ")


def test_a_wait_nobody_can_tell_is_not_told__R69() -> None:
    unknown = Floor(agents=BUSY)
    line = Line(unknown)
    said = [line.waits(seconds, unknown) for seconds in (8, 14, 24)]
    assert said == ["say please_hold", "hold 10 s music", "say still_busy"]
    assert line.call.told is None
