"""How the Asterisk Manager Interface is spelled: blocks of `Key: value` lines, an empty line after each.

Pure but for the sockets handed in. What is not this protocol is a ValueError, an ended connection EOFError.
"""

import re
import select
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

Message = Mapping[str, str]
Headers = Sequence[tuple[str, str]]

LINE_OUT_BYTES: Final = 1024  # Asterisk answers a longer one with "line too long"
MESSAGE_BYTES: Final = 262144
BANNER_BYTES: Final = 256
_CHUNK_BYTES: Final = 65536
_BANNER: Final = re.compile(rb"Asterisk Call Manager/[\w.]+\r?")
_OPENINGS: Final = ("Event", "Response")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def parse_message(lines: Iterable[bytes]) -> Message:
    """The headers of one block; the values of a repeated header joined by newlines.

    Asterisk does not filter what it repeats, so a newline in a caller's data may leave lines that are no
    headers: they are passed over, but a block must open as an event or a response.
    """
    message: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not message and name not in _OPENINGS:
            raise ValueError("not a manager message")
        if colon:
            value = value.strip()
            message[name] = f"{message[name]}\n{value}" if name in message else value
    return message


def render_message(headers: Headers) -> bytes:
    """One block ready to send. A value with a line break would add headers of somebody else's: ValueError."""
    return b"".join(_line(name, value) for name, value in headers) + b"\r\n"


def _line(name: str, value: str) -> bytes:
    if not _NAME.fullmatch(name) or any(control in value for control in "\r\n\0"):
        raise ValueError(f"header {name[:40]!r} is not one line")
    line = f"{name}: {value}\r\n".encode("utf-8", "replace")
    if len(line) > LINE_OUT_BYTES:
        raise ValueError(f"header {name} has {len(line)} bytes, more than {LINE_OUT_BYTES}")
    return line


class ManagerWire:
    """One connection: whole messages out, whole messages in, nothing unbounded."""

    def __init__(self, sock: socket.socket, *, send_timeout_seconds: float) -> None:
        # Reader and sender share the socket: its timeout is the sender's, the reader polls first.
        sock.settimeout(send_timeout_seconds)
        self._sock = sock
        self._held = bytearray()

    def read_banner(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while b"\n" not in self._held:
            if len(self._held) > BANNER_BYTES or not self._fill(deadline):
                raise ValueError("the peer does not introduce itself as an Asterisk manager")
        line, _, rest = bytes(self._held).partition(b"\n")
        if not _BANNER.fullmatch(line):
            raise ValueError("the peer is no Asterisk manager")
        self._held = bytearray(rest)

    def read_message(self, timeout_seconds: float) -> Message | None:
        """The next message, or None when it is not complete in time (what came of it is kept)."""
        deadline = time.monotonic() + timeout_seconds
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > MESSAGE_BYTES:
                raise ValueError("a message without an end")
            if not self._fill(deadline):
                return None
        block = bytes(self._held[:end])
        del self._held[: end + 4]
        return parse_message(block.split(b"\r\n"))

    def send(self, block: bytes) -> None:
        try:
            self._sock.sendall(block)
        except OSError:
            self.end()  # half a block may be out: nothing sensible can follow it
            raise

    def end(self) -> None:
        """Wakes the reader with an EOFError; the reader closes."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._sock.close()

    def _fill(self, deadline: float) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return False
        chunk = self._sock.recv(_CHUNK_BYTES)
        if not chunk:
            raise EOFError("the connection has ended")
        self._held += chunk
        return True
