"""The verdict over a race, from two witnesses that know nothing of each other: the doors' history and the events.

By the history no two calls ever held one agent; by the events every reservation began after the one before it had
ended; and every agent was reserved as often as his epoch counts, so no epoch was given twice.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import agents, calls, events
from ivr.policy.call import Phase
from ivr.policy.floor import AgentState

_LETS_GO = {"Release", "CountMiss", "StartWrapUp"}
_STILL_TAKEN = {AgentState.RESERVED.value, AgentState.TALKING.value}


@dataclass
class Verdict:
    """What was counted, and every fault found."""

    attempts: int = 0
    reservations: int = 0
    asked_again: int = 0
    doors: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Verdict") -> "Verdict":
        self.attempts += other.attempts
        self.reservations += other.reservations
        self.asked_again += other.asked_again
        self.doors += other.doors
        self.faults += other.faults
        return self

    def __str__(self) -> str:
        doors = ", ".join(f"{count} at {door}" for door, count in sorted(self.doors.items()))
        found = (
            "no agent double-booked" if not self.faults else f"{len(self.faults)} FAULTS: {self.faults[:5]}"
        )
        return (
            f"{self.attempts} attempts, {self.reservations} reservations ({doors}), "
            f"{self.asked_again} asked again: {found}"
        )


def judged(url: str, history: Path) -> Verdict:
    """The verdict over a finished race."""
    verdict = Verdict()
    with history.open() as lines:
        _judge_history(sorted(_parsed(lines)), verdict)
    engine = read_engine(url)
    with engine.connect() as connection:
        reserved = _judge_events(connection, verdict)
        _judge_the_end(connection, reserved, verdict)
    engine.dispose()
    if sum(reserved.values()) != verdict.reservations:
        verdict.faults.append(f"{sum(reserved.values())} reservations, {verdict.reservations} heard of")
    return verdict


Line = tuple[int, str, str, str, str]


def _parsed(lines: Iterable[str]) -> Iterable[Line]:
    for line in lines:
        at, door, ref, what, agent = line.split()
        yield int(at), door, ref, what, agent


def _judge_history(lines: Iterable[Line], verdict: Verdict) -> None:
    holders: dict[str, str] = {}
    for at, door, ref, what, agent in lines:
        call = f"{door} {ref}"
        match what:
            case "holds":
                if agent in holders:
                    verdict.faults.append(f"{agent} given to {call} while {holders[agent]} had him ({at})")
                holders[agent] = call
                verdict.doors[door] += 1
                verdict.reservations += 1
            case "lets-go" if holders.get(agent) == call:
                del holders[agent]
        verdict.attempts += what == "asks"
        verdict.asked_again += what == "asks-again"


def _judge_events(connection: sa.Connection, verdict: Verdict) -> Counter[str]:
    """How often each agent was reserved."""
    reserved: Counter[str] = Counter()
    holders: dict[str, int] = {}
    query = sa.select(events.c.call_id, events.c.commands).order_by(events.c.id)
    for call, commands in connection.execution_options(yield_per=1000).execute(query):
        for command in json.loads(commands):
            kind, agent = command["kind"], command.get("agent")
            if kind == "Reserve":
                if agent in holders:
                    verdict.faults.append(f"{agent} reserved for {call} and for {holders[agent]}")
                holders[agent] = call
                reserved[agent] += 1
            elif kind in _LETS_GO and holders.get(agent) == call:
                del holders[agent]
    return reserved


def _judge_the_end(connection: sa.Connection, reserved: Counter[str], verdict: Verdict) -> None:
    for login, state, epoch in connection.execute(sa.select(agents.c.login, agents.c.state, agents.c.epoch)):
        if epoch != reserved[login]:
            verdict.faults.append(f"{login}: {reserved[login]} reservations, epoch {epoch}")
        if state in _STILL_TAKEN:
            verdict.faults.append(f"{login} is still {state}")
    unended = sa.select(sa.func.count()).where(calls.c.phase != Phase.ENDED.value)
    if count := connection.execute(unended).scalar_one():
        verdict.faults.append(f"{count} calls have not ended")
