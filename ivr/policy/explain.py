"""How a replayed step is told: what happened, what was seen, what was decided, each with its numbers.

The clauses are chosen here and their numbers reckoned; the sentences stand in explain_words.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from ivr.policy.call import Phase
from ivr.policy.commands import (
    AlertManager,
    Ask,
    AskRating,
    BookCommand,
    CountMiss,
    Fetch,
    HangUp,
    Hold,
    JoinCallback,
    Knock,
    LeaveCallback,
    LineCommand,
    ListForRingBack,
    PromiseCallback,
    Rate,
    Release,
    Reserve,
    Ring,
    Say,
    ServeCallback,
    Sound,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import CallOffered, DigitsPressed, HoldElapsed, RingEnded, TurnCame
from ivr.policy.explain_events import happened
from ivr.policy.explain_words import Clause
from ivr.policy.floor import Floor, place_of
from ivr.policy.replay import Told, seconds_between
from ivr.policy.ring import MISSES_ALLOWED

JOINED = {JoinCallback: "join", ServeCallback: "serve", LeaveCallback: "leave"}
ALERTS = frozenset({"last_agent_misses", "agent_stood_down"})


def numbers(told: Told) -> dict[str, object]:
    """Every number the decision rests on, by name; `now_…` are those only today's policy would use."""
    return {key: value for part in parts(told) for clause in part for key, value in clause.values.items()}


def parts(told: Told) -> tuple[tuple[Clause, ...], ...]:
    """What happened, what was seen, what was decided, and what would be decided today where that differs."""
    name = type(told.noted.event).__name__
    if told.refused:
        return ((Clause("refused", event=name, phase=told.before.phase.value),), *_today(told))
    return (happened(told), tuple(_seen(told)), _decided(told), *_today(told))


def _today(told: Told) -> tuple[tuple[Clause, ...], ...]:
    if told.agrees:
        return ()
    if told.would is None:
        return ((Clause("differs_refused"),),)
    today = _decided(replace(told, noted=replace(told.noted, commands=told.would)))
    marked = (Clause(c.key, **{f"now_{key}": value for key, value in c.values.items()}) for c in today)
    return ((Clause("differs" if today else "differs_nothing"), *marked),)


# ---- what was seen ----


def _seen(told: Told) -> Iterator[Clause]:
    floor = told.noted.floor
    if told.after.outside_hours and isinstance(told.noted.event, CallOffered):
        yield Clause("outside_hours")
        return
    if floor is None or not _looked(told):
        return
    yield from _agents_seen(told, floor)
    yield from _wait_told(told, floor)
    if not floor.free:
        yield from _desk_seen(told, floor)


def _agents_seen(told: Told, floor: Floor) -> Iterator[Clause]:
    at, duty = told.noted.event.at, len(floor.on_duty)
    if floor.free:
        idle = [seconds_between(agent.idle_since, at) for agent in floor.free]
        yield Clause("free", free=[agent.login for agent in floor.free], idle_seconds=idle, on_duty=duty)
    else:
        yield Clause("none_free" if duty else "nobody_on_duty", free=[], on_duty=duty)
    if duty:
        yield Clause("ahead" if told.noted.ahead else "ahead_none", ahead=told.noted.ahead)
        yield from _why_not(told, floor)


def _wait_told(told: Told, floor: Floor) -> Iterator[Clause]:
    """What the told wait was reckoned from."""
    said = told.after.told
    if said is None or said == told.before.told or floor.pace is None:
        return
    yield Clause(
        "wait_told",
        told_minutes=said.minutes,
        serving=said.position.serving,
        handling_seconds=round(floor.pace.handling_seconds),
        patience_seconds=round(1 / floor.pace.theta) if floor.pace.theta else "∞",
        correction=round(floor.pace.correction, 3),
    )
    if told.after.phase is Phase.CHOOSING:
        yield Clause("long_wait", hold_limit_seconds=told.noted.rules.hold_if_wait_at_most_seconds)


def _desk_seen(told: Told, floor: Floor) -> Iterator[Clause]:
    """Whether he could be called back."""
    desk = floor.desk
    if desk is None:
        return
    if desk.open is not None:
        yield Clause("callback_open", open_callback=desk.open.callback_id, open_ahead=desk.open.ahead)
    elif desk.refusal is not None:
        yield Clause("callback_refused", refusal=desk.refusal.value)
    else:
        yield Clause("callback_allowed")
    reserve = told.noted.rules.inbound_reserve
    if desk.channels_free is not None and desk.channels_free < reserve:
        yield Clause("channels", channels_free=desk.channels_free, inbound_reserve=reserve)


def _looked(told: Told) -> bool:
    """Whether the decision depended on the floor."""
    match told.noted.event:
        case CallOffered() | TurnCame():
            return True
        case HoldElapsed():
            return told.before.phase is not Phase.FETCHING
        case RingEnded():
            return told.before.phase is Phase.FALLBACK or told.let_ring or told.before.knocking
        case DigitsPressed():
            return told.before.phase not in (Phase.FETCHING, Phase.ASKING, Phase.RATING)
        case _:
            return False


def _why_not(told: Told, floor: Floor) -> Iterator[Clause]:
    """Somebody is free and this call does not get him: it has just rung him, or others come first."""
    if not floor.free or any(isinstance(command, Reserve) for command in told.noted.commands):
        return
    call, at = told.after, told.noted.event.at
    mine = place_of(call)
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
        case Hold(seconds=seconds, key=str(pressed)):
            return Clause("hold_music_key", hold_seconds=round(seconds, 3), digits=pressed)
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
            "ring_on_greeting",
            rung_seconds=seconds_between(told.before.rung_at, told.noted.event.at),
            **greeting,
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
        case Knock(agent=login, lease_seconds=seconds):
            return Clause("knock", agent=login, lease_seconds=seconds)
        case AlertManager(kind=kind, agent=login):
            return Clause(f"alert_{kind}" if kind in ALERTS else "alert", alert=kind, alert_agent=login or "")
        case _:
            return _for_the_caller(told, command)


ForTheCaller = (
    Fetch
    | ListForRingBack
    | PromiseCallback
    | JoinCallback
    | ServeCallback
    | LeaveCallback
    | AskRating
    | Rate
)


def _for_the_caller(told: Told, command: ForTheCaller) -> Clause:
    match command:
        case Fetch():
            return Clause("fetch")
        case ListForRingBack(number=number):
            return Clause("list", number=number)
        case PromiseCallback(number=number, due_at=due_at, consent_at=consent_at):
            due = f"{told.noted.rules.hours.local(due_at):%H:%M}"
            return Clause("promise" if consent_at else "promise_released", number=number, due_at=due)
        case JoinCallback() | ServeCallback() | LeaveCallback():
            return Clause(JOINED[type(command)], callback=command.callback_id)
        case AskRating():
            return Clause("ask_rating")
        case Rate(score=score):
            return Clause("rate", score=score)
        case _ as never:
            assert_never(never)


def _miss(told: Told, command: CountMiss) -> Clause:
    agent = (told.noted.floor or Floor()).agent(command.agent)
    misses = 1 if agent is None else agent.misses + 1
    key = "miss_stand_down" if command.stand_down else "miss"
    return Clause(key, missed_by=command.agent, misses=misses, misses_allowed=MISSES_ALLOWED)
