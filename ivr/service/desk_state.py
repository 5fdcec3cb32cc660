"""What the bar of every page shows of an agent and of everybody, and what he says there about himself.

A wrap-up is his: no call cuts it short, he ends it early himself, and may make it longer once, with a reason.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ivr.policy.floor import AgentState
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from ivr.service.desk_state_ports import Counters, DeskStateBook, OwnState
from ivr.service.live_ports import EVERYBODY, LiveKind, LiveNews
from ivr.service.ports import Clock

DUE_SOON = timedelta(minutes=30)
EXTENSION_REASONS = ("record_not_finished", "customer_asked", "colleague_asked", "system_slow")


class DeskStateError(Exception):
    """What was asked cannot be; `field` names what was wrong."""

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        super().__init__(f"{field}: {why}")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything the bar shows, at one moment."""

    at: datetime
    own: OwnState
    counters: Counters

    @property
    def versions(self) -> dict[str, str]:
        """What changed between two snapshots: who compares them knows which fragments to ask for."""
        own = self.own
        me = (own.state, own.reason, own.since, own.until, own.call_id, own.callback_id, own.knock_call_id)
        wanted = (own.wanted, own.wanted_reason)
        counted = self.counters
        return {
            "me": _digest(*me, *wanted),
            "line": _digest(counted.waiting, counted.longest_since),
            "callbacks": _digest(counted.callbacks_due, counted.callbacks_overdue),
            "alerts": str(counted.alerts),
        }


class DeskState:
    """One a process that serves pages."""

    def __init__(
        self, book: DeskStateBook, agents: Agents[Any], clock: Clock, rules: Rules, news: LiveNews
    ) -> None:
        self._book = book
        self._agents = agents
        self._clock = clock
        self._rules = rules
        self._news = news

    # ---- what is shown -----------------------------------------------------------------------------------------

    def snapshot(self, login: str) -> Snapshot | None:
        """None for a login nobody has (any more)."""
        own = self._book.own(login)
        return None if own is None else Snapshot(at=self._clock.now(), own=own, counters=self.counters())

    def counters(self) -> Counters:
        """What waits, for everybody."""
        now = self._clock.now()
        return self._book.counters(now, now + DUE_SOON)

    @property
    def wrap_up_seconds(self) -> float:
        """So much longer an extended wrap-up is."""
        return self._rules.wrap_up_seconds

    # ---- what he says ------------------------------------------------------------------------------------------

    def choose(self, login: str, state: str, reason: str | None = None) -> AgentState:
        """His word about himself; it also ends a wrap-up early. Raises AgentError."""
        return self._agents.choose(login, state, reason, from_page=True)

    def extend_wrap_up(self, login: str, reason: str) -> None:
        """Once, and why. Raises DeskStateError."""
        if reason not in EXTENSION_REASONS:
            raise DeskStateError("reason", f"one of {', '.join(EXTENSION_REASONS)}")
        seconds = self._rules.wrap_up_seconds
        if not self._book.extend_wrap_up(login, reason, seconds, self._clock.now()):
            raise DeskStateError("state", "no wrap-up is running that was not extended before")
        self._news.tell(login, LiveKind.STATE)
        self._news.tell(EVERYBODY, LiveKind.LINE)


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:12]
