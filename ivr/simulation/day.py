"""Plays a day: callers come, agents come and leave, and the hotline's own switchboard and floor loop do the rest."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ivr.policy.call import Call, Phase
from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from ivr.service.callbacks import SWEEP_SECONDS, CallbackService
from ivr.service.floor_loop import GATHER_SECONDS, POLL_SECONDS, FloorLoop
from ivr.service.switchboard import Switchboard
from ivr.simulation.book import MemoryBook
from ivr.simulation.demand import Caller
from ivr.simulation.guard import Promised
from ivr.simulation.line import DOOR, CallersLine, Surroundings
from ivr.simulation.staffing import Staffing
from ivr.simulation.switch import Phones, SimulatedSwitch
from ivr.simulation.timeline import Timeline, VirtualClock
from ivr.simulation.watch import Seen, Watch

ANSWER_SECONDS = 4.0
NONCE = "00000000"  # no attempt of another day can be met, and the same seed is the same day
STEP_SECONDS = 60.0  # of virtual time between two words about how far it is
Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a day is made of. `until_at` is when it is over at the latest, whoever still waits."""

    begins_at: datetime
    until_at: datetime
    callers: Sequence[Caller]
    staffing: Staffing
    rules: Rules
    answer_seconds: float = ANSWER_SECONDS
    prompt_seconds: Mapping[str, float] = field(default_factory=dict)
    known_talks: Sequence[float] = ()
    calls_back: bool = True  # there is a way to call customers


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of it: every call as it stands at the end, in order, and what was seen of the floor."""

    plan: Plan
    calls: tuple[Call, ...]
    promised: tuple[Promised, ...]
    seen: tuple[Seen, ...]
    idle_seconds: float  # that agents were free while the callers they then got waited
    ended_at: datetime


def play(
    plan: Plan, progress: Progress = lambda _share: None, make_book: Callable[..., MemoryBook] = MemoryBook
) -> Played:
    """From the first moment of the plan to the last call's end. `progress` hears the share of the day that is over."""
    with _without_log():
        return _Day(plan, make_book).play(progress)


@contextmanager
def _without_log() -> Iterator[None]:
    """What happens to callers who do not exist is nobody's warning."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


class _Day:
    def __init__(self, plan: Plan, make_book: Callable[..., MemoryBook]) -> None:
        self._plan = plan
        self._clock = VirtualClock(plan.begins_at)
        self._timeline = Timeline(self._clock)
        self._watch = Watch(self._clock)
        self._book = make_book(
            self._clock,
            plan.rules,
            dials=plan.calls_back,
            known_talks=plan.known_talks,
            usual_agents=plan.staffing.most,
            watch=self._watch.look,
        )
        switchboard = Switchboard(self._book, plan.rules, self._floor_changed)
        customers = {caller.number: caller for caller in plan.callers if caller.number is not None}
        phones = Phones(answer_seconds=plan.answer_seconds, customers=customers)
        self._switch = SimulatedSwitch(self._timeline, self._clock, phones)
        self._callbacks = CallbackService(self._book, self._switch, self._clock, plan.rules)
        self._callbacks.on_change = self._floor_changed
        self._callbacks.nonce = lambda: NONCE
        self._switch.news = self._callbacks
        switches = {DOOR: self._switch}
        self._loop = FloorLoop(self._book, switches, self._clock, plan.rules, self._callbacks)
        self._will_look, self._looks = False, 0
        self._around = Surroundings(
            clock=self._clock,
            timeline=self._timeline,
            switchboard=switchboard,
            answer_seconds=plan.answer_seconds,
            prompt_seconds=plan.prompt_seconds,
        )

    def play(self, progress: Progress) -> Played:
        for stay in self._plan.staffing.stays():
            self._at(stay.from_at, partial(self._comes, stay.login))
            self._at(stay.until_at, partial(self._leaves, stay.login))
        for place, caller in enumerate(self._plan.callers):
            self._at(caller.presented_at, partial(self._calls, str(place), caller))
        self._floor_changed()
        self._timeline.every(SWEEP_SECONDS, self._sweep)
        self._run(progress)
        self._watch.look(self._book)
        calls = tuple(entry.call for entry in self._book.entries.values())
        return Played(
            plan=self._plan,
            calls=calls,
            promised=tuple(self._book.promised),
            seen=tuple(self._watch.seen),
            idle_seconds=self._book.idle_seconds,
            ended_at=self._clock.now(),
        )

    def _run(self, progress: Progress) -> None:
        length = (self._plan.until_at - self._plan.begins_at).total_seconds()
        seconds = 0.0
        while seconds < length and not self._is_over():
            seconds = min(seconds + STEP_SECONDS, length)
            self._timeline.run(seconds)
            progress(seconds / length)
        progress(1.0)

    def _is_over(self) -> bool:
        entries = self._book.entries
        everybody_called = len(entries) == len(self._plan.callers)
        if not (everybody_called and self._book.nothing_before(self._plan.until_at)):
            return False
        return all(entry.call.phase is Phase.ENDED for entry in entries.values())

    def _at(self, at: datetime, action: Callable[[], object]) -> None:
        self._timeline.at((at - self._plan.begins_at) / timedelta(seconds=1), action)

    def _calls(self, ref: str, caller: Caller) -> None:
        line = self._switch.lines[ref] = CallersLine(self._around, caller, ref)
        if caller.patience_seconds < float("inf"):
            self._timeline.after(caller.patience_seconds, line.loses_patience)

    def _comes(self, login: str) -> None:
        self._book.choose(login, AgentState.AVAILABLE, self._clock.now())
        self._floor_changed()

    def _leaves(self, login: str) -> None:
        self._book.choose(login, AgentState.OFFLINE, self._clock.now())
        self._floor_changed()

    def _sweep(self) -> None:
        if self._book.to_be_swept:
            self._callbacks.sweep(self._clock.now())

    def _floor_changed(self) -> None:
        """The floor loop gathers what changes at the same time, then looks once."""
        if not self._will_look:
            self._will_look = True
            self._timeline.after(GATHER_SECONDS, self._look)

    def _look(self) -> None:
        self._will_look = False
        self._loop.turn()
        self._looks += 1
        seconds = self._until_next_look()
        if seconds is not None:
            self._timeline.after(seconds, partial(self._look_again, self._looks))

    def _look_again(self, look: int) -> None:
        """Unless somebody has looked since."""
        if look == self._looks:
            self._look()

    def _until_next_look(self) -> float | None:
        """The loop looks every 200 ms; here only where that could change anything, as at the end of a wrap-up."""
        seats = self._book.seats
        if seats.anybody_free and (self._book.waiting or self._book.open_callbacks):
            return POLL_SECONDS
        if seats.due_at is None:
            return None
        return max((seats.due_at - self._clock.now()).total_seconds(), POLL_SECONDS)
