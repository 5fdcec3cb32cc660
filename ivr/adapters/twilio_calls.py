"""Twilio's REST interface for calls, through its official client: nothing waits longer than 5 s or is sent twice.

Importing the client takes most of a second: whoever must start fast imports this file when it is first needed.
"""

import logging
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.adapters.twilio_switch import NotRedirected

TIMEOUT_SECONDS = 5.0


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


class TwilioCalls:
    """The calls of one account."""

    def __init__(self, account_sid: str, auth_token: str, api_base_url: str | None = None) -> None:
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # it would log callers' numbers
        if api_base_url is None:
            http_client = TwilioHttpClient(timeout=TIMEOUT_SECONDS, max_retries=0)
        else:
            http_client = OtherTwilio(api_base_url, TIMEOUT_SECONDS)
        self._client = Client(account_sid, auth_token, http_client=http_client)

    def redirect(self, ref: str, address: str) -> None:
        """That call goes on at this address of ours. Raises NotRedirected; it may have happened all the same."""
        try:
            self._client.calls(ref).update(url=address, method="POST")
        except (TwilioException, requests.RequestException) as error:
            raise NotRedirected(type(error).__name__) from error
