"""What gunicorn is told beside its command line: when a client counts as gone, and when the pages' keeper starts.

A stream costs a thread. TCP tells of a client that vanished without a word only where it is asked to.
"""

import ctypes
import gc
import signal
import socket
from typing import Any

GONE_AFTER_SECONDS = 12  # data that nobody has acknowledged for so long
PROBE_AFTER_SECONDS = 10
PROBE_EVERY_SECONDS = 3
PROBES = 3
_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def when_ready(server: Any) -> None:
    """Connections inherit it from the socket that accepts them."""
    for listener in server.LISTENERS:
        watch_over(listener.sock)


def watch_over(sock: socket.socket) -> None:
    """Both directions: what we send is acknowledged in time, and who is silent is asked whether he is still there."""
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_USER_TIMEOUT", GONE_AFTER_SECONDS * 1000),
        ("TCP_KEEPIDLE", PROBE_AFTER_SECONDS),
        ("TCP_KEEPINTVL", PROBE_EVERY_SECONDS),
        ("TCP_KEEPCNT", PROBES),
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker that outlived its killed master for a second would hold the port its successor needs."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def post_worker_init(worker: Any) -> None:
    """Pages that never come back are missed also by a server that has just been born.

    What is loaded by now stays: no request waits while the collector looks all of it through once more.
    """
    worker.wsgi.extensions["live"].start()
    gc.freeze()
