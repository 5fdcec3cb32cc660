"""The call flow of the hotline. Read the table in `_transitions` first: it is all of it; the handlers
below it are short.

Everything that affects where a call goes next stands in this file. It does not know which door the call came
through, and it never looks at a clock: `event.at` is the time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ivr.policy.call import Call, Outcome, PassedOver, Phase, Step
from ivr.policy.commands import (
    AlertManager,
    Ask,
    Command,
    CountMiss,
    Fetch,
    HangUp,
    Hold,
    LineCommand,
    ListForRingBack,
    Release,
    Reserve,
    Ring,
    Say,
    Sound,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
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
from ivr.policy.floor import Agent, Floor
from ivr.policy.phone_number import typed_number
from ivr.policy.prompts import Prompt
from ivr.policy.rules import Rules

HOLD_SECONDS = 10.0  # one stretch of music; short, so that a lost wake-up delays nobody longer
FETCH_SECONDS = 2.0  # a caller not fetched by then comes out of the music by himself
FETCH_POLL_SECONDS = 1.0
STILL_BUSY_EVERY = 3  # every third stretch of music the caller hears that we have not forgotten him
LEASE_MARGIN_SECONDS = 15.0  # a reservation outlives its ring by this before anybody else may end it
MISSES_ALLOWED = 2  # in a row; then the agent is stood down
RING_ON_SECONDS = 5.0  # a phone rings on under the greeting at least so long, however late the pickup came
LEAST_RING_SECONDS = 1.0  # a shorter ring would only make the phone chirp
EARLY_SECONDS = 1.0  # a ring that ended this long before its time was ended by the phone, not by the pickup
LEAST_HOLD_SECONDS = 1.0  # also after spoken words, so that words and music together stay within one stretch
LEAST_WAIT_SECONDS = 0.2
NUMBER_DIGITS = 12
NUMBER_SECONDS = 5.0

FLOORLESS = frozenset({CallerGreeted, AgentAnswered, CallerFetched, DigitsPressed, NumberNoted, HungUp})
"""Events whose handlers never look at the floor, so that nobody need read it for them."""

Handler = Callable[[Call, Any, Floor, Rules], Step]


def _transitions() -> Mapping[Phase, Mapping[type[Event], Handler]]:
    """The call flow: phase by phase, what may happen and who handles it."""
    any_time: dict[type[Event], Handler] = {
        CallerGreeted: _greeted,
        NumberNoted: _number_noted,
        HungUp: _hung_up,
    }
    unrung: dict[type[Event], Handler] = {AgentAnswered: _answered_alone, **any_time}
    return {
        Phase.OFFERED: {CallOffered: _offered, **unrung},
        Phase.RINGING: {AgentAnswered: _answered, RingEnded: _ring_ended, **any_time},
        Phase.WAITING: {TurnCame: _turn_came, HoldElapsed: _waited, **unrung},
        Phase.HELD: {TurnCame: _turn_came, HoldElapsed: _held, **unrung},
        Phase.FETCHING: {CallerFetched: _fetched, HoldElapsed: _not_fetched, **unrung},
        Phase.TALKING: {RingEnded: _talk_ended, **any_time},
        Phase.FALLBACK: {AgentAnswered: _answered, RingEnded: _fallback_ended, **any_time},
        Phase.ASKING: {DigitsPressed: _digits_pressed, **unrung},
        Phase.CLOSING: {**unrung},
        Phase.ENDED: {AgentAnswered: _answered_alone, CallerGreeted: _greeted, NumberNoted: _number_noted},
    }


class UnexpectedEventError(Exception):
    """This event means nothing in this phase: late, repeated, or from a leg that is gone. The call stays as it is."""

    def __init__(self, call: Call, event: Event) -> None:
        self.call = call
        self.event = event
        super().__init__(f"{type(event).__name__} while {call.phase} (call {call.call_id})")


def advance(call: Call, event: Event, floor: Floor, rules: Rules) -> Step:
    """One event in the life of a call: where it stands now and what to do.

    Raises UnexpectedEventError where the table has no entry; the caller then repeats the last commands.
    """
    handler = TRANSITIONS[call.phase].get(type(event))
    if handler is None:
        raise UnexpectedEventError(call, event)
    return handler(call, event, floor, rules)


def repeated(
    call: Call, commands: tuple[LineCommand, ...], at: datetime, rules: Rules
) -> tuple[LineCommand, ...]:
    """The last commands once more, for a door that did not hear them; nothing rings longer for being said twice."""
    return tuple(_cut_to_time(call, command, at, rules) for command in commands)


def _cut_to_time(call: Call, command: LineCommand, at: datetime, rules: Rules) -> LineCommand:
    if isinstance(command, Ring) and command.agent is not None and call.ring_until is not None:
        left = (call.ring_until - at).total_seconds()
        return replace(command, seconds=max(min(command.seconds, left), LEAST_RING_SECONDS))
    if isinstance(command, Hold) and command.sound is Sound.RINGING:
        to_pickup = (call.pickup_at(rules) - at).total_seconds()
        return replace(command, seconds=max(min(command.seconds, to_pickup), LEAST_WAIT_SECONDS))
    return command


# ---- the call arrives, agents are rung ------------------------------------------------------------------------


def _offered(call: Call, event: CallOffered, floor: Floor, rules: Rules) -> Step:
    """People are rung first, nothing answers before them (R64)."""
    return _find_agent(call, event.at, floor, rules)


def _find_agent(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """Whose turn is it? Ring him; else wait; with nobody on duty there is nothing to wait for."""
    agent = floor.agent_for(call, at)
    if agent is not None:
        return _reserve_and_ring(call, agent, at, rules)
    if not floor.on_duty:
        return _fall_back(call, Prompt.NOBODY_ON_DUTY, rules)
    return _wait(call, at, rules)


def _reserve_and_ring(call: Call, agent: Agent, at: datetime, rules: Rules) -> Step:
    reserve = _reservation(agent, rules)
    return _first(
        reserve, step=_ring(replace(call, agent=agent.login, phone=agent.phone, rung_at=at), at, rules)
    )


def _reservation(agent: Agent, rules: Rules) -> Reserve:
    return Reserve(agent=agent.login, lease_seconds=rules.agent_ring_seconds + LEASE_MARGIN_SECONDS)


def _ring(call: Call, at: datetime, rules: Rules) -> Step:
    """Ring the reserved agent for what is left of his time: quietly until the pickup, else under greeting and music."""
    assert call.rung_at is not None
    left = rules.agent_ring_seconds - (at - call.rung_at).total_seconds()
    to_pickup = (call.pickup_at(rules) - at).total_seconds()
    if _picked_up(call) or to_pickup < LEAST_RING_SECONDS:
        return _ring_on(call, at, left, rules)
    return _ringing(call, at, min(left, to_pickup), Sound.RINGING, cut=to_pickup < left)


def _ring_on(call: Call, at: datetime, left: float, rules: Rules) -> Step:
    """A ring that was cut goes on for a while at least, however late the pickup came."""
    least = min(RING_ON_SECONDS, rules.agent_ring_seconds) if call.ring_cut else LEAST_RING_SECONDS
    sound = Sound.MUSIC if _picked_up(call) else Sound.GREETING
    return _ringing(replace(call, said_greeting=True), at, max(left, least), sound, cut=False)


def _ringing(call: Call, at: datetime, seconds: float, sound: Sound, *, cut: bool) -> Step:
    assert call.phone is not None
    until = at + timedelta(seconds=seconds)
    ringing = replace(call, phase=Phase.RINGING, ring_until=until, ring_cut=cut)
    ring = Ring(agent=call.agent, phone=call.phone, seconds=seconds, sound=sound)
    return Step(call=ringing, commands=(ring,))


def _picked_up(call: Call) -> bool:
    """By the switch's stamp, or because we have told it to."""
    return call.said_greeting or call.greeted_at is not None


def _ring_ended(call: Call, event: RingEnded, floor: Floor, rules: Rules) -> Step:
    """Cut by the deadline: the same agent rings on under the greeting (R65). Let ring: the next agent's turn."""
    if _was_cut(call, event):
        return _ring(call, event.at, rules)
    assert call.agent is not None
    miss = PassedOver(agent=call.agent, at=event.at)
    freed = replace(call, agent=None, phone=None, rung_at=None, passed_over=(*call.passed_over, miss))
    return _first(*_missed(call.agent, floor), step=_find_agent(freed, event.at, floor, rules))


def _was_cut(call: Call, event: RingEnded) -> bool:
    assert call.ring_until is not None
    in_time = event.at >= call.ring_until - timedelta(seconds=EARLY_SECONDS)
    return call.ring_cut and in_time and event.result is RingResult.NO_ANSWER


def _missed(login: str, floor: Floor) -> tuple[Command, ...]:
    """Two misses in a row stand an agent down, but never the last one on duty: then a manager hears of it."""
    agent = floor.agent(login)
    too_many = agent is not None and agent.misses + 1 >= MISSES_ALLOWED
    last = not floor.others_on_duty(login)
    miss = CountMiss(agent=login, stand_down=too_many and not last)
    alert = AlertManager(kind="last_agent_misses" if last else "agent_stood_down", agent=login)
    return (miss, alert) if too_many else (miss,)


def _answered(call: Call, event: AgentAnswered, _floor: Floor, _rules: Rules) -> Step:
    """The moment a person speaks; who is greeted by a person needs no other greeting."""
    talking = replace(
        call,
        phase=Phase.TALKING,
        served_at=event.at,
        greeted_at=call.greeted_at or event.at,
        greeted_by=call.greeted_by or "agent",
    )
    return Step(call=talking, commands=() if call.agent is None else (StartTalk(agent=call.agent),))


def _answered_alone(call: Call, event: AgentAnswered, _floor: Floor, _rules: Rules) -> Step:
    """Somebody the dialplan rang by itself speaks, or spoke before we heard of it: he is served all the same."""
    if call.served_at is not None:
        return Step(call=call)  # a second stamp of one answer
    release = () if call.agent is None else (Release(agent=call.agent),)
    step = _answered(replace(call, agent=None, phone=None), event, _floor, _rules)
    if call.phase is Phase.ENDED:
        return Step(call=replace(step.call, phase=Phase.ENDED, outcome=Outcome.SERVED))
    return Step(call=step.call, commands=release)


def _talk_ended(call: Call, _event: RingEnded, _floor: Floor, rules: Rules) -> Step:
    """The agent hung up first: the call is over, his wrap-up begins."""
    return Step(
        call=replace(call, phase=Phase.CLOSING, agent=None), commands=(*_wrap_up(call, rules), HangUp())
    )


def _wrap_up(call: Call, rules: Rules) -> tuple[Command, ...]:
    return () if call.agent is None else (StartWrapUp(agent=call.agent, seconds=rules.wrap_up_seconds),)


# ---- nobody is free: wait in order ----------------------------------------------------------------------------


def _wait(call: Call, at: datetime, rules: Rules) -> Step:
    """Until the pickup he hears his own ring tone; then the greeting, the reason and our apology (R67-R69)."""
    to_pickup = (call.pickup_at(rules) - at).total_seconds()
    if not _picked_up(call) and rules.answer_when_saturated == "deadline" and to_pickup >= LEAST_WAIT_SECONDS:
        seconds = min(to_pickup, HOLD_SECONDS)
        return Step(
            call=replace(call, phase=Phase.WAITING), commands=(Hold(seconds=seconds, sound=Sound.RINGING),)
        )
    prompts = _greeting(call, rules) + (() if call.apologised else (Prompt.ALL_BUSY,))
    return _hold(replace(call, apologised=True, said_greeting=True), at, prompts, rules)


def _greeting(call: Call, rules: Rules) -> tuple[str, ...]:
    return () if _picked_up(call) else (rules.greeting,)


def _hold(call: Call, at: datetime, prompts: tuple[str, ...], rules: Rules) -> Step:
    since = call.held_since or at
    left = rules.max_hold_seconds - (at - since).total_seconds()
    held = replace(call, phase=Phase.HELD, held_since=since, holds=call.holds + 1)
    stretch = LEAST_HOLD_SECONDS if prompts else min(HOLD_SECONDS, left)
    hold = Hold(seconds=max(stretch, LEAST_HOLD_SECONDS), sound=Sound.MUSIC)
    return Step(call=held, commands=(Say(prompts=prompts), hold) if prompts else (hold,))


def _waited(call: Call, event: HoldElapsed, floor: Floor, rules: Rules) -> Step:
    """Still under his own ring tone: somebody free by now, or time to pick up?"""
    return _find_agent(call, event.at, floor, rules)


def _held(call: Call, event: HoldElapsed, floor: Floor, rules: Rules) -> Step:
    """Still waiting: perhaps it is his turn now, perhaps he has waited too long."""
    agent = floor.agent_for(call, event.at)
    if agent is not None:
        return _reserve_and_ring(call, agent, event.at, rules)
    if not floor.on_duty:
        return _fall_back(call, Prompt.NOBODY_ON_DUTY, rules)
    if _held_too_long(call, event.at, rules):
        return _fall_back(call, Prompt.HELD_TOO_LONG, rules)
    return _hold(call, event.at, _words_on_hold(call), rules)


def _words_on_hold(call: Call) -> tuple[str, ...]:
    """Asked to hold once (R69), then told now and again that we have not forgotten him."""
    if call.holds == 1:
        return (Prompt.PLEASE_HOLD,)
    return (Prompt.STILL_BUSY,) if call.holds % STILL_BUSY_EVERY == 0 else ()


def _held_too_long(call: Call, at: datetime, rules: Rules) -> bool:
    return call.held_since is not None and (at - call.held_since).total_seconds() >= rules.max_hold_seconds


def _turn_came(call: Call, event: TurnCame, floor: Floor, rules: Rules) -> Step:
    """First in line and somebody is free: reserve him, then fetch the caller. Nobody free after all: as before."""
    agent = floor.agent_for(call, event.at)
    if agent is None:
        return Step(call=call)
    fetching = replace(call, phase=Phase.FETCHING, agent=agent.login, phone=agent.phone, fetch_at=event.at)
    return Step(call=fetching, commands=(_reservation(agent, rules), Fetch()))


def _fetched(call: Call, event: CallerFetched, _floor: Floor, rules: Rules) -> Step:
    """Out of the music: the agent reserved for him is rung."""
    return _ring(replace(call, rung_at=event.at), event.at, rules)


def _not_fetched(call: Call, event: HoldElapsed, _floor: Floor, rules: Rules) -> Step:
    """His music ended before the switch came for him: another moment of it, then he comes by himself.

    The moment lets a fetch that is on its way arrive here, not in the middle of his talk with the agent.
    """
    assert call.fetch_at is not None
    picked_up, to_pickup = _picked_up(call), (call.pickup_at(rules) - event.at).total_seconds()
    late = (event.at - call.fetch_at).total_seconds() >= FETCH_SECONDS
    if late or (not picked_up and to_pickup < LEAST_WAIT_SECONDS):
        return _ring(replace(call, rung_at=event.at), event.at, rules)
    seconds = FETCH_POLL_SECONDS if picked_up else min(FETCH_POLL_SECONDS, to_pickup)
    sound = Sound.MUSIC if picked_up else Sound.RINGING
    return Step(call=call, commands=(Hold(seconds=seconds, sound=sound),))


# ---- nobody can come: fallback phones, else the number ---------------------------------------------------------


def _fall_back(call: Call, reason: Prompt, rules: Rules) -> Step:
    prompts = (*_greeting(call, rules), reason)
    picked_up = replace(call, said_greeting=True, agent=None)
    if call.fallback_tried < len(rules.fallback_phones):
        say = Say(prompts=(*prompts, Prompt.TRYING_FALLBACK))
        return _first(say, step=_ring_fallback(picked_up, rules))
    return _take_number(picked_up, prompts)


def _ring_fallback(call: Call, rules: Rules) -> Step:
    phone = rules.fallback_phones[call.fallback_tried]
    ringing = replace(call, phase=Phase.FALLBACK, phone=phone, fallback_tried=call.fallback_tried + 1)
    ring = Ring(agent=None, phone=phone, seconds=rules.agent_ring_seconds, sound=Sound.MUSIC)
    return Step(call=ringing, commands=(ring,))


def _fallback_ended(call: Call, event: RingEnded, floor: Floor, rules: Rules) -> Step:
    """Perhaps somebody has come on duty meanwhile; else the next phone."""
    agent = floor.agent_for(call, event.at)
    if agent is not None:
        return _reserve_and_ring(call, agent, event.at, rules)
    if call.fallback_tried < len(rules.fallback_phones):
        return _ring_fallback(call, rules)
    return _take_number(call, ())


def _take_number(call: Call, prompts: tuple[str, ...]) -> Step:
    """The number is written down first; the sentence that says so is only spoken after the commit (R70)."""
    if call.number is not None:
        return _list(call, call.number, prompts)
    ask = Ask(prompts=(*prompts, Prompt.ASK_NUMBER), digits=NUMBER_DIGITS, seconds=NUMBER_SECONDS)
    return Step(call=replace(call, phase=Phase.ASKING), commands=(ask,))


def _list(call: Call, number: str, prompts: tuple[str, ...]) -> Step:
    listed = replace(call, phase=Phase.CLOSING, listed=True)
    say = Say(prompts=(*prompts, Prompt.NUMBER_NOTED, Prompt.GOODBYE))
    return Step(
        call=listed, commands=(ListForRingBack(number=number, reason="nobody_answered"), say, HangUp())
    )


def _digits_pressed(call: Call, event: DigitsPressed, _floor: Floor, rules: Rules) -> Step:
    """A number that can be rung is listed; without one we can only apologise."""
    number = typed_number(event.digits, rules.area_code)
    if number is not None:
        return _list(call, number, ())
    return Step(
        call=replace(call, phase=Phase.CLOSING), commands=(Say(prompts=(Prompt.NO_NUMBER,)), HangUp())
    )


# ---- any time -------------------------------------------------------------------------------------------------


def _greeted(call: Call, event: CallerGreeted, _floor: Floor, _rules: Rules) -> Step:
    """The server picked up: greeted, not served (R68)."""
    if call.greeted_at is not None and call.greeted_at <= event.at:
        return Step(call=call)  # of two stamps the earlier counts, whichever reaches us first
    return Step(call=replace(call, greeted_at=event.at, greeted_by="server"))


def _hung_up(call: Call, event: HungUp, _floor: Floor, rules: Rules) -> Step:
    """Served, listed to be rung back, or abandoned; nobody stays reserved for a caller who has left."""
    ended = replace(
        call, phase=Phase.ENDED, ended_at=event.at, outcome=_outcome(call), agent=None, phone=None
    )
    if call.phase is Phase.TALKING:
        return Step(call=ended, commands=_wrap_up(call, rules))
    return Step(call=ended, commands=() if call.agent is None else (Release(agent=call.agent),))


def _number_noted(call: Call, event: NumberNoted, _floor: Floor, _rules: Rules) -> Step:
    """Told to the caller while no server answered: it is ours to keep, also when it reaches us after the end."""
    listed = replace(call, listed=True)
    kept = replace(listed, outcome=_outcome(listed)) if call.phase is Phase.ENDED else listed
    return Step(call=kept, commands=(ListForRingBack(number=event.number, reason="hotline_unreachable"),))


def _outcome(call: Call) -> Outcome:
    if call.served_at is not None:
        return Outcome.SERVED
    return Outcome.FALLBACK if call.listed else Outcome.ABANDONED


def _first(*commands: Command, step: Step) -> Step:
    return Step(call=step.call, commands=(*commands, *step.commands))


TRANSITIONS: Mapping[Phase, Mapping[type[Event], Handler]] = _transitions()
