"""The judge of the pulled plugs: what every caller heard, and what was dead meanwhile, to what went wrong, if anything.

Pure. A door is dead with its own part alone, Asterisk's with the switch, Twilio's with the web server: who is in a call
then may be cut off with it, who dials then may find nobody, and both are counted apart; for whoever it keeps waiting
the dead time does not count. Nothing else excuses. SQL, Redis and the server behind the switch may die under anybody's
call: he is picked up in time, hears no long silence, and is not lost.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.fakes.live_agents import Talk
from tests.unplug.timeline import Door, Ending, Kind, Line, Outage

PICKED_UP_WITHIN_SECONDS: Final = 15.0
SILENCE_AT_MOST_SECONDS: Final = 4.0
LATE_SECONDS: Final = 1.0  # so long after its door is back a call may still end of its death
TALK_AT_LEAST_SECONDS: Final = 3.0
OWN_PART: Final = {Door.ASTERISK: "asterisk", Door.TWILIO: "web"}


@dataclass(frozen=True, kw_only=True)
class Book:
    """How often each number stands in the calls table, and which of them are still in progress there."""

    times: Mapping[str, int]
    unfinished: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One door: its callers by what became of them. `in_time` of those who found it alive."""

    callers: int
    in_time: int
    slowest_seconds: float
    served: int
    noted: int
    left: int
    cut_with_the_door: int
    found_it_dead: int
    lost: int
    longest_silence_seconds: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`wrong` is one sentence a fault found, empty when all is well."""

    doors: Mapping[Door, Figures]
    wrong: tuple[str, ...]


def judge(
    lines: Sequence[Line], outages: Sequence[Outage], book: Book | None = None, talks: Sequence[Talk] = ()
) -> Verdict:
    """Everything that went wrong with these callers, and with the agents who talked with them."""
    by_door = {door: [line for line in lines if line.door is door] for door in Door}
    wrong = [
        f"{line.door} {line.number}: {trouble}" for line in lines for trouble in _troubles(line, outages)
    ]
    for door, theirs in by_door.items():
        wrong += [f"{door}: {trouble}" for trouble in _door_troubles(door, theirs, outages)]
    if book is not None:
        wrong += [
            f"{line.door} {line.number}: {trouble}" for line in lines for trouble in _unkept(line, book)
        ]
    wrong += _double_booked(talks)
    return Verdict(
        doors={door: _figures(theirs, outages) for door, theirs in by_door.items()}, wrong=tuple(wrong)
    )


# ---- one caller -------------------------------------------------------------------------------------------------


def died_with_its_door(line: Line, outages: Sequence[Outage]) -> bool:
    """He was on the line when his own door died."""
    return line.ending is Ending.CUT and any(
        line.dialled_at < outage.began_at
        and outage.began_at <= line.over_at <= outage.ended_at + LATE_SECONDS
        for outage in _own(line.door, outages)
    )


def found_it_dead(line: Line, outages: Sequence[Outage]) -> bool:
    """He dialled while his door was dead."""
    return any(outage.began_at <= line.dialled_at <= outage.ended_at for outage in _own(line.door, outages))


def pickup_seconds(line: Line, outages: Sequence[Outage]) -> float | None:
    """From his dialling, or from when his dead door took him at last; its dead time does not count."""
    if line.picked_up_at is None:
        return None
    since = line.dialled_at
    if found_it_dead(line, outages) and line.taken_at is not None:
        since = line.taken_at
    return _alive_seconds(line, outages, since, line.picked_up_at)


def silent_seconds(line: Line, outages: Sequence[Outage]) -> list[float]:
    """How long each silence was, of the time his door was alive."""
    return [_alive_seconds(line, outages, silence.began_at, silence.ended_at) for silence in line.silences()]


def _alive_seconds(line: Line, outages: Sequence[Outage], began_at: float, ended_at: float) -> float:
    dead = sum(outage.seconds_within(began_at, ended_at) for outage in _own(line.door, outages))
    return ended_at - began_at - dead


def is_lost(line: Line, outages: Sequence[Outage]) -> bool:
    """His call ended by itself, and no death of his door was to blame."""
    if died_with_its_door(line, outages) or _was_turned_away(line, outages):
        return False
    return line.picked_up_at is None or line.ending in {Ending.CUT, Ending.UNREACHED}


def _was_turned_away(line: Line, outages: Sequence[Outage]) -> bool:
    return line.picked_up_at is None and found_it_dead(line, outages)


def _troubles(line: Line, outages: Sequence[Outage]) -> list[str]:
    if is_lost(line, outages):
        return [f"lost: {_how(line)} {line.over_at - line.dialled_at:.1f} s after he dialled"]
    found = []
    seconds = pickup_seconds(line, outages)
    if seconds is not None and seconds > PICKED_UP_WITHIN_SECONDS:
        found.append(f"picked up only after {seconds:.2f} s")
    found += [
        f"heard nothing for {silent:.1f} s"
        for silent in silent_seconds(line, outages)
        if silent > SILENCE_AT_MOST_SECONDS
    ]
    talk = sum(stretch.seconds for stretch in line.stretches if stretch.kind is Kind.AGENT)
    if line.ending is Ending.SERVED and talk < TALK_AT_LEAST_SECONDS:
        found.append(f"his talk was torn after {talk:.1f} s")
    return found


def _how(line: Line) -> str:
    if line.taken_at is None:
        return "nobody took his call,"
    return "never picked up," if line.picked_up_at is None else "cut off"


def _double_booked(talks: Sequence[Talk]) -> Iterable[str]:
    """An agent whom both doors gave a caller at the same time."""
    ordered = sorted(talks, key=lambda talk: (talk.login, talk.began_at))
    for before, after in pairwise(ordered):
        if before.login == after.login and after.began_at < before.ended_at:
            yield f"{after.login} was given a caller while he talked with another"


# ---- a door ---------------------------------------------------------------------------------------------------------


def _door_troubles(door: Door, lines: Sequence[Line], outages: Sequence[Outage]) -> Iterable[str]:
    """Agents are reserved again after each death, and each door takes calls while the other one's part is dead."""
    ordered = sorted(outages, key=lambda outage: outage.began_at)
    talks = [at for line in lines if (at := line.began(Kind.AGENT)) is not None]
    for outage, after in zip(ordered, [*ordered[1:], None], strict=True):
        until = float("inf") if after is None else after.began_at
        if not any(outage.ended_at <= at <= until for at in talks):
            yield f"no agent spoke with anybody between the death of {outage.part} and the next"
        if outage.part != OWN_PART[door] and not any(
            outage.meets(line.dialled_at, line.ended_at) for line in lines
        ):
            yield f"nobody was on the line while {outage.part} was dead"


def _own(door: Door, outages: Iterable[Outage]) -> list[Outage]:
    return [outage for outage in outages if outage.part == OWN_PART[door]]


def _unkept(line: Line, book: Book) -> list[str]:
    """Whoever was picked up stands in the table once, and has ended there; nobody stands in it twice."""
    times = book.times.get(line.number, 0)
    if times > 1 or (line.picked_up_at is not None and times == 0):
        return [f"{times} times in the table"]
    return ["still in progress in the table"] if line.number in book.unfinished else []


def _figures(lines: Sequence[Line], outages: Sequence[Outage]) -> Figures:
    endings = Counter(line.ending for line in lines)
    pickups = [seconds for line in lines if (seconds := pickup_seconds(line, outages)) is not None]
    return Figures(
        callers=len(lines),
        in_time=sum(seconds <= PICKED_UP_WITHIN_SECONDS for seconds in pickups),
        slowest_seconds=max(pickups, default=0.0),
        served=endings[Ending.SERVED],
        noted=endings[Ending.NOTED],
        left=endings[Ending.LEFT],
        cut_with_the_door=sum(died_with_its_door(line, outages) for line in lines),
        found_it_dead=sum(_was_turned_away(line, outages) for line in lines),
        lost=sum(is_lost(line, outages) for line in lines),
        longest_silence_seconds=max(
            (silent for line in lines for silent in silent_seconds(line, outages)), default=0.0
        ),
    )


def as_text(verdict: Verdict, outages: Sequence[Outage]) -> str:
    """The table of one campaign."""
    names = [str(door) for door in verdict.doors]
    figures = list(verdict.doors.values())
    rows: list[tuple[str, list[str]]] = [
        ("callers", [f"{each.callers}" for each in figures]),
        ("picked up within 15 s", [f"{each.in_time}" for each in figures]),
        ("the slowest", [f"{each.slowest_seconds:.1f} s" for each in figures]),
        ("spoke with an agent", [f"{each.served}" for each in figures]),
        ("number noted", [f"{each.noted}" for each in figures]),
        ("left by themselves", [f"{each.left}" for each in figures]),
        ("cut off with their door", [f"{each.cut_with_the_door}" for each in figures]),
        ("found their door dead", [f"{each.found_it_dead}" for each in figures]),
        ("lost", [f"{each.lost}" for each in figures]),
        ("longest silence", [f"{each.longest_silence_seconds:.1f} s" for each in figures]),
    ]
    dead = ", ".join(f"{outage.part} {outage.ended_at - outage.began_at:.1f} s" for outage in outages)
    table = [f"{'':26}" + "".join(f"{name:>12}" for name in names)]
    table += [f"{name:26}" + "".join(f"{cell:>12}" for cell in cells) for name, cells in rows]
    return "\n".join([*table, f"dead: {dead}", *(f"WRONG {sentence}" for sentence in verdict.wrong)])
