"""A played day by stretches of time: what a picture draws and a table could tell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.policy.call import Call, Outcome
from ivr.simulation.day import Played
from ivr.simulation.guard import Promised
from ivr.simulation.watch import Seen

STRETCH = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Half an hour of the day, by who called or was promised a callback in it; waits in seconds, None of nobody."""

    from_at: datetime
    offered: int
    abandoned: int
    wait_p50: float | None
    wait_p90: float | None
    promised: int
    in_time: int  # of those: called by the minute he was told first
    late: int  # or called later


def stretches(played: Played) -> tuple[Stretch, ...]:
    """From the beginning to the last caller."""
    begins_at = played.plan.begins_at
    count = (played.ended_at - begins_at) // STRETCH + 1
    calls: list[list[Call]] = [[] for _ in range(count)]
    promised: list[list[Promised]] = [[] for _ in range(count)]
    for call in played.calls:
        calls[(call.presented_at - begins_at) // STRETCH].append(call)
    for each in played.promised:
        promised[(each.callback.promised_at - begins_at) // STRETCH].append(each)
    while calls and not (calls[-1] or promised[-1]):
        calls.pop(), promised.pop()
    both = enumerate(zip(calls, promised, strict=True))
    return tuple(_stretch(begins_at + n * STRETCH, *happened) for n, happened in both)


def _stretch(from_at: datetime, calls: Sequence[Call], promised: Sequence[Promised]) -> Stretch:
    kept = [each for each in promised if each.kept_at is not None]
    in_time = sum(each.kept_at is not None and each.kept_at <= each.first_due_at for each in kept)
    waits = sorted((call.served_at - call.presented_at).total_seconds() for call in calls if call.served_at)
    return Stretch(
        from_at=from_at,
        offered=len(calls),
        abandoned=sum(call.outcome is Outcome.ABANDONED for call in calls),
        wait_p50=_nearest_rank(waits, 50),
        wait_p90=_nearest_rank(waits, 90),
        promised=len(promised),
        in_time=in_time,
        late=len(kept) - in_time,
    )


def _nearest_rank(waits: Sequence[float], percent: int) -> float | None:
    return waits[-(-percent * len(waits) // 100) - 1] if waits else None


def means(
    seen: Sequence[Seen], weigh: Callable[[Seen], float], every: timedelta
) -> Iterator[tuple[datetime, float]]:
    """The mean of something seen over each stretch of that length, with the moment the stretch begins."""
    if not seen:
        return
    from_at, place = seen[0].at, 0
    while from_at < seen[-1].at:
        until = from_at + every
        total = 0.0
        at = from_at
        while at < until:
            changes_at = seen[place + 1].at if place + 1 < len(seen) else until
            end = min(changes_at, until)
            total += weigh(seen[place]) * (end - at).total_seconds()
            at = end
            if changes_at <= until and place + 1 < len(seen):
                place += 1
        yield from_at, total / every.total_seconds()
        from_at = until
