"""What one caller heard, from his first ring to the end of his call. Pure values; moments are epoch seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ivr.policy.prompts import Prompt


class Door(StrEnum):
    ASTERISK = "asterisk"
    TWILIO = "twilio"


class Kind(StrEnum):
    """A stretch of a call, as the caller hears it."""

    UNREACHABLE = "unreachable"  # his own network gets no answer from the switch
    RINGING = "ringing"
    GREETING = "greeting"
    WORDS = "words"  # apology, reason, how long it will take
    MUSIC = "music"
    AGENT = "agent"
    NOTED = "noted"  # his number is written down, and goodbye
    SILENCE = "silence"
    ERROR = "error"  # the carrier's own words: an application error has occurred


class Ending(StrEnum):
    """How a call ended for the caller."""

    SERVED = "served"  # the agent hung up, or he did after the talk
    NOTED = "noted"
    LEFT = "left"  # he had waited long enough
    CUT = "cut"
    UNREACHED = "unreached"


@dataclass(frozen=True, kw_only=True)
class Stretch:
    kind: Kind
    began_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at


@dataclass(frozen=True, kw_only=True)
class Line:
    """One caller. `taken_at`: the first answer of any kind by whom he dialled."""

    door: Door
    number: str
    dialled_at: float
    taken_at: float | None
    picked_up_at: float | None
    ended_at: float
    ending: Ending
    stretches: tuple[Stretch, ...] = ()

    @property
    def over_at(self) -> float:
        """When his call was over for him: what follows are the carrier's words alone."""
        error_at = self.began(Kind.ERROR)
        return self.ended_at if error_at is None else error_at

    def silences(self) -> list[Stretch]:
        """After the pickup, until the agent has hung up: then everything is said."""
        talks = [place for place, stretch in enumerate(self.stretches) if stretch.kind is Kind.AGENT]
        before = self.stretches[: talks[-1]] if talks else self.stretches
        return [stretch for stretch in before if stretch.kind is Kind.SILENCE]

    def began(self, kind: Kind) -> float | None:
        """When he first heard it."""
        return next((stretch.began_at for stretch in self.stretches if stretch.kind is kind), None)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A part was dead: from the kill to when it answered again."""

    part: str
    began_at: float
    ended_at: float

    def meets(self, began_at: float, ended_at: float) -> bool:
        return began_at <= self.ended_at and self.began_at <= ended_at

    def seconds_within(self, began_at: float, ended_at: float) -> float:
        """How much of that time it was dead."""
        return max(0.0, min(ended_at, self.ended_at) - max(began_at, self.began_at))


@dataclass(frozen=True)
class Heard:
    """From when to when something was heard without a break."""

    kind: Kind
    began_at: float
    ended_at: float


BREAK_SECONDS: Final = 1.0  # a shorter one lies between two words, or between two sentences
_GREETING: Final = frozenset({"greeting"})
_NOTED: Final = frozenset({Prompt.NUMBER_NOTED.value, Prompt.GOODBYE.value})


def kind_of_prompt(name: str) -> Kind:
    """What a recording says to a caller."""
    if name in _GREETING:
        return Kind.GREETING
    return Kind.NOTED if name in _NOTED else Kind.WORDS


class Hearing:
    """Gathers what reaches one ear, sound by sound."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def hears(self, kind: Kind, at: float, seconds: float = 0.02) -> None:
        """A sound of so many seconds that began then."""
        last = self.heard[-1] if self.heard else None
        if last is not None and last.kind is kind and at - last.ended_at <= BREAK_SECONDS:
            self.heard[-1] = Heard(kind, last.began_at, at + seconds)
        else:
            self.heard.append(Heard(kind, at, at + seconds))


def stretches(heard: Iterable[Heard], began_at: float, ended_at: float) -> tuple[Stretch, ...]:
    """The whole time, each moment of it: a break longer than a second is silence, a shorter one nobody notices."""
    found: list[Stretch] = []
    at = began_at
    for each in heard:
        start, end = max(each.began_at, at), min(each.ended_at, ended_at)
        if end <= start:
            continue
        if start - at > BREAK_SECONDS:
            _add(found, Kind.SILENCE, at, start)
        elif found:
            _add(found, found[-1].kind, at, start)
        else:
            start = at
        _add(found, each.kind, start, end)
        at = end
    if ended_at - at > BREAK_SECONDS:
        _add(found, Kind.SILENCE, at, ended_at)
    elif found:
        _add(found, found[-1].kind, at, ended_at)
    return tuple(found)


def _add(found: list[Stretch], kind: Kind, began_at: float, ended_at: float) -> None:
    if ended_at <= began_at:
        return
    if found and found[-1].kind is kind:
        began_at = found.pop().began_at
    found.append(Stretch(kind=kind, began_at=began_at, ended_at=ended_at))
