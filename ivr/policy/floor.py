"""The floor: the agents and the line of waiting calls that one decision sees.

One order over everybody who waits, by `presented_at`; nobody overtakes in either direction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy.call import Call, PassedOver

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
    """An agent as the floor sees him; `idle_since` orders the free ones, `misses` counts rings in a row he let go."""

    login: str
    phone: str
    state: AgentState
    idle_since: datetime
    misses: int = 0


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A call in line."""

    call_id: int
    presented_at: datetime
    passed_over: tuple[PassedOver, ...] = ()

    def accepts(self, agent: Agent, at: datetime) -> bool:
        """Whether this call may ring that agent (again) now."""
        again = timedelta(seconds=PASSED_OVER_SECONDS)
        return all(miss.agent != agent.login or at - miss.at >= again for miss in self.passed_over)


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Agents in any order; the line in any order and not holding more than matters (see `assignments`)."""

    agents: tuple[Agent, ...] = ()
    line: tuple[Waiting, ...] = ()

    @property
    def free(self) -> tuple[Agent, ...]:
        """Available agents, the longest idle first."""
        available = (agent for agent in self.agents if agent.state is AgentState.AVAILABLE)
        return tuple(sorted(available, key=lambda agent: (agent.idle_since, agent.login)))

    @property
    def on_duty(self) -> tuple[Agent, ...]:
        """Everybody who will take a call now or soon."""
        return tuple(agent for agent in self.agents if agent.state in ON_DUTY)

    def agent(self, login: str | None) -> Agent | None:
        """The agent of that login, if the floor knows him."""
        return next((agent for agent in self.agents if agent.login == login), None)

    def others_on_duty(self, login: str | None) -> bool:
        """Whether anybody but this agent is on duty."""
        return any(agent.login != login for agent in self.on_duty)

    def assignments(self, at: datetime) -> tuple[tuple[Waiting, Agent], ...]:
        """Who gets whom now: the line in order, each the longest idle; the first who gets nobody stops it."""
        given: list[tuple[Waiting, Agent]] = []
        free = list(self.free)
        for waiting in sorted(self.line, key=lambda w: (w.presented_at, w.call_id)):
            agent = next((agent for agent in free if waiting.accepts(agent, at)), None)
            if agent is None:
                break
            free.remove(agent)
            given.append((waiting, agent))
        return tuple(given)

    def agent_for(self, call: Call, at: datetime) -> Agent | None:
        """The agent whose turn it is to take this call now, if everybody before it in line has one too."""
        mine = Waiting(call_id=call.call_id, presented_at=call.presented_at, passed_over=call.passed_over)
        others = tuple(waiting for waiting in self.line if waiting.call_id != call.call_id)
        given = Floor(agents=self.agents, line=(*others, mine)).assignments(at)
        return next((agent for waiting, agent in given if waiting is mine), None)
