"""The switch of the simulation: it always answers, fetches callers out of their music, and calls customers back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.service.callback_ports import (
    AnnounceOrder,
    AttemptName,
    AttemptSeen,
    CallbackNews,
    Placed,
    PlaceOrder,
)
from ivr.service.ports import Clock, Entry
from ivr.simulation.demand import Caller
from ivr.simulation.line import FETCH_SECONDS, CallersLine
from ivr.simulation.timeline import Life, Process, Timeline, Wait

WHISPER_SECONDS = 3.0  # heard, and a key pressed
CUSTOMER_ANSWERS_SECONDS = 8.0


@dataclass(frozen=True, kw_only=True)
class Phones:
    """How quickly agents and customers come to the phone; customers by number."""

    answer_seconds: float
    customers: Mapping[str, Caller]


class SimulatedSwitch:
    """Switch and CallbackSwitch over the lines of the day; `news` is whom it tells of its own accord."""

    def __init__(self, timeline: Timeline, clock: Clock, phones: Phones) -> None:
        self.lines: dict[str, CallersLine] = {}
        self.news: CallbackNews | None = None
        self._timeline = timeline
        self._clock = clock
        self._phones = phones
        self._rung: dict[str, int] = {}  # how often each number was rung back
        self._seen: dict[AttemptName, AttemptSeen] = {}

    # ---- Switch ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return True

    def fetch(self, entry: Entry) -> bool:
        self._timeline.after(FETCH_SECONDS, self.lines[entry.contact.ref].is_fetched)
        return True

    def live_refs(self) -> frozenset[str] | None:
        return frozenset(self.lines)

    # ---- CallbackSwitch -------------------------------------------------------------------------------------------

    def place(self, order: PlaceOrder) -> Placed:
        self._seen[order.name] = AttemptSeen(says=SwitchSays.SEEN)
        Process(self._timeline, self._attempt(order))
        return Placed.SENT

    def attempt(self, name: AttemptName) -> AttemptSeen:
        return self._seen.get(name, AttemptSeen(says=SwitchSays.NEVER_SEEN))

    def announce(self, order: AnnounceOrder) -> Placed:
        """Who is reached hears it; that it is over is told by `told` alone."""
        self._seen[order.name] = AttemptSeen(says=SwitchSays.SEEN)
        Process(self._timeline, self._announcement(order))
        return Placed.SENT

    def stop(self, name: AttemptName) -> None:
        """A caller who rang again is not rung at the same time."""

    def _attempt(self, order: PlaceOrder) -> Life:
        """The agent first, then the customer."""
        yield Wait(self._phones.answer_seconds + WHISPER_SECONDS)
        if not self._is_there(order.number):
            yield Wait(order.customer_ring_seconds)
            self._ended(order, AttemptResult.NO_ANSWER, None)
            return
        yield Wait(CUSTOMER_ANSWERS_SECONDS)
        served_at = self._clock.now()
        self._told.served(order.name, served_at)
        yield Wait(self._phones.customers[order.number].handling_seconds)
        self._ended(order, AttemptResult.REACHED, served_at)

    def _announcement(self, order: AnnounceOrder) -> Life:
        heard = self._is_there(order.number)
        yield Wait(CUSTOMER_ANSWERS_SECONDS * 2 if heard else order.customer_ring_seconds)
        self._told.told(order.name, heard, self._clock.now())

    def _is_there(self, number: str) -> bool:
        """He misses his first callbacks, as often as he was drawn to."""
        rung = self._rung[number] = self._rung.get(number, 0) + 1
        return rung > self._phones.customers[number].missed_callbacks

    def _ended(self, order: PlaceOrder, result: AttemptResult, served_at: datetime | None) -> None:
        now = self._clock.now()
        self._seen[order.name] = AttemptSeen(
            says=SwitchSays.SEEN, result=result, served_at=served_at, ended_at=now
        )
        self._told.ended(order.name, result, served_at, now)

    @property
    def _told(self) -> CallbackNews:
        assert self.news is not None
        return self.news
