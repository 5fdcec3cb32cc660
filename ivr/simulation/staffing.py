"""How many agents are on duty when. Agents are alike here: only their number matters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Shift:
    """So many agents come at that moment and leave at that one; a negative number are taken away."""

    agents: int
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, kw_only=True)
class Stay:
    """One agent's time on duty."""

    login: str
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True)
class Staffing:
    """Shifts, added up; at no moment fewer than none."""

    shifts: tuple[Shift, ...]

    def steps(self) -> tuple[tuple[datetime, int], ...]:
        """From each of these moments on, so many are on duty; ascending, the last step is to none."""
        moments = sorted({at for shift in self.shifts for at in (shift.from_at, shift.until_at)})
        return tuple((at, self._at(at)) for at in moments)

    @property
    def most(self) -> int:
        """On duty at one moment; at least one."""
        return max((agents for _, agents in self.steps()), default=0) or 1

    def _at(self, at: datetime) -> int:
        return max(sum(shift.agents for shift in self.shifts if shift.from_at <= at < shift.until_at), 0)

    def stays(self) -> Iterator[Stay]:
        """The same as agents by name: who came last leaves first."""
        on_duty: list[datetime] = []
        for at, agents in self.steps():
            on_duty += [at] * (agents - len(on_duty))
            while len(on_duty) > agents:
                login = f"agent{len(on_duty):02}"
                yield Stay(login=login, from_at=on_duty.pop(), until_at=at)


def as_shifts(steps: Iterable[tuple[datetime, int]]) -> tuple[Shift, ...]:
    """The inverse of `steps`: each number of agents until the next step."""
    return tuple(
        Shift(agents=agents, from_at=at, until_at=until)
        for (at, agents), (until, _) in pairwise(steps)
        if agents and at < until
    )
