"""The Asterisk Manager Interface: actions with a definite answer or a definite doubt, events as mere hints.

An action is sent once and never again. Who must know what happened asks the switch (`live_channels`), and
`on_connected` is the moment to do so: after every connection, and after events had to be dropped.
"""

import itertools
import logging
import queue
import threading
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ivr.adapters.manager_link import ManagerAddress, ManagerLink
from ivr.adapters.manager_wire import Headers, Message, render_message
from ivr.adapters.system_clock import SystemClock
from ivr.policy.masking import masked

_WAITING_EVENTS: Final = 1000
_LIST_TIMEOUTS: Final = 3  # a list may take this many times an action's timeout
_TICK_SECONDS: Final = 0.2
_LONGEST_UPTIME_DIGITS: Final = 10
_ANOTHER_AFTER: Final = timedelta(seconds=1.5)
_REMEMBERED: Final = 64

_log = logging.getLogger(__name__)


class ManagerUnavailable(Exception):
    """Not connected, or no answer in time; `outcome_unknown` when Asterisk may have acted all the same."""

    def __init__(self, message: str, *, outcome_unknown: bool) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class ManagerRefused(Exception):
    """Asterisk answered no; nothing was done."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class LiveChannel:
    name: str
    unique_id: str
    linked_id: str
    state: str = ""  # in the switch's words: Down, Ringing, Up…
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Pending:
    complete_event: str | None
    items: list[Message] = field(default_factory=list)
    answer: Future[Message] = field(default_factory=Future)

    def take(self, message: Message) -> None:
        if "Response" in message:
            if self.complete_event is None or message["Response"] == "Error":
                self._settle(message)
        elif message.get("Event") == self.complete_event:
            self._settle(message)
        else:
            self.items.append(message)

    def give_up(self) -> None:
        if not self.answer.done():
            lost = ManagerUnavailable("connection lost before the answer", outcome_unknown=True)
            self.answer.set_exception(lost)

    def _settle(self, message: Message) -> None:
        if not self.answer.done():
            self.answer.set_result(message)


class AsteriskManager:
    """Two connections, so that a flood of events never delays an action. Safe for any number of threads.

    `on_event` gets every event, one at a time; `on_connected` has a thread of its own, never twice at once.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: Callable[[Message], None],
        on_connected: Callable[[], None],
        action_timeout_seconds: float = 1.0,
    ) -> None:
        self._on_event, self._on_connected = on_event, on_connected
        self._timeout_seconds = action_timeout_seconds
        self._lock, self._told_connected = threading.Lock(), False
        self._pending: dict[str, _Pending] = {}
        self._prefix, self._numbers = uuid.uuid4().hex[:8], itertools.count(1)
        self._waiting: queue.Queue[Message] = queue.Queue(_WAITING_EVENTS)
        self._news, self._stopping = threading.Event(), threading.Event()
        self.dropped_events = 0
        self.booted_at: datetime | None = None
        """When this Asterisk began, to about a second, where it says so."""
        self.deaths: tuple[datetime, ...] = ()
        """When an Asterisk was lost to us that was never seen again, oldest first: another came after it."""
        self._losses: deque[datetime] = deque(maxlen=_REMEMBERED)
        address = ManagerAddress(host=host, port=port, username=username, secret=secret)
        self._actions = self._link("actions", address, on_message=self._take_answer)
        self._events = self._link("events", address, on_message=self._take_event)
        self._threads = [
            threading.Thread(target=self._tell_events, name="manager on_event", daemon=True),
            threading.Thread(target=self._tell_connected, name="manager on_connected", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        self._actions.start()
        self._events.start()

    def stop(self) -> None:
        self._stopping.set()
        self._news.set()
        self._actions.stop()
        self._events.stop()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(timeout=2)

    @property
    def connected(self) -> bool:
        return self._actions.ready and self._events.ready

    def action(
        self, name: str, /, *, variables: Mapping[str, str] | None = None, **headers: str
    ) -> dict[str, str]:
        """Asterisk's answer. ManagerRefused, ManagerUnavailable, or ValueError for what cannot be sent."""
        assigned = [("Variable", f"{key}={value}") for key, value in (variables or {}).items()]
        answer, _ = self._request([("Action", name), *headers.items(), *assigned], complete_event=None)
        return dict(answer)

    def redirect(self, channel: str, context: str, exten: str) -> None:
        """Takes the channel out of what it does and on at priority 1 there."""
        self.action("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")

    def live_channels(self, *variables: str) -> tuple[LiveChannel, ...]:
        """Every channel that exists now, with the values of those of its variables."""
        wanted = [("Variables", ",".join(variables))] if variables else []
        _, items = self._request([("Action", "Status"), *wanted], complete_event="StatusComplete")
        return tuple(
            LiveChannel(
                name=item["Channel"],
                unique_id=item["Uniqueid"],
                linked_id=item["Linkedid"],
                state=item.get("ChannelStateDesc", ""),
                variables=_assignments(item.get("Variable", "")),
            )
            for item in items
            if item.keys() >= {"Channel", "Uniqueid", "Linkedid"}
        )

    def _request(self, headers: Headers, *, complete_event: str | None) -> tuple[Message, list[Message]]:
        action_id = f"{self._prefix}-{next(self._numbers)}"
        block = render_message([*headers, ("ActionID", action_id)])
        pending = _Pending(complete_event=complete_event)
        with self._lock:
            if not self._actions.ready:
                raise ManagerUnavailable("not connected", outcome_unknown=False)
            self._pending[action_id] = pending
        try:
            answer = self._exchange(block, pending)
        finally:
            with self._lock:
                self._pending.pop(action_id, None)
        if answer.get("Response") == "Error":
            raise ManagerRefused(answer.get("Message", ""))
        return answer, pending.items

    def _exchange(self, block: bytes, pending: _Pending) -> Message:
        lists = _LIST_TIMEOUTS if pending.complete_event else 1
        try:
            self._actions.send(block)
            return pending.answer.result(lists * self._timeout_seconds)
        except OSError as error:  # TimeoutError is one
            raise ManagerUnavailable(str(error) or "no answer in time", outcome_unknown=True) from error

    def _link(
        self, name: str, address: ManagerAddress, *, on_message: Callable[[Message], None]
    ) -> ManagerLink:
        return ManagerLink(
            name,
            address,
            with_events=name == "events",
            send_timeout_seconds=self._timeout_seconds,
            on_message=on_message,
            on_ready=self._note_ready,
            on_lost=self._note_lost_actions if name == "actions" else self._note_lost,
        )

    def _note_ready(self) -> None:
        with self._lock:
            if self.connected and not self._told_connected:
                self._told_connected = True
                self._news.set()

    def _note_lost(self) -> None:
        with self._lock:
            self._told_connected = False
            self._losses.append(SystemClock().now())

    def _note_lost_actions(self) -> None:
        self._note_lost()
        with self._lock:
            for pending in self._pending.values():
                pending.give_up()

    def _take_answer(self, message: Message) -> None:
        with self._lock:
            pending = self._pending.get(message.get("ActionID", ""))
            if pending is not None:
                pending.take(message)

    def _take_event(self, message: Message) -> None:
        if "Event" not in message:
            return
        uptime = message.get("Uptime", "")
        if message["Event"] == "FullyBooted" and uptime.isdecimal() and len(uptime) < _LONGEST_UPTIME_DIGITS:
            self._note_booted(SystemClock().now() - timedelta(seconds=int(uptime)))
        try:
            self._waiting.put_nowait(message)
        except queue.Full:  # Asterisk cuts off whoever does not read: reading goes before telling
            self.dropped_events += 1
            if self.dropped_events % _WAITING_EVENTS == 1:
                _log.warning("%d events dropped: on_event is too slow", self.dropped_events)

    def _note_booted(self, at: datetime) -> None:
        """Told anew on every connection, in whole seconds: only much later than before is another Asterisk's."""
        with self._lock:
            if self.booted_at is None or at - self.booted_at > _ANOTHER_AFTER:
                before = [lost_at for lost_at in self._losses if lost_at <= at]
                self.deaths = (*self.deaths, *before[-1:])[-_REMEMBERED:]
                self.booted_at = at

    def _tell_events(self) -> None:
        dropped_before = 0
        while not self._stopping.is_set():
            try:
                event = self._waiting.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                if self.dropped_events != dropped_before:
                    dropped_before = self.dropped_events
                    self._news.set()
                continue
            _guarded(lambda event=event: self._on_event(event))  # type: ignore[misc]

    def _tell_connected(self) -> None:
        while not self._stopping.is_set():
            self._news.wait()
            self._news.clear()
            if self.connected and not self._stopping.is_set():
                _guarded(self._on_connected)


def _assignments(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def _guarded(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001 - a callback's error is not the connection's
        _log.error("a callback of the manager failed\n%s", masked(traceback.format_exc()))
