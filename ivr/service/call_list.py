"""The calls behind a figure of today, the newest first, a page at a time; never more than a few thousand looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr.policy.metrics import MeasuredCall, Part, part_in
from ivr.policy.rules import Rules
from ivr.service.ports import Clock

PAGE = 50
LOOKED_AT_ONCE = 1000
MOST_LOOKS = 5
WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class ListedCall:
    """One call; `caller` is E.164, raw:… or None and not for everybody's eyes."""

    id: int
    caller: str | None
    company: str | None
    company_id: int | None
    agent: str | None
    call: MeasuredCall
    part: Part | None = None


@dataclass(frozen=True, kw_only=True)
class CallPage:
    """`before`: from where to go on, None at the end."""

    calls: Sequence[ListedCall]
    before: int | None


class CallListBook(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def since(self, since: datetime, before: int | None, most: int) -> Sequence[ListedCall]:
        """Customers' presented since then, numbers below `before`, the newest first."""

    def waiting(self) -> Sequence[ListedCall]:
        """Who waits now, the longest first."""


class CallList:
    """For a click on a number."""

    def __init__(self, book: CallListBook, rules: Rules, clock: Clock) -> None:
        self._book = book
        self._rules = rules
        self._clock = clock

    def waiting(self) -> CallPage:
        """Who waits at this moment."""
        return CallPage(calls=self._book.waiting(), before=None)

    def behind(self, figure: str, before: int | None = None, missed_only: bool = False) -> CallPage:
        """What that figure of today counts; `missed_only`: of a share those who missed it."""
        now = self._clock.now()
        midnight = now.astimezone(ZoneInfo(self._rules.timezone)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        found: list[ListedCall] = []
        for _ in range(MOST_LOOKS):
            rows = self._book.since(midnight, before, LOOKED_AT_ONCE)
            for row in rows:
                part = part_in(figure, row.call, self._rules, now)
                if part is None or (missed_only and part is Part.MADE):
                    continue
                found.append(ListedCall(**{**vars(row), "part": part}))
                if len(found) == PAGE:
                    return CallPage(calls=found, before=row.id)
            if len(rows) < LOOKED_AT_ONCE:
                return CallPage(calls=found, before=None)
            before = rows[-1].id
        return CallPage(calls=found, before=before)
