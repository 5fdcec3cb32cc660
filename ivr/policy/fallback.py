"""Nobody can come to the caller: fallback phones, a callback, else his number for a person to ring (R70)."""

from dataclasses import replace
from datetime import datetime

from ivr.policy.call import Call, Phase, Step
from ivr.policy.commands import Ask, HangUp, Ring, Say, Sound
from ivr.policy.events import DigitsPressed, RingEnded
from ivr.policy.floor import Floor
from ivr.policy.offer import NUMBER_DIGITS, NUMBER_SECONDS, listed, offer_instead, stands
from ivr.policy.phone_number import typed_number
from ivr.policy.prompts import CHINESE, Prompt
from ivr.policy.ring import reserve_and_ring
from ivr.policy.rules import Rules
from ivr.policy.spoken import opening_prompts


def fall_back(call: Call, at: datetime, floor: Floor, reason: Prompt, rules: Rules) -> Step:
    prompts = (*call.greeting(rules), reason)
    picked_up = replace(call, said_greeting=True, agent=None)
    if call.fallback_tried < len(rules.fallback_phones):
        say = Say(prompts=(*prompts, Prompt.TRYING_FALLBACK))
        return _ring_fallback(picked_up, rules).after(say)
    return _give_up(picked_up, at, floor, prompts, rules)


def closed(call: Call, at: datetime, floor: Floor, rules: Rules) -> Step:
    """Outside the opening hours: when we are open again, and a callback or his number all the same (R70)."""
    hours = rules.hours
    opening = hours.next_opening(at)
    again = () if opening is None else opening_prompts(hours.local(opening), hours.local(at), CHINESE)
    prompts = (*call.greeting(rules), Prompt.OUTSIDE_HOURS, *again)
    return _give_up(replace(call, said_greeting=True, outside_hours=True), at, floor, prompts, rules)


def _ring_fallback(call: Call, rules: Rules) -> Step:
    phone = rules.fallback_phones[call.fallback_tried]
    ringing = replace(call, phase=Phase.FALLBACK, phone=phone, fallback_tried=call.fallback_tried + 1)
    ring = Ring(agent=None, phone=phone, seconds=rules.agent_ring_seconds, sound=Sound.MUSIC)
    return Step(call=ringing, commands=(ring,))


def fallback_ended(call: Call, event: RingEnded, floor: Floor, rules: Rules) -> Step:
    """Perhaps somebody has come on duty meanwhile; else the next phone."""
    agent = floor.agent_for(call, event.at)
    if agent is not None:
        return reserve_and_ring(call, agent, event.at, rules)
    if call.fallback_tried < len(rules.fallback_phones):
        return _ring_fallback(call, rules)
    return _give_up(call, event.at, floor, (), rules)


def _give_up(call: Call, at: datetime, floor: Floor, prompts: tuple[str, ...], rules: Rules) -> Step:
    """A promise he has stands; else he is offered one that can be kept; else his number is taken."""
    if call.joined_callback is not None:
        return stands(call, at, floor, prompts, rules)
    return offer_instead(call, at, floor, prompts, rules) or take_number(call, prompts)


def take_number(call: Call, prompts: tuple[str, ...]) -> Step:
    """The number is written down first; the sentence that says so is only spoken after the commit (R70)."""
    if call.number is not None:
        return listed(call, call.number, prompts, _list_reason(call))
    ask = Ask(prompts=(*prompts, Prompt.ASK_NUMBER), digits=NUMBER_DIGITS, seconds=NUMBER_SECONDS)
    return Step(call=replace(call, phase=Phase.ASKING), commands=(ask,))


def _list_reason(call: Call) -> str:
    return "outside_hours" if call.outside_hours else "nobody_answered"


def number_given(call: Call, event: DigitsPressed, _floor: Floor, rules: Rules) -> Step:
    """A number that can be rung is listed; without one we can only apologise."""
    number = typed_number(event.digits, rules.area_code)
    if number is not None:
        return listed(call, number, (), _list_reason(call))
    return Step(
        call=replace(call, phase=Phase.CLOSING), commands=(Say(prompts=(Prompt.NO_NUMBER,)), HangUp())
    )
