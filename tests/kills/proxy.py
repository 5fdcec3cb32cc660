"""A TCP proxy that can lose one reply: what was asked has been carried out, and whoever asked is never told.

`lose_reply(...)` arms it for the next request that holds those words; the reply is waited for, so that it is certain
that the server has done it, and then the client's connection ends.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

CHUNK: Final = 65536
Connect = Callable[[], socket.socket]


def to_tcp(port: int) -> Connect:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=5)


def to_unix(path: str) -> Connect:
    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(path)
        return sock

    return connect


class Proxy:
    """Entered, it listens on `port`; `lost` counts replies that never came."""

    def __init__(self, connect: Connect, port: int = 0) -> None:
        self._connect = connect
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._armed: tuple[bytes, bytes, bytes] | None = None
        self._pairs: set[socket.socket] = set()
        self.lost = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._pairs):
            _end(sock)

    def lose_reply(self, to: bytes, *, after: bytes = b"", holding: bytes = b"") -> None:
        """Of the next request that holds `to`, on a connection that said `after` since the last such request.

        The reply is there when `holding` has come back.
        """
        with self._lock:
            self._armed = (to, after, holding)

    # ---- two directions ----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                _end(client)
                continue
            server.settimeout(None)
            pair = _Pair(self, client, server)
            self._pairs |= {client, server}
            for work in (pair.ask, pair.answer):
                threading.Thread(target=work, daemon=True).start()

    def _to_be_lost(self, said: bytes, data: bytes) -> bytes | None:
        """What its reply holds, where this request's reply is the one to be lost."""
        with self._lock:
            if self._armed is None:
                return None
            to, after, holding = self._armed
            if to not in data or after not in said + data:
                return None
            self._armed = None
            return holding


class _Pair:
    """One connection of a client, and ours to the server for it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._losing: bytes | None = None

    def ask(self) -> None:
        said = b""
        with suppress(OSError):
            while data := self._client.recv(CHUNK):
                losing = self._proxy._to_be_lost(said, data)
                if losing is not None:
                    self._losing = losing
                said = (said + data)[-CHUNK:]
                if b"COMMIT" in data or b"ROLLBACK\0" in data:
                    said = b""
                self._server.sendall(data)
        self._close()

    def answer(self) -> None:
        kept = b""
        with suppress(OSError):
            while data := self._server.recv(CHUNK):
                if self._losing is None:
                    self._client.sendall(data)
                    continue
                kept += data
                if self._losing in kept:
                    self._proxy.lost += 1
                    break
        self._close()

    def _close(self) -> None:
        for sock in (self._client, self._server):
            _end(sock)


def _end(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
