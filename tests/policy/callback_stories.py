"""A promised callback in the tests: Beijing's clock, an office that rests at noon, and what happens in one word."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.policy.callback import Callback, CallbackState, CallbackStep
from ivr.policy.callback_commands import CallbackCommand
from ivr.policy.callback_events import AttemptEnded, AttemptResult, CallbackEvent, Claimed
from ivr.policy.callback_flow import advance_callback
from ivr.policy.callback_rules import CallbackRules
from ivr.policy.time_slots import CallableAt
from tests.cast import CALLER

BEIJING = ZoneInfo("Asia/Shanghai")


def clock(hour: int, minute: int = 0, second: float = 0, *, day: int = 2) -> datetime:
    """A moment of March 2026 in Beijing; the second is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=BEIJING).astimezone(UTC) + timedelta(seconds=second)


TEN = clock(10)


def always(at: datetime) -> datetime:
    """Customers may be rung at any time."""
    return at


def never(_at: datetime) -> None:
    """No customer may be rung any more."""


def office_hours(at: datetime) -> datetime:
    """09:00-12:00 and 13:30-18:00, every day."""
    local = at.astimezone(BEIJING)
    if local.time() >= time(18):
        return office_hours(datetime.combine(local + timedelta(days=1), time(9), BEIJING).astimezone(UTC))
    for opens, closes in ((time(9), time(12)), (time(13, 30), time(18))):
        if local.time() < closes:
            return max(at, datetime.combine(local, opens, BEIJING).astimezone(UTC))
    raise AssertionError(at)


def rules(callable_at: CallableAt = office_hours, *, attempts: int = 4) -> CallbackRules:
    """As delivered, but for what the story needs otherwise."""
    return CallbackRules(callable_at=callable_at, callback_attempts=attempts)


def promised(at: datetime = TEN, *, due_in_minutes: float = 20) -> Callback:
    """He rang, waited a minute, and was promised a call."""
    return Callback(
        callback_id=7,
        call_id=5,
        number=CALLER,
        presented_at=at - timedelta(minutes=1),
        promised_at=at,
        due_at=at + timedelta(minutes=due_in_minutes),
    )


class Story:
    """One callback and everything that was ordered for it so far."""

    def __init__(self, callback: Callback | None = None, rules_: CallbackRules | None = None) -> None:
        self.callback = callback or promised()
        self.rules = rules_ or rules()
        self.ordered: list[CallbackCommand] = []

    def happens(self, event: CallbackEvent) -> tuple[CallbackCommand, ...]:
        """The orders this event leads to."""
        step: CallbackStep = advance_callback(self.callback, event, self.rules)
        self.callback = step.callback
        self.ordered += step.commands
        return step.commands

    def claimed(self, at: datetime, agent: str = "wang") -> tuple[CallbackCommand, ...]:
        """An agent takes it."""
        return self.happens(Claimed(at=at, agent=agent))

    def ended(self, result: AttemptResult, at: datetime) -> tuple[CallbackCommand, ...]:
        """The running attempt ends."""
        return self.happens(AttemptEnded(at=at, epoch=self.callback.epoch, result=result))

    def tried(self, result: AttemptResult, at: datetime, agent: str = "wang") -> tuple[CallbackCommand, ...]:
        """Claimed, and half a minute later it is over."""
        self.claimed(at, agent)
        return self.ended(result, at + timedelta(seconds=30))

    @property
    def state(self) -> CallbackState:
        """Where it stands."""
        return self.callback.state

    @property
    def results(self) -> list[AttemptResult | None]:
        """What came of its attempts."""
        return [attempt.result for attempt in self.callback.attempts]

    @property
    def next_at(self) -> str | None:
        """When he is tried again, on Beijing's clock."""
        at = self.callback.next_at
        return None if at is None else f"{at.astimezone(BEIJING):%d. %H:%M:%S}"
