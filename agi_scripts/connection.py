"""One connection to the FastAGI server: what has arrived on it, and how far its conversation has come."""

import socket
import time
from contextlib import suppress
from typing import Final

from agi_scripts import wire
from agi_scripts.session import AgiSession

CHUNK_BYTES: Final = 65536
ENVIRONMENT_BYTES: Final = wire.ENVIRONMENT_LINES * wire.ENVIRONMENT_LINE_BYTES


class Connection(wire.SocketWire):
    """Read by the server's loop, and by a session with the same bytes; nobody waits for more but a thread `aside`.

    `proven`: it has shown the token. `awaited`: the loop, and nobody else, reads it when something comes.
    `aside`: a thread has it, and may wait.
    """

    def __init__(self, sock: socket.socket, *, seconds: float) -> None:
        super().__init__(sock)
        self.sock = sock
        self.descriptor = sock.fileno()
        self.since = time.monotonic()
        self.deadline = self.since + seconds
        self.proven, self.awaited, self.aside = False, True, False
        self.session: AgiSession | None = None
        self._arrived = bytearray()

    def take_in(self) -> bool:
        """Whatever has come by now; False where the peer is gone."""
        try:
            chunk = self.sock.recv(CHUNK_BYTES)
        except BlockingIOError:
            return True
        self._arrived += chunk
        return chunk != b""

    def receive(self, timeout_seconds: float) -> bytes:
        """What has been taken in, else what comes within the time, where somebody may wait for it."""
        if self._arrived:
            arrived, self._arrived = bytes(self._arrived), bytearray()
            return arrived
        if not self.aside:
            raise TimeoutError
        return super().receive(timeout_seconds)

    def send(self, line: bytes, timeout_seconds: float) -> None:
        """At once, where the peer has room for it, as nearly always."""
        sent = self.sock.send(line)
        if sent == len(line):
            return
        if not self.aside:
            raise TimeoutError
        super().send(line[sent:], timeout_seconds)

    @property
    def has_environment(self) -> bool:
        """Its end is here, or so much that the end is not worth waiting for."""
        arrived = self._arrived
        ends = (
            arrived.find(b"\n\n") >= 0 or arrived.find(b"\n\r\n") >= 0 or arrived.startswith((b"\n", b"\r\n"))
        )
        return ends or len(arrived) > ENVIRONMENT_BYTES

    @property
    def has_plain_reply(self) -> bool:
        """One line that says yes; anything else is for somebody who may ask back or wait for the rest of it."""
        arrived = self._arrived
        says_yes = arrived.startswith(b"200 result=") and not arrived.startswith(b"200 result=-")
        return says_yes and arrived.find(b"\n") == len(arrived) - 1

    def hang_up(self) -> None:
        with suppress(OSError):  # it may have ended by itself
            self.sock.shutdown(socket.SHUT_RDWR)
