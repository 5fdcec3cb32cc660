"""Exactly once, judged by the people: what callers were told on the line, and what their phones at home then saw.

Pure. A table of ours is asked for two things only, which no telephone can know: until when a customer was promised his
call, and whether a person has it in hand. Never whether he was called: nobody spoke with whoever heard nobody.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

ONCE_AT_LEAST: Final = 0.995
IN_TIME_AT_LEAST: Final = 0.95
HANDED_OVER_AT_MOST: Final = 0.005
WITH_A_PERSON: Final = frozenset({"handed_over", "unreached"})
OPEN: Final = frozenset({"pending", "dialing"})


@dataclass(frozen=True, kw_only=True)
class Ring:
    """One call to a customer by his own network's log; epoch seconds. `heard` has when each sound began."""

    number: str
    rung_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    heard: Mapping[str, float] = field(default_factory=dict)

    @property
    def person_at(self) -> float | None:
        """When an agent's voice was first heard."""
        voices = [at for name, at in self.heard.items() if name.startswith("voice of ")]
        return min(voices, default=None)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A caller who was told that he would be called."""

    number: str
    promised_at: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the book says about a number: promised for which moment first, and as he was told last."""

    number: str
    state: str
    first_due_at: float
    due_at: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Customers by what became of them; `told` heard the promise themselves, the others stand in the book alone.

    `silent` are those of the lost whose callback the book calls done.
    """

    customers: int
    told: int
    once: int
    twice: tuple[str, ...]
    in_time: int
    in_moved_time: int
    handed_over: tuple[str, ...]
    lost: tuple[str, ...]
    silent: tuple[str, ...]
    strangers: tuple[str, ...]
    rung_again: int
    waits: tuple[float, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        """One sentence for each bound that does not hold; empty when all is well."""
        reachable = self.customers - len(self.handed_over)
        checks = (
            (self.customers == 0, "nobody was promised anything"),
            (self.once < ONCE_AT_LEAST * reachable, f"bridged once: {self.once} of {reachable}"),
            (bool(self.twice), f"bridged twice: {_some(self.twice)}"),
            (self.in_time < IN_TIME_AT_LEAST * reachable, f"in time: {self.in_time} of {reachable}"),
            (
                len(self.handed_over) > HANDED_OVER_AT_MOST * self.customers,
                f"handed over: {_some(self.handed_over)}",
            ),
            (bool(self.lost), f"lost: {_some(self.lost)}"),
            (bool(self.strangers), f"rung without a promise: {_some(self.strangers)}"),
        )
        return tuple(sentence for broken, sentence in checks if broken)


def judge(told: Iterable[Told], rows: Sequence[Row] | None, rings: Iterable[Ring]) -> Verdict:
    """`rows` None: nobody keeps a book, so who is not bridged is lost, and every time is as good as another."""
    promised = {each.number: each.promised_at for each in told}
    by_number = {row.number: row for row in rows or ()}
    owed = sorted(promised.keys() | by_number.keys())
    theirs: dict[str, list[Ring]] = defaultdict(list)
    for ring in rings:
        theirs[ring.number].append(ring)
    persons = {
        number: [at for ring in theirs[number] if (at := ring.person_at) is not None] for number in owed
    }
    handed = tuple(
        n for n in owed if n in by_number and by_number[n].state in WITH_A_PERSON and not persons[n]
    )
    return Verdict(
        customers=len(owed),
        told=len(promised),
        once=sum(len(persons[number]) == 1 for number in owed),
        twice=tuple(number for number in owed if len(persons[number]) > 1),
        in_time=sum(_by(persons[n], by_number[n].first_due_at if n in by_number else None) for n in owed),
        in_moved_time=sum(_by(persons[n], by_number[n].due_at if n in by_number else None) for n in owed),
        handed_over=handed,
        lost=tuple(n for n in owed if _is_lost(by_number.get(n), persons[n], keeps_book=rows is not None)),
        silent=tuple(n for n in owed if not persons[n] and n in by_number and by_number[n].state == "done"),
        strangers=tuple(sorted(theirs.keys() - set(owed))),
        rung_again=sum(len(theirs[number]) > 1 for number in owed),
        waits=tuple(persons[n][0] - promised[n] for n in owed if persons[n] and n in promised),
    )


def _by(persons: Sequence[float], due_at: float | None) -> bool:
    return bool(persons) and (due_at is None or persons[0] <= due_at)


def _is_lost(row: Row | None, persons: Sequence[float], *, keeps_book: bool) -> bool:
    """Nobody spoke with him and no person has it in hand; or his book does not know him, or owes him his call still."""
    if keeps_book and (row is None or row.state in OPEN):
        return True
    return not persons and (row is None or row.state not in WITH_A_PERSON)


def as_text(name: str, verdict: Verdict, kills: Counter[str]) -> str:
    """The table of one campaign."""
    waits = sorted(verdict.waits)
    handed = len(verdict.handed_over)
    middle = f"{waits[len(waits) // 2]:.0f} s" if waits else "-"
    lines = [
        f"{name}: {sum(kills.values())} kills ({', '.join(f'{n} {c}' for n, c in kills.most_common())})",
        f"  owed a call             {verdict.customers:6}   of them told so {verdict.told}",
        f"  bridged exactly once    {verdict.once:6}   {_share(verdict.once, verdict.customers)}",
        f"  bridged twice           {len(verdict.twice):6}",
        f"  by the promised minute  {verdict.in_time:6}   {_share(verdict.in_time, verdict.customers)}",
        f"  by the minute told last {verdict.in_moved_time:6}   {_share(verdict.in_moved_time, verdict.customers)}",
        f"  handed over             {handed:6}   {_share(handed, verdict.customers)}",
        f"  lost                    {len(verdict.lost):6}   {_share(len(verdict.lost), verdict.customers)}",
        f"  of these, called done   {len(verdict.silent):6}   by the book, and heard nobody",
        f"  rung more than once     {verdict.rung_again:6}   bridged once all the same, unless counted above",
        f"  from promise to person  {middle:>6}   the longest {waits[-1]:.0f} s" if waits else "",
    ]
    return "\n".join([*filter(None, lines), *(f"  WRONG {sentence}" for sentence in verdict.wrong)])


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _some(numbers: Sequence[str]) -> str:
    more = "" if len(numbers) <= 5 else f" and {len(numbers) - 5} more"
    return f"{len(numbers)} ({', '.join(numbers[:5])}{more})"
