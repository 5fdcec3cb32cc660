"""Agents' phones and the caller's ear: what people do and hear, the same at either door."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.simulation.timeline import Process

ANSWERED, DECLINED, LEFT = "answered", "declined", "left"
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


@dataclass
class Phone:
    """One agent's phone, which takes a second call while its first waits (`held`); `heard` is what was whispered."""

    login: str
    ringing: Process | None = None
    talking: Process | None = None
    held: list[Process] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    rung: int = 0

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

    def _ringing(self) -> Process:
        assert self.ringing is not None, f"{self.login}'s phone does not ring"
        return self.ringing


class Telephones:
    """All phones, by what is dialled."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}

    def add(self, login: str) -> Phone:
        return self.phones.setdefault(login, Phone(login))

    def dialled(self, address: str) -> Phone | None:
        """`sip:LOGIN@host`, wherever in the dial string that stands."""
        login = address.rpartition("sip:")[2].partition("@")[0]
        return self.phones.get(login)
