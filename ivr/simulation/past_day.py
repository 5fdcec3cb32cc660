"""A day that was, played again: the same callers and agents, under the rules it had or under others.

How long a caller would have waited is known only of those who left. So every setting is played several times: with all
others waiting as long as it takes, with all others leaving where their wait ended that day, and with patience drawn as
the day's own leavers suggest. What comes out is a range.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import Protocol

from ivr.policy.call import Outcome
from ivr.policy.callback_metrics import MeasuredCallback, PromisesKept, ToldWait
from ivr.policy.metrics import REJECTED, MeasuredCall, Metric
from ivr.policy.rules import Rules
from ivr.simulation.day import ANSWER_SECONDS, Plan, play
from ivr.simulation.demand import LEAST_HANDLING_SECONDS, Caller, Habits, seeded
from ivr.simulation.figures import figures, metrics_of
from ivr.simulation.patience import Survival, Waited, survival
from ivr.simulation.staffing import Shift, Staffing, as_shifts

AFTERWARDS = timedelta(hours=3)  # for who still waits when the true day was over
DRAWS = 5
Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class PastCall:
    """One call of that day; `number` is the caller's in E.164, else None.

    `answer_seconds` is how long the phone of the agent who served him rang, `callback_seconds` the talk when he was
    called back, `missed_callbacks` how often that rang in vain. `broken`: its promised time passed in silence.
    """

    measured: MeasuredCall
    number: str | None
    answer_seconds: float | None = None
    told: ToldWait | None = None
    promise: MeasuredCallback | None = None
    broken: bool = False
    callback_seconds: float | None = None
    missed_callbacks: int = 0

    @property
    def waited(self) -> Waited:
        """Until a person spoke, or the call was over."""
        call = self.measured
        seconds = call.seconds_to(call.served_at or call.ended_at) or 0.0
        return Waited(seconds=seconds, left=call.outcome == Outcome.ABANDONED)

    @property
    def talk_seconds(self) -> float | None:
        """With a person, in the call or when called back."""
        call = self.measured
        if call.served_at is None or call.ended_at is None:
            return self.callback_seconds
        return (call.ended_at - call.served_at).total_seconds()


@dataclass(frozen=True, kw_only=True)
class PastDay:
    """Its calls in order, and from which moment on so many agents were seen on duty.

    `idle_seconds`: so long agents were free while the callers they then got waited.
    """

    calls: tuple[PastCall, ...]
    on_duty: tuple[tuple[datetime, int], ...]
    idle_seconds: float = 0.0


class PastDays(Protocol):
    """Reads days from the books; never writes."""

    def day(self, from_at: datetime, until_at: datetime) -> PastDay:
        """The calls presented then. Raises DatabaseUnavailableError."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """One figure over all plays of a setting: the least, the greatest, and the middle of those with drawn patience."""

    low: float | None
    likely: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is played: the rules, and the agents that come besides those who were there (or are taken away)."""

    rules: Rules
    besides: tuple[Shift, ...] = ()
    calls_back: bool = True
    prompt_seconds: Mapping[str, float]


class Replay:
    """Plays one day again; `habits` say what no book tells: who takes a callback, who answers it."""

    def __init__(self, day: PastDay, habits: Habits, seed: int, draws: int = DRAWS) -> None:
        self._day = replace(day, calls=tuple(call for call in day.calls if _can_be_played(call)))
        self._habits = habits
        self._seed = seed
        self._draws = draws
        self._talks = [call.talk_seconds for call in self._day.calls if call.talk_seconds]
        self._survival = survival([call.waited for call in self._day.calls])

    @property
    def plays(self) -> int:
        """How often each setting is played."""
        return 2 + self._draws

    @property
    def calls(self) -> tuple[PastCall, ...]:
        """Those that can be played: over, and not refused."""
        return self._day.calls

    def as_it_was(self, rules: Rules) -> dict[str, Metric]:
        """The figures of the true day, as far as the books tell them."""
        calls = [call.measured for call in self.calls]
        kept = PromisesKept(
            callbacks=[call.promise for call in self.calls if call.promise is not None],
            broken_in_silence=sum(call.broken for call in self.calls),
            told=[call.told for call in self.calls if call.told is not None],
            idle_seconds=self._day.idle_seconds,
        )
        now = max(call.ended_at or call.presented_at for call in calls)
        return {metric.name: metric for metric in metrics_of(calls, kept, rules, calls[0].presented_at, now)}

    def under(self, setting: Setting, progress: Progress = lambda _share: None) -> dict[str, Range]:
        """Each figure as a range, by name."""
        played: list[dict[str, float | None]] = []
        for done, patience in enumerate(self._patiences()):
            plan = self._plan(setting, patience)
            metrics = figures(play(plan))
            played.append({metric.name: metric.value for metric in metrics})
            progress((done + 1) / self.plays)
        return {name: _range([figures_of[name] for figures_of in played]) for name in played[0]}

    # ---- one play ---------------------------------------------------------------------------------------------------

    def _patiences(self) -> Iterator[tuple[float, ...]]:
        """Of every caller: without end; no longer than seen, give or take a ring; drawn."""
        waits = [call.waited for call in self.calls]
        yield tuple(wait.seconds if wait.left else inf for wait in waits)
        yield tuple(wait.seconds if wait.left else wait.seconds + MARGIN_SECONDS for wait in waits)
        for draw in range(self._draws):
            source = seeded(self._seed, f"patience {draw}")
            yield tuple(_drawn(wait, self._survival, source) for wait in waits)

    def _plan(self, setting: Setting, patience: Sequence[float]) -> Plan:
        calls = self.calls
        begins_at = calls[0].measured.presented_at
        ends_at = max(call.measured.ended_at or begins_at for call in calls) + AFTERWARDS
        return Plan(
            begins_at=begins_at,
            until_at=ends_at,
            callers=tuple(self._caller(place, call, patience[place]) for place, call in enumerate(calls)),
            staffing=Staffing(
                (*self._shifts(begins_at, ends_at), *_within(setting.besides, begins_at, ends_at))
            ),
            rules=setting.rules,
            answer_seconds=self._answer_seconds(),
            prompt_seconds=setting.prompt_seconds,
            known_talks=self._talks or [self._habits.handling_seconds],
            calls_back=setting.calls_back,
        )

    def _shifts(self, begins_at: datetime, ends_at: datetime) -> tuple[Shift, ...]:
        """Whoever was seen first was there from the beginning, whoever was seen last stays to the end."""
        steps = [(max(at, begins_at), agents) for at, agents in self._day.on_duty]
        if not steps:
            return ()
        return as_shifts([(begins_at, steps[0][1]), *steps[1:], (ends_at, 0)])

    def _caller(self, place: int, call: PastCall, patience: float) -> Caller:
        source = seeded(self._seed, f"caller {place}")
        handling = call.talk_seconds or self._some_talk(source)
        takes = source.random() < self._habits.takes_callback
        missed = self._habits.missed_callbacks(source)
        return Caller(
            presented_at=call.measured.presented_at,
            handling_seconds=max(handling, LEAST_HANDLING_SECONDS),
            patience_seconds=patience,
            number=call.number,
            takes_callback=takes or call.promise is not None,
            missed_callbacks=missed if call.promise is None else call.missed_callbacks,
        )

    def _some_talk(self, source: Random) -> float:
        """Of a caller nobody spoke with: as long as somebody else's of that day."""
        return source.choice(self._talks) if self._talks else self._habits.handling(source)

    def _answer_seconds(self) -> float:
        known = sorted(call.answer_seconds for call in self.calls if call.answer_seconds is not None)
        return known[len(known) // 2] if known else ANSWER_SECONDS


MARGIN_SECONDS = 5.0  # a replay is not exact to the second: nobody leaves for that


def _within(shifts: Sequence[Shift], begins_at: datetime, ends_at: datetime) -> Iterator[Shift]:
    """What of these shifts falls into the time that is played."""
    for shift in shifts:
        from_at, until_at = max(shift.from_at, begins_at), min(shift.until_at, ends_at)
        if from_at < until_at:
            yield replace(shift, from_at=from_at, until_at=until_at)


def _can_be_played(call: PastCall) -> bool:
    return call.measured.outcome != REJECTED and call.measured.ended_at is not None


def _drawn(wait: Waited, known: Survival, source: Random) -> float:
    """Who left shows his patience; of all others it is known to be longer."""
    return wait.seconds if wait.left else known.draw_beyond(wait.seconds, source)


def _range(values: Sequence[float | None]) -> Range:
    """The first two are the bounds; a figure that was over nothing in some play is left out of that play."""
    known = [value for value in values if value is not None]
    drawn = sorted(value for value in values[2:] if value is not None)
    if not known:
        return Range(low=None, likely=None, high=None)
    middle = drawn[len(drawn) // 2] if drawn else None
    return Range(low=min(known), likely=middle, high=max(known))
