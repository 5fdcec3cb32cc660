"""A clock that stands still until told."""

from datetime import datetime, timedelta


class FakeClock:
    """Clock port."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> datetime:
        self._at += timedelta(seconds=seconds)
        return self._at
