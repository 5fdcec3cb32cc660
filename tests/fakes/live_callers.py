"""Callers of the tests' own Twilio in real time, by the dozen: each call on a thread of its own.

What a caller does is said by whoever derives from this: `_looks` is asked all the while, `_is_through` at the end.
"""

import itertools
import threading
import time
from abc import ABC, abstractmethod
from typing import Final

from tests.fakes.fake_twilio import TwilioCall
from tests.fakes.live_agents import Agents
from tests.fakes.live_timeline import LiveTimeline, WallClock
from tests.fakes.live_twilio import LiveCall, LivePhones, PatientWire
from tests.fakes.twilio_wire import Answer
from tests.fakes.twiml_schema import schema

LONGEST_SECONDS: Final = 120.0


class LiveCallers(ABC):
    """`broken` is what went wrong in the fake's own world, and is nobody's verdict."""

    look_seconds = 0.5

    def __init__(self, public: str, port: int, token: str, agents: Agents) -> None:
        schema()  # read once, before many threads want it
        self._where = (public, port, token)
        self._agents = agents
        self._kept: dict[str, Answer] = {}
        self._orders = itertools.count(1)
        self._calls: dict[str, LiveCall] = {}
        self._threads: list[threading.Thread] = []
        self.broken: list[str] = []

    @abstractmethod
    def _looks(self, live: LiveCall, call: TwilioCall) -> None:
        """Time for the caller to do something."""

    @abstractmethod
    def _is_through(self, live: LiveCall, call: TwilioCall, dialled_at: float) -> None:
        """His call is over."""

    @property
    def in_calls(self) -> int:
        return sum(thread.is_alive() for thread in self._threads)

    def dial(self, number: str) -> None:
        """One caller more."""
        thread = threading.Thread(target=self._lives, args=(number,), name=f"twilio {number}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def redirect(self, sid: str, url: str) -> tuple[int, int] | None:
        """The REST side of a fetch."""
        live = self._calls.get(sid)
        return (404, 20404) if live is None else live.redirect(sid, url)

    def join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _lives(self, number: str) -> None:
        dialled_at = time.time()
        timeline, order = LiveTimeline(), next(self._orders)
        live = LiveCall(
            timeline,
            WallClock(),
            PatientWire(*self._where, kept=self._kept),
            LivePhones(self._agents, timeline),
            sid=f"CA{order:032x}",
        )
        live._legs = order << 8
        self._calls[live.sid] = live
        call = live.dials(number)
        timeline.every(self.look_seconds, lambda: self._looks(live, call))
        try:
            timeline.live(lambda: live.ended_at is not None, LONGEST_SECONDS)
        except Exception as error:  # noqa: BLE001 - a fault of the fake's own is told apart
            self.broken.append(f"{number}: {error!r}")
        self._is_through(live, call, dialled_at)
