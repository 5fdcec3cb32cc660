"""Draws docs/call-flow.md from the transition table: `python -m ivr.cli.call_flow_picture > docs/call-flow.md`.

Where an event can lead is not written down anywhere: it is found by driving the policy itself, from a new call on,
through every situation of a grid of moments, floors and rules.
"""

import inspect
import itertools
import sys
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from ivr.policy import events
from ivr.policy.call import Call, Phase
from ivr.policy.call_flow import FLOORLESS, TRANSITIONS, advance
from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.commands import BookCommand, LineCommand
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.events import DigitsPressed, Event, NumberNoted, RingEnded, RingResult
from ivr.policy.floor import Agent, AgentState, Floor, Waiting
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace

START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = "+8613800138000"
SHARED = 4  # entries alike in more phases than this stand at the table's end
SLOW = Pace(handling_seconds=600)
TWICE = Refused(reason=Refusal.ALREADY_PROMISED)
DELAYS = (0.1, 1.5, 13.0, 700.0)  # seconds between two events: around every limit the rules set


@dataclass(frozen=True, order=True)
class Edge:
    """Seen: this event moved a call from the one phase to the other."""

    before: Phase
    event: str
    after: Phase


def observed() -> frozenset[Edge]:
    """Every edge that a call of the grid went along."""
    edges: set[Edge] = set()
    for rules, number in itertools.product(_rule_sets(), (None, NUMBER)):
        edges |= _walk(Call(call_id=1, presented_at=START, number=number), rules)
    return frozenset(edges)


def _walk(new: Call, rules: Rules) -> set[Edge]:
    """From a new call on; of calls that stand alike only the first is followed."""
    edges: set[Edge] = set()
    seen = {_stand(new)}
    waiting = deque([(new, START)])
    while waiting:
        call, now = waiting.popleft()
        for event, floor in _situations(call, now):
            after = advance(call, event, floor, rules).call
            edges.add(Edge(call.phase, type(event).__name__, after.phase))
            if _stand(after) not in seen:
                seen.add(_stand(after))
                waiting.append((after, event.at))
    return edges


def _situations(call: Call, now: datetime) -> Iterator[tuple[Event, Floor]]:
    for kind, delay in itertools.product(TRANSITIONS[call.phase], DELAYS):
        at = now + timedelta(seconds=delay)
        floors = (Floor(),) if kind in FLOORLESS else _floors(at)
        yield from itertools.product(_events_of(kind, at), floors)


def _events_of(kind: type[Event], at: datetime) -> Iterator[Event]:
    if kind is RingEnded:
        yield from (RingEnded(at=at, result=result) for result in (RingResult.NO_ANSWER, RingResult.ANSWERED))
    elif kind is DigitsPressed:
        yield from (DigitsPressed(at=at, digits=digits) for digits in ("", "1", "2", "13800138000"))
    elif kind is NumberNoted:
        yield NumberNoted(at=at, number=NUMBER)
    else:
        yield kind(at=at)


def _floors(at: datetime) -> tuple[Floor, ...]:
    """Nobody on duty, somebody free, somebody free for others first, everybody talking, one who has missed.

    Everybody talking twice more: a long wait and a callback to offer, and a callback promised already.
    """
    free, talking = (
        Agent(login=state.value, phone="endpoint:one", state=state, idle_since=at)
        for state in (AgentState.AVAILABLE, AgentState.TALKING)
    )
    ahead = Waiting(call_id=0, presented_at=START - timedelta(seconds=1))
    promised = OpenCallback(callback_id=1, presented_at=START, due_at=at)
    return (
        Floor(),
        Floor(agents=(free,)),
        Floor(agents=(free,), line=(ahead,)),
        Floor(agents=(talking,)),
        Floor(agents=(replace(free, misses=1), talking)),
        Floor(agents=(talking,), pace=SLOW, desk=CallbackDesk(verdict=Allowed()), unrated_today=True),
        Floor(agents=(talking,), desk=CallbackDesk(verdict=TWICE, open=promised)),
    )


def _rule_sets() -> Iterator[Rules]:
    phones = ((), ("endpoint:duty", "endpoint:boss"))
    for fallback_phones, saturated in itertools.product(phones, ("deadline", "now")):
        yield Rules(fallback_phones=fallback_phones, answer_when_saturated=saturated)


def _stand(call: Call) -> tuple[object, ...]:
    """What may matter for where a call goes next, moments apart."""
    moments = (call.greeted_at, call.served_at, call.rung_at, call.held_since, call.fetch_at)
    return (
        call.phase,
        call.agent is None,
        call.ring_cut,
        call.said_greeting,
        call.apologised,
        call.fallback_tried,
        call.listed,
        call.joined_callback is None,
        *(moment is None for moment in moments),
    )


# ---- the page ----


def page() -> str:
    """docs/call-flow.md, whole."""
    edges = observed()
    return _PAGE.format(
        picture=_picture(edges),
        shared=", ".join(sorted({f"`{event}`" for _phase, event in _shared(edges)})),
        table="\n".join(_rows(edges)),
        events="\n".join(_said(kind) for kind in _event_kinds()),
        line="\n".join(_said(kind) for kind in get_args(LineCommand)),
        books="\n".join(_said(kind) for kind in get_args(BookCommand)),
    )


_PAGE = """\
# The call flow

Generated from the table in [ivr/policy/call_flow.py](../ivr/policy/call_flow.py) by
`.venv/bin/python -m ivr.cli.call_flow_picture > docs/call-flow.md`; a test keeps it fresh. Do not edit it.

Arrows show where a call was seen to go when the policy was driven from a new call on through a grid of moments,
floors and rules. Not drawn is what many phases have in common, the last rows of the table ({shared}).
An event that a phase has no entry for is written down and changes nothing.

{picture}

## The table

| phase | event | leads to | handler |
|---|---|---|---|
{table}

## Events

Facts, each with its moment; from the switch, or from the floor.

| event | what happened |
|---|---|
{events}

## Commands

For the line: carried out by the door in this order; the one that awaits an event or ends the call is last.

| command | meaning |
|---|---|
{line}

For the books: written in the event's own transaction, before the door hears anything.

| command | meaning |
|---|---|
{books}
"""


def _picture(edges: frozenset[Edge]) -> str:
    labels: dict[tuple[Phase, Phase], list[str]] = defaultdict(list)
    shared = _shared(edges)
    for edge in sorted(edges):
        if (edge.before, edge.event) not in shared:
            labels[edge.before, edge.after].append(edge.event)
    arrows = [
        f"        {before} --> {after} : {', '.join(names)}" for (before, after), names in labels.items()
    ]
    inside = "\n".join(["        [*] --> offered", *arrows])
    ends = ", ".join(sorted({edge.event for edge in edges if _ends(edge)}))
    return (
        '```mermaid\nstateDiagram-v2\n    state "the caller\'s leg is up" as up {\n'
        f"{inside}\n    }}\n    [*] --> up\n    up --> ended : {ends}\n    ended --> [*]\n```"
    )


def _ends(edge: Edge) -> bool:
    return edge.after is Phase.ENDED and edge.before is not Phase.ENDED


def _shared(edges: frozenset[Edge]) -> set[tuple[Phase, str]]:
    """Entries that many phases have in common, and those that never leave an ended call."""
    alike = {
        key: phases
        for key, phases in _entries(edges).items()
        if len(phases) > SHARED or phases == [Phase.ENDED]
    }
    return {(phase, event) for (event, _after, _told), phases in alike.items() for phase in phases}


def _entries(edges: frozenset[Edge]) -> dict[tuple[str, str, str], list[Phase]]:
    """The phases that have the same entry: event, where it leads, handler."""
    entries: dict[tuple[str, str, str], list[Phase]] = defaultdict(list)
    for phase, table in TRANSITIONS.items():
        for kind, handler in table.items():
            told = " ".join([f"`{handler.__name__}`", *(handler.__doc__ or "").split()])
            entries[kind.__name__, _after(edges, phase, kind.__name__), told].append(phase)
    return entries


def _rows(edges: frozenset[Edge]) -> Iterator[str]:
    """One row for all phases that have the same entry; what many share stands at the end."""
    for (event, after, told), phases in sorted(_entries(edges).items(), key=lambda row: len(row[1]) > SHARED):
        yield f"| {', '.join(phases)} | {event} | {after} | {told} |"


def _after(edges: frozenset[Edge], phase: Phase, event: str) -> str:
    phases = [edge.after for edge in sorted(edges) if (edge.before, edge.event) == (phase, event)]
    return "(stays)" if phases == [phase] else ", ".join(phases)


def _event_kinds() -> list[type[Event]]:
    kinds = (kind for kind in vars(events).values() if inspect.isclass(kind))
    return [kind for kind in kinds if issubclass(kind, Event) and kind is not Event]


def _said(kind: type) -> str:
    return f"| `{kind.__name__}` | {' '.join((kind.__doc__ or '').split())} |"


def main() -> None:
    """The page on standard output."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
