"""The guard's part of a book kept in memory: what was promised and dialled lately, as the SQL book counts it."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from ivr.policy.callback import Callback, CallbackState
from ivr.policy.callback_events import AttemptResult
from ivr.policy.callback_guard import (
    PASSING,
    Counts,
    Refusal,
    Refused,
    Verdict,
    judge_number,
    limits_of,
    prefix,
)
from ivr.policy.rules import Rules
from ivr.service.callback_ports import AttemptName

HOUR = timedelta(hours=1)
prefix_of = lru_cache(maxsize=100_000)(
    prefix
)  # it reads numbering plans, and is asked of every caller again and again
OPEN = frozenset({CallbackState.PENDING, CallbackState.DIALING})
AGENTS_OWN = frozenset(
    {AttemptResult.AGENT_DECLINED, AttemptResult.AGENT_DID_NOT_ANSWER, AttemptResult.NOT_PLACED}
)


@dataclass
class Promised:
    """A callback with what its promise says; `kept_at` also of one that was kept too late."""

    callback: Callback
    first_due_at: datetime
    prefix: str
    due_at: datetime  # of the promise: as he was told last
    kept_at: datetime | None = None
    reached_at: datetime | None = None
    broken: bool = False
    announced_at: datetime | None = None
    announcement_nonce: str = ""
    served: dict[int, datetime] = field(default_factory=dict)  # by epoch

    @property
    def is_open(self) -> bool:
        return self.callback.state in OPEN

    @property
    def announcement(self) -> AttemptName:
        """The name of the last one."""
        his, nonce = self.callback, self.announcement_nonce
        return AttemptName(
            callback_id=his.callback_id, number=his.announcements, nonce=nonce, is_announcement=True
        )


class MemoryGuard:
    """Every promise by its callback's id, and what the guard makes of them."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.promised: list[Promised] = []  # by id, from 1
        self._open: dict[int, Promised] = {}
        self._verdicts: dict[tuple[str, Counts], Verdict] = {}

    def verdict_to_dial(self, callback: Callback, at: datetime) -> Verdict:
        """Asked again before each dial, leaving out this callback."""
        others = [each for each in self.promised if each.callback.callback_id != callback.callback_id]
        alike = [each for each in others if each.prefix == prefix_of(callback.number)]
        dialled = {
            Refusal.TOO_MANY_ALIKE: _dialled_since(alike, at - HOUR),
            Refusal.SPENDING_STOP: _dialled_since(others, at - HOUR),
        }
        counts = Counts(
            open_for_number=sum(each.is_open and each.callback.number == callback.number for each in others),
            attempts_today=self._attempts_today(callback.number, at, besides=callback.callback_id),
            prefix_last_hour=len(dialled[Refusal.TOO_MANY_ALIKE]),
            all_last_hour=len(dialled[Refusal.SPENDING_STOP]),
        )
        verdict = self._judged(callback.number, counts)
        if isinstance(verdict, Refused) and verdict.reason in PASSING:
            most = limits_of(self.rules).an_hour(verdict.reason)
            return replace(verdict, free_at=dialled[verdict.reason][-most] + HOUR)
        return verdict

    def verdict_to_promise(self, number: str, at: datetime) -> Verdict:
        """Whether this number may be promised a call."""
        first = bisect_left(self.promised, at - HOUR, key=lambda each: each.callback.promised_at)
        lately = self.promised[first:]
        alike = prefix_of(number)
        counts = Counts(
            open_for_number=sum(each.callback.number == number for each in self._open.values()),
            attempts_today=self._attempts_today(number, at),
            prefix_last_hour=sum(each.prefix == alike for each in lately),
            all_last_hour=len(lately),
        )
        return self._judged(number, counts)

    def _attempts_today(self, number: str, at: datetime, besides: int = 0) -> int:
        midnight = self.midnight(at)
        return sum(
            attempt.at >= midnight and attempt.result not in AGENTS_OWN
            for each in self.promised
            if each.callback.number == number and each.callback.callback_id != besides
            for attempt in each.callback.attempts
        )

    def midnight(self, at: datetime) -> datetime:
        """When this day began where the hotline is."""
        return self.rules.hours.local(at).replace(hour=0, minute=0, second=0, microsecond=0)

    def _judged(self, number: str, counts: Counts) -> Verdict:
        """The judge reads numbering plans; he says the same every time."""
        asked = number, counts
        if asked not in self._verdicts:
            self._verdicts[asked] = judge_number(number, counts, self.rules)
        return self._verdicts[asked]


def _dialled_since(promised: Iterable[Promised], since: datetime) -> list[datetime]:
    """When a network was asked for somebody, and it was not broken off on our side; ascending."""
    not_asked = AGENTS_OWN | {AttemptResult.INTERRUPTED}
    attempts = (attempt for each in promised for attempt in each.callback.attempts)
    return sorted(each.at for each in attempts if each.at > since and each.result not in not_asked)
