"""The machine's clock: the only place that asks for the time."""

from datetime import UTC, datetime


class SystemClock:
    """Aware UTC."""

    def now(self) -> datetime:
        """The moment of the call."""
        return datetime.now(UTC)
