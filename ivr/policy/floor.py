"""The floor: the agents and the line that one decision sees.

One order over everybody who waits, live calls and callbacks, by `presented_at`; nobody overtakes in either direction
but a callback whose promise would break.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.call import Call
from ivr.policy.callback import Place
from ivr.policy.desk import CallbackDesk
from ivr.policy.phone import is_client, rung_from
from ivr.policy.wait import Pace, Position

PASSED_OVER_SECONDS = 10.0
"""For so long a call does not ring again an agent who has just let it ring; longer and it would lose its place."""


class AgentState(StrEnum):
    """What an agent is doing."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    AWAY = "away"
    UNREACHABLE = "unreachable"


ON_DUTY = frozenset({AgentState.AVAILABLE, AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP})


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent as the floor sees him; `idle_since` orders the free ones, `misses` counts rings in a row he let go.

    `since` is when he began what he is doing; `knocked`: a second call is offered to him, or in his ear. `given` is the
    phone he was given where a page of his is his phone instead.
    """

    login: str
    phone: str
    state: AgentState
    idle_since: datetime
    misses: int = 0
    since: datetime | None = None
    knocked: bool = False
    given: str | None = None

    def phone_at(self, door: str) -> str | None:
        """How that door's switch rings him, None: not at all. Twilio rings a page as the client he was given."""
        phones = (self.phone, self.given if self.given and is_client(self.given) else None)
        return next((phone for phone in phones if phone is not None and rung_from(door, phone)), None)


@dataclass(frozen=True, kw_only=True)
class Waiting(Place):
    """A place in line: of a call, or of the callback promised in it."""

    callback_id: int | None = None  # None: the caller himself is on the line
    door: str = "asterisk"  # whose switch has him, or will call him

    def reaches(self, agent: Agent) -> bool:
        """Whether his switch can ring that agent's phone at all: nobody is rung, or charged a miss, in vain."""
        return agent.phone_at(self.door) is not None

    def accepts(self, agent: Agent, at: datetime) -> bool:
        """Whether this call may ring that agent (again) now."""
        if not self.reaches(agent):
            return False
        again = timedelta(seconds=PASSED_OVER_SECONDS)
        return all(miss.agent != agent.login or at - miss.at >= again for miss in self.passed_over)


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Agents in any order; the line in any order and not holding more than matters (see `assignments`).

    `ahead` counts who waits before the call that is decided on, callbacks included, and of these the later ones
    `overtaking` it; `pace` None where nobody knows how fast they move. `desk` None: no customer can be called from
    here. `unrated_today`: this caller has not been asked today yet what he thinks of us. `door`: his; who is free or on
    duty for him are those whose phones its switch can ring.
    """

    agents: tuple[Agent, ...] = ()
    line: tuple[Waiting, ...] = ()
    ahead: int = 0
    callbacks_ahead: int = 0
    overtaking: int = 0
    pace: Pace | None = None
    desk: CallbackDesk | None = None
    unrated_today: bool = False
    door: str | None = None

    @property
    def free(self) -> tuple[Agent, ...]:
        """Available agents, the longest idle first."""
        available = (agent for agent in self._for_him if agent.state is AgentState.AVAILABLE)
        return tuple(sorted(available, key=lambda agent: (agent.idle_since, agent.login)))

    @property
    def on_duty(self) -> tuple[Agent, ...]:
        """Everybody who will take a call now or soon."""
        return tuple(agent for agent in self._for_him if agent.state in ON_DUTY)

    @property
    def _for_him(self) -> tuple[Agent, ...]:
        door = self.door
        return tuple(agent for agent in self.agents if door is None or agent.phone_at(door) is not None)

    @property
    def position(self) -> Position | None:
        """Where the call that is decided on stands; None where its wait cannot be told."""
        if self.pace is None or not self.on_duty:
            return None
        return Position(
            ahead=self.ahead,
            serving=len(self.on_duty),
            callbacks_ahead=self.callbacks_ahead,
            overtaking=self.overtaking,
        )

    def agent(self, login: str | None) -> Agent | None:
        """The agent of that login, if the floor knows him."""
        return next((agent for agent in self.agents if agent.login == login), None)

    def others_on_duty(self, login: str | None) -> bool:
        """Whether anybody but this agent is on duty."""
        return any(agent.login != login and agent.state in ON_DUTY for agent in self.agents)

    def assignments(self, at: datetime) -> tuple[tuple[Waiting, Agent], ...]:
        """Who gets whom now: the line in order, each the longest idle.

        A caller who gets nobody keeps everybody who could be his from those behind him; a callback that nobody free
        takes just now stands in nobody's way.
        """
        given: list[tuple[Waiting, Agent]] = []
        free = list(self.free)
        for waiting in sorted(self.line, key=lambda waiting: waiting.order):
            agent = next((agent for agent in free if waiting.accepts(agent, at)), None)
            if agent is not None:
                free.remove(agent)
                given.append((waiting, agent))
            elif waiting.callback_id is None:
                free = [agent for agent in free if not waiting.reaches(agent)]
        return tuple(given)

    def agent_for(self, call: Call, at: datetime) -> Agent | None:
        """The agent whose turn it is to take this call now, if everybody before it in line has one too."""
        mine = place_of(call)
        given = Floor(agents=self.agents, line=(*self.others(call), mine)).assignments(at)
        return next((agent for waiting, agent in given if waiting is mine), None)

    def colleague_for(self, call: Call) -> Agent | None:
        """Of those who talk the one who began first, for whoever is first in line: call waiting overtakes nobody."""
        mine = place_of(call)
        if any(waiting.order < mine.order for waiting in self.others(call)):
            return None
        talking = [
            a for a in self.agents if a.state is AgentState.TALKING and not a.knocked and mine.reaches(a)
        ]
        return min(talking, key=lambda a: (a.since or a.idle_since, a.login), default=None)

    def others(self, call: Call) -> tuple[Waiting, ...]:
        """The line without this caller, in whichever way he stands in it."""
        return tuple(waiting for waiting in self.line if not _is_his(waiting, call))


def head_of(line: Iterable[Waiting], free: tuple[Agent, ...], at: datetime) -> tuple[Waiting, ...]:
    """The line in order, as far as it matters: one more than there are free agents.

    Without callbacks that nobody free takes just now, and callers whose switch rings none of them.
    """
    left, head = list(free), []
    for waiting in sorted(line, key=lambda waiting: waiting.order):
        agent = next((agent for agent in left if waiting.accepts(agent, at)), None)
        if agent is not None:
            left.remove(agent)
        elif left and (waiting.callback_id is not None or not any(map(waiting.reaches, left))):
            continue
        head.append(waiting)
    return tuple(head[: len(free) + 1])


def overtaking(place: tuple[datetime, int], callbacks: Iterable[Waiting]) -> int:
    """How many rang after whoever has this place, and come before him because their promises would break."""
    near = (each for each in callbacks if each.near_due_at is not None)
    return sum((each.presented_at, each.call_id) > place for each in near)


def place_of(call: Call) -> Waiting:
    """Where a call stands in line."""
    return Waiting(
        call_id=call.call_id, presented_at=call.in_line_since, passed_over=call.passed_over, door=call.door
    )


def _is_his(waiting: Waiting, call: Call) -> bool:
    if waiting.callback_id is None:
        return waiting.call_id == call.call_id
    return waiting.callback_id == call.joined_callback
