"""Twilio's REST interface for calls, through its official client: nothing waits longer than 5 s or is sent twice.

Importing the client takes most of a second: whoever must start fast imports this file when it is first needed.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.adapters.twilio_log import CallSeen
from ivr.adapters.twilio_orders import CallRefused, LegSeen, NewCall, NobodyThere, OutcomeUnknown, TooFast
from ivr.adapters.twilio_recordings import RecordingSeen
from ivr.adapters.twilio_switch import NotRedirected
from ivr.adapters.twilio_words import RUNNING

TIMEOUT_SECONDS = 5.0
DEFAULT_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 300.0
LONGEST_CALL_SECONDS = 7200
MOST_LISTED = 50
PLACED_BY_US, CAME_IN = "outbound-api", "inbound"
MOST_CAME_IN = 200
MOST_RECORDINGS = 200
PIECE_BYTES = 65_536


class PatientTwilio(TwilioHttpClient):  # type: ignore[misc]  # twilio ships no types
    """Waits 5 s, sends nothing again, and keeps what Twilio says of waiting: its exceptions drop the headers.

    With `base_url` everything meant for twilio.com goes to one other address, for tests.
    """

    def __init__(self, base_url: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        super().__init__(timeout=timeout, max_retries=0)
        self._base = None if base_url is None else urlsplit(base_url)
        self._mine = threading.local()

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        response = super().request(method, self._reached(url), *args, **kwargs)
        self._mine.retry_after = (response.headers or {}).get("Retry-After")
        return response

    def save(self, url: str, auth: tuple[str, str], path: Path) -> None:
        """What is there into a file; never all of it in memory. Raises requests.RequestException and OSError."""
        with requests.get(self._reached(url), auth=auth, timeout=self.timeout, stream=True) as answer:
            answer.raise_for_status()
            with path.open("wb") as file:
                for piece in answer.iter_content(PIECE_BYTES):
                    file.write(piece)

    def _reached(self, url: str) -> str:
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(".twilio.com"):
            raise ValueError(f"not Twilio's: {parts.hostname}")
        if self._base is None:
            return url
        return urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))

    @property
    def retry_seconds(self) -> float:
        """Of this thread's last answer; a date instead of seconds, or nothing, is the least."""
        text = getattr(self._mine, "retry_after", None) or ""
        seconds = float(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text) else DEFAULT_RETRY_SECONDS
        return min(max(seconds, DEFAULT_RETRY_SECONDS), LONGEST_RETRY_SECONDS)


class TwilioCalls:
    """The calls of one account; CallsOverRest."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        api_base_url: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # it would log callers' numbers
        self._http = PatientTwilio(api_base_url, timeout_seconds)
        self._client = Client(account_sid, auth_token, http_client=self._http)

    def redirect(self, ref: str, address: str) -> None:
        """That call goes on at this address of ours. Raises NotRedirected; it may have happened all the same."""
        try:
            self._client.calls(ref).update(url=address, method="POST")
        except (TwilioException, requests.RequestException) as error:
            raise NotRedirected(type(error).__name__) from error

    def create(self, call: NewCall) -> str:
        """Twilio's reference of the new call. Raises CallRefused, TooFast, OutcomeUnknown."""
        with self._said():
            made = self._client.calls.create(
                to=call.rung,
                from_=call.shown,
                url=call.url,
                method="POST",
                status_callback=call.status_url,
                status_callback_method="POST",
                status_callback_event=["answered", "completed"],
                timeout=call.ring_seconds,
                time_limit=LONGEST_CALL_SECONDS,
            )
            return _sid(made)

    def fetch(self, sid: str) -> LegSeen:
        """One call. Raises as `create` does."""
        with self._said():
            return _seen(self._client.calls(sid).fetch())

    def placed_to(self, rung: str, since: datetime) -> tuple[LegSeen, ...]:
        """Calls placed by us to that phone since then, the newest first. Raises as `create` does.

        Twilio filters by the start of the call, which is later than its creation; what has not started has none and is
        in no window, so the day is asked for and looked through here.
        """
        with self._said():
            found = self._client.calls.list(to=rung, limit=MOST_LISTED, page_size=MOST_LISTED)
            mine = (_seen(call) for call in found if call.direction == PLACED_BY_US)
            return tuple(leg for leg in mine if leg.made_at is None or leg.made_at >= since)

    def came_in(self) -> tuple[CallSeen, ...]:
        """The latest calls of the account, as far as they came in. Raises as `create` does."""
        with self._said():
            found = self._client.calls.list(limit=MOST_CAME_IN, page_size=MOST_CAME_IN)
            return tuple(_came_in(call) for call in found if call.direction == CAME_IN)

    def complete(self, sid: str) -> None:
        """End that call, whatever it does. Raises as `create` does."""
        with self._said():
            self._client.calls(sid).update(status="completed")

    def recorded(self) -> tuple[RecordingSeen, ...]:
        """The latest recordings of the account that are whole, the oldest first. Raises as `create` does."""
        with self._said():
            found = self._client.recordings.list(limit=MOST_RECORDINGS, page_size=MOST_RECORDINGS)
            return tuple(_recorded(each) for each in reversed(found) if str(each.status) == "completed")

    def save(self, sid: str, path: Path) -> None:
        """The sound of that recording into a file, in pieces. Raises as `create` does, and OSError."""
        address = (
            f"https://api.twilio.com/2010-04-01/Accounts/{self._client.account_sid}/Recordings/{sid}.wav"
        )
        with self._said():
            self._http.save(address, (self._client.username, self._client.password), path)

    def forget(self, sid: str) -> None:
        """Twilio keeps that recording no longer. Raises as `create` does."""
        with self._said():
            self._client.recordings(sid).delete()

    def look(self) -> str:
        """The account's own status, for the doctor. Raises as `create` does."""
        with self._said():
            return str(self._client.api.accounts(self._client.username).fetch().status)

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except requests.RequestException as error:
            if _never_left(error):
                raise NobodyThere("no way to Twilio") from error
            raise OutcomeUnknown(type(error).__name__) from error
        except TwilioException as error:
            self._refused(error)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:  # an answer that is none of the interface's
            raise OutcomeUnknown(type(error).__name__) from error

    def _refused(self, error: Any) -> NoReturn:
        status = int(getattr(error, "status", 0) or 0)
        code = getattr(error, "code", None)
        if status == 429:
            raise TooFast(self._http.retry_seconds) from error
        if 400 <= status < 500:
            raise CallRefused(f"HTTP {status}, error {code}") from error
        raise OutcomeUnknown(f"HTTP {status}") from error


def _never_left(error: requests.RequestException) -> bool:
    """No connection was made, so nothing can have been carried out."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _sid(call: Any) -> str:
    """Raises ValueError for an answer without one."""
    if not re.fullmatch(r"CA[0-9a-fA-F]{32}", str(call.sid)):
        raise ValueError(f"sid {str(call.sid)[:40]!r}")
    return str(call.sid)


def _seen(call: Any) -> LegSeen:
    made_at = call.date_created
    return LegSeen(
        sid=_sid(call),
        status=str(call.status),
        made_at=None if made_at is None else made_at.astimezone(UTC),
    )


def _came_in(call: Any) -> CallSeen:
    """Raises ValueError or TypeError for an answer that is none of the interface's."""
    over = str(call.status) not in RUNNING
    return CallSeen(
        sid=_sid(call),
        called=str(call.to or ""),
        caller=str(call._from or ""),  # noqa: SLF001 # the client has no other name for it
        made_at=call.date_created.astimezone(UTC),
        ended_at=(call.end_time or call.date_updated).astimezone(UTC) if over else None,
        lasted_seconds=int(call.duration or 0) if str(call.status) == "completed" else None,
    )


def _recorded(recording: Any) -> RecordingSeen:
    """Raises ValueError or TypeError for an answer that is none of the interface's."""
    if not re.fullmatch(r"RE[0-9a-fA-F]{32}", str(recording.sid)):
        raise ValueError(f"sid {str(recording.sid)[:40]!r}")
    began_at = recording.start_time or recording.date_created
    return RecordingSeen(
        sid=str(recording.sid), call_sid=str(recording.call_sid), began_at=began_at.astimezone(UTC)
    )
