"""The judge of a fault campaign: from the callers' own SIP logs and the calls table to what went wrong, if anything.

Pure. Every caller the switch took is picked up within 15 seconds of his INVITE and stands in the table exactly once.
Only the switch's own death excuses: who was ringing then is gone, who dialled meanwhile counts from when it took him.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.cli.telephone.sip_log import Message

PICKED_UP_WITHIN_SECONDS: Final = 15.0
_NUMBER: Final = re.compile(r"sip:([^@>;]+)@")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One caller's log: when he dialled, when the switch first answered anything, when it picked up; epoch seconds."""

    number: str
    invited_at: float
    taken_at: float | None
    picked_up_at: float | None
    refused: int | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the calls table says about a number."""

    number: str
    ended: bool


@dataclass(frozen=True, kw_only=True)
class Outage:
    """The switch itself was killed between the first two moments and answered SIP again at the third."""

    began_at: float
    dead_at: float
    ended_at: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`wrong` is one sentence a fault found, empty when all is well; `pickup_seconds` of everybody who counts."""

    callers: int
    cut_off: int
    pickup_seconds: tuple[float, ...]
    wrong: tuple[str, ...]

    @property
    def slowest_seconds(self) -> float:
        return max(self.pickup_seconds, default=0.0)


def callers_of(messages: Iterable[Message]) -> list[Caller]:
    """The callers of a message log, in the order they dialled."""
    calls: dict[str, list[Message]] = {}
    for message in messages:
        if message.method == "INVITE":
            calls.setdefault(message.call_id, []).append(message)
    return [_caller(log) for log in calls.values() if log[0].direction == "sent"]


def _caller(log: Sequence[Message]) -> Caller:
    number = _NUMBER.search(log[0].headers.get("from", ""))
    answers = [(m.at, m.status) for m in log if m.direction == "received" and m.status is not None]
    final = [status for _, status in answers if status >= 300]
    return Caller(
        number=number[1] if number else "?",
        invited_at=log[0].at,
        taken_at=answers[0][0] if answers else None,
        picked_up_at=next((at for at, status in answers if status == 200), None),
        refused=final[0] if final else None,
    )


def judge(callers: Sequence[Caller], rows: Iterable[Row], outages: Sequence[Outage] = ()) -> Verdict:
    """Everything that went wrong with these callers."""
    wrong: list[str] = []
    pickups: list[float] = []
    cut_off = 0
    for caller in callers:
        if _lost_with_the_switch(caller, outages):
            cut_off += 1
        elif trouble := _pickup_trouble(caller, outages):
            wrong.append(trouble)
        else:
            pickups.append(_pickup_seconds(caller, outages))
    wrong += table_trouble(callers, rows)
    return Verdict(callers=len(callers), cut_off=cut_off, pickup_seconds=tuple(pickups), wrong=tuple(wrong))


def table_trouble(callers: Iterable[Caller], rows: Iterable[Row]) -> list[str]:
    """What the table gets wrong about these callers; it may only not have come to rest yet."""
    found = list(rows)
    times = Counter(row.number for row in found)
    unfinished = {row.number for row in found if not row.ended}
    return [
        trouble
        for caller in callers
        for trouble in _table_trouble(caller, times[caller.number], caller.number in unfinished)
    ]


def nobodys(callers: Iterable[Caller], rows: Iterable[Row]) -> tuple[str, ...]:
    """Rows of the table whose number none of these callers has: a call counted twice under no name is found here."""
    known = {caller.number for caller in callers}
    return tuple(f"{row.number}: in the table, yet nobody called" for row in rows if row.number not in known)


def _lost_with_the_switch(caller: Caller, outages: Sequence[Outage]) -> bool:
    """He was ringing when it died, or it never came back for his INVITE's repetitions."""
    if caller.picked_up_at is not None:
        return False
    if caller.taken_at is None:
        return any(outage.began_at <= caller.invited_at <= outage.ended_at for outage in outages)
    return any(
        caller.taken_at <= outage.dead_at <= caller.taken_at + PICKED_UP_WITHIN_SECONDS for outage in outages
    )


def _pickup_seconds(caller: Caller, outages: Sequence[Outage]) -> float:
    """From his INVITE; from when the switch took it, had it been dead when he dialled."""
    assert caller.picked_up_at is not None
    assert caller.taken_at is not None
    dead = any(outage.began_at <= caller.invited_at <= outage.ended_at for outage in outages)
    return caller.picked_up_at - (caller.taken_at if dead else caller.invited_at)


def _pickup_trouble(caller: Caller, outages: Sequence[Outage]) -> str | None:
    if caller.taken_at is None:
        return f"{caller.number}: the switch never took the call"
    if caller.picked_up_at is None:
        refused = "" if caller.refused is None else f", refused with {caller.refused}"
        return f"{caller.number}: never picked up{refused}"
    seconds = _pickup_seconds(caller, outages)
    if seconds > PICKED_UP_WITHIN_SECONDS:
        return f"{caller.number}: picked up only after {seconds:.2f} s"
    return None


def _table_trouble(caller: Caller, times: int, unfinished: bool) -> list[str]:
    if caller.taken_at is None:
        return [f"{caller.number}: in the table, yet never taken by the switch"] if times else []
    if times != 1:
        return [f"{caller.number}: {times} times in the table"]
    return [f"{caller.number}: still in progress in the table"] if unfinished else []
