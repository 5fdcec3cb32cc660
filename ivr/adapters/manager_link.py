"""One connection to the Asterisk manager that keeps itself alive, and says when it is ready and when lost.

It never repeats what it has sent: after a loss nobody can know whether Asterisk has acted on it.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ivr.adapters.manager_wire import ManagerWire, Message, render_message

_CONNECT_SECONDS: Final = 1.0
_LOGIN_SECONDS: Final = 2.0
_BOOT_SECONDS: Final = 1.0  # FullyBooted is told only to users who may read `system`
_KEEPALIVE_SECONDS: Final = 5.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ManagerAddress:
    host: str
    port: int
    username: str
    secret: str = field(repr=False)


class ManagerLink:
    """`start`, `send` while `ready`, `stop`. The three callbacks run in the link's own thread."""

    def __init__(
        self,
        name: str,
        address: ManagerAddress,
        *,
        with_events: bool,
        send_timeout_seconds: float,
        on_message: Callable[[Message], None],
        on_ready: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._name, self._address, self._with_events = name, address, with_events
        self._send_timeout_seconds = send_timeout_seconds
        self._on_message, self._on_ready, self._on_lost = on_message, on_ready, on_lost
        self._wire: ManagerWire | None = None
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._complaint = ""
        self._thread = threading.Thread(target=self._run, name=f"manager {name}", daemon=True)
        self.ready = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        wire = self._wire
        if wire is not None:
            wire.end()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(_CONNECT_SECONDS + _LOGIN_SECONDS)

    def send(self, block: bytes) -> None:
        """One whole block; OSError when the link is down or breaks meanwhile."""
        wire = self._wire
        if wire is None:
            raise ConnectionError("not connected to the manager")
        with self._one_at_a_time:
            wire.send(block)

    def _run(self) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            if self._live_once():
                pause_seconds = _FIRST_PAUSE_SECONDS
            self._stopping.wait(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _live_once(self) -> bool:
        """One connection from beginning to end; whether it ever was ready."""
        try:
            self._connect_and_read()
        except (OSError, EOFError, ValueError) as error:
            self._complain(str(error) or type(error).__name__)
        finally:
            was_ready, self.ready = self.ready, False
            if self._wire is not None:
                self._wire.close()
                self._wire = None
            if was_ready:
                self._on_lost()
        return was_ready

    def _connect_and_read(self) -> None:
        address = (self._address.host, self._address.port)
        sock = socket.create_connection(address, timeout=_CONNECT_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wire = wire = ManagerWire(sock, send_timeout_seconds=self._send_timeout_seconds)
        wire.read_banner(_LOGIN_SECONDS)
        self._log_in(wire)
        if not self._with_events:
            self._become_ready()
        self._read(wire)

    def _log_in(self, wire: ManagerWire) -> None:
        events = "on" if self._with_events else "off"
        user = [("Username", self._address.username), ("Secret", self._address.secret)]
        self.send(render_message([("Action", "Login"), *user, ("Events", events)]))
        deadline = time.monotonic() + _LOGIN_SECONDS
        while (answer := wire.read_message(deadline - time.monotonic())) is not None:
            if answer.get("Response") == "Success":
                return
            if "Response" in answer:
                raise ConnectionError(f"login refused: {answer.get('Message', '')[:80]}")
        raise TimeoutError("no answer to the login")

    def _read(self, wire: ManagerWire) -> None:
        heard_at, booted_at, pinged = time.monotonic(), time.monotonic() + _BOOT_SECONDS, False
        while not self._stopping.is_set():
            wait_seconds = _KEEPALIVE_SECONDS if self.ready else booted_at - time.monotonic()
            message = wire.read_message(max(0.0, wait_seconds))
            if message is not None:
                heard_at, pinged = time.monotonic(), False
                self._take(message)
            elif not self.ready:
                self._become_ready()
            elif pinged:
                raise TimeoutError(f"silent for {time.monotonic() - heard_at:.0f} s")
            else:
                self.send(render_message([("Action", "Ping"), ("ActionID", "keepalive")]))
                pinged = True

    def _take(self, message: Message) -> None:
        if message.get("Event") == "FullyBooted" and not self.ready:
            self._become_ready()
        self._on_message(message)

    def _become_ready(self) -> None:
        self.ready, self._complaint = True, ""
        _log.info("manager %s connected", self._name)
        self._on_ready()

    def _complain(self, complaint: str) -> None:
        """Once per reason: an Asterisk that is down for a night is one line."""
        if complaint != self._complaint and not self._stopping.is_set():
            _log.warning("manager %s: %s", self._name, complaint)
        self._complaint = complaint
