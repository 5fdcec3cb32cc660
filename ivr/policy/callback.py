"""One promised callback as the policy sees it: where it stands, its attempts, its place in line.

Nobody is called in a quiet hour, but to keep a promise that can be kept at no other time: hours were considered when it
was made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from ivr.policy.call import PassedOver
from ivr.policy.callback_commands import CallbackCommand, HandOverReason
from ivr.policy.callback_events import AttemptResult
from ivr.policy.callback_rules import CallbackRules
from ivr.policy.routes import Route

NOT_REACHED_SECONDS = {
    AttemptResult.BUSY: 180.0,
    AttemptResult.REFUSED_BY_NETWORK: 180.0,
    AttemptResult.NO_ANSWER: 600.0,
    AttemptResult.VOICEMAIL: 600.0,
}
"""The customer's network was asked: an attempt that counts, and how soon to make another."""


AGAIN_SECONDS = {
    AttemptResult.AGENT_DECLINED: 0.0,
    AttemptResult.AGENT_DID_NOT_ANSWER: 0.0,
    AttemptResult.NO_RESULT: 0.0,
    AttemptResult.NOT_PLACED: 15.0,  # a switch that places nothing is given a moment
    AttemptResult.INTERRUPTED: 15.0,  # his phone may have rung
}
"""Nothing he could help: on with the next agent."""

BROKEN_OFF_IN_A_ROW = 3  # attempts that broke off on our side: so many are one in which he was not reached

NOT_TAKEN = frozenset(
    {
        AttemptResult.AGENT_DECLINED,
        AttemptResult.AGENT_DID_NOT_ANSWER,
        AttemptResult.INTERRUPTED,
        AttemptResult.NOT_PLACED,
    }
)
"""The next attempt is another agent's, where there is one: also after who hung up while the customer's phone rang, and
after one whose own phone the switch may be unable to ring."""


class CallbackState(StrEnum):
    """Forward only, but for dialing back to pending, which the next epoch follows."""

    PENDING = "pending"
    DIALING = "dialing"
    DONE = "done"
    UNREACHED = "unreached"  # every attempt made; a person goes on
    HANDED_OVER = "handed_over"  # a person goes on


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One claim and what came of it; `result` None while it runs."""

    epoch: int
    at: datetime
    agent: str
    nonce: str = ""
    result: AttemptResult | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Callback:
    """`presented_at` is that of the call it was promised in: his place in line; `number` is E.164."""

    callback_id: int
    call_id: int
    number: str
    presented_at: datetime
    promised_at: datetime
    due_at: datetime
    state: CallbackState = CallbackState.PENDING
    attempts: tuple[Attempt, ...] = ()
    epoch: int = 0
    lease_until: datetime | None = None  # while dialing
    route: Route = Route.ASTERISK  # of the last attempt: the switch to be asked
    by_hand: bool = False  # the last attempt is, or was, an agent's own: no switch can be asked
    next_at: datetime | None = None  # not before; None: as soon as it is his turn
    new_due_at: datetime | None = None  # he is being told this time
    announcements: int = 0  # how often he was to be told one: once at most
    joined_call: int | None = None  # he rang again and is on the line himself
    second_person: str | None = None
    hand_over_reason: HandOverReason | None = None
    closed_at: datetime | None = None

    @property
    def failures(self) -> tuple[Attempt, ...]:
        """The attempts that count: he was not reached, or it broke off on our side once too often in a row."""
        return tuple(_failed(self.attempts))

    @property
    def was_called(self) -> bool:
        """His network was asked for him, and said what came of it."""
        return any(attempt.result in NOT_REACHED_SECONDS for attempt in self.attempts)

    @property
    def passed_over(self) -> tuple[PassedOver, ...]:
        """The agents who did not take it: it does not ring them again as soon as it may be tried again."""
        return tuple(
            PassedOver(
                agent=attempt.agent, at=attempt.ended_at + timedelta(seconds=AGAIN_SECONDS[attempt.result])
            )
            for attempt in self.attempts
            if attempt.ended_at is not None and attempt.result in NOT_TAKEN
        )

    @property
    def not_placed_in_a_row(self) -> int:
        """How many of the last attempts never left the switch."""
        latest = takewhile(lambda each: each.result is AttemptResult.NOT_PLACED, reversed(self.attempts))
        return sum(1 for _ in latest)

    @property
    def interruptions(self) -> int:
        """How often his phone may have rung for nothing."""
        return sum(attempt.result is AttemptResult.INTERRUPTED for attempt in self.attempts)

    def callable_at(self, at: datetime, rules: CallbackRules) -> datetime | None:
        """The first moment from `at` on at which he may be called; at once where that is too late for his promise."""
        moment = rules.callable_at(at)
        promised = not self.failures or at <= self.due_at  # else it is only another try
        return at if promised and (moment is None or moment > self.due_at) else moment

    def may_be_placed(self, at: datetime, rules: CallbackRules) -> bool:
        """Pending, its time come, the customer not on the line himself, and no quiet hour in the way."""
        waits = self.next_at is not None and at < self.next_at
        if self.state is not CallbackState.PENDING or self.joined_call is not None or waits:
            return False
        return self.callable_at(at, rules) == at


def _failed(attempts: tuple[Attempt, ...]) -> Iterator[Attempt]:
    """What an agent did not take rang no customer, and ends no row of attempts that broke off."""
    broken_off = 0
    for attempt in attempts:
        broken_off += attempt.result is AttemptResult.INTERRUPTED
        if attempt.result in NOT_REACHED_SECONDS or broken_off == BROKEN_OFF_IN_A_ROW:
            broken_off = 0
            yield attempt


@dataclass(frozen=True, kw_only=True)
class CallbackStep:
    """What one event leads to: the callback as it stands now, and what to do."""

    callback: Callback
    commands: tuple[CallbackCommand, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the one line of live calls and callbacks; whoever takes one that is `near_due` writes that down."""

    call_id: int
    presented_at: datetime
    near_due_at: datetime | None = None  # the due time, of a callback that must not wait any longer
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def order(self) -> tuple[bool, datetime, int]:
        """Ascending: first what is nearly due, by its due time, then everybody by `presented_at`."""
        return self.near_due_at is None, self.near_due_at or self.presented_at, self.call_id


def place_in_line(
    callback: Callback, at: datetime, handling_seconds: float, rules: CallbackRules
) -> Place | None:
    """Where it stands among the live calls, None while it may not be placed.

    By the moment the customer first rang; the one exception is a promise that breaks if it waits any longer:
    a talk of the usual length would not be over before its due time. A second attempt overtakes nobody so.
    """
    if not callback.may_be_placed(at, rules):
        return None
    near_due = not callback.failures and callback.due_at - timedelta(seconds=handling_seconds) <= at
    return Place(
        call_id=callback.call_id,
        presented_at=callback.presented_at,
        near_due_at=callback.due_at if near_due else None,
        passed_over=callback.passed_over,
    )
