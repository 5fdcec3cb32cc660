"""How the event of a replayed step is told: what happened, in the phase it met the call in."""

from collections.abc import Callable, Mapping
from typing import Any

from ivr.policy.call import Phase
from ivr.policy.call_flow import FETCH_SECONDS
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
from ivr.policy.replay import Told, seconds_between


def happened(told: Told) -> tuple[Clause, ...]:
    """Only what today's policy accepts can be told in full: then the call has what its phase promises."""
    event = told.noted.event
    if told.would is None:
        return (Clause("event", event=type(event).__name__),)
    return _TOLD_BY[type(event)](told, event)


def _offered(told: Told, _event: CallOffered) -> tuple[Clause, ...]:
    rules = told.noted.rules
    limit = rules.deadline_seconds
    pickup = limit - rules.pickup_margin_seconds
    return (Clause("offered", rings=rules.rings, deadline_seconds=limit, pickup_seconds=pickup),)


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
    rung = seconds_between(call.rung_at, event.at)
    return (Clause("answered", agent=call.agent, rung_seconds=rung, wait_seconds=waited),)


def _ring_ended(told: Told, event: RingEnded) -> tuple[Clause, ...]:
    call = told.before
    if call.phase is Phase.TALKING:
        return (Clause("talk_over", talk_seconds=seconds_between(call.served_at, event.at)),)
    if call.phase is Phase.FALLBACK:
        return (Clause("fallback_unanswered", phone=call.phone, result=event.result.value),)
    rung = {"agent": call.agent, "rung_seconds": seconds_between(call.rung_at, event.at)}
    if call.knocking:
        return (Clause("knocked_in_vain", **rung),)
    if told.let_ring:
        return (Clause(f"ring_{event.result.value}", **rung),)
    rules = told.noted.rules
    left = seconds_between(event.at, call.deadline_at(rules))
    if left >= 0:
        return (Clause("ring_cut", rings=rules.rings, to_deadline_seconds=left, **rung),)
    return (Clause("ring_cut_late", rings=rules.rings, past_deadline_seconds=-left, **rung),)


def _hold_elapsed(told: Told, event: HoldElapsed) -> tuple[Clause, ...]:
    call = told.before
    if call.phase is Phase.FETCHING:
        values = {
            "fetching_seconds": seconds_between(call.fetch_at, event.at),
            "fetch_limit_seconds": FETCH_SECONDS,
        }
        return (Clause("not_fetched", **values),)
    if call.phase is Phase.WAITING:
        return (Clause("waited", waited_seconds=told.offset_seconds),)
    most = told.noted.rules.max_hold_seconds
    return (Clause("held", held_seconds=seconds_between(call.held_since, event.at), max_hold_seconds=most),)


def _turn_came(told: Told, _event: TurnCame) -> tuple[Clause, ...]:
    return (Clause("turn_came", waited_seconds=told.offset_seconds),)


def _fetched(told: Told, event: CallerFetched) -> tuple[Clause, ...]:
    return (Clause("fetched", fetching_seconds=seconds_between(told.before.fetch_at, event.at)),)


def _digits(_told: Told, event: DigitsPressed) -> tuple[Clause, ...]:
    return (Clause("digits", digits=event.digits) if event.digits else Clause("no_digits"),)


def _number_noted(told: Told, event: NumberNoted) -> tuple[Clause, ...]:
    has_one = told.before.promised or told.before.joined_callback is not None
    stands = (Clause("noted_beside_promise"),) if has_one else ()
    return (Clause("noted", number=event.number), *stands)


def _hung_up(told: Told, event: HungUp) -> tuple[Clause, ...]:
    outcome = told.after.outcome.value
    ended = Clause(f"outcome_{outcome}", outcome=outcome)
    if told.before.phase is Phase.TALKING:
        return (
            Clause("hung_up_talking", talk_seconds=seconds_between(told.before.served_at, event.at)),
            ended,
        )
    return (Clause("hung_up", after_seconds=told.offset_seconds), ended)


_TOLD_BY: Mapping[type[Event], Callable[[Told, Any], tuple[Clause, ...]]] = {
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
