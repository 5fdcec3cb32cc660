"""How one agent's phone is rung for a caller: quietly until the pickup, then under greeting and music (R64, R65)."""

from dataclasses import replace
from datetime import datetime, timedelta

from ivr.policy.call import Call, Phase, Step
from ivr.policy.commands import AlertManager, Command, CountMiss, Knock, Reserve, Ring, Sound
from ivr.policy.events import RingEnded, RingResult
from ivr.policy.floor import Agent, Floor
from ivr.policy.rules import Rules
from ivr.policy.spoken import whisper_prompts

LEASE_MARGIN_SECONDS = 15.0  # a reservation outlives its ring by this before anybody else may end it
MISSES_ALLOWED = 2  # in a row; then the agent is stood down
RING_ON_SECONDS = 5.0  # a phone rings on under the greeting at least so long, however late the pickup came
LEAST_RING_SECONDS = 1.0  # a shorter ring would only make the phone chirp
EARLY_SECONDS = 1.0  # a ring that ended this long before its time was ended by the phone, not by the pickup


def reserve_and_ring(call: Call, agent: Agent, at: datetime, rules: Rules) -> Step:
    """The longest idle is taken for this caller, then his phone rings."""
    rung = replace(call, agent=agent.login, phone=agent.phone_at(call.door), rung_at=at)
    return ring(rung, at, rules).after(reservation(agent, rules))


def reservation(agent: Agent, rules: Rules) -> Reserve:
    """For as long as he is rung at most."""
    return Reserve(agent=agent.login, lease_seconds=rules.agent_ring_seconds + LEASE_MARGIN_SECONDS)


def ring(call: Call, at: datetime, rules: Rules) -> Step:
    """Ring the reserved agent for what is left of his time: quietly until the pickup, else under greeting and music."""
    assert call.rung_at is not None
    left = rules.agent_ring_seconds - (at - call.rung_at).total_seconds()
    to_pickup = (call.pickup_at(rules) - at).total_seconds()
    if call.picked_up or to_pickup < LEAST_RING_SECONDS:
        return _ring_on(call, at, left, rules)
    return _ringing(call, at, min(left, to_pickup), Sound.RINGING, cut=to_pickup < left)


def knock(call: Call, floor: Floor, at: datetime, rules: Rules) -> Step | None:
    """Offer him once to a colleague who talks, as call waiting, until the pickup; None where that cannot be (R67).

    Whoever rings again because of a callback hears of it first.
    """
    offered = call.knocked or call.joined_callback is not None
    if rules.all_busy_first != "colleague" or offered or call.picked_up:
        return None
    seconds = min((call.pickup_at(rules) - at).total_seconds(), rules.agent_ring_seconds)
    agent = floor.colleague_for(call)
    if agent is None or seconds < LEAST_RING_SECONDS:
        return None
    phone = agent.phone_at(call.door)
    knocking = replace(call, agent=agent.login, phone=phone, rung_at=at, knocking=True, knocked=True)
    order = Knock(agent=agent.login, lease_seconds=seconds + LEASE_MARGIN_SECONDS)
    return _ringing(knocking, at, seconds, Sound.RINGING, cut=False).after(order)


def was_cut(call: Call, event: RingEnded) -> bool:
    """The pickup ended this ring, not the phone."""
    assert call.ring_until is not None
    in_time = event.at >= call.ring_until - timedelta(seconds=EARLY_SECONDS)
    return call.ring_cut and in_time and event.result is RingResult.NO_ANSWER


def missed(login: str, floor: Floor) -> tuple[Command, ...]:
    """Two misses in a row stand an agent down, but never the last one on duty: then a manager hears of it."""
    agent = floor.agent(login)
    too_many = agent is not None and agent.misses + 1 >= MISSES_ALLOWED
    last = not floor.others_on_duty(login)
    miss = CountMiss(agent=login, stand_down=too_many and not last)
    alert = AlertManager(kind="last_agent_misses" if last else "agent_stood_down", agent=login)
    return (miss, alert) if too_many else (miss,)


def _ring_on(call: Call, at: datetime, left: float, rules: Rules) -> Step:
    """A ring that was cut goes on for a while at least, however late the pickup came."""
    least = min(RING_ON_SECONDS, rules.agent_ring_seconds) if call.ring_cut else LEAST_RING_SECONDS
    sound = Sound.MUSIC if call.picked_up else Sound.GREETING
    return _ringing(replace(call, said_greeting=True), at, max(left, least), sound, cut=False)


def _ringing(call: Call, at: datetime, seconds: float, sound: Sound, *, cut: bool) -> Step:
    assert call.phone is not None
    until = at + timedelta(seconds=seconds)
    ringing = replace(call, phase=Phase.RINGING, ring_until=until, ring_cut=cut)
    whisper = _whisper(call, at) if sound is Sound.MUSIC else ()
    command = Ring(agent=call.agent, phone=call.phone, seconds=seconds, sound=sound, whisper=whisper)
    return Step(call=ringing, commands=(command,))


def _whisper(call: Call, at: datetime) -> tuple[str, ...]:
    """That he rings again, how long he has waited; of a short first wait nothing.

    Only of who hears music: nobody's three rings are spent on words (R64).
    """
    again = call.joined_callback is not None
    minutes = int((at - call.in_line_since).total_seconds() // 60)
    if not (again or minutes):
        return ()
    times = max(call.calls_today, 2) if again else 1
    return whisper_prompts(times, minutes, callback=False)
