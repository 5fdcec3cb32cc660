"""How the fake Twilio speaks: signed form posts over real HTTP, a REST server for the official client.

The signer is written from Twilio's page on security, not from its package. `http.client` sends the request target
as it stands; `requests` would rewrite it.
"""

import base64
import hashlib
import hmac
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from werkzeug.serving import make_server

Fields = Mapping[str, str]


def signature(token: str, url: str, fields: Fields) -> str:
    """base64(HMAC-SHA1(token, the address, then every name and value, sorted by name))."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Wire:
    """The road to one web server: `public` is what it is called, `port` where it listens."""

    public: str
    port: int
    token: str
    posted: list[tuple[str, dict[str, str], Answer]] = field(default_factory=list)
    _tokens: int = 0

    def post(self, url: str, fields: Fields, *, deliveries: int = 1) -> Answer:
        """Signed; a delivery is repeated with the same idempotency token. The fragment stays here."""
        url = url.partition("#")[0]
        self._tokens += 1
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature(self.token, url, fields),
            "I-Twilio-Idempotency-Token": f"{self._tokens:08d}-0000-4000-8000-000000000000",
        }
        for _ in range(deliveries):
            answer = self.send("POST", url, headers, urlencode(fields))
        self.posted.append((urlsplit(url).path, dict(fields), answer))
        return answer

    def get(self, url: str) -> Answer:
        return self.send("GET", url, {}, None)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Answer:
        assert url.startswith(self.public + "/"), f"not an absolute address of ours: {url}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            host = urlsplit(self.public).netloc
            connection.request(method, url.removeprefix(self.public), body, {**headers, "Host": host})
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            connection.close()


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """The application behind a real port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


Redirect = Callable[[str, str], tuple[int, int] | None]


@contextmanager
def rest_server(account: str, token: str, redirect: Redirect) -> Iterator[str]:
    """Calls.update alone. `redirect(sid, url)` gives (HTTP status, error code) where it refuses."""
    expected = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = {name: values[-1] for name, values in parse_qs(body).items()}
            self._reply(*self._answer(fields))

        def _answer(self, fields: dict[str, str]) -> tuple[int, bytes]:
            parts = self.path.removesuffix(".json").split("/")
            if self.headers.get("Authorization") != expected:
                return 401, b'{"code": 20003, "message": "Authenticate", "status": 401}'
            if parts[:5] != ["", "2010-04-01", "Accounts", account, "Calls"] or set(fields) != {
                "Url",
                "Method",
            }:
                return 404, b'{"code": 20404, "message": "not found", "status": 404}'
            refused = redirect(parts[5], fields["Url"])
            if refused is not None:
                return refused[0], b'{"code": %d, "message": "refused", "status": %d}' % refused[::-1]
            return 200, b'{"sid": "%s"}' % parts[5].encode()

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
