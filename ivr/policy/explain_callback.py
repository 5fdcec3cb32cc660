"""How the callback promised in a call is told: each attempt, what came of it, and whether the promise was kept.

The moments come from three places (its log, the switch's stamps, the promise itself) and are told in the order of time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ivr.policy.callback_commands import CallbackCommand, Dial, HandOver, StopDialing
from ivr.policy.callback_events import (
    AttemptEnded,
    CallbackEvent,
    CallerLeft,
    CallerRangAgain,
    CallerServed,
    Claimed,
    DueTimeCannotBeMet,
    LeaseEnded,
    NewTimeNotTold,
    NewTimeTold,
    NumberRefused,
    ResultMissing,
    RouteLost,
    SecondPersonNamed,
)
from ivr.policy.commands import AlertManager
from ivr.policy.explain_words import Clause
from ivr.policy.routes import Route

Clock = Callable[[datetime], str]
"""A moment as people of the hotline read it."""


@dataclass(frozen=True, kw_only=True)
class Overtook(CallbackEvent):
    """Taken before `earlier` others who had waited longer, since its promise would have broken."""

    due_at: datetime
    earlier: int


@dataclass(frozen=True, kw_only=True)
class NotedCallback:
    """One row of its log; `commands` None: the event meant nothing."""

    event: CallbackEvent
    commands: tuple[CallbackCommand, ...] | None


@dataclass(frozen=True, kw_only=True)
class PromiseFate:
    """What became of the promise; `due_at` is the time he was told last."""

    due_at: datetime
    broken_at: datetime | None
    kept_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CallbackTold:
    """One moment in its life; `name` is the event's."""

    at: datetime
    name: str
    clauses: tuple[Clause, ...]

    @property
    def numbers(self) -> dict[str, object]:
        """What the sentence rests on, by name."""
        return {key: value for clause in self.clauses for key, value in clause.values.items()}


def callback_told(
    noted: Sequence[NotedCallback], spoke_at: Sequence[datetime], promise: PromiseFate, clock: Clock
) -> tuple[CallbackTold, ...]:
    """Everything that happened, by time; of one moment the events come first."""
    told = (*_log(noted, clock), *map(_spoke, spoke_at), *_fate(promise, clock))
    return tuple(sorted(told, key=lambda each: each.at))


def _log(noted: Sequence[NotedCallback], clock: Clock) -> Iterator[CallbackTold]:
    attempts, new_due_at = 0, None
    for each in noted:
        event = each.event
        name = type(event).__name__
        if each.commands is None:
            yield CallbackTold(
                at=event.at, name=name, clauses=(Clause("callback_meant_nothing", event=name),)
            )
            continue
        attempts += isinstance(event, Claimed)
        new_due_at = event.new_due_at if isinstance(event, DueTimeCannotBeMet) else new_due_at
        handed_over = any(isinstance(command, HandOver) for command in each.commands)
        due = new_due_at and clock(new_due_at)
        known = {"attempt": attempts, "due": due, "handed_over": handed_over}
        happened = _TOLD_BY[type(event)](event, known, clock)
        clauses = (happened, *_decided(each.commands, clock))
        yield CallbackTold(at=event.at, name=name, clauses=clauses)


def _spoke(at: datetime) -> CallbackTold:
    return CallbackTold(at=at, name="CustomerServed", clauses=(Clause("callback_speaks"),))


def _fate(promise: PromiseFate, clock: Clock) -> Iterator[CallbackTold]:
    due = clock(promise.due_at)
    if promise.broken_at is not None:
        clauses = (Clause("promise_broken", due=due),)
        yield CallbackTold(at=promise.due_at, name="PromiseBroken", clauses=clauses)
    if promise.kept_at is not None:
        key = "promise_kept" if promise.kept_at <= promise.due_at else "promise_kept_late"
        yield CallbackTold(at=promise.kept_at, name="PromiseKept", clauses=(Clause(key, due=due),))


# ---- what happened ----


_CLAIMED = {Route.ASTERISK: "callback_claimed", Route.TWILIO: "callback_claimed_by_twilio"}


def _claimed(event: Claimed, known: Mapping[str, object], _clock: Clock) -> Clause:
    key = "callback_claimed_by_hand" if event.by_hand else _CLAIMED[event.route]
    return Clause(key, agent=event.agent, attempt=known["attempt"])


def _attempt_ended(event: AttemptEnded, _known: Mapping[str, object], _clock: Clock) -> Clause:
    return Clause(f"callback_{event.result}", result=event.result.value, epoch=event.epoch)


def _lease_ended(event: LeaseEnded, _known: Mapping[str, object], _clock: Clock) -> Clause:
    return Clause(f"callback_lease_{event.switch_says}", epoch=event.epoch)


def _cannot_be_met(_event: DueTimeCannotBeMet, known: Mapping[str, object], _clock: Clock) -> Clause:
    if known["handed_over"]:
        return Clause("callback_nobody_in_time")
    return Clause("callback_cannot_be_met", due=known["due"])


def _new_time_told(_event: NewTimeTold, known: Mapping[str, object], _clock: Clock) -> Clause:
    return Clause("promise_moved", due=known["due"])


def _number_refused(event: NumberRefused, _known: Mapping[str, object], clock: Clock) -> Clause:
    if event.free_at is None:
        return Clause("callback_refused", refusal=event.reason.value)
    return Clause("callback_held_back", refusal=event.reason.value, until=clock(event.free_at))


def _overtook(event: Overtook, _known: Mapping[str, object], clock: Clock) -> Clause:
    return Clause("callback_overtook", earlier=event.earlier, due=clock(event.due_at))


_TOLD_BY: Mapping[type[CallbackEvent], Callable[[Any, Mapping[str, object], Clock], Clause]] = {
    Claimed: _claimed,
    AttemptEnded: _attempt_ended,
    LeaseEnded: _lease_ended,
    ResultMissing: lambda event, _known, _clock: Clause("callback_no_result", epoch=event.epoch),
    CallerRangAgain: lambda event, _known, _clock: Clause("callback_joined", joined_call=event.call_id),
    CallerServed: lambda event, _known, _clock: Clause("callback_served", joined_call=event.call_id),
    CallerLeft: lambda event, _known, _clock: Clause("callback_left", joined_call=event.call_id),
    SecondPersonNamed: lambda event, _known, _clock: Clause("callback_second_person", agent=event.login),
    DueTimeCannotBeMet: _cannot_be_met,
    NewTimeTold: _new_time_told,
    NewTimeNotTold: lambda _event, _known, _clock: Clause("callback_not_told"),
    NumberRefused: _number_refused,
    RouteLost: lambda _event, _known, _clock: Clause("callback_route_lost"),
    Overtook: _overtook,
}


# ---- what was decided ----


def _decided(commands: tuple[CallbackCommand, ...], clock: Clock) -> Iterator[Clause]:
    """What another line tells anyway is left out: who was named, what the customer was told."""
    for command in commands:
        match command:
            case Dial(not_after_at=not_after_at):
                yield Clause("callback_dial", until=clock(not_after_at))
            case StopDialing():
                yield Clause("callback_stop")
            case HandOver(reason=reason):
                yield Clause("callback_handed_over", reason=reason.value)
            case AlertManager(kind=kind, agent=login):
                yield Clause("alert", alert=kind, alert_agent=login or "")
            case _:
                pass
