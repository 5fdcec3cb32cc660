"""The FastAGI server: one loop reads and answers every burst, each bounded in time, none without the path token.

AGI knows no password, so the address carries one: agi://host:port/TOKEN/SCRIPT. A burst that fails is closed
without its sentinel and the dialplan goes on by itself: silence towards Asterisk is the only thing forbidden.

The loop waits for nobody. A script that may have to wait runs in a thread; a quick one asks and is told later, and
its variables leave in the thread that has them.
"""

import hmac
import ipaddress
import logging
import re
import select
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from agi_scripts.burst_threads import BurstThreads
from agi_scripts.connection import Connection
from agi_scripts.door import Answer, Aside
from agi_scripts.session import AgiSession, AgiTimeout, CallerHungUp
from ivr.policy.masking import masked
from ivr.service.ports import BookUnavailable

Script = Callable[[AgiSession], None]
Quick = Callable[[AgiSession, Callable[[Answer], None], Aside], None]
"""Reads the session and asks; what it passes to the function it is given are the variables to set, or why not."""

_BACKLOG: Final = 1024  # a full backlog costs every caller two seconds
_TICK_SECONDS: Final = 0.1
_REAP_SECONDS: Final = 0.2  # a session ends itself at its deadline; this is for a script that does not listen
_UNPROVEN_SECONDS: Final = 0.25
_ACCEPTED_AT_ONCE: Final = 32
_ONCE: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_WATCH: Final = "canary"
_LEAST_TOKEN: Final = 16
_CALL_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,150}")

_log = logging.getLogger(__name__)


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
        quick: Mapping[str, Quick] | None = None,
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
        self._scripts, self._quick, self._token = dict(scripts), dict(quick or {}), token.encode()
        self._max_sessions, self._session_seconds = max_sessions, session_seconds
        self._allowed = [ipaddress.ip_network(network) for network in ("127.0.0.0/8", "::1/128", *allow)]
        self._bursts: dict[Connection, None] = {}  # in the order they came
        self._by_descriptor: dict[int, Connection] = {}
        self._proven = 0
        self._lock = threading.Lock()
        self._complaints = _Seldom()
        self._threads = BurstThreads()
        self._looked_at = time.monotonic()
        self._serving, self._stopping, self._stopped = (threading.Event() for _ in range(3))
        self._grace_ends_at = 0.0
        self.last_accept_loop_at = time.monotonic()
        self._listener = socket.create_server((host, port), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def running(self) -> int:
        """Bursts in progress."""
        return len(self._bursts)

    def serve_forever(self) -> None:
        """Until `stop`, whose grace it waits out: when it returns no burst needs anything any more."""
        self._serving.set()
        try:
            while not self._stopping.is_set():
                self.last_accept_loop_at = time.monotonic()
                self._turn()
            self._poll.unregister(self._listener)
            self._listener.close()
            while self._bursts and time.monotonic() < self._grace_ends_at:
                self._turn()
        finally:
            self._listener.close()
            for burst in tuple(self._bursts):
                burst.hang_up()
            self._stopped.set()

    def stop(self, grace_seconds: float = 3.0) -> None:
        """No new burst; the running ones may finish within the grace, then their connections end."""
        self._grace_ends_at = time.monotonic() + grace_seconds
        self._stopping.set()
        if self._serving.is_set():  # else nobody accepts, and nobody else closes it
            self._stopped.wait()
        else:
            self._listener.close()

    # ---- the loop: nothing in it waits -------------------------------------------------------------------------

    def _turn(self) -> None:
        for descriptor, _ in self._poll.poll(_TICK_SECONDS):
            burst = self._by_descriptor.get(descriptor)
            if burst is not None and burst.awaited:
                self._guarded(burst, self._go_on)
            elif descriptor == self._listener.fileno():
                self._accept()
        self._look_after_all()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                _log.error("cannot accept bursts: %s", error)
                self._stopping.wait(_TICK_SECONDS)
                return
            if not self._is_allowed(peer[0]):
                _log.warning("burst from %s refused", peer[0])
                sock.close()
            elif not self._has_room():
                self._complaints.warn(f"burst refused: {len(self._bursts)} connections")
                sock.close()
            else:
                self._begin(sock)

    def _is_allowed(self, address: str) -> bool:
        if address == "127.0.0.1":  # nearly always
            return True
        peer = ipaddress.ip_address(address)
        return any(peer in network for network in self._allowed)

    def _has_room(self) -> bool:
        """A burst of ours speaks at once: who connects and is silent keeps his place only while nobody needs it."""
        if len(self._bursts) - self._proven < self._max_sessions:
            return True
        oldest = next((burst for burst in self._bursts if not burst.proven), None)
        if oldest is None or time.monotonic() - oldest.since < _UNPROVEN_SECONDS:
            return False
        self._forget(oldest)
        return True

    def _begin(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        burst = Connection(sock, seconds=self._session_seconds)
        self._bursts[burst] = None
        self._by_descriptor[burst.descriptor] = burst
        self._poll.register(burst.descriptor, _ONCE)

    def _await(self, burst: Connection) -> None:
        """The loop goes on with it as soon as something comes."""
        burst.awaited = True
        self._poll.modify(burst.descriptor, _ONCE)

    def _go_on(self, burst: Connection) -> None:
        """Something has come, or the connection has ended."""
        burst.awaited = False
        if not burst.take_in():
            raise CallerHungUp("the connection ended")  # also the health probe that connects and leaves
        if burst.session is not None:
            self._finish(burst, burst.session)
        elif burst.has_environment:
            self._open(burst)
        else:
            self._await(burst)

    def _open(self, burst: Connection) -> None:
        session = AgiSession(burst, deadline_seconds=burst.deadline - time.monotonic())
        name = self._name_of(session)
        if name is None or not self._admits(burst, name):
            self._forget(burst)
            return
        burst.session = session
        if name in self._quick:
            self._quick[name](session, lambda answer: self._told(burst, session, answer), self._threads.start)
        else:
            self._aside(burst, lambda: self._scripts[name](session))

    def _name_of(self, session: AgiSession) -> str | None:
        token, _, name = session.script.partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._token):
            self._complaints.warn("burst with a wrong token refused")
            return None
        if name in self._quick or name in self._scripts:
            return name
        _log.warning("burst for no script of ours: %r", masked(name[:60]))
        return None

    def _admits(self, burst: Connection, name: str) -> bool:
        """The watch is always let in: a server that has much to do is not one that stands still."""
        with self._lock:
            if self._proven >= self._max_sessions and name != _WATCH:
                self._complaints.warn(f"burst refused: {self._max_sessions} are running")
                return False
            burst.proven = True
            self._proven += 1
            return True

    def _finish(self, burst: Connection, session: AgiSession) -> None:
        """The reply to a quick burst's only command."""
        if burst.has_plain_reply:
            session.get_result()
            self._forget(burst)
        else:
            self._aside(burst, session.get_result)

    def _look_after_all(self) -> None:
        """A session ends itself at its deadline; a script that hangs, or nobody's burst, must not hold its caller."""
        now = time.monotonic()
        if now - self._looked_at < _TICK_SECONDS:
            return
        self._looked_at = now
        for burst in tuple(self._bursts):
            if burst.awaited and burst.deadline < now:
                self._guarded(burst, _give_up)
            elif burst.deadline + _REAP_SECONDS < now:
                burst.hang_up() if burst.aside else self._guarded(burst, _give_up)

    # ---- outside the loop --------------------------------------------------------------------------------------

    def _aside(self, burst: Connection, script: Callable[[], object]) -> None:
        """Let a thread wait for what this burst needs."""

        def whole() -> None:
            self._guarded(burst, lambda _: script())
            self._forget(burst)

        burst.aside = True
        try:
            self._threads.start(whole)
        except RuntimeError as error:
            _log.error("no thread for a burst: %s", error)
            self._forget(burst)

    def _told(self, burst: Connection, session: AgiSession, answer: Answer) -> None:
        """What a quick script asked for is there: in whatever thread, once."""
        self._guarded(burst, lambda _: self._answer(burst, session, answer()))

    def _answer(self, burst: Connection, session: AgiSession, values: Mapping[str, object]) -> None:
        if session.send_variables(values):
            self._await(burst)
        else:
            self._aside(burst, lambda: session.set_variables(values))

    def _guarded(self, burst: Connection, step: Callable[[Connection], object]) -> None:
        """Whatever goes wrong in a step ends this burst and nothing else."""
        try:
            step(burst)
        except Exception as error:  # noqa: BLE001 - the one boundary of this door; the dialplan has its own way on
            self._complain(burst, error)
            self._forget(burst)

    def _complain(self, burst: Connection, error: Exception) -> None:
        if burst.session is None:
            if not isinstance(error, CallerHungUp):
                self._complaints.warn(f"burst ended before its script began: {masked(str(error))}")
            return
        call_id = burst.session.env.get("agi_uniqueid", "")
        shown = (
            call_id if _CALL_ID.fullmatch(call_id) else "?"
        )  # an id is a time and a count: not to be masked
        if isinstance(error, CallerHungUp):
            _log.info("call %s: %s", shown, masked(str(error)))
        elif isinstance(error, BookUnavailable):
            # The dialplan asks again or goes on by itself; one line a burst is enough.
            _log.warning("call %s: not in the book: %s", shown, error)
        else:
            story = "".join(traceback.format_exception(error))
            _log.error("call %s: burst failed\n%s", shown, masked(story))

    def _forget(self, burst: Connection) -> None:
        with self._lock:
            if burst not in self._bursts:
                return
            del self._bursts[burst]
            self._proven -= burst.proven
            if self._by_descriptor.get(burst.descriptor) is burst:
                del self._by_descriptor[burst.descriptor]
            burst.close()


def _give_up(burst: Connection) -> None:
    doing = "environment" if burst.session is None else "reply" if burst.awaited else "answer"
    raise AgiTimeout(f"no time left in {doing}")
