"""A call's stored events put through the policy again, from the moment it was presented.

What is stored is what happened. Where the policy of today decides otherwise, the step says so and the story
goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ivr.policy.call import Call, Step
from ivr.policy.call_flow import UnexpectedEventError, advance
from ivr.policy.commands import Command, CountMiss
from ivr.policy.events import Event
from ivr.policy.floor import Floor
from ivr.policy.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A stored event and the commands it led to.

    `floor` is what the decision saw, None where the event was refused. `ahead` counts the callers presented
    earlier with whom nobody had spoken yet at that moment.
    """

    event: Event
    floor: Floor | None
    rules: Rules
    commands: tuple[Command, ...]
    ahead: int = 0


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event replayed: the call before and after, and what is decided today (`would` None: refused)."""

    noted: Noted
    before: Call
    after: Call
    would: tuple[Command, ...] | None

    @property
    def refused(self) -> bool:
        """The event meant nothing in its phase and changed nothing."""
        return self.noted.floor is None

    @property
    def agrees(self) -> bool:
        """Whether today's policy does what was done then."""
        return self.would is None if self.refused else self.would == self.noted.commands

    @property
    def let_ring(self) -> bool:
        """Somebody's ring ended here as a miss."""
        return any(isinstance(command, CountMiss) for command in self.noted.commands)

    @property
    def offset_seconds(self) -> float:
        """From the presentation of the call, to the millisecond."""
        return seconds_between(self.before.presented_at, self.noted.event.at)


def replay(call: Call, story: Iterable[Noted]) -> tuple[Told, ...]:
    """`call` as it was presented, and everything that happened to it in the order it was decided."""
    told: list[Told] = []
    for noted in story:
        step = _decided_today(call, noted)
        after = call if step is None or noted.floor is None else step.call
        would = None if step is None else step.commands
        told.append(Told(noted=noted, before=call, after=after, would=would))
        call = after
    return tuple(told)


def _decided_today(call: Call, noted: Noted) -> Step | None:
    try:
        return advance(call, noted.event, noted.floor or Floor(), noted.rules)
    except UnexpectedEventError:
        return None


def seconds_between(start: datetime | None, end: datetime) -> float:
    """To the millisecond; 0 where the first moment is missing from a story that differs."""
    return 0.0 if start is None else round((end - start).total_seconds(), 3)
