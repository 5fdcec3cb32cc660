"""Stories nobody would write: one call through events in any order, on any floor, under any rules."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from ivr.policy.call import Call, PassedOver, Phase, Step
from ivr.policy.call_flow import TRANSITIONS, UnexpectedEventError, advance
from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.commands import Hold, Ring
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.events import (
    AgentAnswered,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    Event,
    HoldElapsed,
    HungUp,
    NumberNoted,
    RingEnded,
    RingResult,
    TurnCame,
)
from ivr.policy.floor import AgentState, Floor, Waiting
from ivr.policy.opening_hours import parse_quiet_hours
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import CALLER, agent, noon

LOGINS = ["wang", "li", "zhao", "sun"]
EVENTS = sorted(
    {event for events in TRANSITIONS.values() for event in events}, key=lambda kind: kind.__name__
)


@dataclass(frozen=True, kw_only=True)
class Move:
    """What happens next: the `pick`-th thing that may (or a `stray` one), when, and on which of the floors."""

    pick: int = 0
    stray: type[Event] | None = None
    after_seconds: float | None = None  # None: when the last command is over
    from_pickup: float | None = None  # or so long after the pickup, if that is still to come
    result: RingResult = RingResult.NO_ANSWER
    digits: str = ""
    floor: int = 0

    def event(self, phase: Phase, seconds: float) -> Event:
        """Hanging up is left to the end of the story, an answer where no phone was rung to the strays."""
        table = TRANSITIONS[phase]
        left = {HungUp} if RingEnded in table else {HungUp, AgentAnswered}
        possible = [kind for kind in table if kind not in left]
        kind = self.stray or possible[self.pick % len(possible)]
        if kind is RingEnded:
            return RingEnded(at=noon(seconds), result=self.result)
        if kind is DigitsPressed:
            return DigitsPressed(at=noon(seconds), digits=self.digits)
        if kind is NumberNoted:
            return NumberNoted(at=noon(seconds), number=CALLER)
        return kind(at=noon(seconds))


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One event that was taken: the call before it, the event, the floor and what came of it."""

    before: Call
    event: Event
    floor: Floor
    rules: Rules
    step: Step


def tell(number: str | None, floors: list[Floor], moves: list[Move], rules: Rules) -> tuple[Taken, ...]:
    """From the offer to the hang-up. An event that means nothing is refused and leaves the call as it was."""
    return tuple(_told(Call(call_id=5, presented_at=noon(), number=number), floors, moves, rules))


def _told(call: Call, floors: list[Floor], moves: list[Move], rules: Rules) -> Iterator[Taken]:
    clock, lasting = 0.0, 0.0
    offer = Move(stray=CallOffered, after_seconds=0)
    for move in [offer, *moves, Move(stray=HungUp, after_seconds=1)]:
        clock += max(0.0, lasting) if move.after_seconds is None else move.after_seconds
        if move.from_pickup is not None:
            clock = max(clock, _pickup_seconds(call, rules) + move.from_pickup)
        event, floor = move.event(call.phase, clock), floors[move.floor % len(floors)]
        if type(event) not in TRANSITIONS[call.phase]:
            with pytest.raises(UnexpectedEventError) as refused:
                advance(call, event, floor, rules)
            assert (refused.value.call, refused.value.event) == (call, event)
            continue
        step = advance(call, event, floor, rules)
        yield Taken(before=call, event=event, floor=floor, rules=rules, step=step)
        call, lasting = step.call, _lasting(step)


def _pickup_seconds(call: Call, rules: Rules) -> float:
    return (call.pickup_at(rules) - call.presented_at).total_seconds()


def _lasting(step: Step) -> float:
    """How long the last thing ordered takes."""
    last = step.for_the_line[-1:]
    return next((command.seconds for command in last if isinstance(command, Ring | Hold)), 1.0)


agents = st.lists(
    st.builds(
        agent,
        st.sampled_from(LOGINS),
        idle_for=st.integers(0, 9),
        state=st.sampled_from([AgentState.AVAILABLE] * 5 + [AgentState.TALKING] * 4 + list(AgentState)),
        misses=st.integers(0, 2),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda someone: someone.login,
).map(tuple)
_misses = st.lists(
    st.builds(PassedOver, agent=st.sampled_from(LOGINS), at=st.integers(0, 30).map(noon)), max_size=1
).map(tuple)
lines = st.lists(
    st.builds(
        Waiting,
        call_id=st.integers(1, 9),
        presented_at=st.integers(-9, 30).map(noon),
        passed_over=_misses,
    ),
    max_size=5,
    unique_by=lambda waiting: waiting.call_id,
).map(tuple)
_open = st.builds(
    OpenCallback,
    callback_id=st.just(7),
    presented_at=st.just(noon(-90)),
    due_at=st.sampled_from([noon(5), noon(600)]),
    ahead=st.integers(0, 2),
    joined_call=st.sampled_from([None, None, 5, 99]),  # nobody, this call, another of his
)
desks = st.builds(
    CallbackDesk,
    verdict=st.sampled_from([Allowed()] * 3 + [Refused(reason=Refusal.SPENDING_STOP)]),
    open=st.sampled_from([None] * 5) | _open,
    channels_free=st.sampled_from([None] * 9 + [0, 1]),
)
floors = st.builds(
    Floor,
    agents=agents | agents | agents | st.just(()),
    line=st.just(()) | lines,
    ahead=st.integers(0, 3),
    pace=st.sampled_from([None, Pace(handling_seconds=30), Pace(handling_seconds=240)]),
    desk=st.none() | desks | desks,
    unrated_today=st.booleans(),
)
moves = st.lists(
    st.builds(
        Move,
        pick=st.sampled_from([0, 0, 1, 1, 1, 1, 2, 3]),
        stray=st.sampled_from([None] * 40 + EVENTS),
        after_seconds=st.sampled_from([None, None, None, None, 0.0, 0.1, 0.9, 2.5, 5.0, 30.0]),
        from_pickup=st.sampled_from([None] * 20 + [-1.1, -0.4, -0.1, 0.5, 1.5]),
        result=st.sampled_from([RingResult.NO_ANSWER] * 4 + list(RingResult)),
        digits=st.sampled_from(["", "1", "1", "1", "2", "13912345678", "110"]),
        floor=st.integers(0, 2),
    ),
    min_size=3,
    max_size=16,
)
rules = st.builds(
    Rules,
    rings=st.integers(2, 4),
    ring_cycle_seconds=st.sampled_from([3.0, 5.0]),
    pickup_margin_seconds=st.sampled_from([0.5, 2.0, 3.9]),
    agent_ring_seconds=st.sampled_from([3.0, 5.0, 13.5, 20.0]),
    answer_when_saturated=st.sampled_from(["deadline", "now"]),
    max_hold_seconds=st.sampled_from([10.0, 25.0]),
    wrap_up_seconds=st.sampled_from([0.0, 30.0]),
    all_busy_first=st.sampled_from(["server", "colleague"]),
    hold_if_wait_at_most_seconds=st.sampled_from([0.0, 180.0]),
    quiet_hours=st.sampled_from([(), parse_quiet_hours(["12:10-13:30"])]),
    fallback_phones=st.sampled_from([(), ("tel:+8613900000001",), ("endpoint:a", "endpoint:b")]),
)
stories = st.builds(
    tell, st.sampled_from([CALLER, None]), st.lists(floors, min_size=2, max_size=3), moves, rules
)

_talking = st.lists(
    st.builds(agent, st.sampled_from(LOGINS), idle_for=st.integers(0, 9), state=st.just(AgentState.TALKING)),
    min_size=1,
    max_size=2,
    unique_by=lambda someone: someone.login,
).map(tuple)
_saturated = st.builds(
    Floor,
    agents=_talking,
    ahead=st.integers(0, 3),
    pace=st.sampled_from([Pace(handling_seconds=30), Pace(handling_seconds=240)]),
    desk=st.just(CallbackDesk(verdict=Allowed())) | desks,
)
_answers = st.builds(
    Move,
    stray=st.sampled_from(
        [DigitsPressed] * 6 + [HoldElapsed] * 4 + [TurnCame, RingEnded, AgentAnswered, CallerGreeted]
    ),
    after_seconds=st.sampled_from([None, 0.0, 5.0]),
    digits=st.sampled_from(["1"] * 6 + ["2", "13912345678", ""]),
    floor=st.sampled_from([0, 0, 0, 1]),
)
busy_stories = st.builds(
    tell,
    st.sampled_from([CALLER, CALLER, None]),
    st.tuples(_saturated, floors | _saturated).map(list),
    st.lists(_answers, min_size=3, max_size=16),
    rules,
)
"""The same where all are talking and callers press keys: offers, promises, joined callbacks."""
