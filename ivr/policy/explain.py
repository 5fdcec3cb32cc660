"""How a replayed step is told: what happened, what was seen, what was decided, each with its numbers.

This file chooses the clauses and reckons their numbers; the sentences stand in explain_words.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from ivr.policy.call import Phase
from ivr.policy.call_flow import FETCH_SECONDS, MISSES_ALLOWED
from ivr.policy.commands import (
    AlertManager,
    Ask,
    BookCommand,
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
    TurnCame,
)
from ivr.policy.explain_words import Clause
from ivr.policy.floor import Floor, Waiting
from ivr.policy.replay import Told

ALERTS = frozenset({"last_agent_misses", "agent_stood_down"})


def numbers(told: Told) -> dict[str, object]:
    """Every number the decision rests on, by name; `now_…` are those only today's policy would use."""
    return {key: value for part in parts(told) for clause in part for key, value in clause.values.items()}


def parts(told: Told) -> tuple[tuple[Clause, ...], ...]:
    """What happened, what was seen, what was decided, and what would be decided today where that differs."""
    name = type(told.noted.event).__name__
    if told.refused:
        return ((Clause("refused", event=name, phase=told.before.phase.value),), *_today(told))
    known = told.would is not None  # only then has the call what the event's words speak of
    happened = (
        _HAPPENED[type(told.noted.event)](told, told.noted.event) if known else (Clause("event", event=name),)
    )
    return (happened, tuple(_seen(told)), _decided(told), *_today(told))


def _today(told: Told) -> tuple[tuple[Clause, ...], ...]:
    if told.agrees:
        return ()
    if told.would is None:
        return ((Clause("differs_refused"),),)
    today = _decided(replace(told, noted=replace(told.noted, commands=told.would)))
    marked = (Clause(c.key, **{f"now_{key}": value for key, value in c.values.items()}) for c in today)
    return ((Clause("differs" if today else "differs_nothing"), *marked),)


# ---- what happened ----


def _offered(told: Told, _event: CallOffered) -> tuple[Clause, ...]:
    rules = told.noted.rules
    pickup = rules.deadline_seconds - rules.pickup_margin_seconds
    return (
        Clause("offered", rings=rules.rings, deadline_seconds=rules.deadline_seconds, pickup_seconds=pickup),
    )


def _greeted(told: Told, _event: CallerGreeted) -> tuple[Clause, ...]:
    if told.before.greeted_at is not None and told.after == told.before:
        return (Clause("greeted_again"),)
    rules = told.noted.rules
    values = {
        "greeted_seconds": told.offset_seconds,
        "ring_number": int(told.offset_seconds // rules.ring_cycle_seconds) + 1,
        "deadline_seconds": rules.deadline_seconds,
    }
    in_time = told.offset_seconds <= rules.deadline_seconds
    return (Clause("greeted_in_time" if in_time else "greeted_late", **values),)


def _answered(told: Told, event: AgentAnswered) -> tuple[Clause, ...]:
    call, waited = told.before, told.offset_seconds
    if call.phase is Phase.FALLBACK:
        return (Clause("answered_fallback", phone=call.phone, wait_seconds=waited),)
    if call.phase is not Phase.RINGING:
        return (Clause("answered_alone", wait_seconds=waited),)
    rung = _since(call.rung_at, event.at)
    return (Clause("answered", agent=call.agent, rung_seconds=rung, wait_seconds=waited),)


def _ring_ended(told: Told, event: RingEnded) -> tuple[Clause, ...]:
    call = told.before
    if call.phase is Phase.TALKING:
        return (Clause("talk_over", talk_seconds=_since(call.served_at, event.at)),)
    if call.phase is Phase.FALLBACK:
        return (Clause("fallback_unanswered", phone=call.phone, result=event.result.value),)
    rung = {"agent": call.agent, "rung_seconds": _since(call.rung_at, event.at)}
    if _let_ring(told):
        return (Clause(f"ring_{event.result.value}", **rung),)
    rules = told.noted.rules
    left = _since(event.at, call.deadline_at(rules))
    if left >= 0:
        return (Clause("ring_cut", rings=rules.rings, to_deadline_seconds=left, **rung),)
    return (Clause("ring_cut_late", rings=rules.rings, past_deadline_seconds=-left, **rung),)


def _let_ring(told: Told) -> bool:
    return any(isinstance(command, CountMiss) for command in told.noted.commands)


def _hold_elapsed(told: Told, event: HoldElapsed) -> tuple[Clause, ...]:
    call = told.before
    if call.phase is Phase.FETCHING:
        values = {"fetching_seconds": _since(call.fetch_at, event.at), "fetch_limit_seconds": FETCH_SECONDS}
        return (Clause("not_fetched", **values),)
    if call.phase is Phase.WAITING:
        return (Clause("waited", waited_seconds=told.offset_seconds),)
    most = told.noted.rules.max_hold_seconds
    return (Clause("held", held_seconds=_since(call.held_since, event.at), max_hold_seconds=most),)


def _turn_came(told: Told, _event: TurnCame) -> tuple[Clause, ...]:
    return (Clause("turn_came", waited_seconds=told.offset_seconds),)


def _fetched(told: Told, event: CallerFetched) -> tuple[Clause, ...]:
    return (Clause("fetched", fetching_seconds=_since(told.before.fetch_at, event.at)),)


def _digits(_told: Told, event: DigitsPressed) -> tuple[Clause, ...]:
    return (Clause("digits", digits=event.digits) if event.digits else Clause("no_digits"),)


def _number_noted(_told: Told, event: NumberNoted) -> tuple[Clause, ...]:
    return (Clause("noted", number=event.number),)


def _hung_up(told: Told, event: HungUp) -> tuple[Clause, ...]:
    outcome = told.after.outcome.value
    ended = Clause(f"outcome_{outcome}", outcome=outcome)
    if told.before.phase is Phase.TALKING:
        return (Clause("hung_up_talking", talk_seconds=_since(told.before.served_at, event.at)), ended)
    return (Clause("hung_up", after_seconds=told.offset_seconds), ended)


_HAPPENED: Mapping[type[Event], Callable[[Told, Any], tuple[Clause, ...]]] = {
    CallOffered: _offered,
    CallerGreeted: _greeted,
    AgentAnswered: _answered,
    RingEnded: _ring_ended,
    HoldElapsed: _hold_elapsed,
    TurnCame: _turn_came,
    CallerFetched: _fetched,
    DigitsPressed: _digits,
    NumberNoted: _number_noted,
    HungUp: _hung_up,
}


# ---- what was seen ----


def _seen(told: Told) -> Iterator[Clause]:
    floor = told.noted.floor
    if floor is None or not _looked(told):
        return
    at, duty = told.noted.event.at, len(floor.on_duty)
    if floor.free:
        idle = [_since(agent.idle_since, at) for agent in floor.free]
        yield Clause("free", free=[agent.login for agent in floor.free], idle_seconds=idle, on_duty=duty)
    else:
        yield Clause("none_free" if duty else "nobody_on_duty", free=[], on_duty=duty)
    if duty:
        yield Clause("ahead" if told.noted.ahead else "ahead_none", ahead=told.noted.ahead)
        yield from _why_not(told, floor)


def _looked(told: Told) -> bool:
    """Whether the decision depended on the floor."""
    match told.noted.event:
        case CallOffered() | TurnCame():
            return True
        case HoldElapsed():
            return told.before.phase is not Phase.FETCHING
        case RingEnded():
            return told.before.phase is Phase.FALLBACK or _let_ring(told)
        case _:
            return False


def _why_not(told: Told, floor: Floor) -> Iterator[Clause]:
    """Somebody is free and this call does not get him: it has just rung him, or others come first."""
    if not floor.free or any(isinstance(command, Reserve) for command in told.noted.commands):
        return
    call, at = told.after, told.noted.event.at
    mine = Waiting(call_id=call.call_id, presented_at=call.presented_at, passed_over=call.passed_over)
    skipped = [agent.login for agent in floor.free if not mine.accepts(agent, at)]
    if skipped:
        yield Clause("just_rung", passed_over=skipped)
    if len(skipped) < len(floor.free):
        yield Clause("not_his_turn")


# ---- what was decided ----


def _decided(told: Told) -> tuple[Clause, ...]:
    return tuple(
        _on_the_line(told, command) if isinstance(command, LineCommand) else _in_the_books(told, command)
        for command in told.noted.commands
    )


def _on_the_line(told: Told, command: LineCommand) -> Clause:
    match command:
        case Say(prompts=prompts):
            return Clause("say", prompts=list(prompts))
        case Ring():
            return _ring(told, command)
        case Ask(prompts=prompts, digits=digits, seconds=seconds):
            return Clause("ask", prompts=list(prompts), digits_at_most=digits, silence_seconds=seconds)
        case Hold(seconds=seconds, sound=sound):
            key = "hold_ringing" if sound is Sound.RINGING else "hold_music"
            return Clause(key, hold_seconds=round(seconds, 3))
        case HangUp():
            return Clause("hang_up")
        case _ as never:
            assert_never(never)


def _ring(told: Told, command: Ring) -> Clause:
    seconds, rules = round(command.seconds, 3), told.noted.rules
    if command.agent is None:
        return Clause("ring_fallback", phone=command.phone, ring_seconds=seconds)
    if command.sound is Sound.RINGING:
        key = "ring_to_pickup" if command.seconds < rules.agent_ring_seconds else "ring"
        return Clause(key, agent=command.agent, ring_seconds=seconds)
    if command.sound is Sound.MUSIC:
        return Clause("ring_music", agent=command.agent, ring_seconds=seconds)
    greeting = {"prompts": [rules.greeting], "agent": command.agent, "ring_seconds": seconds}
    if told.before.phase is Phase.RINGING and told.before.agent == command.agent:
        return Clause(
            "ring_on_greeting", rung_seconds=_since(told.before.rung_at, told.noted.event.at), **greeting
        )
    return Clause("ring_greeting", **greeting)


def _in_the_books(told: Told, command: BookCommand) -> Clause:
    match command:
        case Reserve(agent=login, lease_seconds=seconds):
            return Clause("reserve", agent=login, lease_seconds=seconds)
        case Release(agent=login):
            return Clause("release", released=login)
        case CountMiss():
            return _miss(told, command)
        case StartTalk(agent=login):
            return Clause("start_talk", agent=login)
        case StartWrapUp(agent=login, seconds=seconds):
            return Clause("wrap_up", wrapping_up=login, wrap_up_seconds=seconds)
        case _:
            return _beyond_the_agent(command)


def _beyond_the_agent(command: Fetch | ListForRingBack | AlertManager) -> Clause:
    match command:
        case Fetch():
            return Clause("fetch")
        case ListForRingBack(number=number):
            return Clause("list", number=number)
        case AlertManager(kind=kind, agent=login):
            return Clause(f"alert_{kind}" if kind in ALERTS else "alert", alert=kind, alert_agent=login or "")
        case _ as never:
            assert_never(never)


def _miss(told: Told, command: CountMiss) -> Clause:
    agent = (told.noted.floor or Floor()).agent(command.agent)
    misses = 1 if agent is None else agent.misses + 1
    key = "miss_stand_down" if command.stand_down else "miss"
    return Clause(key, missed_by=command.agent, misses=misses, misses_allowed=MISSES_ALLOWED)


def _since(start: datetime | None, end: datetime) -> float:
    """Seconds between, to the millisecond; 0 where the first moment is missing from a story that differs."""
    return 0.0 if start is None else round((end - start).total_seconds(), 3)
