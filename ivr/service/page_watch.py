"""A page that does not ring within a second is dead: its leg is ended, and the caller goes on to the next agent.

A page that rings answers the switch in milliseconds; a frozen one would let the caller wait for the whole ring time.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

LOOK_SECONDS: Final = 0.25
MUST_RING_WITHIN_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


class PagesInCalls(Protocol):
    """Who may be waiting for a page."""

    def any_reserved(self) -> bool:
        """Whether an agent whose page is his phone is being rung."""


class PageLegs(Protocol):
    """The switch's channels."""

    def silent_pages(self) -> frozenset[str]:
        """Channels to pages that have not rung yet; empty also where the switch does not say."""

    def end(self, channel: str) -> None:
        """Hang it up, if it is still there."""


class PageWatch:
    """Looks only while a page may be ringing."""

    def __init__(
        self, pages: PagesInCalls, legs: PageLegs, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pages = pages
        self._legs = legs
        self._monotonic = monotonic
        self._since: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 # what cannot be looked at now is looked at again
                log.info("pages are not watched: %s", type(error).__name__)

    def turn(self) -> None:
        """One look."""
        now = self._monotonic()
        silent = self._legs.silent_pages() if self._pages.any_reserved() else frozenset()
        self._since = {channel: self._since.get(channel, now) for channel in silent}
        for channel, since in self._since.items():
            if now - since >= MUST_RING_WITHIN_SECONDS:
                log.warning("a page did not ring within a second: %s", channel)
                self._legs.end(channel)
