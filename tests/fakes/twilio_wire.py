"""How the fake Twilio speaks: signed form posts over real HTTP.

The signer is written from Twilio's page on security, not from its package. `http.client` sends the request target
as it stands; `requests` would rewrite it.
"""

import base64
import hashlib
import hmac
import http.client
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import urlencode, urlsplit

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


Request = tuple[str, str, dict[str, str], str]


class Delivery(Enum):
    """How a webhook reaches us."""

    ONCE = auto()
    CROWDED = auto()  # three of it at the same moment, then the two before it once more
    RESTARTED = auto()  # the answer is lost, and a server that knows nothing of it is asked again


@dataclass
class Wire:
    """The road to one web server: `public` is what it is called, `port` where it listens, and a second of its kind.

    An answer is waited for so long. Every request that finds nobody raises OSError.
    """

    public: str
    port: int
    token: str
    second_port: int = 0
    answer_seconds: float = 15.0
    posted: list[tuple[str, dict[str, str], Answer]] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    _tokens: int = 0

    def post(self, url: str, fields: Fields, *, delivery: Delivery = Delivery.ONCE) -> Answer:
        """Signed; a delivery is repeated with the same idempotency token. The fragment stays here."""
        url = url.partition("#")[0]
        self._tokens += 1
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature(self.token, url, fields),
            "I-Twilio-Idempotency-Token": f"{self._tokens:08d}-0000-4000-8000-000000000000",
        }
        self.sent.append(("POST", url, headers, urlencode(fields)))
        answer = self._delivered(delivery)
        self.posted.append((urlsplit(url).path, dict(fields), answer))
        return answer

    def _delivered(self, delivery: Delivery) -> Answer:
        """However often it is delivered, it is answered with the same words."""
        match delivery:
            case Delivery.CROWDED:
                with ThreadPoolExecutor(3) as together:
                    answers = list(together.map(lambda request: self.send(*request), [self.sent[-1]] * 3))
            case Delivery.RESTARTED:
                self.send(*self.sent[-1])
                answers = [self.send(*self.sent[-1], port=self.second_port)]
            case _:
                answers = [self.send(*self.sent[-1])]
        assert len({(answer.status, answer.body) for answer in answers}) == 1, answers
        if delivery is Delivery.CROWDED:
            for earlier in self.sent[-3:-1]:
                self.send(*earlier)
        return answers[0]

    def get(self, url: str) -> Answer:
        return self.send("GET", url, {}, None)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, port: int = 0
    ) -> Answer:
        assert url.startswith(self.public + "/"), f"not an absolute address of ours: {url}"
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=self.answer_seconds)
        try:
            host = urlsplit(self.public).netloc
            connection.request(method, url.removeprefix(self.public), body, {**headers, "Host": host})
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"half an answer: {error!r}") from error
        finally:
            connection.close()


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """The application behind a real port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
