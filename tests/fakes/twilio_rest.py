"""Twilio's REST interface over real HTTP, for the official client: calls, their recordings, the account.

Every request and every answer is held against Twilio's own document; `violations` must stay empty. What it is known to
do otherwise than Twilio:
- A call that is ordered stands in the queue until the test plays it out (`on_order` tells it); it is never started by
  time.
- More than `calls_a_second` are queued, as at Twilio (`queue_time` tells), never refused; 429 comes only as a fault.
- `To` filters by the text as it was given; the filters by StartTime and EndTime do nothing; there is one page alone.
- Numbers are accepted as callers where they are in `own`, without a word on verified ones.
"""

import base64
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ivr.adapters.system_clock import SystemClock
from ivr.service.ports import Clock
from tests.fakes.twilio_openapi import NotTwiliosInterface, check_answer, check_request

Form = dict[str, list[str]]
Body = dict[str, Any]
HEADERS = {"Content-Type": "application/json"}
ERRORS = {
    429: (20429, "Too Many Requests"),
    503: (20503, "Service Unavailable"),
    400: (21211, "Invalid 'To' Phone Number"),
}
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_TO = re.compile(r"\+[1-9][0-9]{4,14}|client:[A-Za-z0-9_]{1,121}|sips?:[^\s@]+@[^\s@]+")


@dataclass
class Ordered:
    """A call as Twilio keeps it."""

    sid: str
    to: str
    shown: str
    url: str
    status_url: str
    events: tuple[str, ...]
    timeout: int
    made_at: datetime
    status: str = "queued"
    queue_time: int = 0
    duration: int | None = None
    direction: str = "outbound-api"
    ended_at: datetime | None = None

    def row(self, account: str) -> dict[str, Any]:
        """As the interface shows it; everything that is not told here is null."""
        names = (
            "parent_call_sid to_formatted from_formatted phone_number_sid start_time end_time price price_unit"
            " answered_by forwarded_from group_sid caller_name trunk_sid"
        )
        made = format_datetime(self.made_at.replace(microsecond=0))
        return {
            **dict.fromkeys(names.split()),
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": self.shown,
            "status": self.status,
            "direction": self.direction,
            "end_time": None
            if self.ended_at is None
            else format_datetime(self.ended_at.replace(microsecond=0)),
            "duration": None if self.duration is None else str(self.duration),
            "api_version": "2010-04-01",
            "queue_time": str(self.queue_time),
            "date_created": made,
            "date_updated": made,
            "uri": f"/2010-04-01/Accounts/{account}/Calls/{self.sid}.json",
            "subresource_uris": {},
        }


@dataclass
class Recorded:
    """A recording as Twilio keeps it."""

    sid: str
    call_sid: str
    began_at: datetime
    sound: bytes
    status: str = "completed"

    def row(self, account: str) -> dict[str, Any]:
        """As the interface shows it; everything that is not told here is null."""
        names = "conference_sid duration price error_code encryption_details media_url"
        began = format_datetime(self.began_at.replace(microsecond=0))
        return {
            **dict.fromkeys(names.split()),
            "sid": self.sid,
            "account_sid": account,
            "call_sid": self.call_sid,
            "status": self.status,
            "channels": 2,
            "source": "DialVerb",
            "api_version": "2010-04-01",
            "date_created": began,
            "date_updated": began,
            "start_time": began,
            "price_unit": "USD",
            "uri": f"/2010-04-01/Accounts/{account}/Recordings/{self.sid}.json",
            "subresource_uris": {},
        }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with the next request: carried out or not, then answered with `status`, cut off, or too late."""

    status: int | None = None  # None: the connection is cut
    executed: bool = False
    silent_seconds: float = 0.0
    retry_after: str | None = None
    body: bytes | None = None


Redirect = Callable[[str, str], tuple[int, int] | None]
"""Of a call's sid to an address of ours; HTTP status and error code where it is refused."""


@dataclass
class FakeTwilioRest:
    """One account; `faults` befall the next orders one after the other, `look_faults` everything else.

    Of recordings that are `unreadable` half the sound comes, and then nothing."""

    account: str
    token: str
    clock: Clock
    own: frozenset[str] = frozenset({"+85230001234"})
    calls_a_second: float = 1.0
    orders: list[Ordered] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    recordings: list[Recorded] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    look_faults: deque[Fault] = field(default_factory=deque)
    violations: list[str] = field(default_factory=list)
    redirect: Redirect | None = None
    on_order: Callable[[Ordered], None] = lambda _call: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, sid: str) -> Ordered | None:
        return next((call for call in self.orders if call.sid == sid), None)

    # ---- what is asked -----------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: Form, form: Form) -> tuple[int, Body]:
        """HTTP status and body."""
        self.asked.append((method, path))
        try:
            check_request(method, path, query, form)
        except NotTwiliosInterface as error:
            self.violations.append(str(error))
            return _error(400, 20001, str(error))
        status, body = self._answered(method, path, query, form)
        if status < 400:
            try:
                check_answer(method, path, status, body)
            except NotTwiliosInterface as error:
                self.violations.append(f"our own fake: {error}")
        return status, body

    def _answered(self, method: str, path: str, query: Form, form: Form) -> tuple[int, Body]:
        rest = path.removeprefix(f"/2010-04-01/Accounts/{self.account}").removesuffix(".json")
        if rest == path.removesuffix(".json"):
            return _error(404, 20404, "The requested resource was not found")
        if rest == "":
            return 200, {"sid": self.account, "status": "active", "type": "Full"}
        if rest.startswith("/Recordings"):
            return self._recordings(method, rest.removeprefix("/Recordings").removeprefix("/"), query)
        if rest == "/Calls":
            return self._create(form) if method == "POST" else self._listed(query)
        sid = rest.removeprefix("/Calls/")
        if method == "POST" and "Url" in form and self.redirect is not None:
            return self._redirected(sid, form["Url"][-1])
        call = self.find(sid)
        if call is None:
            return _error(404, 20404, "The requested resource was not found")
        return self._updated(call, form) if method == "POST" else (200, call.row(self.account))

    def _create(self, form: Form) -> tuple[int, Body]:
        values = {name: texts[-1] for name, texts in form.items()}
        if not _TO.fullmatch(values["To"]):
            return _error(400, 21211, "Invalid 'To' Phone Number")
        if values["From"] not in self.own:
            return _error(400, 21210, "'From' phone number not verified")
        if not {"Url", "Twiml", "ApplicationSid"} & set(values):
            return _error(400, 21205, "Url is not a valid URL")
        if not re.match("https?://", values.get("Url", "")):
            return _error(400, 21205, "Url is not a valid URL")
        now = self.clock.now()
        ahead = sum((now - call.made_at).total_seconds() < 1 for call in self.orders)
        call = Ordered(
            sid=f"CA{len(self.orders) + 0xABC000:032x}",
            to=values["To"],
            shown=values["From"],
            url=values["Url"],
            status_url=values.get("StatusCallback", ""),
            events=tuple(form.get("StatusCallbackEvent", ("completed",))),
            timeout=int(values.get("Timeout", "60")),
            made_at=now,
            queue_time=round(ahead / self.calls_a_second * 1000),
        )
        self.orders.append(call)
        self.on_order(call)
        return 201, call.row(self.account)

    def _recordings(self, method: str, sid: str, query: Form) -> tuple[int, Body]:
        """The list, or one that is to be deleted."""
        if method == "GET":
            return self._page(
                "recordings", [each.row(self.account) for each in reversed(self.recordings)], query
            )
        found = self.recording(sid)
        if found is None:
            return _error(404, 20404, "The requested resource was not found")
        self.recordings.remove(found)
        return 204, {}

    def recording(self, sid: str) -> Recorded | None:
        return next((each for each in self.recordings if each.sid == sid), None)

    def _listed(self, query: Form) -> tuple[int, Body]:
        to = query.get("To", [None])[-1]
        found = [call.row(self.account) for call in reversed(self.orders) if to in {None, call.to}]
        return self._page("calls", found, query)

    def _page(self, name: str, found: list[dict[str, Any]], query: Form) -> tuple[int, Body]:
        start = f"/2010-04-01/Accounts/{self.account}/{name.title()}.json"
        return 200, {
            name: found,
            "page": 0,
            "page_size": int(query.get("PageSize", ["50"])[-1]),
            "start": 0,
            "end": max(len(found) - 1, 0),
            "uri": start,
            "first_page_uri": start,
            "next_page_uri": None,
            "previous_page_uri": None,
        }

    def _redirected(self, sid: str, url: str) -> tuple[int, Body]:
        """A call that came in; whose life is told elsewhere."""
        assert self.redirect is not None
        refused = self.redirect(sid, url)
        if refused is not None:
            return _error(*refused, "refused")
        now = self.clock.now()
        call = Ordered(sid, next(iter(self.own)), "", url, "", (), 60, now, "in-progress")
        return 200, {**call.row(self.account), "direction": "inbound"}

    def _updated(self, call: Ordered, form: Form) -> tuple[int, Body]:
        if call.status in OVER:
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        if form.get("Status") == ["completed"]:
            self.ended.append(call.sid)
            call.status = "completed" if call.status == "in-progress" else "canceled"
        return 200, call.row(self.account)


def _error(status: int, code: int, message: str) -> tuple[int, dict[str, Any]]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


class _Handler(BaseHTTPRequestHandler):
    """One request; `twilio` and `expected` (Authorization) are set by served_rest."""

    twilio: FakeTwilioRest
    expected: str

    def do_GET(self) -> None:
        self._answer({})

    def do_DELETE(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(parse_qs(body, keep_blank_values=True))

    def _answer(self, form: Form) -> None:
        parts = urlsplit(self.path)
        if self.headers.get("Authorization") != self.expected:
            self._reply(*_error(401, 20003, "Authenticate"))
            return
        is_order = self.command == "POST" and parts.path.endswith("/Calls.json")
        faults = self.twilio.faults if is_order else self.twilio.look_faults
        fault = faults.popleft() if faults else None
        if fault is not None and not fault.executed:
            self.twilio.asked.append((self.command, parts.path))
            self._fails(fault)
            return
        if parts.path.endswith(".wav"):
            self._play(parts.path.rpartition("/")[2].removesuffix(".wav"))
            return
        query = parse_qs(parts.query, keep_blank_values=True)
        with self.twilio.lock:
            answer = self.twilio.answer(self.command, parts.path, query, form)
        if fault is None:
            self._reply(*answer)
        else:
            self._fails(fault)

    def _play(self, sid: str) -> None:
        """The sound of a recording: no part of the interface's document."""
        found = self.twilio.recording(sid)
        self.twilio.asked.append((self.command, f"{sid}.wav"))
        if found is None:
            self._reply(*_error(404, 20404, "The requested resource was not found"))
        elif sid in self.twilio.unreadable:
            self._reply(
                200, {}, {"Content-Length": str(len(found.sound))}, found.sound[: len(found.sound) // 2]
            )
            self.close_connection = True
        else:
            self._reply(200, {}, {"Content-Type": "audio/x-wav"}, found.sound)

    def _fails(self, fault: Fault) -> None:
        if fault.silent_seconds:
            time.sleep(fault.silent_seconds)
        if fault.status is None:
            self.close_connection = True
            return
        code, message = ERRORS.get(fault.status, (20500, "Internal Server Error"))
        more = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        self._reply(*_error(fault.status, code, message), more, fault.body)

    def _reply(
        self, status: int, body: Body, more: Mapping[str, str] | None = None, raw: bytes | None = None
    ) -> None:
        text = json.dumps(body).encode() if raw is None else raw
        text = b"" if status == 204 else text
        with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked may have gone
            self.send_response(status)
            for name, value in {**HEADERS, "Content-Length": str(len(text)), **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def served_rest(twilio: FakeTwilioRest, port: int = 0) -> Iterator[str]:
    """Its address; at a free port unless one is given."""
    expected = "Basic " + base64.b64encode(f"{twilio.account}:{twilio.token}".encode()).decode()
    handler = type("Handler", (_Handler,), {"twilio": twilio, "expected": expected})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@contextmanager
def rest_server(account: str, token: str, redirect: Redirect) -> Iterator[str]:
    """For calls that came in: they are redirected, and every request of that is Twilio's own."""
    twilio = FakeTwilioRest(account, token, SystemClock(), redirect=redirect)
    with served_rest(twilio) as address:
        yield address
    assert twilio.violations == []
