"""The hotline's own FastAGI server with ten ways to misbehave, each towards every burst and the canary alike.

In health it is the server it inherits from. What is wrong is asked of the fault each time anew.
"""

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from agi_scripts.connection import Connection
from agi_scripts.fastagi import FastAgiServer
from tests.faults.fault_file import Fault

FOREVER: Final = 3600.0
SLOW_SECONDS: Final = 2.0
PORT_KINDS: Final = ("refused", "never_accepted", "stopped")


class SickServer(FastAgiServer):
    """`fault` says what is wrong; no session of a sick server is ended by its own watch over the time."""

    def __init__(self, *args: Any, fault: Fault, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fault = fault

    def _turn(self) -> None:
        match self._fault.kind:
            case "refused":
                self._refuse()
            case "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            case _:
                super()._turn()

    def _accept(self) -> None:
        if self._fault.kind == "never_accepted":
            self._fault.over_within(0.01, "never_accepted")  # the bursts it has go on
        else:
            super()._accept()

    def _refuse(self) -> None:
        """The port is closed, the process lives."""
        address = self.address
        self._poll.unregister(self._listener)
        self._listener.close()
        while not self._stopping.is_set() and not self._fault.over_within(0.1, "refused"):
            pass
        self._listener = socket.create_server(address, backlog=1024)
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.EPOLLIN)

    def _look_after_all(self) -> None:
        if self._fault.kind is None:
            super()._look_after_all()

    def _open(self, burst: Connection) -> None:
        kind = self._fault.kind
        if kind == "slow":  # right in every word, two seconds late
            self._threads.start(lambda: self._open_late(burst))
        elif kind in BABBLE:
            self._aside(burst, lambda: _babble(burst, BABBLE[kind], self._fault))
        else:
            super()._open(burst)

    def _open_late(self, burst: Connection) -> None:
        time.sleep(SLOW_SECONDS)
        self._guarded(burst, super()._open)


def _babble(burst: Connection, words: Callable[[socket.socket, Fault], None], fault: Fault) -> None:
    burst.sock.setblocking(True)
    words(burst.sock, fault)


def _silent(_sock: socket.socket, fault: Fault) -> None:
    fault.over_within(FOREVER, "silent")


def _dies_after_one_reply(sock: socket.socket, _fault: Fault) -> None:
    """Says what to do next and dies before it vouches for it."""
    sock.sendall(b'SET VARIABLE HL_VERBS "hangup"\n')
    sock.settimeout(2)
    sock.recv(4096)
    os.kill(os.getpid(), signal.SIGKILL)


def _resets(sock: socket.socket, _fault: Fault) -> None:
    """The burst has been read, then the connection is reset under it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _garbage(sock: socket.socket, fault: Fault) -> None:
    """Nothing an AGI would say, without end."""
    while not fault.over_within(0.05, "garbage"):
        sock.sendall(b"HTTP/1.1 200 OK\r\n\xff\xfe\x00 result=0\n\n")


def _endless_line(sock: socket.socket, fault: Fault) -> None:
    while not fault.over_within(0.02, "endless_line"):
        sock.sendall(b"VERBOSE babble " * 64)


def _half_line(sock: socket.socket, fault: Fault) -> None:
    """Half a command and then nothing: until this process dies the switch turns round and round waiting for more."""
    sock.sendall(b"SET VARIABLE HL_VER")
    fault.over_within(FOREVER, "half_line")


BABBLE: Final[dict[str, Callable[[socket.socket, Fault], None]]] = {
    "silent": _silent,
    "dies_after_one_reply": _dies_after_one_reply,
    "resets": _resets,
    "garbage": _garbage,
    "endless_line": _endless_line,
    "half_line": _half_line,
}
KINDS: Final = (*PORT_KINDS, *BABBLE, "slow")
