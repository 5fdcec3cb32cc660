"""The callbacks' part of a book kept in memory: what was promised, to whom, and what came of it."""

from collections.abc import Iterator
from datetime import datetime

from ivr.policy.call import Call, Phase
from ivr.policy.callback import Callback, CallbackState, Place
from ivr.policy.callback_commands import CallbackCommand, HandOverReason
from ivr.policy.callback_events import CallbackEvent
from ivr.policy.commands import PromiseCallback
from ivr.policy.routes import Route
from ivr.policy.rules import Rules
from ivr.service.callback_book import BrokenPromise, FreedHow, JoinedInVain, OpenAttempt, ToTell
from ivr.service.callback_ports import AttemptName
from ivr.service.ports import Clock, Entry, ReservationLost
from ivr.simulation.guard import MemoryGuard, Promised, prefix_of
from ivr.simulation.seats import Holder, Seats


class MemoryCallbacks(MemoryGuard):
    """CallbackUnit without a database. Its log is not kept: a day is told by what came of the promises."""

    def __init__(self, clock: Clock, rules: Rules, *, dials: bool) -> None:
        super().__init__(rules)
        self.clock = clock
        self.dials = dials
        self.seats = Seats()
        self.entries: dict[int, Entry] = {}
        self._with_persons: dict[int, Promised] = {}  # until they are called, or their time has passed
        self.idle_seconds = 0.0

    def promise(self, call: Call, command: PromiseCallback, at: datetime) -> int:
        """Raises ReservationLost where this number was promised one a moment ago."""
        if self.open_of(command.number) is not None:
            raise ReservationLost
        callback = Callback(
            callback_id=len(self.promised) + 1,
            call_id=call.call_id,
            number=command.number,
            presented_at=call.in_line_since,
            promised_at=at,
            due_at=command.due_at,
            next_at=command.not_before_at,
        )
        promised = Promised(
            callback=callback,
            first_due_at=command.due_at,
            prefix=prefix_of(command.number),
            due_at=command.due_at,
        )
        self.promised.append(promised)
        self._open[callback.callback_id] = promised
        return callback.callback_id

    @property
    def open_callbacks(self) -> int:
        return len(self._open)

    @property
    def to_be_swept(self) -> bool:
        """Whether any time can still pass in silence."""
        return bool(self._open or self._with_persons)

    def nothing_before(self, at: datetime) -> bool:
        """Every open callback waits for its next attempt until then or longer."""
        later = (each.callback.next_at for each in self._open.values())
        return all(next_at is not None and next_at >= at for next_at in later)

    def open_of(self, number: str | None) -> Callback | None:
        """The callback promised to this number and not over yet."""
        return next((each.callback for each in self._open.values() if each.callback.number == number), None)

    def untried_before(self, place: tuple[datetime, int], soon: datetime) -> int:
        """Callbacks of earlier callers whose first call may come until `soon`; who is on the line is counted there."""
        return sum(
            each.callback.state is CallbackState.PENDING
            and each.callback.joined_call is None
            and each.kept_at is None
            and (each.callback.next_at is None or each.callback.next_at <= soon)
            and (each.callback.presented_at, each.callback.call_id) < place
            for each in self._open.values()
        )

    @property
    def untried(self) -> int:
        """How many were promised a call and not called yet."""
        return sum(each.kept_at is None for each in self._open.values())

    def due(self) -> Iterator[Callback]:
        """Open ones that may be placed as far as their calls and announcements go, in the order of their calls."""
        for each in self._open.values():
            told = each.callback.new_due_at is not None and each.announced_at is not None
            if not told and self.entries[each.callback.call_id].call.phase is Phase.ENDED:
                yield each.callback

    @property
    def has_route(self) -> bool:
        return self.dials

    def route_to(self, number: str) -> Route | None:  # noqa: ARG002 # a port's; one way leads everywhere
        return Route.ASTERISK if self.dials else None

    def leads_to(self, number: str) -> bool:  # noqa: ARG002 # a port's
        return self.dials

    # ---- CallbackUnit: one callback ---------------------------------------------------------------------------------

    def callback(self, callback_id: int) -> Callback | None:
        return self.promised[callback_id - 1].callback if 0 < callback_id <= len(self.promised) else None

    def save_callback(self, before: Callback, after: Callback) -> None:
        promised = self._of(before.callback_id)
        was = promised.callback
        if (was.epoch, was.state) != (before.epoch, before.state):
            raise ReservationLost
        promised.callback = after
        if after.due_at != before.due_at:
            promised.announced_at = None
        if not promised.is_open:
            self._open.pop(before.callback_id, None)
            if after.state is CallbackState.HANDED_OVER:
                self._with_persons[before.callback_id] = promised

    def note_callback(
        self, callback_id: int, event: CallbackEvent, commands: tuple[CallbackCommand, ...] | None
    ) -> None:
        """Not kept."""

    def note_overtaking(self, callback_id: int, at: datetime, place: Place, earlier: int) -> None:
        """Not kept."""

    def note_idle(self, agent: str, call_id: int, at: datetime, seconds: float) -> None:  # noqa: ARG002 # a port's
        self.idle_seconds += seconds

    def alert(self, kind: str, agent: str | None, call_id: int, at: datetime) -> None:
        """Nobody reads it."""

    def alerted_since(self, kind: str, since: datetime) -> bool:  # noqa: ARG002 # a port's
        """Nobody has to hear of it."""
        return True

    def calls_today(self, number: str, at: datetime) -> int:
        midnight = self.midnight(at)
        calls = (entry.call for entry in self.entries.values())
        return sum(call.number == number and call.presented_at >= midnight for call in calls)

    def other_call(self, callback: Callback, besides: int) -> int | None:
        on_the_line = (each.call for each in self.entries.values() if each.call.phase is not Phase.ENDED)
        its = [
            call
            for call in on_the_line
            if call.joined_callback == callback.callback_id
            and call.number == callback.number
            and call.call_id != besides
        ]
        first = min(its, key=lambda call: (call.in_line_since, call.call_id), default=None)
        return None if first is None else first.call_id

    def ask_customer(self, name: AttemptName, at: datetime) -> bool:  # noqa: ARG002 # a port's
        """What customers think of us is not simulated."""
        return False

    def rate_customer(self, name: AttemptName, score: int) -> bool:  # noqa: ARG002 # a port's
        """Nobody was asked."""
        return False

    def _of(self, callback_id: int) -> Promised:
        return self.promised[callback_id - 1]

    # ---- its agent ---------------------------------------------------------------------------------------------------

    def reserve_for(self, callback: Callback, agent: str, at: datetime, until: datetime) -> None:
        self.seats.reserve(agent, Holder(callback.callback_id, callback=True), at, until)

    def stay_reserved(self, callback_id: int, agent: str, until: datetime) -> None:
        self.seats.stay_reserved(agent, Holder(callback_id, callback=True), until)

    def serve_callback(self, callback_id: int, epoch: int, agent: str, at: datetime) -> bool:
        served = self._of(callback_id).served
        if epoch in served:
            return False
        served[epoch] = at
        self.seats.talks(agent, Holder(callback_id, callback=True), at)
        return True

    def served_at(self, callback_id: int, epoch: int) -> datetime | None:
        return self._of(callback_id).served.get(epoch)

    def free_from(
        self, callback_id: int, agent: str, how: FreedHow, at: datetime, wrap_up_seconds: float = 0.0
    ) -> None:
        self.seats.let_go(agent, Holder(callback_id, callback=True), how, at, wrap_up_seconds)

    def second_person(self, besides: str | None) -> str | None:
        return self.seats.second_person(besides)

    # ---- what was promised -------------------------------------------------------------------------------------------

    def called(self, callback_id: int, at: datetime) -> None:
        promised = self._of(callback_id)
        promised.kept_at = promised.kept_at or at

    def reached(self, callback_id: int, agent: str | None, at: datetime) -> None:  # noqa: ARG002 # agents are alike
        promised = self._of(callback_id)
        promised.reached_at = promised.reached_at or at
        self.called(callback_id, at)

    def served_by(self, call_id: int) -> str | None:
        return self.entries[call_id].call.agent

    def move_promise(self, callback_id: int, due_at: datetime) -> None:
        promised = self._of(callback_id)
        if promised.kept_at is None and not promised.broken:
            promised.due_at = due_at

    def own_promise(self, callback_id: int, owner: str) -> None:
        """Nobody asks for it."""

    def hand_over(self, callback: Callback, reason: HandOverReason, to: str | None, at: datetime) -> None:
        """Its state says so."""

    # ---- what is to be looked at -------------------------------------------------------------------------------------

    def running(self) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(
                callback_id=callback.callback_id,
                epoch=callback.epoch,
                lease_until=callback.lease_until,
                nonce=callback.attempts[-1].nonce,
            )
            for callback in (each.callback for each in self._open.values())
            if callback.state is CallbackState.DIALING and callback.lease_until is not None
        )

    def left_behind(self) -> tuple[OpenAttempt, ...]:
        return tuple(
            OpenAttempt(
                callback_id=each.callback.callback_id,
                epoch=attempt.epoch,
                lease_until=attempt.at,
                nonce=attempt.nonce,
            )
            for each in self.promised
            for attempt in each.callback.attempts
            if attempt.result is None and each.callback.state is not CallbackState.DIALING
        )

    def joined_in_vain(self) -> tuple[JoinedInVain, ...]:
        joined = (each.callback for each in self._open.values() if each.callback.joined_call is not None)
        over = ((callback, self.entries[callback.joined_call or 0].call) for callback in joined)
        return tuple(
            JoinedInVain(callback_id=callback.callback_id, call_id=call.call_id, served_at=call.served_at)
            for callback, call in over
            if call.phase is Phase.ENDED
        )

    def stranded(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        return tuple(number for number, each in self._open.items() if _is_stranded(each, at, soon))

    def in_danger(self, at: datetime, soon: datetime) -> tuple[int, ...]:
        return tuple(
            number
            for number, each in self._open.items()
            if _in_danger(each) and at < each.callback.due_at <= soon
        )

    def to_tell(self) -> tuple[ToTell, ...]:
        return tuple(
            ToTell(
                callback_id=each.callback.callback_id,
                number=each.callback.number,
                due_at=each.callback.due_at,
                new_due_at=each.callback.new_due_at,
                announced_at=each.announced_at,
                name=each.announcement,
            )
            for each in self._open.values()
            if each.callback.new_due_at is not None and _is_waiting(each.callback)
        )

    def announced(self, callback_id: int, nonce: str, route: Route, at: datetime) -> bool:  # noqa: ARG002 # a port's
        promised = self._of(callback_id)
        to_tell = promised.callback.new_due_at is not None and _is_waiting(promised.callback)
        if not to_tell or promised.announced_at is not None:
            return False
        promised.announced_at, promised.announcement_nonce = at, nonce
        return True

    def announcement(self, callback_id: int) -> AttemptName | None:
        return self._of(callback_id).announcement

    @property
    def announcing(self) -> int:
        """How many customers are rung to hear a new time."""
        rung = (each for each in self._open.values() if each.announced_at is not None)
        return sum(each.callback.new_due_at is not None for each in rung)

    def break_promises(self, at: datetime) -> tuple[BrokenPromise, ...]:
        late = [each for each in (*self._open.values(), *self._with_persons.values()) if _is_broken(each, at)]
        for each in late:
            each.broken = True
            self._with_persons.pop(each.callback.callback_id, None)
        return tuple(BrokenPromise(call_id=each.callback.call_id, agent=None) for each in late)


def _is_waiting(callback: Callback) -> bool:
    """Neither called just now nor on the line himself."""
    return callback.state is CallbackState.PENDING and callback.joined_call is None


def _is_stranded(each: Promised, at: datetime, soon: datetime) -> bool:
    callback = each.callback
    if callback.state is not CallbackState.PENDING or callback.joined_call is not None:
        return False
    untried = each.kept_at is None
    return callback.due_at <= soon if untried else callback.next_at is not None and callback.next_at <= at


def _in_danger(each: Promised) -> bool:
    callback = each.callback
    untold = callback.new_due_at is None and each.announced_at is None
    waits = callback.state is CallbackState.PENDING and callback.joined_call is None
    return waits and untold and each.kept_at is None


def _is_broken(each: Promised, at: datetime) -> bool:
    """Whom we speak with, or are just ringing, is not left in silence."""
    silent = _is_waiting(each.callback) or each.callback.state is CallbackState.HANDED_OVER
    untold = each.callback.new_due_at is None
    return silent and untold and each.kept_at is None and not each.broken and each.due_at < at
