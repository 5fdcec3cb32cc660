"""Agents' phones, the caller's ear and the phone of who is called back: what people do and hear, at either door."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.simulation.timeline import Process

ANSWERED, DECLINED, LEFT, KEYED = "answered", "declined", "left", "keyed"
CUSTOMER_ANSWERED, CUSTOMER_DECLINED, CUSTOMER_LEFT = (
    "customer answered",
    "customer declined",
    "customer left",
)
RING_TONE, WAITING_SOUND = "ring tone", "waiting sound"


@dataclass
class Ear:
    """What the caller heard, in order, with the seconds. Music, and a ring tone after the pick-up, are waiting sounds:
    which of the two it is, is the one thing a story leaves to the door."""

    seconds: Callable[[], float]
    heard: list[tuple[float, str]] = field(default_factory=list)
    picked_up: bool = False

    @property
    def story(self) -> tuple[str, ...]:
        return tuple(what for _, what in self.heard)

    def hears(self, what: str) -> None:
        if not self.heard or self.heard[-1][1] != what:
            self.heard.append((round(self.seconds(), 3), what))

    def waits(self) -> None:
        self.hears(WAITING_SOUND if self.picked_up else RING_TONE)

    def listens(self) -> None:
        """Into the pause in which a key still counts: no story tells it."""


@dataclass
class Phone:
    """One agent's phone, which takes a second call while its first waits (`held`); `heard` is what was whispered."""

    login: str
    ringing: Process | None = None
    talking: Process | None = None
    held: list[Process] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    rung: int = 0
    keys: str = ""

    def rings(self, process: Process) -> None:
        self.ringing = process
        self.rung += 1

    def stops(self, process: Process | None) -> None:
        """That call is gone."""
        if self.ringing is process:
            self.ringing = None
        if self.talking is process:
            self.talking = self.held.pop() if self.held else None
        elif process in self.held:
            self.held.remove(process)

    def answers(self) -> None:
        process = self._ringing()
        if self.talking is not None:
            self.held.append(self.talking)
        self.ringing, self.talking = None, process
        assert process.tell(ANSWERED)

    def declines(self) -> None:
        process = self._ringing()
        self.ringing = None
        assert process.tell(DECLINED)

    def hangs_up(self) -> None:
        process = self.talking
        assert process is not None, f"{self.login} talks with nobody"
        assert process.tell(LEFT)

    def presses(self, keys: str) -> None:
        """What he is asked for by the call he has answered."""
        assert self.talking is not None, f"{self.login} has answered nobody"
        self.keys = keys
        assert self.talking.tell(KEYED), f"{self.login} is not asked for a key"

    def _ringing(self) -> Process:
        assert self.ringing is not None, f"{self.login}'s phone does not ring"
        return self.ringing


@dataclass
class CustomersPhone:
    """The phone of somebody who waits for our call; he hears of us from the moment he answers."""

    ear: Ear
    ringing: Process | None = None
    talking: Process | None = None
    rung: int = 0

    def rings(self, process: Process) -> None:
        self.ringing = process
        self.rung += 1

    def stops(self) -> None:
        self.ringing = self.talking = None

    def answers(self) -> None:
        process, self.ringing = self.ringing, None
        assert process is not None, "his phone does not ring"
        self.talking, self.ear.picked_up = process, True
        assert process.tell(CUSTOMER_ANSWERED)

    def declines(self) -> None:
        process, self.ringing = self.ringing, None
        assert process is not None, "his phone does not ring"
        assert process.tell(CUSTOMER_DECLINED)

    def hangs_up(self) -> None:
        assert self.talking is not None, "he talks with nobody"
        assert self.talking.tell(CUSTOMER_LEFT)

    def presses(self, keys: str) -> None:
        raise NotImplementedError(keys)


class Telephones:
    """All phones, by what is dialled."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}
        self.customers: dict[str, CustomersPhone] = {}

    def add(self, login: str) -> Phone:
        return self.phones.setdefault(login, Phone(login))

    def dialled(self, address: str) -> Phone | None:
        """`sip:LOGIN@host`, wherever in the dial string that stands."""
        login = address.rpartition("sip:")[2].partition("@")[0]
        return self.phones.get(login)
