"""One promised callback, from the promise to its end. Read the table in `_transitions` first: it is all of it.

It never looks at a clock: `event.at` is the time. No attempt begins while the outcome of the one before is open, and
none ends without a next time or a person (R28b, R70).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ivr.policy.callback import (
    AGAIN_SECONDS,
    NOT_REACHED_SECONDS,
    Attempt,
    Callback,
    CallbackState,
    CallbackStep,
)
from ivr.policy.callback_commands import (
    CallbackCommand,
    Dial,
    HandOver,
    HandOverReason,
    Merge,
    NameSecondPerson,
    StopDialing,
    TellCustomerNewTime,
)
from ivr.policy.callback_events import (
    AttemptEnded,
    AttemptResult,
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
    SwitchSays,
)
from ivr.policy.callback_guard import LIMITS
from ivr.policy.callback_rules import CallbackRules
from ivr.policy.commands import AlertManager
from ivr.policy.time_slots import Tried, next_slot_at

CUSTOMER_RING_SECONDS = 45.0  # longer than most networks ring before their voicemail answers
BY_HAND_SECONDS = 900.0  # so long an agent has it who dials himself: a talk of the longer kind
LEASE_MARGIN_SECONDS = 15.0  # whisper and key, and the switch's own time
GRACE_SECONDS = 15.0  # after the lease: what the switch let through in its last moment can be seen by then
PERHAPS_CALLED_SECONDS = 1800.0  # after the lease: a switch that knows nothing until then is not waited for
NOT_PLACED_ALERT = 3  # attempts in a row that never left the switch
SLOTS_FROM_ATTEMPT = 3  # two attempts within minutes, then other times of day

BROKEN_OFF_SECONDS = 600.0  # after so many in a row it is as if he had not been there
MOST_INTERRUPTIONS = 6  # of one customer; then a person looks what is wrong

NEWS = NOT_REACHED_SECONDS.keys() | {AttemptResult.REACHED, AttemptResult.CUT_OFF}
"""Results that contradict a switch that had said it never saw the attempt."""

TOLL_FRAUD_SUSPECTED = "toll_fraud_suspected"
HELD_BACK_SECONDS = 15.0  # at least: the guard is not asked without end

Handler = Callable[[Callback, Any, CallbackRules], CallbackStep]


def _transitions() -> Mapping[CallbackState, Mapping[type[CallbackEvent], Handler]]:
    """The life of a callback: state by state, what may happen and who handles it."""
    any_time: dict[type[CallbackEvent], Handler] = {SecondPersonNamed: _second_person_named}
    closed: dict[type[CallbackEvent], Handler] = {AttemptEnded: _heard_after_the_end, **any_time}
    still_open: dict[type[CallbackEvent], Handler] = {
        CallerRangAgain: _rang_again,
        CallerServed: _served,
        CallerLeft: _left,
        NewTimeTold: _new_time_told,
        NewTimeNotTold: _new_time_not_told,
        **any_time,
    }
    return {
        CallbackState.PENDING: {
            Claimed: _claimed,
            AttemptEnded: _heard_late,
            DueTimeCannotBeMet: _cannot_be_met,
            NumberRefused: _number_refused,
            RouteLost: _route_lost,
            **still_open,
        },
        CallbackState.DIALING: {
            AttemptEnded: _attempt_ended,
            LeaseEnded: _lease_ended,
            ResultMissing: _result_missing,
            **still_open,
        },
        CallbackState.DONE: closed,
        CallbackState.UNREACHED: closed,
        CallbackState.HANDED_OVER: closed,
    }


class UnexpectedCallbackEventError(Exception):
    """This event means nothing now: late, repeated, or of another epoch. The callback stays as it is."""

    def __init__(self, callback: Callback, event: CallbackEvent) -> None:
        self.callback = callback
        self.event = event
        super().__init__(f"{type(event).__name__} while {callback.state} (callback {callback.callback_id})")


def advance_callback(callback: Callback, event: CallbackEvent, rules: CallbackRules) -> CallbackStep:
    """One event in the life of a callback: where it stands now and what to do.

    Raises UnexpectedCallbackEventError where the event means nothing; then nothing may be done.
    """
    handler = CALLBACK_TRANSITIONS[callback.state].get(type(event))
    if handler is None:
        raise UnexpectedCallbackEventError(callback, event)
    return handler(callback, event, rules)


# ---- an attempt and its end -------------------------------------------------------------------------------------


def _claimed(callback: Callback, event: Claimed, rules: CallbackRules) -> CallbackStep:
    """Written before anything leaves; the switch refuses what leaves after the lease, and by hand it is ours to end."""
    if not callback.may_be_placed(event.at, rules):
        raise UnexpectedCallbackEventError(callback, event)
    epoch = callback.epoch + 1
    seconds = BY_HAND_SECONDS if event.by_hand else lease_seconds(rules)
    lease_until = event.at + timedelta(seconds=seconds)
    attempt = Attempt(epoch=epoch, at=event.at, agent=event.agent, nonce=event.nonce)
    dialing = replace(
        callback,
        state=CallbackState.DIALING,
        attempts=(*callback.attempts, attempt),
        epoch=epoch,
        lease_until=lease_until,
        by_hand=event.by_hand,
        route=event.route,
        next_at=None,
    )
    if event.by_hand:
        return CallbackStep(callback=dialing)
    dial = Dial(epoch=epoch, agent=event.agent, number=callback.number, not_after_at=lease_until)
    return CallbackStep(callback=dialing, commands=(dial,))


def lease_seconds(rules: CallbackRules) -> float:
    """So long after its claim the switch may still ring a customer for it."""
    return rules.agent_ring_seconds + CUSTOMER_RING_SECONDS + LEASE_MARGIN_SECONDS


def _attempt_ended(callback: Callback, event: AttemptEnded, rules: CallbackRules) -> CallbackStep:
    """Of an unknown outcome nothing follows but that the switch is asked; what nobody can ever tell is for a person."""
    _must_be_current(callback, event)
    settled = _settled(callback, event.result, event.at)
    if event.result is AttemptResult.UNKNOWN:
        return CallbackStep(callback=settled)
    if event.result is AttemptResult.REACHED:
        return CallbackStep(callback=_closed(settled, CallbackState.DONE, event.at))
    if event.result is AttemptResult.CUT_OFF:
        return _perhaps_called(settled, event.at)
    if event.result is AttemptResult.INTERRUPTED and settled.interruptions >= MOST_INTERRUPTIONS:
        alert = AlertManager(kind="callback_interrupted", agent=None)
        return _hand_over(settled, HandOverReason.INTERRUPTED, event.at, alert)
    if event.result in AGAIN_SECONDS and settled.failures == callback.failures:
        return _again(settled, event.result, event.at, rules)
    return _not_reached(settled, event, rules)


def _again(callback: Callback, result: AttemptResult, at: datetime, rules: CallbackRules) -> CallbackStep:
    """What keeps a switch from placing anything does not pass by itself: somebody hears of it, once."""
    again_from = at + timedelta(seconds=AGAIN_SECONDS[result])
    again = _next(callback, callback.callable_at(again_from, rules), at)
    if callback.not_placed_in_a_row != NOT_PLACED_ALERT:
        return again
    return _first(AlertManager(kind="callback_not_placed", agent=None), step=again)


def _not_reached(callback: Callback, event: AttemptEnded, rules: CallbackRules) -> CallbackStep:
    """The first failure names a second person too; from the third attempt on another time of day (R28b)."""
    failures = callback.failures
    second = (NameSecondPerson(besides=failures[0].agent),) if len(failures) == 1 else ()
    if len(failures) >= rules.callback_attempts:
        alert = AlertManager(kind="callback_unreached", agent=None)
        reason = HandOverReason.ATTEMPTS_USED
        ended = _hand_over(callback, reason, event.at, alert, state=CallbackState.UNREACHED)
        return _first(*second, step=ended)
    again_from = event.at + timedelta(seconds=NOT_REACHED_SECONDS.get(event.result, BROKEN_OFF_SECONDS))
    if len(failures) + 1 < SLOTS_FROM_ATTEMPT:
        next_at = callback.callable_at(again_from, rules)
    else:
        at = tuple(attempt.at for attempt in failures)
        tried = Tried(at=at, again_from=again_from, a_day=LIMITS.attempts_a_day)
        next_at = next_slot_at(tried, rules.callback_slots, ZoneInfo(rules.timezone), rules.callable_at)
    return _first(*second, step=_next(callback, next_at, event.at))


def _next(callback: Callback, next_at: datetime | None, at: datetime) -> CallbackStep:
    if next_at is None:
        return _hand_over(callback, HandOverReason.NO_SLOT_LEFT, at)
    pending = replace(callback, state=CallbackState.PENDING, next_at=next_at, lease_until=None)
    return CallbackStep(callback=pending)


def _lease_ended(callback: Callback, event: LeaseEnded, rules: CallbackRules) -> CallbackStep:
    """Never dialled again on a guess: the switch must know for certain that it never saw this epoch."""
    attempt = _must_be_current(callback, event)
    if callback.by_hand:  # no switch knows anything of it
        raise UnexpectedCallbackEventError(callback, event)
    assert callback.lease_until is not None
    over_for = (event.at - callback.lease_until).total_seconds()
    if event.switch_says is SwitchSays.NEVER_SEEN:
        if over_for <= GRACE_SECONDS:
            return CallbackStep(callback=callback)
        result = AttemptResult.NOT_PLACED
        return _again(_settled(callback, result, event.at), result, event.at, rules)
    running = event.switch_says is SwitchSays.SEEN and attempt.result is None
    if running or over_for < PERHAPS_CALLED_SECONDS:
        return CallbackStep(callback=callback)
    return _perhaps_called(_settled(callback, AttemptResult.UNKNOWN, event.at), event.at)


def _perhaps_called(callback: Callback, at: datetime) -> CallbackStep:
    """Neither done nor dialled again on a guess."""
    alert = AlertManager(kind="callback_perhaps_called", agent=None)
    return _hand_over(callback, HandOverReason.PERHAPS_CALLED, at, alert)


def _result_missing(callback: Callback, event: ResultMissing, rules: CallbackRules) -> CallbackStep:
    """Back in line, and seen: whoever has forgotten to dial is no reason to forget the customer."""
    attempt = _must_be_current(callback, event)
    if not callback.by_hand or callback.lease_until is None or event.at < callback.lease_until:
        raise UnexpectedCallbackEventError(callback, event)
    alert = AlertManager(kind="callback_without_result", agent=attempt.agent)
    result = AttemptResult.NO_RESULT
    back = _again(_settled(callback, result, event.at), result, event.at, rules)
    return _first(alert, step=back)


def _heard_late(callback: Callback, event: AttemptEnded, rules: CallbackRules) -> CallbackStep:
    """The switch had said it never saw this attempt, and now there is word of it: believed, before anybody redials."""
    attempt = _must_be_current(callback, event)
    if attempt.result is not AttemptResult.NOT_PLACED or event.result not in NEWS:
        raise UnexpectedCallbackEventError(callback, event)
    return _attempt_ended(callback, event, rules)


def _heard_after_the_end(callback: Callback, event: AttemptEnded, _rules: CallbackRules) -> CallbackStep:
    """Nothing follows, but whoever has it in hand wants to know."""
    attempt = _must_be_current(callback, event)
    if attempt.result not in {None, AttemptResult.UNKNOWN}:
        raise UnexpectedCallbackEventError(callback, event)
    return CallbackStep(callback=_settled(callback, event.result, event.at))


def _must_be_current(callback: Callback, event: AttemptEnded | LeaseEnded | ResultMissing) -> Attempt:
    if not callback.attempts or event.epoch != callback.epoch:
        raise UnexpectedCallbackEventError(callback, event)
    return callback.attempts[-1]


def _settled(callback: Callback, result: AttemptResult, at: datetime) -> Callback:
    *earlier, last = callback.attempts
    return replace(callback, attempts=(*earlier, replace(last, result=result, ended_at=at)))


# ---- the customer -----------------------------------------------------------------------------------------------


def _rang_again(callback: Callback, event: CallerRangAgain, _rules: CallbackRules) -> CallbackStep:
    """One place in line, in whichever way he is reached first; nobody rings a customer who is on our line.

    Of two calls from his number the one that came first keeps it.
    """
    if callback.joined_call not in {None, event.call_id}:
        raise UnexpectedCallbackEventError(callback, event)
    merge = Merge(call_id=event.call_id, presented_at=callback.presented_at)
    return CallbackStep(callback=replace(callback, joined_call=event.call_id), commands=(merge,))


def _served(callback: Callback, event: CallerServed, _rules: CallbackRules) -> CallbackStep:
    """In whichever of his calls."""
    stop = (StopDialing(epoch=callback.epoch),) if callback.state is CallbackState.DIALING else ()
    return CallbackStep(callback=_closed(callback, CallbackState.DONE, event.at), commands=stop)


def _left(callback: Callback, event: CallerLeft, _rules: CallbackRules) -> CallbackStep:
    """The promise stands."""
    if callback.joined_call != event.call_id:
        raise UnexpectedCallbackEventError(callback, event)
    return CallbackStep(callback=replace(callback, joined_call=None))


def _cannot_be_met(callback: Callback, event: DueTimeCannotBeMet, _rules: CallbackRules) -> CallbackStep:
    """He hears from us before the old time passes, once; who was called in time is owed no other.

    Nobody would have reason to believe a second new time, or one that nobody is there to keep: a person has it then.
    """
    new_due_at = event.new_due_at
    if callback.was_called or callback.new_due_at is not None:
        return CallbackStep(callback=callback)
    if new_due_at is None or callback.announcements:
        alert = AlertManager(kind="promise_in_danger", agent=None)
        return _to_a_person(callback, HandOverReason.NOBODY_IN_TIME, event.at, alert)
    if new_due_at <= callback.due_at:
        return CallbackStep(callback=callback)
    tell = TellCustomerNewTime(number=callback.number, new_due_at=new_due_at)
    told = replace(callback, new_due_at=new_due_at, announcements=callback.announcements + 1)
    return CallbackStep(callback=told, commands=(tell,))


def _new_time_told(callback: Callback, event: NewTimeTold, _rules: CallbackRules) -> CallbackStep:
    if callback.new_due_at is None:
        raise UnexpectedCallbackEventError(callback, event)
    return CallbackStep(callback=replace(callback, due_at=callback.new_due_at, new_due_at=None))


def _new_time_not_told(callback: Callback, event: NewTimeNotTold, _rules: CallbackRules) -> CallbackStep:
    """The old time stands, and somebody has to see that it is not broken in silence."""
    if callback.new_due_at is None:
        raise UnexpectedCallbackEventError(callback, event)
    alert = AlertManager(kind="promise_in_danger", agent=None)
    return CallbackStep(callback=replace(callback, new_due_at=None), commands=(alert,))


# ---- a person goes on -------------------------------------------------------------------------------------------


def _second_person_named(callback: Callback, event: SecondPersonNamed, _rules: CallbackRules) -> CallbackStep:
    return CallbackStep(callback=replace(callback, second_person=event.login))


def _number_refused(callback: Callback, event: NumberRefused, rules: CallbackRules) -> CallbackStep:
    """What passes breaks no promise, only delays it; what is wrong with the number itself is for a person."""
    if event.free_at is None:
        return _hand_over(callback, HandOverReason.NUMBER_REFUSED, event.at)
    free_at = max(event.free_at, event.at + timedelta(seconds=HELD_BACK_SECONDS))
    later = _next(callback, callback.callable_at(free_at, rules), event.at)
    alert = AlertManager(kind=TOLL_FRAUD_SUSPECTED, agent=None)
    return later if event.known else _first(alert, step=later)


def _route_lost(callback: Callback, event: RouteLost, _rules: CallbackRules) -> CallbackStep:
    """Nobody will be rung by itself: a person is named while there is time to call him by hand."""
    alert = AlertManager(kind="callback_without_route", agent=None)
    return _to_a_person(callback, HandOverReason.NO_ROUTE, event.at, alert)


def _to_a_person(
    callback: Callback, reason: HandOverReason, at: datetime, alert: AlertManager
) -> CallbackStep:
    """By name, so that it is somebody's."""
    handed_over = _hand_over(callback, reason, at, alert)
    if callback.second_person is not None:
        return handed_over
    last = callback.attempts[-1].agent if callback.attempts else None
    return _first(NameSecondPerson(besides=last), step=handed_over)


def _hand_over(
    callback: Callback,
    reason: HandOverReason,
    at: datetime,
    *alerts: AlertManager,
    state: CallbackState = CallbackState.HANDED_OVER,
) -> CallbackStep:
    """Never closed in silence: somebody goes on."""
    closed = replace(_closed(callback, state, at), hand_over_reason=reason)
    return CallbackStep(
        callback=closed, commands=(HandOver(reason=reason, to=callback.second_person), *alerts)
    )


def _closed(callback: Callback, state: CallbackState, at: datetime) -> Callback:
    return replace(
        callback,
        state=state,
        closed_at=at,
        lease_until=None,
        next_at=None,
        new_due_at=None,
        joined_call=None,
    )


def _first(*commands: CallbackCommand, step: CallbackStep) -> CallbackStep:
    return CallbackStep(callback=step.callback, commands=(*commands, *step.commands))


CALLBACK_TRANSITIONS: Mapping[CallbackState, Mapping[type[CallbackEvent], Handler]] = _transitions()
