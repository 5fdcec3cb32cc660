"""The agents' part of a book kept in memory: taken once, let go by what has them, as the SQL book does it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ivr.policy.call import Call
from ivr.policy.commands import BookCommand, CountMiss, Knock, Release, Reserve, StartTalk, StartWrapUp
from ivr.policy.floor import ON_DUTY, Agent, AgentState
from ivr.service.callback_book import FreedHow
from ivr.service.ports import ReservationLost

ABSENT = frozenset({AgentState.OFFLINE, AgentState.AWAY})
IN_A_CALL = frozenset({AgentState.RESERVED, AgentState.TALKING})


@dataclass(frozen=True, slots=True)
class Holder:
    """What has an agent: a call, or a callback."""

    number: int
    callback: bool = False


@dataclass
class Seat:
    """One agent; `until` ends his wrap-up or the reservation's lease, `wanted` is what he chose during a call.

    `knock` is the second call offered to him; he has taken it once it is `in_his_ear`.
    """

    agent: Agent
    holder: Holder | None = None
    until: datetime | None = None
    wanted: AgentState | None = None
    knock: int | None = None
    in_his_ear: bool = False


@dataclass(frozen=True, slots=True)
class _View:
    """What is asked for far more often than it changes."""

    on_floor: tuple[Agent, ...]
    anybody_free: bool
    due_at: datetime | None


def _view(seats: Collection[Seat]) -> _View:
    on_floor = tuple(seat.agent for seat in seats if seat.agent.state not in ABSENT)
    return _View(
        on_floor=on_floor,
        anybody_free=any(agent.state is AgentState.AVAILABLE for agent in on_floor),
        due_at=min((seat.until for seat in seats if seat.until is not None), default=None),
    )


class Seats:
    """Every agent by login."""

    def __init__(self) -> None:
        self._by_login: dict[str, Seat] = {}
        self._view: _View | None = None

    @property
    def on_floor(self) -> tuple[Agent, ...]:
        """Every agent not offline or away."""
        return self._seen.on_floor

    @property
    def anybody_free(self) -> bool:
        return self._seen.anybody_free

    @property
    def due_at(self) -> datetime | None:
        """When the next wrap-up or lease is over."""
        return self._seen.due_at

    @property
    def _seen(self) -> _View:
        if self._view is None:
            self._view = _view(self._by_login.values())
        return self._view

    # ---- they come, go, and time brings them back ------------------------------------------------------------------

    def choose(self, login: str, state: AgentState, at: datetime) -> None:
        """Free or resting: at once. In a call: after it."""
        seat = self._by_login.get(login)
        if seat is not None and seat.agent.state in IN_A_CALL:
            seat.wanted = None if state is AgentState.AVAILABLE else state
            return
        agent = Agent(login=login, phone=f"sip:{login}@simulation", state=state, idle_since=at, since=at)
        self._by_login[login] = Seat(agent=agent)
        self._view = None

    def free_due(self, at: datetime, stands_by: Callable[[int], bool]) -> int:
        """Wrap-ups that are over, and leases unless their call still stands by them; how many."""
        due = [seat for seat in self._by_login.values() if _is_over(seat, at, stands_by)]
        for seat in due:
            self._free(seat, at, idle_since=seat.until)
        return len(due)

    def second_person(self, besides: str | None) -> str | None:
        """The longest idle other agent on duty."""
        others = [agent for agent in self.on_floor if agent.login != besides and agent.state in ON_DUTY]
        return min(others, key=lambda agent: (agent.idle_since, agent.login)).login if others else None

    # ---- for a call ------------------------------------------------------------------------------------------------

    def carry_out(self, call: Call, command: BookCommand, at: datetime) -> None:
        """The commands that are about an agent; others are none of its business. Raises ReservationLost."""
        mine = Holder(call.call_id)
        match command:
            case Reserve(agent=login, lease_seconds=lease):
                self.reserve(login, mine, at, at + timedelta(seconds=lease))
            case Knock(agent=login):
                self._knock(login, call.call_id)
            case StartTalk(agent=login):
                self._talk(login, call.call_id, at)
            case Release(agent=login):
                self.let_go(login, mine, FreedHow.PLACE_KEPT, at) or self._drop_knock(login, call.call_id)
            case CountMiss(agent=login, stand_down=stand_down):
                how = FreedHow.STOOD_DOWN if stand_down else FreedHow.MISSED
                self.let_go(login, mine, how, at)
            case StartWrapUp(agent=login, seconds=seconds):
                freed = self.let_go(login, mine, FreedHow.WRAP_UP, at, seconds)
                freed or self._drop_knock(login, call.call_id)
            case _:
                pass

    def reserve(self, login: str, holder: Holder, at: datetime, until: datetime) -> None:
        """Raises ReservationLost."""
        seat = self._by_login[login]
        if seat.agent.state is not AgentState.AVAILABLE:
            raise ReservationLost
        seat.holder, seat.until = holder, until
        self._becomes(seat, AgentState.RESERVED, at)

    def talks(self, login: str, holder: Holder, at: datetime) -> None:
        """With the customer he was reserved for."""
        seat = self._by_login[login]
        if seat.holder == holder:
            seat.until = None
            self._becomes(seat, AgentState.TALKING, at, misses=0)

    def stay_reserved(self, login: str, holder: Holder, until: datetime) -> None:
        seat = self._by_login[login]
        if seat.holder == holder and seat.agent.state is AgentState.RESERVED:
            seat.until, self._view = until, None

    def let_go(
        self, login: str, holder: Holder, how: FreedHow, at: datetime, wrap_up_seconds: float = 0.0
    ) -> bool:
        """By what has him, and by nothing else; a second call in his ear keeps him talking."""
        seat = self._by_login[login]
        if seat.holder != holder:
            return False
        if seat.in_his_ear:
            self._to_his_second_call(seat, at)
        elif how is FreedHow.WRAP_UP and wrap_up_seconds > 0:
            seat.until = at + timedelta(seconds=wrap_up_seconds)
            self._becomes(seat, AgentState.WRAP_UP, at)
        else:
            misses = seat.agent.misses + (how in {FreedHow.MISSED, FreedHow.STOOD_DOWN})
            idle_since = seat.agent.idle_since if how is FreedHow.PLACE_KEPT else at
            state = AgentState.AWAY if how is FreedHow.STOOD_DOWN else None
            self._free(seat, at, state=state, idle_since=idle_since, misses=misses)
        return True

    def _knock(self, login: str, call_id: int) -> None:
        seat = self._by_login[login]
        if seat.agent.state is not AgentState.TALKING or seat.knock is not None:
            raise ReservationLost
        seat.knock = call_id
        self._becomes(seat, AgentState.TALKING, seat.agent.since)

    def _drop_knock(self, login: str, call_id: int) -> bool:
        seat = self._by_login[login]
        if seat.knock == call_id:
            seat.knock, seat.in_his_ear = None, False
            self._becomes(seat, seat.agent.state, seat.agent.since)
        return True

    def _talk(self, login: str, call_id: int, at: datetime) -> None:
        seat, state = self._by_login[login], self._by_login[login].agent.state
        knocks = seat.knock == call_id
        if (
            seat.holder == Holder(call_id)
            or state is AgentState.AVAILABLE
            or (knocks and state is not AgentState.TALKING)
        ):
            seat.holder, seat.until = Holder(call_id), None
            seat.knock = None if knocks else seat.knock
            self._becomes(seat, AgentState.TALKING, at, misses=0)
        elif knocks:
            seat.in_his_ear = True

    def _to_his_second_call(self, seat: Seat, at: datetime) -> None:
        assert seat.knock is not None
        seat.holder, seat.until, seat.knock, seat.in_his_ear = Holder(seat.knock), None, None, False
        self._becomes(seat, AgentState.TALKING, at)

    # ---- a new state -----------------------------------------------------------------------------------------------

    def _free(
        self,
        seat: Seat,
        at: datetime,
        *,
        state: AgentState | None = None,
        idle_since: datetime | None = None,
        misses: int | None = None,
    ) -> None:
        """What he asked for during the call comes before what we would make him."""
        state = state or seat.wanted or AgentState.AVAILABLE
        seat.holder, seat.until, seat.wanted = None, None, None
        self._becomes(seat, state, at, idle_since=idle_since, misses=misses)

    def _becomes(
        self,
        seat: Seat,
        state: AgentState,
        at: datetime | None,
        *,
        idle_since: datetime | None = None,
        misses: int | None = None,
    ) -> None:
        agent = seat.agent
        seat.agent = replace(
            agent,
            state=state,
            since=at,
            idle_since=idle_since or agent.idle_since,
            misses=agent.misses if misses is None else misses,
            knocked=seat.knock is not None,
        )
        self._view = None


def _is_over(seat: Seat, at: datetime, stands_by: Callable[[int], bool]) -> bool:
    """A callback's lease is over when it is over; a call's unless they talk already."""
    if seat.until is None or seat.until > at:
        return False
    if seat.agent.state is AgentState.WRAP_UP or seat.holder is None or seat.holder.callback:
        return True
    return not stands_by(seat.holder.number)
