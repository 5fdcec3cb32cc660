"""Servers that misbehave on the bursts' port, and a switch without the rest of the hotline to try them on.

One `BadAgiServer` plays all parts at once: which, is decided by the number of the caller whose burst it is.
"""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from config.settings import Settings
from ivr.cli.asterisk_config import etc_dir
from ivr.cli.private_asterisk import find_asterisk
from tests.real_asterisk.hotline import ROOT, RunningHotline, wait_until

BABBLE: Final = b"VERBOSE babble " * 64


class BadAgiServer:
    """Behaves towards the burst of each number as `parts` says; to a number not named it is silent."""

    def __init__(self, port: int, parts: Mapping[str, str]) -> None:
        self._parts = dict(parts)
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.bursts: list[tuple[str, str]] = []  # (number, script) of every burst that came

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Like the end of a process: every connection is closed."""
        self._closing.set()
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):
            number, script = _whose(sock)
            self.bursts.append((number, script))
            PARTS[self._parts.get(number, "silent")](sock, self._closing)

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        """Every kind of misbehaviour there is."""
        return tuple(PARTS)


def _whose(sock: socket.socket) -> tuple[str, str]:
    """The number and the script in the burst's environment."""
    text = b""
    while not text.endswith(b"\n\n"):
        received = sock.recv(4096)
        if not received:
            raise ConnectionError("closed before its environment")
        text += received
    environment = dict(line.partition(": ")[::2] for line in text.decode("utf-8", "replace").splitlines())
    return environment.get("agi_callerid", ""), environment.get("agi_network_script", "")


def _close(sock: socket.socket, closing: threading.Event) -> None:
    sock.close()


def _silent(sock: socket.socket, closing: threading.Event) -> None:
    closing.wait(60)


def _garbage(sock: socket.socket, closing: threading.Event) -> None:
    """Talks at once and without end, but nothing an AGI would say."""
    while not closing.wait(0.05):
        sock.sendall(b"HTTP/1.1 200 OK\r\n\xff\xfe\x00 result=0\n\n")


def _dies_after_one_reply(sock: socket.socket, closing: threading.Event) -> None:
    """Says what to do next and dies before it vouches for it: the switch must not believe half a burst."""
    sock.sendall(b'SET VARIABLE HL_VERBS "hangup"\n')
    sock.recv(4096)
    sock.close()


def _endless_line(sock: socket.socket, closing: threading.Event) -> None:
    while not closing.wait(0.01):
        sock.sendall(BABBLE)


def _half_line(sock: socket.socket, closing: threading.Event) -> None:
    """Half a command and then nothing, until a watchdog has killed it."""
    sock.sendall(b"SET VARIABLE HL_VER")
    closing.wait(2.5)
    sock.close()


def _slow(sock: socket.socket, closing: threading.Event) -> None:
    """Right in every word, two seconds for each: too late for a caller who is ringing."""
    while not closing.wait(2.0):
        sock.sendall(b'SET VARIABLE HL_VERBS "hangup"\n')
        sock.recv(4096)


PARTS: Final[dict[str, Callable[[socket.socket, threading.Event], None]]] = {
    "close": _close,
    "silent": _silent,
    "garbage": _garbage,
    "dies_after_one_reply": _dies_after_one_reply,
    "endless_line": _endless_line,
    "half_line": _half_line,
    "slow": _slow,
}


@contextmanager
def switch_alone(hotline: RunningHotline) -> Iterator[None]:
    """The switch of a hotline that is not running otherwise: nobody has the bursts' port but who takes it."""
    with part(hotline, "asterisk"):
        wait_until(lambda: "booted" in ask_switch(hotline.settings, "core waitfullybooted"), 20, hotline.logs)
        yield


def ask_switch(settings: Settings, words: str) -> str:
    """What the switch's own command line answers."""
    asterisk = find_asterisk(settings.tools_dir)
    assert asterisk is not None
    command = [*asterisk.argv, "-C", str(etc_dir(settings) / "asterisk.conf"), "-rx", words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout


@contextmanager
def part(hotline: RunningHotline, *name: str) -> Iterator[subprocess.Popen[bytes]]:
    """One part of the Procfile, run by itself."""
    hotline.settings.log_dir.mkdir(parents=True, exist_ok=True)
    with (hotline.settings.log_dir / f"{name[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ivr", "part", *name],
            cwd=ROOT,
            env=hotline.environ,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    until = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
