"""What the managers' board reads; it never writes, and nothing of it waits for a call or makes one wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from ivr.policy.callback_metrics import PromisesKept, ToldWait
from ivr.policy.floor import AgentState
from ivr.policy.metrics import MeasuredCall

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """By which a change among calls that are over is noticed: how many, and all their moments added up."""

    calls: int = 0
    milliseconds: int = 0

    def with_(self, call: MeasuredCall) -> "Fingerprint":
        """And that one."""
        moments = filter(None, (call.greeted_at, call.served_at, call.ended_at))
        more = sum(round((moment - _EPOCH).total_seconds() * 1000) for moment in moments)
        return Fingerprint(calls=self.calls + 1, milliseconds=self.milliseconds + more)


@dataclass(frozen=True, kw_only=True)
class DayCall:
    """One call of the day, and what he was told of his wait."""

    call_id: int
    call: MeasuredCall
    told: ToldWait | None


@dataclass(frozen=True, kw_only=True)
class DayRead:
    """Calls of the day in any order; `kept` without `told`."""

    calls: Sequence[DayCall]
    kept: PromisesKept


@dataclass(frozen=True, kw_only=True)
class FloorAgent:
    """One agent; of one who is unreachable also what he holds: a call, open records, promises to keep."""

    login: str
    name: str
    state: AgentState
    since: datetime
    reason: str | None = None
    call_id: int | None = None
    open_records: int = 0
    open_promises: int = 0


@dataclass(frozen=True, kw_only=True)
class FloorRead:
    """This moment: who waits, who is there, what is open and what of it is late."""

    waiting_since: Sequence[datetime] = ()
    agents: Sequence[FloorAgent] = ()
    open: dict[str, int] = field(
        default_factory=dict
    )  # callbacks, callbacks_late, ring_backs, visits, complaints, complaints_late


class BoardReader(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def day(self, since: datetime, from_id: int) -> DayRead:
        """Of the calls presented since then those from that number on."""

    def over(self, since: datetime, by: datetime) -> Fingerprint:
        """Of all calls presented since then and over by that moment."""

    def floor(self, now: datetime) -> FloorRead: ...
