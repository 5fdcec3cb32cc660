"""Who of ours is at a customer's (R40): every telephone there is a way he may call from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.policy.stay import Stay


@dataclass(frozen=True, kw_only=True)
class ListedStay:
    """One of the list; `name` as people say it, `visit_id` where it came of a visit that was agreed."""

    id: int
    stay: Stay
    name: str
    numbers: Sequence[str]
    company_id: int | None = None
    company: str | None = None
    visit_id: int | None = None


class VisitorBook(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def listed(self, now: datetime) -> Sequence[ListedStay]:
        """Those not over, the soonest first."""

    def enter(self, stay: Stay, company_id: int | None, number: str | None) -> int:
        """At all the company's telephones and that one; at how many."""

    def end(self, stay_id: int, at: datetime) -> bool:
        """He has left, or does not come; what was before stays. Whether there was anything to end."""
