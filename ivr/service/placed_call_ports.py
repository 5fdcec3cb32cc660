"""Calls that a switch far away places for us, and how far each came: the fence of an attempt that no dialplan keeps.

The customer's phone rings only by a document of ours that is given out once a name: whoever does not know what became
of an order closes its fence first, and then no late order rings anybody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName

SPOKEN_AFTER = timedelta(seconds=6)  # so long a leg may live that waits for its documents in vain


@dataclass(frozen=True, kw_only=True)
class PlacedCall:
    """`rung` is whom the switch rings first, as the switch writes it: the agent, or of an announcement the customer.

    `sid` is the switch's own reference, None while nobody knows whether it took the order; `prompts` are said first.
    """

    name: AttemptName
    rung: str
    customer: str
    customer_seconds: float
    prompts: tuple[str, ...]
    not_after_at: datetime
    ordered_at: datetime
    sid: str | None = None
    stopped: bool = False
    asked_at: datetime | None = None
    dialled_at: datetime | None = None
    served_at: datetime | None = None
    result: AttemptResult | None = None
    ended_at: datetime | None = None

    def runs_as(self, sid: str, at: datetime) -> bool:
        """Whether this leg of the switch's is this order's, and may still go on; a second leg of one order is none."""
        is_late = self.dialled_at is None and at >= self.not_after_at
        return self.result is None and self.sid in {None, sid} and not is_late

    @property
    def spoke_at(self) -> datetime | None:
        """When a person spoke with him; None where it turned out that nobody did."""
        return self.served_at if self.result in {None, AttemptResult.REACHED} else None

    def ended_with_its_leg(self, result: AttemptResult | None, at: datetime) -> AttemptResult:
        """What the end of the first leg means, which by itself would be `result`; None: it had been picked up.

        Who picked up and was never asked has declined nothing: it was our own document that failed. That the customer
        is put through next is written before he is, and perhaps when nobody waits for it any more: of an end right
        behind it, which his own leg has not explained, nobody knows whether a word was spoken.
        """
        if self.served_at is not None:
            heard = self.name.is_announcement or at - self.served_at > SPOKEN_AFTER
            return AttemptResult.REACHED if heard else AttemptResult.CUT_OFF
        if self.name.is_announcement:
            return AttemptResult.NO_ANSWER
        if self.dialled_at is not None:
            return AttemptResult.INTERRUPTED
        if self.stopped or (result is None and self.asked_at is None):
            return AttemptResult.NOT_PLACED
        return result or AttemptResult.AGENT_DECLINED


class PlacedCalls(Protocol):
    """The book of them. Every method raises BookUnavailable."""

    def order(self, call: PlacedCall) -> bool:
        """Before anything leaves; False where this name was ordered before."""

    def find(self, name: AttemptName) -> PlacedCall | None: ...

    def knows(self, sid: str) -> bool:
        """Whether this leg is some order's."""

    def taken_as(self, name: AttemptName, sid: str) -> None:
        """The switch has it, under this reference; the first one said stays."""

    def asked(self, name: AttemptName, sid: str, at: datetime) -> None:
        """Who picked up is asked for his key next."""

    def dial(self, name: AttemptName, sid: str, at: datetime) -> bool:
        """His phone may ring now: True once a name, while its callback is being dialled and nobody else has him."""

    def serve(self, name: AttemptName, at: datetime) -> None:
        """A person speaks with him next, or he has heard what we had to say; the first time counts."""

    def end(self, name: AttemptName, result: AttemptResult, at: datetime) -> bool:
        """Over; the first to say so is believed, and of NOT_PLACED only before he was dialled. False where not."""

    def stop(self, name: AttemptName) -> None:
        """From now on this order rings no customer."""
