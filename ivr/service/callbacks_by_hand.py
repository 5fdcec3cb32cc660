"""Callbacks that agents dial themselves, where no line of ours leads to customers: taken once, and settled once.

The life of the callback is the same as when the hotline dials (ivr/policy/callback_flow.py): only somebody else rings
the customer, and his word takes the place of the switch's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from ivr.policy.callback import Callback, CallbackState
from ivr.policy.callback_events import AttemptEnded, AttemptResult, Claimed
from ivr.policy.callback_guard import Refused
from ivr.policy.floor import AgentState, Waiting
from ivr.policy.rules import Rules
from ivr.service.callback_steps import apply_callback, turned_down
from ivr.service.callbacks import LEASE_BEYOND_SECONDS
from ivr.service.ports import CallUnit, Clock, ReservationLost

RESULTS = (AttemptResult.REACHED, AttemptResult.BUSY, AttemptResult.NO_ANSWER, AttemptResult.VOICEMAIL)
"""What an agent can say of his attempt."""

EVERYBODY = 100_000  # a line longer than this is not looked through

T = TypeVar("T")
_OVER = {
    CallbackState.DONE: "the customer was spoken with",
    CallbackState.UNREACHED: "every attempt is made, it is on the ring-back list",
    CallbackState.HANDED_OVER: "it is on the ring-back list",
}


class NotYoursError(Exception):
    """Nothing was changed but what the words say; they are for the agent."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What he has to know to call: whom, until when, and what that customer was told.

    `before` are the callbacks that should have been called first; `until` is when it goes on without him.
    """

    callback: Callback
    agent: str
    attempt: int
    words: str
    calls_today: int
    before: tuple[int, ...]
    until: datetime


class ByHandUnit(CallUnit, Protocol):
    """What this needs beside the rest; nothing of it is seen before the commit."""

    def callbacks_due(self, at: datetime, most: int) -> tuple[Waiting, ...]:
        """Those whose time has come and that nobody has, in the order in which they are to be called."""

    def take_by_hand(self, callback: Callback, agent: str, at: datetime, until: datetime) -> None:
        """By his own choice: also out of his notes, or while away. Raises ReservationLost."""

    def state_of(self, agent: str) -> AgentState | None:
        """None where nobody has that login."""

    def words_of(self, callback_id: int) -> str:
        """What the customer was promised, as he heard it."""


class ByHandBook(Protocol):
    """The call book, as far as this goes."""

    def unit(self, work: Callable[[ByHandUnit], T]) -> T:
        """Run `work` in one durable transaction and return after its COMMIT. Raises BookUnavailable."""


class CallbacksByHand:
    """Raises NotYoursError and BookUnavailable everywhere."""

    def __init__(self, book: ByHandBook, clock: Clock, rules: Rules) -> None:
        self._book = book
        self._clock = clock
        self._rules = rules

    def take(self, callback_id: int, agent: str) -> Taken:
        """It is his from now on; two who take it at once are told apart by the book."""
        if not self._rules.dials_by_hand:
            raise NotYoursError('callback_dialing is "automatic": the hotline calls customers back by itself')
        now = self._clock.now()
        taken = self._book.unit(lambda unit: self._take(unit, callback_id, agent, now))
        if isinstance(taken, Refused):  # and put off, or handed over to a person, which is committed
            put_off = taken.free_at and f"not before {self._clocked(taken.free_at)}"
            raise NotYoursError(
                f"callback {callback_id} may not be called ({taken.reason}): "
                + (put_off or "it is on the ring-back list")
            )
        return taken

    def settle(
        self, callback_id: int, result: AttemptResult, agent: str | None = None, attempt: int | None = None
    ) -> Callback:
        """What came of it, said once; where `agent` or `attempt` is given it must be his, or that one."""
        ended = AttemptEnded(at=self._clock.now(), epoch=attempt or 0, result=result)
        return self._book.unit(lambda unit: self._settle(unit, callback_id, ended, agent, attempt))

    def _take(self, unit: ByHandUnit, callback_id: int, agent: str, now: datetime) -> Taken | Refused:
        callback = _known(unit, callback_id)
        line = [waiting.callback_id for waiting in unit.callbacks_due(now, EVERYBODY)]
        if callback_id not in line:
            raise NotYoursError(f"callback {callback_id} {self._why_not(callback, now)}")
        refused = turned_down(unit, callback, now, self._rules)
        if refused is not None:
            return refused
        until = self._claim(unit, callback, agent, now)
        return Taken(
            callback=callback,
            agent=agent,
            attempt=callback.epoch + 1,
            words=unit.words_of(callback_id),
            calls_today=unit.calls_today(callback.number, now),
            before=tuple(each for each in line[: line.index(callback_id)] if each is not None),
            until=until,
        )

    def _claim(self, unit: ByHandUnit, callback: Callback, agent: str, now: datetime) -> datetime:
        """Until when it is his. He is reserved for longer: by then it is known who has it."""
        claimed = Claimed(at=now, agent=agent, by_hand=True)
        step = apply_callback(unit, callback.callback_id, claimed, self._rules)
        assert step is not None, "it stood in line"
        assert step.callback.lease_until is not None, "it is his"
        until = step.callback.lease_until
        try:
            unit.take_by_hand(callback, agent, now, until + timedelta(seconds=LEASE_BEYOND_SECONDS))
        except ReservationLost:
            raise NotYoursError(_cannot(unit, agent)) from None
        return until

    def _why_not(self, callback: Callback, now: datetime) -> str:
        match callback.state:
            case CallbackState.DIALING:
                last = callback.attempts[-1]
                return f"is {last.agent}'s since {self._clocked(last.at)}"
            case CallbackState.PENDING:
                return self._why_not_now(callback, now)
            case over:
                return f"is over: {_OVER[over]}"

    def _why_not_now(self, callback: Callback, now: datetime) -> str:
        if callback.joined_call is not None:
            return f"waits: its customer is on the line himself, in call {callback.joined_call}"
        if callback.next_at is not None and now < callback.next_at:
            return f"is not to be called before {self._clocked(callback.next_at)}"
        return "may not be called now: it is a quiet hour, or we are just speaking with its customer"

    def _clocked(self, moment: datetime) -> str:
        return f"{self._rules.hours.local(moment):%m-%d %H:%M}"

    def _settle(
        self, unit: ByHandUnit, callback_id: int, ended: AttemptEnded, agent: str | None, attempt: int | None
    ) -> Callback:
        callback = _known(unit, callback_id)
        _must_be_his(callback, agent, attempt)
        now = replace(ended, epoch=callback.epoch)
        step = apply_callback(unit, callback_id, now, self._rules)
        assert step is not None, "nobody has said it yet"
        return step.callback


def _cannot(unit: ByHandUnit, agent: str) -> str:
    state = unit.state_of(agent)
    if state is None:
        return f"there is no agent {agent}"
    return f"{agent} is {state}: who takes a callback is available, in wrap_up or away"


def _known(unit: ByHandUnit, callback_id: int) -> Callback:
    callback = unit.callback(callback_id)
    if callback is None:
        raise NotYoursError(f"there is no callback {callback_id}: `hotline callbacks` lists them")
    return callback


def _must_be_his(callback: Callback, agent: str | None, attempt: int | None) -> None:
    name = f"callback {callback.callback_id}"
    if not callback.by_hand or not callback.attempts:
        raise NotYoursError(f"nobody has taken {name} by hand")
    last = callback.attempts[-1]
    if agent is not None and agent != last.agent:
        raise NotYoursError(f"{name} is not {agent}'s: {last.agent} took it last")
    if attempt is not None and attempt != last.epoch:
        raise NotYoursError(f"attempt {attempt} of {name} is not the last one: that is {last.epoch}")
    if last.result is not None:
        raise NotYoursError(f"attempt {last.epoch} of {name} is over already: {last.result}")
