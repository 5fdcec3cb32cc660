"""What the bar of every page needs of the books: who somebody is and what he does, and what waits for all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.policy.floor import AgentState


@dataclass(frozen=True, kw_only=True)
class OwnState:
    """One agent as his own page shows him; `until` ends a wrap-up, `wanted` is what he asked for after this call.

    `knock_call_id`: a second call that is offered to him while he talks. `page_seen_at` None: he works without a page.
    """

    login: str
    name: str
    role: str
    state: AgentState
    reason: str | None
    since: datetime
    until: datetime | None
    wanted: str | None
    wanted_reason: str | None
    call_id: int | None
    callback_id: int | None
    knock_call_id: int | None
    desk_phone: str | None
    page_seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The same for everybody: callers who wait, the first of them since when; callbacks due soon, and overdue.

    `alerts` is the number of the newest alert: it only says that something is new.
    """

    waiting: int = 0
    longest_since: datetime | None = None
    callbacks_due: int = 0
    callbacks_overdue: int = 0
    alerts: int = 0


class DeskStateBook(Protocol):
    """Agents and the line as pages see them."""

    def own(self, login: str) -> OwnState | None: ...

    def counters(self, now: datetime, soon: datetime) -> Counters:
        """`soon`: callbacks due until then count as due."""

    def extend_wrap_up(self, login: str, reason: str, seconds: float, now: datetime) -> bool:
        """Once a wrap-up, while it runs; whether it was."""


class PresenceBook(Protocol):
    """Whose page is open, as far as it matters to the floor."""

    def heard(self, present: Collection[str], left: Mapping[str, datetime], now: datetime) -> tuple[str, ...]:
        """These pages are open, those were until then; who was unreachable for want of one and is free again."""

    def without_page(self, login: str) -> None:
        """From now on he works without one."""

    def lost(self, before: datetime, now: datetime) -> tuple[str, ...]:
        """Whoever is available and whose page was last heard of before that is unreachable; who they are."""

    def anybody_on_duty(self) -> bool: ...

    def alert(self, kind: str, agent: str, now: datetime) -> None: ...
