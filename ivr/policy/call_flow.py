"""The call flow of the hotline. Read the table in `_transitions` first: it is all of it; the handlers
below it are short.

Where a call goes next is decided here, with three helpers: ring.py (one agent's phone), offer.py (the callback) and
fallback.py (nobody can come). None of them knows which door the call came through, and none looks at a clock:
`event.at` is the time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ivr.policy.call import Call, Outcome, PassedOver, Phase, Step
from ivr.policy.commands import (
    AskRating,
    Command,
    Fetch,
    HangUp,
    Hold,
    LeaveCallback,
    LineCommand,
    ListForRingBack,
    Rate,
    Release,
    Ring,
    Say,
    ServeCallback,
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
    TurnCame,
)
from ivr.policy.fallback import closed, fall_back, fallback_ended, number_given, take_number
from ivr.policy.floor import Floor
from ivr.policy.offer import (
    CALLBACK_KEY,
    as_it_stands,
    chosen,
    confirmed,
    is_long,
    joined,
    keyed,
    may_offer,
    offer,
    place_and_time,
    release,
    wanted,
)
from ivr.policy.prompts import Prompt
from ivr.policy.rating import QUESTION, THANKS, score
from ivr.policy.ring import (
    LEAST_RING_SECONDS,
    knock,
    missed,
    reservation,
    reserve_and_ring,
    ring,
    was_cut,
)
from ivr.policy.rules import Rules
from ivr.policy.wait_words import tell_wait, words_on_hold

HOLD_SECONDS = 10.0  # one stretch of music; short, so that a lost wake-up delays nobody longer
FETCH_SECONDS = 2.0  # a caller not fetched by then comes out of the music by himself
FETCH_POLL_SECONDS = 1.0
LEAST_HOLD_SECONDS = 1.0  # also after spoken words, so that words and music together stay within one stretch
LEAST_WAIT_SECONDS = 0.2

FLOORLESS = frozenset({CallerGreeted, AgentAnswered, CallerFetched, NumberNoted, HungUp})
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
        Phase.HELD: {TurnCame: _turn_came, HoldElapsed: _held, DigitsPressed: _pressed_on_hold, **unrung},
        Phase.CHOOSING: {TurnCame: _turn_came, DigitsPressed: _chose, **unrung},
        Phase.FETCHING: {
            CallerFetched: _fetched,
            HoldElapsed: _not_fetched,
            DigitsPressed: _not_fetched,
            **unrung,
        },
        Phase.BOOKING: {DigitsPressed: _chose, **unrung},
        Phase.KEYING: {DigitsPressed: _keyed, **unrung},
        Phase.CONFIRMING: {DigitsPressed: _confirmed, **unrung},
        Phase.TALKING: {RingEnded: _talk_ended, **any_time},
        Phase.FALLBACK: {AgentAnswered: _answered, RingEnded: fallback_ended, **any_time},
        Phase.RATING: {DigitsPressed: _rated, **unrung},
        Phase.ASKING: {DigitsPressed: number_given, **unrung},
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
    if type(event) not in FLOORLESS:
        call = as_it_stands(call, floor)
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
    """People are rung first, nothing answers before them (R64); outside the opening hours nobody is."""
    call, joins = joined(call, floor)
    if not rules.hours.is_open(event.at):
        return closed(call, event.at, floor, rules).after(*joins)
    return _find_agent(call, event.at, floor, rules).after(*joins)


def _find_agent(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """Whose turn is it? Ring him; else a colleague who talks; else wait; with nobody on duty there is no waiting."""
    agent = floor.agent_for(call, at)
    if agent is not None:
        return reserve_and_ring(call, agent, at, rules)
    if not floor.on_duty:
        return fall_back(call, at, floor, Prompt.NOBODY_ON_DUTY, rules)
    return knock(call, floor, at, rules) or _wait(call, at, floor, rules)


def _ring_ended(call: Call, event: RingEnded, floor: Floor, rules: Rules) -> Step:
    """Cut by the deadline: the same agent rings on under the greeting (R65). Let ring: the next agent's turn."""
    assert call.agent is not None
    freed = replace(call, agent=None, phone=None, rung_at=None, knocking=False)
    if call.knocking:  # he has a caller: not coming is no miss
        return _find_agent(freed, event.at, floor, rules).after(Release(agent=call.agent))
    if was_cut(call, event):
        return ring(call, event.at, rules)
    miss = PassedOver(agent=call.agent, at=event.at)
    passed = replace(freed, passed_over=(*call.passed_over, miss))
    return _find_agent(passed, event.at, floor, rules).after(*missed(call.agent, floor))


def _answered(call: Call, event: AgentAnswered, _floor: Floor, _rules: Rules) -> Step:
    """The moment a person speaks; who is greeted by a person needs no other greeting."""
    talking = replace(
        call,
        phase=Phase.TALKING,
        knocking=False,
        served_at=event.at,
        greeted_at=call.greeted_at or event.at,
        greeted_by=call.greeted_by or "agent",
    )
    talks = () if call.agent is None else (StartTalk(agent=call.agent),)
    kept = () if call.joined_callback is None else (ServeCallback(callback_id=call.joined_callback),)
    return Step(call=talking, commands=(*talks, *kept))


def _answered_alone(call: Call, event: AgentAnswered, floor: Floor, rules: Rules) -> Step:
    """Somebody the dialplan rang by itself speaks, or spoke before we heard of it: he is served all the same."""
    if call.served_at is not None:
        return Step(call=call)  # a second stamp of one answer
    release = () if call.agent is None else (Release(agent=call.agent),)
    step = _answered(replace(call, agent=None, phone=None), event, floor, rules)
    if call.phase is Phase.ENDED:
        return replace(step, call=replace(step.call, phase=Phase.ENDED, outcome=Outcome.SERVED))
    return step.after(*release)


def _talk_ended(call: Call, _event: RingEnded, floor: Floor, rules: Rules) -> Step:
    """The agent hung up first: his wrap-up begins, and the caller is asked what he thinks of us, once a day (R3)."""
    wrap_up = _wrap_up(call, rules)
    alone = replace(call, agent=None)
    if call.agent is None or not (rules.satisfaction and floor.unrated_today):
        return Step(call=replace(alone, phase=Phase.CLOSING), commands=(*wrap_up, HangUp()))
    return Step(call=replace(alone, phase=Phase.RATING), commands=(*wrap_up, AskRating(), QUESTION))


def _rated(call: Call, event: DigitsPressed, _floor: Floor, _rules: Rules) -> Step:
    """One key from 1 to 5; anything else, and silence, is no answer."""
    closing = replace(call, phase=Phase.CLOSING)
    points = score(event.digits)
    if points is None:
        return Step(call=closing, commands=(HangUp(),))
    return Step(call=closing, commands=(Rate(score=points), THANKS, HangUp()))


def _wrap_up(call: Call, rules: Rules) -> tuple[Command, ...]:
    return () if call.agent is None else (StartWrapUp(agent=call.agent, seconds=rules.wrap_up_seconds),)


# ---- nobody is free: wait in order, or be called back -----------------------------------------------------------


def _wait(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """Until the pickup he hears his own ring tone; then the greeting, the reason and our apology (R67-R69)."""
    if call.apologised:
        return _hold(call, at, (), floor, rules)
    to_pickup = (call.pickup_at(rules) - at).total_seconds()
    patient = rules.answer_when_saturated == "deadline" and call.joined_callback is None
    released = release(call, at, floor, rules)
    if released is not None:
        return released
    if not call.picked_up and patient and to_pickup >= LEAST_WAIT_SECONDS:
        seconds = min(to_pickup, HOLD_SECONDS)
        return Step(
            call=replace(call, phase=Phase.WAITING), commands=(Hold(seconds=seconds, sound=Sound.RINGING),)
        )
    return _hold_or_callback(replace(call, apologised=True), at, floor, rules)


def _hold_or_callback(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """A short wait is held, a long one is said, and with it the callback is offered (R69, R70).

    Who rings again knows why; where he stands comes first. Whoever can be offered nothing is told of the wait while he
    holds: words delay a caller whom nobody can fetch.
    """
    prompts = (*call.greeting(rules), *place_and_time(call, at, floor, rules), Prompt.ALL_BUSY)
    if is_long(floor, rules) and call.joined_callback is None:
        told, words = tell_wait(call, at, floor)
        offered = offer(told, at, floor, (*prompts, *words), rules)
        if offered is not None:
            return offered
    return _hold(call, at, prompts, floor, rules)


def _hold(call: Call, at: datetime, prompts: tuple[str, ...], floor: Floor, rules: Rules) -> Step:
    since = call.held_since or at
    left = rules.max_hold_seconds - (at - since).total_seconds()
    held = replace(call, phase=Phase.HELD, said_greeting=True, held_since=since, holds=call.holds + 1)
    stretch = LEAST_HOLD_SECONDS if prompts else min(HOLD_SECONDS, left)
    key = CALLBACK_KEY if may_offer(call, floor) else None
    hold = Hold(seconds=max(stretch, LEAST_HOLD_SECONDS), sound=Sound.MUSIC, key=key)
    return Step(call=held, commands=(Say(prompts=prompts), hold) if prompts else (hold,))


def _waited(call: Call, event: HoldElapsed, floor: Floor, rules: Rules) -> Step:
    """Still under his own ring tone: somebody free by now, or time to pick up?"""
    return _find_agent(call, event.at, floor, rules)


def _held(call: Call, event: HoldElapsed | DigitsPressed, floor: Floor, rules: Rules) -> Step:
    """Still waiting: perhaps it is his turn now, perhaps he has waited too long."""
    agent = floor.agent_for(call, event.at)
    if agent is not None:
        return reserve_and_ring(call, agent, event.at, rules)
    if not floor.on_duty:
        return fall_back(call, event.at, floor, Prompt.NOBODY_ON_DUTY, rules)
    if _held_too_long(call, event.at, rules):
        return fall_back(call, event.at, floor, Prompt.HELD_TOO_LONG, rules)
    call, words = words_on_hold(call, event.at, floor)
    told = words and words[0] != Prompt.PLEASE_HOLD and may_offer(call, floor)
    return _hold(call, event.at, (*words, Prompt.PRESS_FOR_CALLBACK) if told else words, floor, rules)


def _pressed_on_hold(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step:
    """A key changes the music into a callback at any time (R70)."""
    return wanted(call, event, floor, rules) or _held(call, event, floor, rules)


def _held_too_long(call: Call, at: datetime, rules: Rules) -> bool:
    return call.held_since is not None and (at - call.held_since).total_seconds() >= rules.max_hold_seconds


def _chose(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step:
    """One key takes the callback; any other, and silence, keeps his place (R69)."""
    return chosen(call, event) or _back_in_line(call, event.at, floor, rules)


def _keyed(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step:
    """The number he keyed in is read back; with none he keeps his place."""
    return keyed(call, event, rules) or _back_in_line(call, event.at, floor, rules)


def _confirmed(call: Call, event: DigitsPressed, floor: Floor, rules: Rules) -> Step:
    """The number read back is right: the promise is made (R70). Or it is another; or he keeps his place."""
    return confirmed(call, event, floor, rules) or _back_in_line(call, event.at, floor, rules)


def _back_in_line(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """No callback: on with the wait, or the number is taken where there is nothing to wait for."""
    if call.outside_hours or _held_too_long(call, at, rules):
        return take_number(call, ())
    return _find_agent(call, at, floor, rules)


# ---- his turn comes while he waits ------------------------------------------------------------------------------


def _turn_came(call: Call, event: TurnCame, floor: Floor, rules: Rules) -> Step:
    """First in line and somebody is free: reserve him, then fetch the caller. Nobody free after all: as before."""
    agent = floor.agent_for(call, event.at)
    if agent is None:
        return Step(call=call)
    phone = agent.phone_at(call.door)
    fetching = replace(call, phase=Phase.FETCHING, agent=agent.login, phone=phone, fetch_at=event.at)
    return Step(call=fetching, commands=(reservation(agent, rules), Fetch()))


def _fetched(call: Call, event: CallerFetched, _floor: Floor, rules: Rules) -> Step:
    """Out of the music: the agent reserved for him is rung."""
    return ring(replace(call, rung_at=event.at), event.at, rules)


def _not_fetched(call: Call, event: HoldElapsed | DigitsPressed, _floor: Floor, rules: Rules) -> Step:
    """His music ended before the switch came for him: another moment of it, then he comes by himself.

    The moment lets a fetch that is on its way arrive here, not in the middle of his talk with the agent.
    """
    assert call.fetch_at is not None
    to_pickup = (call.pickup_at(rules) - event.at).total_seconds()
    late = (event.at - call.fetch_at).total_seconds() >= FETCH_SECONDS
    if late or (not call.picked_up and to_pickup < LEAST_WAIT_SECONDS):
        return ring(replace(call, rung_at=event.at), event.at, rules)
    seconds = FETCH_POLL_SECONDS if call.picked_up else min(FETCH_POLL_SECONDS, to_pickup)
    sound = Sound.MUSIC if call.picked_up else Sound.RINGING
    return Step(call=call, commands=(Hold(seconds=seconds, sound=sound),))


# ---- any time -------------------------------------------------------------------------------------------------


def _greeted(call: Call, event: CallerGreeted, _floor: Floor, _rules: Rules) -> Step:
    """The server picked up: greeted, not served (R68)."""
    if call.greeted_at is not None and call.greeted_at <= event.at:
        return Step(call=call)  # of two stamps the earlier counts, whichever reaches us first
    return Step(call=replace(call, greeted_at=event.at, greeted_by="server"))


def _hung_up(call: Call, event: HungUp, _floor: Floor, rules: Rules) -> Step:
    """Served, promised a callback, listed to be rung back, or abandoned; nobody stays reserved for who has left."""
    rang = call.agent if call.phase is Phase.RINGING else None
    ended = replace(
        call,
        phase=Phase.ENDED,
        ended_at=event.at,
        outcome=_outcome(call),
        agent=None,
        phone=None,
        left_ringing=rang,
    )
    if call.phase is Phase.TALKING:
        return Step(call=ended, commands=_wrap_up(call, rules))
    free = () if call.agent is None else (Release(agent=call.agent),)
    return Step(call=ended, commands=(*free, *_leave_callback(call)))


def _leave_callback(call: Call) -> tuple[Command, ...]:
    """The promise made to him before stands."""
    if call.joined_callback is None or call.served_at is not None:
        return ()
    return (LeaveCallback(callback_id=call.joined_callback),)


def _number_noted(call: Call, event: NumberNoted, _floor: Floor, _rules: Rules) -> Step:
    """Told to the caller while no server answered: it is ours to keep, also when it reaches us after the end.

    Whoever is promised a call already is on no second list.
    """
    if call.promised or call.joined_callback is not None:
        return Step(call=call)
    noted = replace(call, listed=True)
    kept = replace(noted, outcome=_outcome(noted)) if call.phase is Phase.ENDED else noted
    return Step(call=kept, commands=(ListForRingBack(number=event.number, reason="hotline_unreachable"),))


def _outcome(call: Call) -> Outcome:
    if call.served_at is not None:
        return Outcome.SERVED
    if call.promised or call.joined_callback is not None:
        return Outcome.CALLBACK
    return Outcome.FALLBACK if call.listed else Outcome.ABANDONED


TRANSITIONS: Mapping[Phase, Mapping[type[Event], Handler]] = _transitions()
