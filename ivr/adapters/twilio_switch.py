"""The Twilio side of the Switch port: a caller is fetched out of his music by a redirect over REST.

REST takes tenths of a second, sometimes seconds: it runs beside the floor loop, whose other callers do not wait.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ivr.adapters.twilio_addresses import TwilioAddresses
from ivr.service.ports import Clock, Entry

AT_ONCE = 8  # fetches on their way at the same time

log = logging.getLogger(__name__)


class NotRedirected(Exception):
    """Twilio refused, or did not answer: whether the caller was redirected is unknown."""


class TwilioSwitch:
    """`redirect(ref, address)` tells Twilio; `run` carries a fetch out, by itself on a thread of its own."""

    connected = True  # there is no connection to lose; each request finds out for itself

    def __init__(
        self,
        redirect: Callable[[str, str], None],
        addresses: TwilioAddresses,
        clock: Clock,
        run: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._redirect = redirect
        self._addresses = addresses
        self._clock = clock
        self._run = run or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="twilio").submit

    def fetch(self, entry: Entry) -> bool:
        """Hand the redirect over; a caller who could not be fetched comes by himself."""
        self._run(lambda: self._tell(entry))
        return True

    def live_refs(self) -> frozenset[str] | None:
        """Not asked: a call's own status callback ends it, and a list over REST would hold up the floor."""
        return None

    def _tell(self, entry: Entry) -> None:
        try:
            self._redirect(entry.contact.ref, self._address(entry))
        except NotRedirected as error:
            log.info("call %d: not fetched: %s", entry.call.call_id, error)

    def _address(self, entry: Entry) -> str:
        """The door's own form: presented, step, picked up, in milliseconds; the wait began with the pickup."""
        call = entry.call
        picked_up = call.greeted_at or call.held_since
        moments = (call.presented_at, self._clock.now(), picked_up)
        numbers = "/".join(str(round(moment.timestamp() * 1000) if moment else 0) for moment in moments)
        return self._addresses.of(f"fetched/{numbers}", entry.contact.ref)
