"""What to do about a callback: orders, frozen, written in the transaction of their event and carried out after it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ivr.policy.commands import AlertManager


class HandOverReason(StrEnum):
    """Why a person has to go on where the hotline stops."""

    ATTEMPTS_USED = "attempts_used"  # tried as often as we may, in different time slots
    NO_SLOT_LEFT = "no_slot_left"  # no moment at which he may be rung in the days to come
    PERHAPS_CALLED = "perhaps_called"  # the outcome stayed unknown: look before calling
    INTERRUPTED = "interrupted"  # broken off on our side again and again
    NUMBER_REFUSED = "number_refused"
    NO_ROUTE = "no_route"  # promised while there was a line that leads to customers
    NOBODY_IN_TIME = "nobody_in_time"  # nobody comes to it before its time, and no new time can be told


@dataclass(frozen=True, kw_only=True)
class Dial:
    """Ring the agent, then the customer; the switch refuses this epoch a second time, and after `not_after_at`."""

    epoch: int
    agent: str
    number: str
    not_after_at: datetime


@dataclass(frozen=True, kw_only=True)
class StopDialing:
    """The customer is served already: end what is left of this attempt."""

    epoch: int


@dataclass(frozen=True, kw_only=True)
class NameSecondPerson:
    """Choose somebody besides this agent, if there is one, who goes on trying too (R28b)."""

    besides: str | None


@dataclass(frozen=True, kw_only=True)
class TellCustomerNewTime:
    """Let him hear the new time before the old one passes."""

    number: str
    new_due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Merge:
    """His new call takes the place in line of his callback: that of the moment he first rang."""

    call_id: int
    presented_at: datetime


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Put it on the list a person works through, the second person's where one is named."""

    reason: HandOverReason
    to: str | None


CallbackCommand = (
    Dial | StopDialing | NameSecondPerson | TellCustomerNewTime | Merge | HandOver | AlertManager
)
