"""The FastAGI server: a thread per burst, each bounded in time, none served without the path token.

AGI knows no password, so the address carries one: agi://host:port/TOKEN/SCRIPT. A burst that fails is closed
without its sentinel and the dialplan goes on by itself: silence towards Asterisk is the only thing forbidden.
"""

import hmac
import ipaddress
import logging
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from agi_scripts.burst_threads import BurstThreads
from agi_scripts.session import AgiProtocolError, AgiSession, AgiTimeout, CallerHungUp
from ivr.policy.masking import masked
from ivr.service.ports import BookUnavailable

Script = Callable[[AgiSession], None]

_BACKLOG: Final = 1024  # a full backlog costs every caller two seconds
_TICK_SECONDS: Final = 0.1
_REAP_SECONDS: Final = 0.2  # a session ends itself at its deadline; this is for a script that does not listen
_UNPROVEN_SECONDS: Final = 0.25
_WATCH: Final = "canary"
_LEAST_TOKEN: Final = 16
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,150}")

_log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class _Burst:
    """`proven`: it has shown the token."""

    sock: socket.socket
    since: float
    deadline: float
    proven: bool = False


class _Seldom:
    """Complaints that a stranger can cause at will: one line a second, with the number of those left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next, self._left_out = 0.0, 0

    def warn(self, text: str) -> None:
        with self._lock:
            if time.monotonic() < self._next:
                self._left_out += 1
                return
            left_out, self._left_out = self._left_out, 0
            self._next = time.monotonic() + 1.0
        _log.warning("%s%s", text, f" ({left_out} more lines like this left out)" if left_out else "")


class FastAgiServer:
    """Listens from construction on (`address` tells where), serves from `serve_forever` until `stop`.

    `allow` names networks beyond loopback that may connect, e.g. "10.0.0.5/32"; without it only this machine
    may, and a host that is not loopback is refused. `last_accept_loop_at` is the loop's monotonic heartbeat.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        token: str,
        host: str = "127.0.0.1",
        port: int = 4573,
        max_sessions: int = 200,  # running; as many again may be about to say who they are
        session_seconds: float = 2.5,
        allow: Sequence[str] = (),
    ) -> None:
        if len(token) < _LEAST_TOKEN or "/" in token:
            raise ValueError(f"the path token has at least {_LEAST_TOKEN} characters and no slash")
        if not (allow or ipaddress.ip_address(host).is_loopback):
            raise ValueError(f"FastAGI has no encryption: {host} needs an allow list")
        self._scripts, self._token = dict(scripts), token.encode()
        self._max_sessions, self._session_seconds = max_sessions, session_seconds
        self._allowed = [ipaddress.ip_network(network) for network in ("127.0.0.0/8", "::1/128", *allow)]
        self._bursts: dict[_Burst, None] = {}  # in the order they came
        self._proven = 0
        self._complaints = _Seldom()
        self._threads = BurstThreads()
        self._looked_at = time.monotonic()
        self._changed = threading.Condition()
        self._accepting, self._stopping, self._stopped = (threading.Event() for _ in range(3))
        self.last_accept_loop_at = time.monotonic()
        self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        self._listener.settimeout(_TICK_SECONDS)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def running(self) -> int:
        """Bursts in progress."""
        return len(self._bursts)

    def serve_forever(self) -> None:
        """Until `stop`, whose grace it waits out: when it returns no burst needs anything any more."""
        self._accepting.set()
        try:
            while not self._stopping.is_set():
                self.last_accept_loop_at = time.monotonic()
                self._accept_one()
                self._end_overdue()
        finally:
            self._listener.close()
            self._accepting.clear()
        self._stopped.wait()

    def stop(self, grace_seconds: float = 3.0) -> None:
        """No new burst; the running ones may finish within the grace, then their connections end."""
        self._stopping.set()
        if not self._accepting.is_set():  # else the loop closes it, so that nobody closes it under an accept
            self._listener.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._bursts, timeout=grace_seconds)
            for burst in self._bursts:
                _hang_up(burst.sock)
        self._stopped.set()

    def _accept_one(self) -> None:
        try:
            sock, peer = self._listener.accept()
        except TimeoutError:
            return
        except OSError as error:
            if not self._stopping.wait(_TICK_SECONDS):
                _log.error("cannot accept bursts: %s", error)
            return
        if not self._is_allowed(peer[0]):
            _log.warning("burst from %s refused", peer[0])
            sock.close()
        elif not self._has_room():
            self._complaints.warn(f"burst refused: {len(self._bursts)} connections")
            sock.close()
        else:
            self._begin(sock)

    def _has_room(self) -> bool:
        """A burst of ours speaks at once: who connects and is silent keeps his place only while nobody needs it."""
        with self._changed:
            if len(self._bursts) - self._proven < self._max_sessions:
                return True
            oldest = next(burst for burst in self._bursts if not burst.proven)
            if time.monotonic() - oldest.since < _UNPROVEN_SECONDS:
                return False
            del self._bursts[oldest]
            _hang_up(oldest.sock)
            return True

    def _is_allowed(self, address: str) -> bool:
        if address == "127.0.0.1":  # nearly always
            return True
        peer = ipaddress.ip_address(address)
        return any(peer in network for network in self._allowed)

    def _begin(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        now = time.monotonic()
        burst = _Burst(sock=sock, since=now, deadline=now + self._session_seconds)
        with self._changed:
            self._bursts[burst] = None
        try:
            self._threads.start(lambda: self._serve(burst))
        except RuntimeError as error:
            _log.error("no thread for a burst: %s", error)
            self._forget(burst)

    def _serve(self, burst: _Burst) -> None:
        try:
            self._converse(burst)
        except CallerHungUp as error:
            _log.debug("%s", error)  # also the health probe that connects and leaves
        except (AgiTimeout, AgiProtocolError, OSError) as error:
            self._complaints.warn(f"burst ended before its script began: {masked(str(error))}")
        finally:
            self._forget(burst)

    def _converse(self, burst: _Burst) -> None:
        remaining_seconds = burst.deadline - time.monotonic()
        session = AgiSession.over_socket(burst.sock, deadline_seconds=remaining_seconds)
        script = self._script_of(session)
        if script is not None and self._admits(burst, session):
            _run(script, session)

    def _admits(self, burst: _Burst, session: AgiSession) -> bool:
        """The watch is always let in: a server that has much to do is not one that stands still."""
        with self._changed:
            if burst not in self._bursts:
                return False
            full = self._proven >= self._max_sessions and not session.script.endswith(f"/{_WATCH}")
            if not full:
                burst.proven = True
                self._proven += 1
        if full:
            self._complaints.warn(f"burst refused: {self._max_sessions} are running")
        return not full

    def _script_of(self, session: AgiSession) -> Script | None:
        token, _, name = session.script.partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._token):
            self._complaints.warn("burst with a wrong token refused")
            return None
        if name not in self._scripts:
            _log.warning("burst for no script of ours: %r", masked(name[:60]))
        return self._scripts.get(name)

    def _forget(self, burst: _Burst) -> None:
        with self._changed:
            if burst in self._bursts:
                del self._bursts[burst]
                self._proven -= burst.proven
            burst.sock.close()
            self._changed.notify_all()

    def _end_overdue(self) -> None:
        """A script that hangs must not hold its caller: the end of the connection frees the channel."""
        now = time.monotonic()
        if now - self._looked_at < _TICK_SECONDS:
            return
        self._looked_at, overdue = now, now - _REAP_SECONDS
        with self._changed:
            for burst in self._bursts:
                if burst.deadline < overdue:
                    _hang_up(burst.sock)


def _run(script: Script, session: AgiSession) -> None:
    call_id = session.env.get("agi_uniqueid", "")
    shown = call_id if _CALL_ID.fullmatch(call_id) else "?"  # an id is a time and a count: not to be masked
    try:
        script(session)
    except CallerHungUp as error:
        _log.info("call %s: %s", shown, masked(str(error)))
    except (
        BookUnavailable
    ) as error:  # the dialplan asks again or goes on by itself; one line a burst is enough
        _log.warning("call %s: not in the book: %s", shown, error)
    except Exception:  # noqa: BLE001 - the one boundary of this door; the dialplan has its own way on
        _log.error("call %s: burst failed\n%s", shown, masked(traceback.format_exc()))


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        sock.shutdown(socket.SHUT_RDWR)
