"""When a manager has to be told: what is wrong at one look, and which episodes begin, go on or are over.

An episode is one trouble about one thing, told once. What fires below a limit ends only well above it, or after a
time without trouble, so that nothing comes and goes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.floor import ON_DUTY, AgentState
from ivr.policy.metrics import MeasuredCall, measure
from ivr.policy.rules import Rules


class Alarm(StrEnum):
    """What can be wrong."""

    SERVICE_LEVEL = "service_level_low"
    LONG_WAIT = "long_wait"
    NOBODY = "nobody_available"
    PROMISE_DUE = "promise_in_danger"
    PROMISE_BROKEN = "promise_broken"
    UNREACHABLE = "agent_unreachable"
    COMPLAINT_LATE = "complaint_late"


CALM_FIRST = frozenset({Alarm.LONG_WAIT, Alarm.NOBODY})
"""These come and go by the second: over only after `alarm_quiet_seconds` without trouble."""


@dataclass(frozen=True, kw_only=True)
class SeenAgent:
    """One agent; `call_id` is what he holds."""

    login: str
    state: AgentState
    since: datetime
    call_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class SeenPromise:
    """One an agent made and nobody has kept yet."""

    promise_id: int
    due_at: datetime
    owner: str | None
    call_id: int


@dataclass(frozen=True, kw_only=True)
class SeenComplaint:
    """One whose customer has not been told our answer yet (R80)."""

    complaint_id: int
    due_at: datetime
    owner: str
    call_id: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """All that is judged: `calls` presented within the last `alarm_minutes`, `waiting_since` of who waits now."""

    at: datetime
    calls: Sequence[MeasuredCall] = ()
    waiting_since: Sequence[datetime] = ()
    agents: Sequence[SeenAgent] = ()
    promises: Sequence[SeenPromise] = ()
    complaints: Sequence[SeenComplaint] = ()

    def longest_wait_seconds(self) -> float:
        """0 where nobody waits."""
        return max(((self.at - since).total_seconds() for since in self.waiting_since), default=0.0)


@dataclass(frozen=True, order=True)
class Episode:
    """One trouble about one thing: an agent's login, a promise's or complaint's number, or the hotline itself."""

    alarm: Alarm
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Seen at one look. `figures` say it in numbers: seconds, shares, counts."""

    episode: Episode
    figures: Mapping[str, float | str]
    agent: str | None = None
    call_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is written after one look; what goes on has its last moment of trouble moved."""

    begin: tuple[Trouble, ...] = ()
    go_on: tuple[Episode, ...] = ()
    over: tuple[Episode, ...] = ()


def change(look: Look, standing: Mapping[Episode, datetime], rules: Rules) -> Change:
    """`standing`: the episodes told and not over, each with when its trouble was last seen."""
    wrong = {trouble.episode: trouble for trouble in _troubles(look, standing, rules)}
    quiet = timedelta(seconds=rules.alarm_quiet_seconds)
    return Change(
        begin=tuple(trouble for episode, trouble in wrong.items() if episode not in standing),
        go_on=tuple(sorted(wrong.keys() & standing.keys())),
        over=tuple(
            episode
            for episode, seen_at in sorted(standing.items())
            if episode not in wrong and (episode.alarm not in CALM_FIRST or look.at - seen_at >= quiet)
        ),
    )


def _troubles(look: Look, standing: Mapping[Episode, datetime], rules: Rules) -> Iterator[Trouble]:
    yield from _service_level(look, Episode(Alarm.SERVICE_LEVEL) in standing, rules)
    yield from _waits(look, rules)
    yield from _promises(look, rules)
    yield from _complaints(look)
    for agent in look.agents:
        if agent.state is AgentState.UNREACHABLE:
            yield Trouble(
                episode=Episode(Alarm.UNREACHABLE, agent.login),
                figures={"seconds": round((look.at - agent.since).total_seconds())},
                agent=agent.login,
                call_id=agent.call_id,
            )


def _service_level(look: Look, standing: bool, rules: Rules) -> Iterator[Trouble]:
    """Fires below the target, over enough calls; ends at the target plus the margin, or with nothing to judge."""
    figures = {metric.name: metric for metric in measure(look.calls, rules, look.at)}
    level = figures["service_level"]
    if level.value is None:
        return
    target = rules.service_level_target
    ends_at = min(round(target + rules.alarm_margin, 4), 1.0)  # as exact as the figure itself
    if level.value < (ends_at if standing else target) and (
        standing or level.denominator >= rules.alarm_calls
    ):
        told = {"level": level.value, "served": level.numerator, "calls": level.denominator}
        yield Trouble(
            episode=Episode(Alarm.SERVICE_LEVEL),
            figures={**told, "minutes": rules.alarm_minutes, "target": target},
        )


def _waits(look: Look, rules: Rules) -> Iterator[Trouble]:
    longest, waiting = look.longest_wait_seconds(), len(look.waiting_since)
    told = {"seconds": round(longest), "waiting": waiting}
    if longest > rules.alarm_wait_seconds:
        yield Trouble(episode=Episode(Alarm.LONG_WAIT), figures=told)
    states = [agent.state for agent in look.agents]
    on_duty = sum(state in ON_DUTY for state in states)
    if not waiting or AgentState.AVAILABLE in states:
        return
    if on_duty == 0 or longest >= rules.alarm_nobody_seconds:
        yield Trouble(episode=Episode(Alarm.NOBODY), figures={**told, "on_duty": on_duty})


def _promises(look: Look, rules: Rules) -> Iterator[Trouble]:
    soon = look.at + timedelta(minutes=rules.alarm_promise_minutes)
    for promise in look.promises:
        if promise.due_at > soon:
            continue
        alarm = Alarm.PROMISE_BROKEN if promise.due_at < look.at else Alarm.PROMISE_DUE
        yield Trouble(
            episode=Episode(alarm, str(promise.promise_id)),
            figures={"promise": promise.promise_id, "due_at": promise.due_at.isoformat(timespec="seconds")},
            agent=promise.owner,
            call_id=promise.call_id,
        )


def _complaints(look: Look) -> Iterator[Trouble]:
    """Whose time is over without an answer, until the customer has one (R80)."""
    for complaint in look.complaints:
        if complaint.due_at < look.at:
            due_at = complaint.due_at.isoformat(timespec="seconds")
            yield Trouble(
                episode=Episode(Alarm.COMPLAINT_LATE, str(complaint.complaint_id)),
                figures={"complaint": complaint.complaint_id, "due_at": due_at},
                agent=complaint.owner,
                call_id=complaint.call_id,
            )
