"""The Twilio side of the Switch port: a caller is fetched out of his music by a redirect over REST.

REST takes tenths of a second, sometimes seconds: it runs beside the floor loop, whose other callers do not wait.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.service.ports import Clock, Entry

TIMEOUT_SECONDS = 5.0
AT_ONCE = 8  # fetches on their way at the same time

log = logging.getLogger(__name__)


class OtherTwilio(TwilioHttpClient):  # type: ignore[misc]  # twilio ships no types
    """Everything meant for twilio.com goes to one other address, for tests."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout, max_retries=0)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(".twilio.com"):
            raise ValueError(f"not Twilio's: {parts.hostname}")
        address = urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))
        return super().request(method, address, *args, **kwargs)


def twilio_client(account_sid: str, auth_token: str, api_base_url: str | None = None) -> Client:
    """The official client; nothing waits longer than 5 s, nothing is sent twice."""
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # it would log callers' numbers
    if api_base_url is None:
        http_client: TwilioHttpClient = TwilioHttpClient(timeout=TIMEOUT_SECONDS, max_retries=0)
    else:
        http_client = OtherTwilio(api_base_url, TIMEOUT_SECONDS)
    return Client(account_sid, auth_token, http_client=http_client)


class TwilioSwitch:
    """Switch over Twilio's REST interface. `run` carries a fetch out, on a thread of its own unless told otherwise."""

    connected = True  # there is no connection to lose; each request finds out for itself

    def __init__(
        self,
        client: Client,
        public_base_url: str,
        clock: Clock,
        run: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._client = client
        self._public_base_url = public_base_url
        self._clock = clock
        self._run = run or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="twilio").submit

    def fetch(self, entry: Entry) -> bool:
        """Hand the redirect over; a caller who could not be fetched comes by himself."""
        self._run(lambda: self._redirect(entry))
        return True

    def live_refs(self) -> frozenset[str] | None:
        """Not asked: a call's own status callback ends it, and a list over REST would hold up the floor."""
        return None

    def _redirect(self, entry: Entry) -> None:
        ref, address = entry.contact.ref, self._address(entry)
        try:
            self._client.calls(ref).update(url=address, method="POST")
        except (TwilioException, requests.RequestException) as error:
            log.info("call %d: not fetched: %s", entry.call.call_id, type(error).__name__)

    def _address(self, entry: Entry) -> str:
        """The door's own form: presented, step, picked up, in milliseconds; the wait began with the pickup."""
        call = entry.call
        picked_up = call.greeted_at or call.held_since
        moments = (call.presented_at, self._clock.now(), picked_up)
        numbers = "/".join(str(round(moment.timestamp() * 1000) if moment else 0) for moment in moments)
        return f"{self._public_base_url}/twilio/fetched/{numbers}"
