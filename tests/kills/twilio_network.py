"""Twilio in real time, for a hotline whose parts are killed: each order is played out on a thread of its own.

A document that cannot be had ends the call, as at Twilio; a status is sent again five times. Whom it rang and who spoke
is counted here, by the network, not by any book of ours.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from ivr.service.placed_call_ports import SPOKEN_AFTER
from tests.fakes.live_twilio import PatientWire
from tests.fakes.twilio_placed import Agent, Gone, PlacedLegs
from tests.fakes.twilio_rest import FakeTwilioRest, Fault, Ordered
from tests.fakes.twiml_schema import parse, schema
from tests.kills.judge import Ring

FASTER = 10.0  # people are so much quicker than life; servers are not
TALK_SECONDS = SPOKEN_AFTER.total_seconds() + 1.0  # what ends sooner may be none
RETRIES = 5
RETRY_SECONDS = 0.4
FAULTS = (
    Fault(status=500),
    Fault(status=500, executed=True),
    Fault(executed=True),
    Fault(status=429, retry_after="1"),
    Fault(),
)


class QuickPeople:
    """The clock by which people ring, talk and hang up."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def advance(self, seconds: float) -> datetime:
        time.sleep(TALK_SECONDS if seconds >= 30 else seconds / FASTER)
        return self.now()


@dataclass
class LiveLegs(PlacedLegs):
    """One order's legs; the web server may be away. `rings` has every call to a customer in them."""

    rings: list[Ring] = field(default_factory=list)

    def play(self, call: Ordered) -> None:
        if not self._is_agents(call):
            self.rings.append(Ring(number=call.to, rung_at=time.time()))
        super().play(call)

    def _customers_leg(self, call: Ordered, url: str, number: str) -> bool:
        """Where a document of his cannot be had the whole call is over: Twilio's pages do not say what follows."""
        rung_at, bridged = time.time(), False
        try:
            bridged = super()._customers_leg(call, url, number)
        finally:
            heard = {f"voice of {call.to}": time.time()} if bridged else {}
            self.rings.append(Ring(number=number, rung_at=rung_at, answered_at=rung_at, heard=heard))
        return bridged

    def _post(self, url: str, fields: dict[str, str]) -> list[ET.Element]:
        tries = RETRIES if "/status/" in urlsplit(url).path else 1
        for _ in range(tries):
            try:
                answer = self.wire.post(url, fields)
            except (OSError, AssertionError):
                answer = None
            if answer is not None and answer.status == 200:
                return list(parse(answer.body))
            if tries > 1:
                time.sleep(RETRY_SECONDS)
        if tries == 1:
            raise Gone
        return []


class LiveTwilio:
    """Entered, it plays every order as it comes; a share of the orders meets a fault of the interface."""

    def __init__(self, rest: FakeTwilioRest, public: str, port: int, token: str, seed: int) -> None:
        self.rest = rest
        self._wire = (public, port, token)
        self._dice = Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="twilio", daemon=True)
        self._playing: list[threading.Thread] = []
        self.rung: Counter[str] = Counter()
        self.talks: Counter[str] = Counter()
        self.rings: list[Ring] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        schema()  # read once, before many threads want it
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(5)
        for each in self._playing:
            each.join(10)

    def _run(self) -> None:
        seen = 0
        while not self._stop.wait(0.02):
            orders = list(self.rest.orders)
            for order in (each for each in orders[seen:] if each.direction == "outbound-api"):
                thread = threading.Thread(target=self._play, args=(order,), daemon=True)
                thread.start()
                self._playing.append(thread)
            seen = len(orders)
            if not self.rest.faults and self._dice.random() < 0.002:
                self.rest.faults.append(self._dice.choice(FAULTS))

    def _play(self, order: Ordered) -> None:
        legs = LiveLegs(self.rest, PatientWire(*self._wire), QuickPeople())  # type: ignore[arg-type] # it only passes time
        legs.agent = Agent(hangs_up_first=self._dice.random() < 0.5)
        legs.action_after_hangup = self._dice.random() < 0.5
        try:
            legs.play(order)
        finally:
            with self._lock:
                self.rung.update(legs.rung)
                self.talks.update(legs.talks)
                self.rings.extend(legs.rings)
