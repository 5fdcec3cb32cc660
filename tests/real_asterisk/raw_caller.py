"""A caller whose SIP is written byte by byte: what no telephone would send, a stranger does.

One UDP socket a caller; he acknowledges what settles his INVITE and puts down soon after a pickup.
"""

import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

_SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


@dataclass
class RawCaller:
    """`From` as raw bytes (without its tag), the number dialled as raw bytes of the request's address."""

    server_port: int
    from_header: bytes
    to: bytes = b"4001234567"
    address: str = "127.0.0.1"
    method: bytes = b"INVITE"
    talk_seconds: float = 0.2
    more_headers: bytes = b""
    statuses: list[int] = field(default_factory=list)

    def dial(self, seconds: float = 8.0) -> "RawCaller":
        """Until the call is over, or refused, or nothing has come for so long."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((self.address, 0))
            sock.connect(("127.0.0.1", self.server_port))
            self._port = sock.getsockname()[1]
            self._id = f"{time.time_ns()}-{self._port}".encode()
            sock.send(self.invite())
            self._converse(sock, time.monotonic() + seconds)
        return self

    def invite(self) -> bytes:
        return self._message(self.method, self._uri(), b"1 " + self.method, b"", _SDP)

    def _converse(self, sock: socket.socket, until: float) -> None:
        for message in _received(sock, until):
            head = re.match(rb"SIP/2\.0 (\d{3})", message)
            if head is None or not re.search(rb"\r\nCSeq: *1 ", message):
                continue
            self.statuses.append(int(head[1]))
            if self.final is not None:
                self._settle(sock, message)
                return

    def _settle(self, sock: socket.socket, message: bytes) -> None:
        to_tag = re.search(rb"\r\nTo:[^\r]*(;tag=[^\r;]+)", message)
        tag = to_tag[1] if to_tag else b""
        if self.method == b"INVITE":
            sock.send(self._message(b"ACK", self._uri(), b"1 ACK", tag, b"", again=self.final != 200))
        if self.final != 200 or self.method != b"INVITE":
            return
        contact = re.search(rb"\r\nContact: *<([^>]+)>", message)
        assert contact is not None, message
        time.sleep(self.talk_seconds)
        sock.send(self._message(b"BYE", contact[1], b"2 BYE", tag, b""))
        next(_received(sock, time.monotonic() + 2), None)

    @property
    def final(self) -> int | None:
        """What settled the request."""
        return next((status for status in self.statuses if status >= 200), None)

    def _uri(self) -> bytes:
        return b"sip:" + self.to + b"@127.0.0.1:" + str(self.server_port).encode()

    def _message(
        self, method: bytes, uri: bytes, sequence: bytes, tag: bytes, body: bytes, *, again: bool = True
    ) -> bytes:
        """`again`: in the INVITE's own transaction."""
        own = f"{self.address}:{self._port}".encode()
        branch = b"z9hG4bK" + self._id + (b"" if again and method != b"BYE" else method)
        lines = (
            method + b" " + uri + b" SIP/2.0",
            b"Via: SIP/2.0/UDP " + own + b";rport;branch=" + branch,
            b"Max-Forwards: 70",
            b"From: " + self.from_header + b";tag=" + self._id,
            b"To: <" + self._uri() + b">" + tag,
            b"Call-ID: " + self._id,
            b"CSeq: " + sequence,
            b"Contact: <sip:caller@" + own + b">",
            *([self.more_headers] if self.more_headers else []),
            *([b"Content-Type: application/sdp"] if body else []),
            b"Content-Length: " + str(len(body)).encode(),
        )
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def escaped(user: bytes) -> bytes:
    """Every byte as %XX: what a SIP address cannot hold as it is."""
    return quote_from_bytes(user, safe="").encode()


def from_user(user: bytes, name: bytes = b"") -> bytes:
    return (b'"' + name + b'" ' if name else b"") + b"<sip:" + user + b"@127.0.0.1>"


def heard_until_quiet(sock: socket.socket) -> bytes:
    """Whatever comes until it is quiet."""
    text = b""
    try:
        while received := sock.recv(65536):
            text += received
    except (TimeoutError, ConnectionError):
        pass
    return text


def _received(sock: socket.socket, until: float) -> Iterator[bytes]:
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        with suppress(TimeoutError, ConnectionRefusedError):
            yield sock.recv(65536)


def mutated(message: bytes, dice: random.Random) -> bytes:
    """That message with some of its bytes or lines changed, cut, doubled or made absurd."""
    data = bytearray(message)
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(data) or 1)
        match dice.randrange(6):
            case 0:
                data[at : at + 1] = dice.randbytes(1)
            case 1:
                del data[at : at + dice.randint(1, 60)]
            case 2:
                data[at:at] = data[at : at + dice.randint(1, 200)]
            case 3:
                data[at:at] = dice.choice([b"\r\n", b"\0", b"%00", b";" * 50, b"<" * 9, b"-1", b"9" * 40])
            case 4:
                lines = bytes(data).split(b"\r\n")
                dice.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
            case _:
                data = data.replace(b"Content-Length: ", b"Content-Length: 9999", 1)
        data = data or bytearray(b"x")
    return bytes(data[:60000])
