"""Nobody is transferred out of the hotline (R74): the switch refuses it, and every attempt is written down."""

import logging
import threading
from typing import Protocol

TRANSFER_REFUSED = "transfer_refused"
LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


class RefusedTransfers(Protocol):
    """What the switch refused."""

    def refused(self) -> tuple[str, ...]:
        """Endpoints, one entry a refusal, since the last `seen`."""

    def seen(self) -> None:
        """Everything told so far is written down."""


class AlertBook(Protocol):
    """Where a manager looks."""

    def add(self, kind: str, phone: str) -> None: ...


class TransferWatch:
    """Turns refusals into alerts."""

    def __init__(self, refusals: RefusedTransfers, alerts: AlertBook) -> None:
        self._refusals = refusals
        self._alerts = alerts

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; what could not be written is found again."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 # a log that cannot be read must not end the watch
                log.warning("refused transfers wait: %s", type(error).__name__)

    def turn(self) -> int:
        """How many refusals were written down."""
        refused = self._refusals.refused()
        for endpoint in refused:
            log.warning("transfer out of the hotline refused (R74): endpoint %s", endpoint)
            self._alerts.add(TRANSFER_REFUSED, f"endpoint:{endpoint}")
        self._refusals.seen()
        return len(refused)
