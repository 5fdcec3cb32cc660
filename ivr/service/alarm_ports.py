"""What the alarms need of the outside: one look at the hotline, and a book in which each episode stands once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ivr.policy.alarms import Episode, Look, Trouble


class AlarmBook(Protocol):
    """Raises DatabaseUnavailableError everywhere."""

    def look(self, at: datetime, since: datetime) -> Look:
        """Who waits, the agents, what nobody has kept or answered, and customers' calls presented since then."""

    def standing(self) -> Mapping[Episode, datetime]:
        """Episodes told and not over, each with when its trouble was last seen."""

    def begin(self, trouble: Trouble, at: datetime) -> bool:
        """Writes the alert unless that episode stands already; whether it was written."""

    def go_on(self, episodes: tuple[Episode, ...], at: datetime) -> None: ...

    def end(self, episodes: tuple[Episode, ...], at: datetime) -> int:
        """Those of them that stood; how many."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert as a manager reads it; `figures` of what the alarms wrote, else `detail` in words."""

    id: int
    at: datetime
    kind: str
    agent: str | None
    call: int | None
    about: str | None
    figures: Mapping[str, Any]
    detail: str | None
    cleared_at: datetime | None
    seen_by: str | None
    seen_at: datetime | None


class AlertReader(Protocol):
    """Where managers look. Raises DatabaseUnavailableError."""

    def unseen(self, since: datetime, most: int) -> tuple[Alert, ...]:
        """Not acknowledged and raised since then, the newest first."""

    def acknowledge(self, alert_id: int, login: str, at: datetime) -> bool:
        """False where somebody has done so before, or there is none."""
