"""The people of the stories and a hotline small enough to hold in one hand.

A story is told in seconds after noon. What a caller is given and what is written in the books are short
sentences ("ring wang 13 s ringing"): a test reads as it would be told. The agents are kept as the books do.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from ivr.policy.call import IN_LINE, Call, Step
from ivr.policy.call_flow import advance
from ivr.policy.commands import (
    AlertManager,
    Ask,
    AskRating,
    BookCommand,
    Command,
    CountMiss,
    Fetch,
    HangUp,
    Hold,
    JoinCallback,
    Knock,
    LeaveCallback,
    ListForRingBack,
    PromiseCallback,
    Rate,
    Release,
    Reserve,
    Ring,
    Say,
    ServeCallback,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    Event,
    HoldElapsed,
    HungUp,
    NumberNoted,
    RingEnded,
    RingResult,
    TurnCame,
)
from ivr.policy.floor import Agent, AgentState, Floor, Waiting, place_of
from ivr.policy.rules import Rules

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CALLER = "+8613800138000"


def noon(seconds: float = 0.0) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def agent(login: str, *, idle_for: float, state: AgentState = AgentState.AVAILABLE, misses: int = 0) -> Agent:
    """An agent at noon."""
    phone = f"endpoint:{login}"
    return Agent(login=login, phone=phone, state=state, idle_since=noon(-idle_for), misses=misses)


WANG = agent("wang", idle_for=300)
LI = agent("li", idle_for=200)
ZHAO = agent("zhao", idle_for=100)


def who_is(someone: Agent, state: AgentState) -> Agent:
    """The same person, doing something else at noon."""
    return replace(someone, state=state)


def told(command: Command) -> str:
    """One command as a short sentence."""
    match command:
        case Say(prompts=prompts):
            return f"say {' '.join(prompts)}"
        case Ring(agent=login, phone=phone, seconds=seconds, sound=sound, whisper=whisper):
            rung = f"ring {login or phone} {seconds:g} s {sound}"
            return " ".join((rung, *(("whispering", *whisper) if whisper else ())))
        case Ask(prompts=prompts):
            return f"ask {' '.join(prompts)}"
        case Hold(seconds=seconds, sound=sound, key=key):
            return f"hold {seconds:g} s {sound}" + (f", key {key}" if key else "")
        case HangUp():
            return "hang up"
        case _:
            return _told_book(command)


def _told_book(command: BookCommand) -> str:
    match command:
        case Reserve(agent=login):
            return f"reserve {login}"
        case Release(agent=login):
            return f"release {login}"
        case CountMiss(agent=login, stand_down=stand_down):
            return f"miss {login}" + (", stood down" if stand_down else "")
        case StartTalk(agent=login):
            return f"talk {login}"
        case StartWrapUp(agent=login, seconds=seconds):
            return f"wrap up {login} {seconds:g} s"
        case Knock(agent=login):
            return f"knock {login}"
        case _:
            return _told_deed(command)


Deed = (
    Fetch
    | ListForRingBack
    | AlertManager
    | PromiseCallback
    | JoinCallback
    | ServeCallback
    | LeaveCallback
    | AskRating
    | Rate
)


def _told_deed(command: Deed) -> str:
    match command:
        case Fetch():
            return "fetch"
        case ListForRingBack(number=number, reason=reason):
            return f"list {number} {reason}"
        case AlertManager(kind=kind, agent=login):
            return f"alert {kind} {login}"
        case PromiseCallback(number=number, due_at=due_at):
            return f"promise {number} by {(due_at - NOON).total_seconds():g} s"
        case JoinCallback() | ServeCallback() | LeaveCallback():
            return f"{type(command).__name__.removesuffix('Callback').lower()} {command.callback_id}"
        case AskRating():
            return "ask rating"
        case Rate(score=score):
            return f"rate {score}"
        case _ as never:
            assert_never(never)


@dataclass
class Hotline:
    """The agents, the callers and the rules; every step taken is kept.

    `seen` is what else the next decision sees: the pace of the line, the desk; `pending` are callbacks in line.
    """

    agents: dict[str, Agent]
    rules: Rules
    seen: Floor = field(default_factory=Floor)
    pending: tuple[Waiting, ...] = ()
    callers: "list[Caller]" = field(default_factory=list)

    def dials(
        self, seconds: float = 0.0, number: str | None = CALLER, presented: float | None = None
    ) -> "Caller":
        """A caller reaches us; `presented` where the switch had him earlier than we heard of him."""
        since = noon(seconds if presented is None else presented)
        caller = Caller(
            hotline=self, call=Call(call_id=len(self.callers) + 1, presented_at=since, number=number)
        )
        self.callers.append(caller)
        caller.happens(CallOffered(at=noon(seconds)))
        return caller

    @property
    def floor(self) -> Floor:
        """What the next decision sees."""
        line = tuple(place_of(caller.call) for caller in self.callers if caller.call.phase in IN_LINE)
        return replace(self.seen, agents=tuple(self.agents.values()), line=(*self.pending, *line))

    def looks(self, seconds: float) -> None:
        """The floor loop looks: whoever is first and has an agent gets his turn."""
        for waiting, _ in self.floor.assignments(noon(seconds)):
            self.callers[waiting.call_id - 1].gets_his_turn(seconds)

    def becomes(self, login: str, state: AgentState, seconds: float) -> None:
        """An agent changes what he does."""
        self.agents[login] = replace(self.agents[login], state=state, idle_since=noon(seconds))

    def state(self, someone: Agent) -> AgentState:
        """What he does now."""
        return self.agents[someone.login].state

    def carries_out(self, command: BookCommand, at: datetime) -> None:
        """Agents as the books keep them; a reservation of one who is not free would be refused there."""
        match command:
            case Reserve(agent=login):
                assert self.agents[login].state is AgentState.AVAILABLE
                self._set(login, AgentState.RESERVED)
            case Knock(agent=login):
                assert self.agents[login].state is AgentState.TALKING
                assert not self.agents[login].knocked
                self.agents[login] = replace(self.agents[login], knocked=True)
            case Release(agent=login) if self.agents[login].knocked:
                self.agents[login] = replace(self.agents[login], knocked=False)
            case Release(agent=login):
                self._set(login, AgentState.AVAILABLE)
            case CountMiss(agent=login, stand_down=stand_down):
                missed = replace(self.agents[login], misses=self.agents[login].misses + 1, idle_since=at)
                self.agents[login] = missed
                self._set(login, AgentState.AWAY if stand_down else AgentState.AVAILABLE)
            case StartTalk(agent=login):
                self.agents[login] = replace(self.agents[login], misses=0)
                self._set(login, AgentState.TALKING)
            case StartWrapUp(agent=login):
                self._set(login, AgentState.WRAP_UP)
            case _:
                pass

    def _set(self, login: str, state: AgentState) -> None:
        self.agents[login] = replace(self.agents[login], state=state)


@dataclass
class Caller:
    """One caller: what happens to him, what he is given (`line`) and what was written first (`books`)."""

    hotline: Hotline
    call: Call
    line: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)
    step: Step | None = None

    @property
    def ring_seconds(self) -> float:
        """For how long the phone rung for him shall ring."""
        assert self.step is not None
        return sum(command.seconds for command in self.step.commands if isinstance(command, Ring))

    def happens(self, event: Event) -> None:
        """One event; raises UnexpectedEventError, and then nothing has changed."""
        step = advance(self.call, event, self.hotline.floor, self.hotline.rules)
        for command in step.for_the_books:
            self.hotline.carries_out(command, event.at)
        self.call, self.step = step.call, step
        self.line = [told(command) for command in step.for_the_line]
        self.books = [told(command) for command in step.for_the_books]

    def is_let_ring(self, seconds: float, result: RingResult = RingResult.NO_ANSWER) -> None:
        """The phone rung for him stopped ringing."""
        self.happens(RingEnded(at=noon(seconds), result=result))

    def is_answered(self, seconds: float) -> None:
        """The stamp of the answering phone."""
        self.happens(AgentAnswered(at=noon(seconds)))

    def is_done_talking(self, seconds: float) -> None:
        """The agent put his phone down first."""
        self.happens(RingEnded(at=noon(seconds), result=RingResult.ANSWERED))

    def is_greeted(self, seconds: float) -> None:
        """The stamp of the server's pick-up."""
        self.happens(CallerGreeted(at=noon(seconds)))

    def has_waited(self, seconds: float) -> None:
        """One stretch of ring tone or music is over."""
        self.happens(HoldElapsed(at=noon(seconds)))

    def gets_his_turn(self, seconds: float) -> None:
        """The floor loop says so."""
        self.happens(TurnCame(at=noon(seconds)))

    def is_fetched(self, seconds: float) -> None:
        """He is out of the music."""
        self.happens(CallerFetched(at=noon(seconds)))

    def presses(self, seconds: float, digits: str) -> None:
        """What he keyed in; '' for silence."""
        self.happens(DigitsPressed(at=noon(seconds), digits=digits))

    def is_noted(self, seconds: float, number: str = CALLER) -> None:
        """The dialplan alone took his number."""
        self.happens(NumberNoted(at=noon(seconds), number=number))

    def hangs_up(self, seconds: float) -> None:
        """His leg is gone."""
        self.happens(HungUp(at=noon(seconds)))


def hotline(*agents: Agent, rules: Rules | None = None, seen: Floor | None = None) -> Hotline:
    """A hotline at noon with these people; the norm's own rules unless others are given."""
    people = {someone.login: someone for someone in agents}
    return Hotline(agents=people, rules=rules or Rules(), seen=seen or Floor())
