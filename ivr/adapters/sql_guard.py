"""What the guard has to know before a number is promised a call, and again before it is dialled."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import bindparam

from ivr.adapters.sql_callback_schema import OPEN_STATES, callback_attempts, callbacks
from ivr.adapters.sql_clauses import moment
from ivr.adapters.sql_statement import Statement
from ivr.policy.callback import Callback
from ivr.policy.callback_events import AttemptResult
from ivr.policy.callback_guard import (
    PASSING,
    Counts,
    Limits,
    Refusal,
    Refused,
    Verdict,
    judge_number,
    limits_of,
    prefix,
)
from ivr.policy.rules import Rules

HOUR = timedelta(hours=1)
AGENTS_OWN = (
    AttemptResult.AGENT_DECLINED,
    AttemptResult.AGENT_DID_NOT_ANSWER,
    AttemptResult.NOT_PLACED,
)
"""Results of attempts in which the customer's network was never asked."""


@dataclass(kw_only=True)
class SqlGuardUnit:
    """The guard's part of CallbackUnit; `limits` None: those of the policy."""

    connection: sa.Connection
    rules: Rules = field(default_factory=Rules)
    limits: Limits | None = None

    def verdict_to_dial(self, callback: Callback, at: datetime) -> Verdict:
        """Asked again before each dial, leaving out this callback."""
        values = self._guarded(callback.number, at) | {"besides": callback.callback_id}
        verdict = self._judged(callback.number, _BEFORE_A_DIAL.on(self.connection, values).rows[0])
        if isinstance(verdict, Refused) and verdict.reason in PASSING:
            return replace(verdict, free_at=self._free_at(verdict.reason, values))
        return verdict

    def _free_at(self, passing: Refusal, values: dict[str, Any]) -> datetime:
        """When one attempt fewer than are too many lies in the last hour."""
        most = (self.limits or limits_of(self.rules)).an_hour(passing)
        dialled = _ALIKE_DIALLED if passing is Refusal.TOO_MANY_ALIKE else _DIALLED
        row = dialled.on(self.connection, values | {"later": most - 1}).rows[0]
        at: datetime = row.at
        return at + HOUR

    def verdict_to_promise(self, number: str, at: datetime) -> Verdict:
        """Whether this number may be promised a call."""
        values = self._guarded(number, at) | {"besides": 0}
        return self._judged(number, _BEFORE_A_PROMISE.on(self.connection, values).rows[0])

    def _judged(self, number: str, counted: Any) -> Verdict:
        return judge_number(number, Counts(**counted._asdict()), self.rules, self.limits)

    def _guarded(self, number: str, at: datetime) -> dict[str, Any]:
        return {
            "number": number,
            "prefix": prefix(number),
            "hour_ago": at - HOUR,
            "midnight": midnight(at, self.rules),
        }


def midnight(at: datetime, rules: Rules) -> datetime:
    """When this day began where the hotline is."""
    local = at.astimezone(ZoneInfo(rules.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _count(table: sa.FromClause, *conditions: Any) -> Any:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()


_asked = sa.or_(
    callback_attempts.c.result.is_(None),
    sa.and_(*(callback_attempts.c.result != result.value for result in AGENTS_OWN)),
)
_tried = callback_attempts.join(callbacks, callbacks.c.id == callback_attempts.c.callback_id)
_his, _alike = callbacks.c.number == bindparam("number"), callbacks.c.prefix == bindparam("prefix")
_another = callbacks.c.id != bindparam("besides")
_promised = callbacks.c.promised_at >= moment("hour_ago")
_not_broken_off = sa.or_(
    callback_attempts.c.result.is_(None), callback_attempts.c.result != AttemptResult.INTERRUPTED.value
)
_dialled = sa.and_(callback_attempts.c.at > moment("hour_ago"), _asked, _not_broken_off, _another)
_today = sa.and_(callback_attempts.c.at >= moment("midnight"), _asked, _another)
_is_open = sa.or_(*(callbacks.c.state == state for state in OPEN_STATES))
_BEFORE_A_PROMISE = Statement(
    sa.select(
        _count(callbacks, _his, _is_open).label("open_for_number"),
        _count(_tried, _his, _today).label("attempts_today"),
        _count(callbacks, _alike, _promised).label("prefix_last_hour"),
        _count(callbacks, _promised).label("all_last_hour"),
    )
)
_BEFORE_A_DIAL = Statement(
    sa.select(
        _count(callbacks, _his, _is_open, _another).label("open_for_number"),
        _count(_tried, _his, _today).label("attempts_today"),
        _count(_tried, _alike, _dialled).label("prefix_last_hour"),
        _count(_tried, _dialled).label("all_last_hour"),
    )
)
_latest_dial = (
    sa.select(callback_attempts.c.at)
    .select_from(_tried)
    .where(_dialled)
    .order_by(callback_attempts.c.at.desc())
    .limit(1)
    .offset(bindparam("later"))
)
_DIALLED = Statement(_latest_dial)
_ALIKE_DIALLED = Statement(_latest_dial.where(_alike))
