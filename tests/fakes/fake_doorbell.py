"""A doorbell that remembers who rang, and can be out of order."""

from ivr.service.callback_book import LOG_CALLBACK
from ivr.service.record_ports import OPEN_RECORD, DoorbellUnavailableError


class FakeDoorbell:
    """Doorbell; `works_for` rings are taken before it breaks, None for ever."""

    def __init__(self) -> None:
        self.rung: list[int] = []
        self.works_for: int | None = None

    @property
    def topics(self) -> frozenset[str]:
        return frozenset({OPEN_RECORD, LOG_CALLBACK})

    def ring(self, topic: str, ref: int) -> None:
        assert topic in self.topics
        if self.works_for is not None and len(self.rung) >= self.works_for:
            raise DoorbellUnavailableError("ConnectionError")
        self.rung.append(ref)
