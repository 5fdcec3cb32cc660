"""A promise that a person has in hand is kept when he says so: no switch of ours can know.

What the hotline still has to call itself is not his to settle: the customer would be called twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from ivr.policy.callback import CallbackState
from ivr.policy.floor import AgentState
from ivr.service.callbacks_by_hand import NotYoursError
from ivr.service.ports import Clock

T = TypeVar("T")
_THE_HOTLINES = frozenset({CallbackState.PENDING, CallbackState.DIALING})


@dataclass(frozen=True, kw_only=True)
class GivenPromise:
    """As the book has it; `callback` is the state of the callback it is about, `owner` who has it, or kept it."""

    promise_id: int
    call_id: int
    callback_id: int | None
    callback: CallbackState | None
    kept_at: datetime | None
    owner: str | None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A number of the ring-back list; `promise_id` is what was handed over with it."""

    ring_back_id: int
    promise_id: int | None


class PromiseUnit(Protocol):
    """Nothing of it is seen before the commit."""

    def state_of(self, agent: str) -> AgentState | None:
        """None where nobody has that login."""

    def promise(self, promise_id: int) -> GivenPromise | None: ...

    def keep_promise(self, promise: GivenPromise, agent: str, at: datetime) -> None:
        """Off the ring-back list, and kept by him now, unless it was kept before."""

    def listed(self, ring_back_id: int) -> Listed | None: ...

    def take_off_the_list(self, ring_back_id: int, agent: str) -> None:
        """He has called; the first who says so counts."""


class PromiseBook(Protocol):
    """The call book, as far as this goes."""

    def unit(self, work: Callable[[PromiseUnit], T]) -> T:
        """Run `work` in one durable transaction and return after its COMMIT. Raises BookUnavailable."""


class PromisesByHand:
    """Raises NotYoursError and BookUnavailable."""

    def __init__(self, book: PromiseBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def kept(self, promise_id: int, agent: str) -> GivenPromise:
        """He has called that customer; said twice it is as said once."""
        now = self._clock.now()
        return self._book.unit(lambda unit: self._kept(unit, promise_id, agent, now))

    def rung_back(self, ring_back_id: int, agent: str) -> Listed:
        """He has called that number of the list, and with it kept what was promised there; twice is as once."""
        now = self._clock.now()
        return self._book.unit(lambda unit: self._rung_back(unit, ring_back_id, agent, now))

    def _rung_back(self, unit: PromiseUnit, ring_back_id: int, agent: str, now: datetime) -> Listed:
        listed = unit.listed(ring_back_id)
        if listed is None:
            raise NotYoursError(f"there is no number {ring_back_id}: `hotline ring-backs` lists them")
        _must_be_known(unit, agent)
        unit.take_off_the_list(ring_back_id, agent)
        if listed.promise_id is not None:
            self._kept(unit, listed.promise_id, agent, now)
        return listed

    def _kept(self, unit: PromiseUnit, promise_id: int, agent: str, now: datetime) -> GivenPromise:
        promise = _known(unit, promise_id)
        _must_be_known(unit, agent)
        if promise.callback in _THE_HOTLINES:
            raise NotYoursError(
                f"promise {promise_id} is in nobody's hands: callback {promise.callback_id} is {promise.callback}"
            )
        unit.keep_promise(promise, agent, now)
        return _known(unit, promise_id)


def _must_be_known(unit: PromiseUnit, agent: str) -> None:
    if unit.state_of(agent) is None:
        raise NotYoursError(f"there is no agent {agent}")


def _known(unit: PromiseUnit, promise_id: int) -> GivenPromise:
    promise = unit.promise(promise_id)
    if promise is None:
        raise NotYoursError(f"there is no promise {promise_id}: `hotline promises` lists them")
    return promise
