"""One real sipp: started, given orders, read and ended.

An order is a datagram with the call's Call-ID and a method of ours (HANGUP, ANSWER ...); the
scenario waits for it. sipp takes it as a message of the call, so it stands in the log too.
"""

import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from ivr.cli.private_asterisk import Program
from ivr.cli.telephone.sip_log import Message, read_messages

CALLER = Path(__file__).parent / "caller.xml"
_orders = itertools.count(1)


def free_udp_port() -> int:
    """Below the range from which the kernel serves everybody, so that nobody is given it meanwhile."""
    while True:
        port = random.randrange(11000, 19999)  # noqa: S311 # a port, not a secret
        if not udp_port_is_taken(port):
            return port


def udp_port_is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class Sipp:
    """One running sipp with its own SIP port and message log; ended by its own process group."""

    def __init__(
        self,
        program: Program,
        scenario: Path,
        *,
        server_port: int,
        port: int | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._program = program
        self._scenario = scenario
        self._server_port = server_port
        self._address = address
        self.port = port or free_udp_port()
        self._directory = Path(tempfile.mkdtemp(prefix="phone-"))
        self._read: list[Message] = []
        self._read_bytes = 0
        self._last_words: tuple[list[Message], str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, keys: dict[str, str], *extra: str) -> None:
        values = [item for name, value in keys.items() for item in ("-key", name, value)]
        where = [f"127.0.0.1:{self._server_port}", "-i", self._address, "-bind_local", "-p", str(self.port)]
        what = ["-sf", str(self._scenario), "-nostdin", "-skip_rlimit"]
        logs = ["-trace_msg", "-message_file", "messages.log", "-trace_err", "-error_file", "errors.log"]
        self._process = subprocess.Popen(
            [*self._program.argv, *where, *what, *logs, *values, *extra],
            cwd=self._directory,
            env={"TZ": "UTC", "TERM": "dumb", "LC_ALL": "C.UTF-8", "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def messages(self) -> list[Message]:
        """All so far; the log is read again only when it has grown, so that asking often costs nothing."""
        if self._last_words:
            return self._last_words[0]
        log = self._directory / "messages.log"
        size = log.stat().st_size if log.exists() else 0
        if size != self._read_bytes:
            self._read, self._read_bytes = read_messages(log), size
        return self._read

    def complaints(self) -> str:
        """What sipp itself says it did not expect; its scenario's own time limits are in it too."""
        if self._last_words:
            return self._last_words[1]
        log = self._directory / "errors.log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def wait_until_listening(self, seconds: float = 5) -> None:
        """sipp does not say when it listens: its port is its own then. Trying to bind it could take it from sipp."""
        until = time.monotonic() + seconds
        while not self._listens():
            if not self.running() or time.monotonic() > until:
                raise AssertionError(f"sipp does not listen on {self.port}: {self.complaints()}")
            time.sleep(0.01)

    def _listens(self) -> bool:
        assert self._process is not None
        try:
            sockets = psutil.Process(self._process.pid).net_connections("udp")
        except psutil.Error:
            return False
        return any(each.laddr and each.laddr.port == self.port for each in sockets)

    def wait(self, seconds: float) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def order(self, method: str, call_id: str, header: str = "") -> None:
        branch = f"z9hG4bKorder{next(_orders)}"
        text = (
            f"{method} sip:phone@127.0.0.1:{self.port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch={branch}\r\n"
            f"From: <sip:test@127.0.0.1>;tag={branch}\r\nTo: <sip:phone@127.0.0.1>\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {branch[12:]} {method}\r\n{header}Content-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(text.encode(), (self._address, self.port))

    def stop(self) -> None:
        """Ends the process; what it logged can still be read."""
        if self._process is not None:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                self._end_by(self._process, sign)
        if self._last_words is None:
            self._last_words = (self.messages(), self.complaints())
            shutil.rmtree(self._directory, ignore_errors=True)

    @staticmethod
    def _end_by(process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
        if process.poll() is None:
            os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
