"""A switch for callbacks with its own log of whom it rang; like the real one it refuses an attempt it has seen."""

from collections.abc import Callable
from datetime import datetime

from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.service.callback_ports import AnnounceOrder, AttemptName, AttemptSeen, Placed, PlaceOrder

NEVER_SEEN = AttemptSeen(says=SwitchSays.NEVER_SEEN)
RUNS = AttemptSeen(says=SwitchSays.SEEN)
NOBODY_KNOWS = AttemptSeen(says=SwitchSays.UNKNOWN)


def over(result: AttemptResult, at: datetime, served_at: datetime | None = None) -> AttemptSeen:
    """An attempt whose end stands in the switch's log."""
    return AttemptSeen(says=SwitchSays.SEEN, result=result, served_at=served_at, ended_at=at)


class FakeCallbackSwitch:
    """CallbackSwitch port; `answers` is what `place` says, `down` makes it know nothing.

    `log` and `heard` are written by id and number; what stands there under another nonce than the one in `nonces` is
    another database's.
    """

    def __init__(self) -> None:
        self.answers = Placed.SENT
        self.down = False
        self.placed: list[PlaceOrder] = []
        self.announcements: list[AnnounceOrder] = []
        self.stopped: list[tuple[int, int]] = []
        self.asked: list[AttemptName] = []
        self.nonces: dict[str, str] = {}
        self.log: dict[tuple[int, int], AttemptSeen] = {}
        self.heard: dict[tuple[int, int], AttemptSeen] = {}
        self.on_place: Callable[[PlaceOrder], None] = lambda _order: None

    def place(self, order: PlaceOrder) -> Placed:
        self.on_place(order)
        if self._knows(order.name) or self.answers is Placed.REFUSED:
            return Placed.REFUSED
        self.placed.append(order)
        self._begins(order.name)
        return self.answers

    def attempt(self, name: AttemptName) -> AttemptSeen:
        self.asked.append(name)
        if self.down:
            return NOBODY_KNOWS
        return self._written(name)[name.callback_id, name.number] if self._knows(name) else NEVER_SEEN

    def announce(self, order: AnnounceOrder) -> Placed:
        if self.answers is not Placed.REFUSED:
            self.announcements.append(order)
            self._begins(order.name)
        return self.answers

    def stop(self, name: AttemptName) -> None:
        self.stopped.append((name.callback_id, name.number))

    def _written(self, name: AttemptName) -> dict[tuple[int, int], AttemptSeen]:
        return self.heard if name.is_announcement else self.log

    def _knows(self, name: AttemptName) -> bool:
        is_his = self.nonces.get(numbers(name), name.nonce) == name.nonce
        return is_his and (name.callback_id, name.number) in self._written(name)

    def _begins(self, name: AttemptName) -> None:
        self._written(name)[name.callback_id, name.number] = RUNS
        self.nonces[numbers(name)] = name.nonce


def numbers(name: AttemptName) -> str:
    """All of a name but what makes it unlike every other."""
    return str(name).rpartition("-")[0]
