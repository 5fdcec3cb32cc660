"""How the services place a callback and learn what became of it; one switch that rings agents and customers.

Exactly once is kept by two: the book claims an attempt before anything leaves, and the switch refuses a name it has
seen, or one that comes too late. Whoever does not know asks `attempt`, and never places the same one again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.policy.routes import Route


@dataclass(frozen=True, kw_only=True)
class AttemptName:
    """One attempt, or one announcement: `ID-EPOCH-NONCE`, or `ID-nNUMBER-NONCE`.

    Ids begin anew with every database, and one that is restored repeats them; what a switch wrote of an earlier
    attempt is known by its `nonce`, eight random hex digits, to be another's.
    """

    callback_id: int
    number: int
    nonce: str
    is_announcement: bool = False
    route: Route = Route.ASTERISK  # whose switch knows of it; no part of the text

    def __str__(self) -> str:
        return f"{self.callback_id:d}-{'n' if self.is_announcement else ''}{self.number:d}-{self.nonce}"


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    """One attempt: ring the agent's phone, tell him whose turn it is, and when he takes it ring the customer.

    `phone` is the agent's as `parse_phone` reads it, `number` the customer's in E.164; `whisper` are names of prompts,
    together at most 1.5 s long. After `not_after_at` the switch rings no customer.
    """

    name: AttemptName
    agent: str
    phone: str
    number: str
    whisper: tuple[str, ...]
    not_after_at: datetime
    agent_ring_seconds: float
    customer_ring_seconds: float


@dataclass(frozen=True, kw_only=True)
class AnnounceOrder:
    """Ring the customer and say something to him, with nobody on the line: the new time of his callback.

    `prompts` are names of prompts, said once after the greeting.
    """

    name: AttemptName
    number: str
    prompts: tuple[str, ...]
    not_after_at: datetime
    customer_ring_seconds: float


class Placed(StrEnum):
    """What is known of an order at the moment it was given."""

    SENT = "sent"  # the switch has it; how it ends is told by `ended`, or by `attempt`
    REFUSED = "refused"  # for certain nothing of it happened: no route, no switch, or the switch said no
    UNKNOWN = "unknown"  # perhaps it happens: wait out the lease, then ask `attempt`


@dataclass(frozen=True, kw_only=True)
class AttemptSeen:
    """What the switch knows of an attempt; `result` None while it runs, or where nobody can tell."""

    says: SwitchSays
    result: AttemptResult | None = None
    served_at: datetime | None = None
    ended_at: datetime | None = None


class CallbackSwitch(Protocol):
    """The switch, as far as callbacks go through it."""

    def place(self, order: PlaceOrder) -> Placed:
        """Give the order once; at most 2 s. Raises nothing."""

    def attempt(self, name: AttemptName) -> AttemptSeen:
        """What became of this attempt, or of an announcement: REACHED when he heard it to its end."""

    def announce(self, order: AnnounceOrder) -> Placed:
        """As `place`, without an agent; that he heard it, or did not, is told by `told`."""

    def stop(self, name: AttemptName) -> None:
        """End what is left of an attempt whose customer is served already; raises nothing."""


class CallbackNews(Protocol):
    """Who hears what the switch tells of its own accord; each may come twice, late, not at all, or be none of ours."""

    def served(self, name: AttemptName, at: datetime) -> None:
        """A person speaks with the customer now."""

    def ended(
        self, name: AttemptName, result: AttemptResult, served_at: datetime | None, at: datetime
    ) -> None:
        """An attempt is over."""

    def told(self, name: AttemptName, heard: bool, at: datetime) -> None:
        """An announcement is over."""
