"""A page without a browser: signs in, reads /events from a real socket, and can be cut off at any byte."""

import http.client
import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.webhooks.pages import PASSWORD


@dataclass(frozen=True)
class Event:
    """One server-sent event; `id` None where it carries none."""

    kind: str
    data: Any
    id: str | None


class Refused(Exception):
    """No stream: `status` says why."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        super().__init__(f"{status} {body[:200]!r}")


class Client:
    """One signed-in browser's cookie."""

    def __init__(self, base_url: str, login: str) -> None:
        parts = urlsplit(base_url)
        self.address = (parts.hostname or "", parts.port or 80)
        self.cookie = ""
        self.token = ""
        self._sign_in(login)

    def request(self, method: str, path: str, **form: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"csrf_token": self.token, **form}) if method == "POST" else None
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie" and value.startswith("hotline_session="):
                    self.cookie = value.partition(";")[0]
            told = answer.read()
        finally:
            connection.close()
        found = re.search(rb'name="csrf_token" value="([^"]+)"', told)
        self.token = found[1].decode() if found else self.token
        return answer.status, told

    def state(self) -> Any:
        status, body = self.request("GET", "/desk/state.json")
        assert status == 200, (status, body[:200])
        return json.loads(body)

    def stream(self, after: str | None = None) -> "Stream":
        return Stream(self, after)

    def _sign_in(self, login: str) -> None:
        self.request("GET", "/sign-in")
        status, body = self.request("POST", "/sign-in", login=login, password=PASSWORD)
        assert status == 302, (status, body[:300])
        self.request("GET", "/desk" if login != "root" else "/admin")


class Stream:
    """An open stream; `cut` ends it as a broken network does. Raises Refused where there is none."""

    def __init__(self, client: Client, after: str | None) -> None:
        self._sock = socket.create_connection(client.address, timeout=20)
        path = "/events" + (f"?after={after}" if after else "")
        host = f"{client.address[0]}:{client.address[1]}"
        # HTTP/1.0: its answer is not chunked
        self._sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nCookie: {client.cookie}\r\n\r\n".encode())
        self._file = self._sock.makefile("rb")
        status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass
        if status != 200:
            body = self._file.read()
            self.cut()
            raise Refused(status, body)

    def events(self) -> Iterator[Event]:
        """Until the server ends it, or it is cut."""
        fields: dict[str, str] = {}
        with suppress(OSError, ValueError):
            while line := self._file.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    yield Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
                    fields = {}

    def wait_for(self, kind: str) -> Event:
        return next(event for event in self.events() if event.kind == kind)

    def cut(self) -> None:
        """Without a word of farewell; whoever reads it notices."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError, ValueError):
            self._file.close()
        self._sock.close()
