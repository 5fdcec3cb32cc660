"""The call book in memory: the ports' contract without a database. One thread, so a unit is a call of its work.

Events and decisions are not kept: a day is told by its calls, its promises, and what `watch` saw of the floor.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from ivr.policy.call import IN_LINE, Call, Phase
from ivr.policy.callback import Callback, CallbackState, place_in_line
from ivr.policy.callback_events import AttemptResult
from ivr.policy.callback_guard import Refusal, Refused, Verdict
from ivr.policy.commands import PromiseCallback
from ivr.policy.desk import CallbackDesk, Crowd, OpenCallback
from ivr.policy.events import Event
from ivr.policy.floor import AgentState, Floor, Waiting, head_of, overtaking, place_of
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from ivr.policy.wait_inputs import EndedWait, ended_wait, pace_of
from ivr.service.ports import CallUnit, Clock, Contact, Decision, Entry, Told
from ivr.simulation.promises import MemoryCallbacks

T = TypeVar("T")
WITH_HIS_AGENT = frozenset({Phase.RINGING, Phase.FETCHING, Phase.TALKING})
Place = tuple[datetime, int]
"""Since when, and the call's number to tell two of the same moment apart: the order of the line."""
FRESH = timedelta(seconds=10)  # how old the pace may be: as in the server
LATEST_CALLS = 1000


class MemoryBook(MemoryCallbacks):
    """CallBook and CallUnit at once. `known_talks` are those of earlier days, `usual_agents` talked at once on them.

    `watch` is told after every unit.
    """

    def __init__(
        self,
        clock: Clock,
        rules: Rules,
        *,
        dials: bool = True,
        known_talks: Sequence[float] = (),
        usual_agents: int = 1,
        watch: Callable[["MemoryBook"], None] = lambda _book: None,
    ) -> None:
        super().__init__(clock, rules, dials=dials)
        self.live = 0
        self._ids: dict[tuple[str, str], int] = {}
        self._line: list[Place] = []
        self._pace = _Pace(clock, rules.wrap_up_seconds, known_talks, usual_agents)
        self._watch = watch

    @property
    def waiting(self) -> int:
        """How many callers wait in line."""
        return len(self._line)

    # ---- CallBook -------------------------------------------------------------------------------------------------

    def unit(self, work: Callable[[CallUnit], T], *, budget_seconds: float = 1.5) -> T:  # noqa: ARG002 # never waits
        result = work(self)
        self._watch(self)
        return result

    def unit_later(
        self,
        work: Callable[[CallUnit], T],
        then: Told[T],
        *,
        budget_seconds: float = 1.5,  # noqa: ARG002 # never waits
    ) -> None:
        """Later is now."""
        result = self.unit(work)
        then(lambda: result)

    def anything_due(self, at: datetime) -> bool:
        """An agent to free, or one free while somebody waits."""
        due_at = self.seats.due_at
        if due_at is not None and due_at <= at:
            return True
        return self.seats.anybody_free and (bool(self._line) or bool(self._callbacks_in_line(at)))

    def choose(self, login: str, state: AgentState, at: datetime) -> None:
        """An agent comes on duty or leaves."""
        self.seats.choose(login, state, at)
        self._watch(self)

    def save_callback(self, before: Callback, after: Callback) -> None:
        super().save_callback(before, after)
        for was, now in zip(before.attempts, after.attempts, strict=False):
            spoke_at = self.served_at(after.callback_id, now.epoch)
            reached = was != now and now.result is AttemptResult.REACHED
            if reached and spoke_at is not None and now.ended_at is not None:
                self._pace.learn_talk((now.ended_at - spoke_at).total_seconds())

    # ---- CallUnit: calls ------------------------------------------------------------------------------------------

    def find(self, door: str, ref: str) -> Entry | None:
        call_id = self._ids.get((door, ref))
        return None if call_id is None else self.entries[call_id]

    def find_id(self, call_id: int) -> Entry | None:
        return self.entries.get(call_id)

    def add(self, contact: Contact, number: str | None) -> Entry:
        call_id = len(self.entries) + 1
        call = Call(call_id=call_id, presented_at=contact.presented_at, number=number)
        entry = Entry(call=call, contact=contact, standing=(), last_key=None)
        self.entries[call_id] = entry
        self._ids[contact.door, contact.ref] = call_id
        self.live += 1
        return entry

    def write(self, entry: Entry, decision: Decision) -> Entry:
        step = decision.step
        for command in step.for_the_books:
            if isinstance(command, PromiseCallback):
                self.promise(step.call, command, decision.event.at)
            else:
                self.seats.carry_out(step.call, command, decision.event.at)
        return replace(entry, call=step.call, standing=step.for_the_line or entry.standing)

    def refuse(self, entry: Entry, event: Event) -> None:
        """Not kept."""

    def save(self, entry: Entry, key: str | None = None) -> None:
        call, before = entry.call, self.entries[entry.call.call_id].call
        self._move_in_line(before, call)
        if call.phase is Phase.ENDED and before.phase is not Phase.ENDED:
            self.live -= 1
            self._pace.learn(call)
        self.entries[call.call_id] = entry if key is None else replace(entry, last_key=key)

    def free_agents_due(self, at: datetime) -> int:
        return self.seats.free_due(at, self._stands_by_his_agent)

    def unfinished(self, before: datetime) -> tuple[Entry, ...]:
        return tuple(
            entry
            for entry in self.entries.values()
            if entry.call.phase is not Phase.ENDED and entry.call.presented_at < before
        )

    def _stands_by_his_agent(self, call_id: int) -> bool:
        return self.entries[call_id].call.phase in WITH_HIS_AGENT

    def _move_in_line(self, before: Call, now: Call) -> None:
        was, goes = before.phase in IN_LINE, now.phase in IN_LINE
        if was and not (goes and _place(before) == _place(now)):
            del self._line[bisect_left(self._line, _place(before))]
            was = False
        if goes and not was:
            insort(self._line, _place(now))

    # ---- CallUnit: the floor --------------------------------------------------------------------------------------

    def floor(self, call: Call | None = None) -> Floor:
        now = self.clock.now()
        floor = Floor(agents=self.seats.on_floor)
        callbacks = self._callbacks_in_line(now)
        if self.seats.anybody_free:
            most = len(floor.free) + 1
            live = (place_of(self.entries[call_id].call) for _, call_id in self._line[:most])
            floor = replace(floor, line=head_of((*live, *callbacks), floor.free, now))
        if call is None:
            return floor
        desk = self._desk(call, callbacks, now)
        if desk is not None:
            desk = replace(desk, crowd=self._crowd(len(floor.on_duty), now))
        floor = replace(floor, desk=desk)
        if self.seats.anybody_free or not floor.on_duty:
            return floor
        before = self._callbacks_ahead(_place(call), callbacks)
        ahead = bisect_left(self._line, _place(call)) + before
        later = overtaking(_place(call), callbacks)
        pace = self._pace.current()
        return replace(floor, ahead=ahead, callbacks_ahead=before, overtaking=later, pace=pace)

    def _callbacks_in_line(self, now: datetime) -> tuple[Waiting, ...]:
        """Those that could be placed now, all at once: what cannot leave must keep no agent from a caller."""
        if not (self.dials and self.open_callbacks):
            return ()
        channels = self._channels_free()
        room = None if channels is None else channels - self.rules.inbound_reserve
        if room is not None and room <= 0:
            return ()
        rules, handling = self.rules.callback_rules, self._pace.current().handling_seconds
        placed = ((each, place_in_line(each, now, handling, rules)) for each in self.due())
        line = (
            Waiting(
                callback_id=callback.callback_id,
                call_id=place.call_id,
                presented_at=place.presented_at,
                near_due_at=place.near_due_at,
                passed_over=place.passed_over,
            )
            for callback, place in placed
            if place is not None
        )
        return tuple(sorted(line, key=lambda place: place.order)[:room])

    def _callbacks_ahead(self, mine: Place, callbacks: tuple[Waiting, ...]) -> int:
        """Everybody promised a call and not yet called who rang earlier, and those who must not wait any longer."""
        if not self.dials:
            return 0
        now = self.clock.now()
        soon = now + timedelta(seconds=self.rules.max_hold_seconds)
        callable_at = self.rules.hours.next_callable(now)
        if callable_at is None or callable_at > soon:
            return sum(each.near_due_at is not None for each in callbacks)
        return self.untried_before(mine, soon) + overtaking(mine, callbacks)

    def _channels_free(self) -> int | None:
        if not self.rules.trunk_channels:
            return None
        return self.rules.trunk_channels - self.live - len(self.running()) - self.announcing

    def _desk(self, call: Call, callbacks: tuple[Waiting, ...], now: datetime) -> CallbackDesk | None:
        if not self.dials and not self.rules.trunk_channels:
            return None
        return CallbackDesk(
            verdict=self._verdict(call.number_to_call, now),
            open=self._promised_already(call, callbacks, now),
            channels_free=self._channels_free(),
            done=self._is_done(call.joined_callback),
        )

    def _crowd(self, on_duty: int, now: datetime) -> Crowd | None:
        """Where nobody is there, or nobody may be called."""
        if not self.dials or (on_duty and self.rules.hours.next_callable(now) == now):
            return None
        pace = self._pace.current()
        return Crowd(promised=self.untried, agents=max(on_duty, pace.agents), pace=pace)

    def _is_done(self, callback_id: int | None) -> bool:
        its = None if callback_id is None else self.callback(callback_id)
        return its is not None and its.state is CallbackState.DONE

    def _verdict(self, number: str | None, now: datetime) -> Verdict:
        if not self.dials:
            return Refused(reason=Refusal.NO_ROUTE)
        return Refused(reason=Refusal.NOT_VALID) if number is None else self.verdict_to_promise(number, now)

    def _promised_already(
        self, call: Call, callbacks: tuple[Waiting, ...], now: datetime
    ) -> OpenCallback | None:
        """To this number, also where this call has joined it."""
        his = self.open_of(call.number_to_call)
        if his is None:
            return None
        mine = his.presented_at, his.call_id
        others = tuple(each for each in callbacks if each.callback_id != his.callback_id)
        return OpenCallback(
            callback_id=his.callback_id,
            presented_at=his.presented_at,
            due_at=his.due_at,
            ahead=bisect_left(self._line, mine) + self._callbacks_ahead(mine, others),
            calls_today=self.calls_today(his.number, now),
            joined_call=his.joined_call,
        )


def _place(call: Call) -> Place:
    return call.in_line_since, call.call_id


class _Pace:
    """How fast the line moves, learnt from the latest calls; looked at again when it is no longer fresh."""

    def __init__(
        self, clock: Clock, wrap_up_seconds: float, known_talks: Sequence[float], usual_agents: int
    ) -> None:
        self._clock = clock
        self._usual_agents = usual_agents
        self._wrap_up_seconds = wrap_up_seconds
        self._talks = deque((seconds + wrap_up_seconds for seconds in known_talks), maxlen=LATEST_CALLS)
        self._waits: deque[EndedWait] = deque(maxlen=LATEST_CALLS)
        self._current: Pace | None = None  # None: not reckoned yet
        self._news = False
        self._reckoned_at = clock.now()

    def learn(self, call: Call) -> None:
        """From a call that has ended."""
        if call.served_at is not None and call.ended_at is not None:
            self.learn_talk((call.ended_at - call.served_at).total_seconds())
        wait = ended_wait(call)
        if wait is not None:
            self._waits.append(wait)
        self._news = True

    def learn_talk(self, seconds: float) -> None:
        """Whoever rang whom."""
        self._talks.append(seconds + self._wrap_up_seconds)
        self._news = True

    def current(self) -> Pace:
        """Reckoned anew where there is news and the last is no longer fresh."""
        now = self._clock.now()
        if self._current is None or (self._news and now - self._reckoned_at >= FRESH):
            pace = pace_of(tuple(self._talks), tuple(self._waits))
            self._current = replace(pace, agents=self._usual_agents)
            self._news, self._reckoned_at = False, now
        return self._current
