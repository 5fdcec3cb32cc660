"""What a manager wants to know of a played day: the figures of `hotline metrics`, and what only a play can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ivr.policy.call import Call
from ivr.policy.callback_metrics import MeasuredCallback, PromisesKept, measure_promises, told_wait
from ivr.policy.metrics import MeasuredCall, Metric, measure, percentile, ratio
from ivr.policy.rules import Rules
from ivr.simulation.day import Played
from ivr.simulation.guard import Promised
from ivr.simulation.watch import Seen, lengths, seconds_of


def figures(played: Played) -> tuple[Metric, ...]:
    """Every figure, always in the same order."""
    return (
        *metrics_of(
            [measured_call(call) for call in played.calls],
            _kept(played),
            played.plan.rules,
            played.plan.begins_at,
            played.ended_at,
        ),
        *_floor(_while_calls_came(played)),
    )


def metrics_of(
    calls: Sequence[MeasuredCall], kept: PromisesKept, rules: Rules, since: datetime, now: datetime
) -> tuple[Metric, ...]:
    """Those of `hotline metrics`, and four more of how long callers waited."""
    waits = sorted(seconds for call in calls if (seconds := call.seconds_to(call.served_at)) is not None)
    longest = ratio(
        "wait_max", "the longest served − presented", max(waits, default=0.0), min(len(waits), 1), "seconds"
    )
    return (
        *measure(calls, rules, now),
        percentile(waits, 90),
        longest,
        *measure_promises(kept, since, now, rules.hours),
        *_waits_for_callbacks(kept.callbacks),
    )


def measured_call(call: Call) -> MeasuredCall:
    """What its figures are made of."""
    return MeasuredCall(
        presented_at=call.presented_at,
        greeted_at=call.greeted_at,
        greeted_by=call.greeted_by,
        served_at=call.served_at,
        ended_at=call.ended_at,
        outcome=call.outcome,
    )


def measured_callback(promised: Promised) -> MeasuredCallback:
    """What its figures are made of."""
    return MeasuredCallback(
        promised_at=promised.callback.promised_at,
        first_due_at=promised.first_due_at,
        called_at=promised.kept_at,
        served_at=promised.reached_at,
        closed_at=promised.callback.closed_at,
        hand_over_reason=promised.callback.hand_over_reason,
    )


def _kept(played: Played) -> PromisesKept:
    return PromisesKept(
        callbacks=[measured_callback(each) for each in played.promised],
        broken_in_silence=sum(each.broken for each in played.promised),
        told=[told for call in played.calls if (told := told_wait(call)) is not None],
        idle_seconds=played.idle_seconds,
    )


def _waits_for_callbacks(callbacks: Sequence[MeasuredCallback]) -> Iterator[Metric]:
    waits = sorted(
        (each.served_at - each.promised_at).total_seconds()
        for each in callbacks
        if each.served_at is not None
    )
    for percent in (50, 90):
        formula = f"nearest rank: ⌈{percent} % × reached⌉-th smallest of spoken − promised"
        yield replace(percentile(waits, percent), name=f"callback_wait_p{percent}", formula=formula)


def _while_calls_came(played: Played) -> tuple[Seen, ...]:
    """Until the last call is over: one callback tried again hours later makes no longer day of it."""
    over_at = max((call.ended_at or played.ended_at for call in played.calls), default=played.ended_at)
    seen = tuple(state for state in played.seen if state.at <= over_at)
    return (*seen, replace(seen[-1], at=over_at)) if seen else ()


# ---- the floor --------------------------------------------------------------------------------------------------


def _floor(seen: Sequence[Seen]) -> Iterator[Metric]:
    on_duty = seconds_of(seen, lambda state: state.on_duty)
    busy = seconds_of(seen, lambda state: state.busy)
    yield _share(
        "occupancy", "agents' seconds reserved, talking or in wrap-up ÷ seconds on duty", busy, on_duty
    )
    length = sum(seconds for _, seconds in lengths(seen))
    waiting = seconds_of(seen, lambda state: state.waiting)
    yield _share("waiting_mean", "callers in line, over the day", waiting, length, "callers")
    most = max((state.waiting for state in seen), default=0)
    yield ratio("waiting_max", "the most callers in line at once", most, 1, "calls")


def _share(name: str, formula: str, part: float, whole: float, unit: str = "share") -> Metric:
    value = round(part / whole, 4) if whole else None
    return Metric(
        name=name,
        formula=formula,
        numerator=round(part, 3),
        denominator=round(whole),
        value=value,
        unit=unit,
    )
