"""Stories to tell: what the switchboard would have stored of events, replayed."""

from datetime import UTC, datetime, timedelta

from ivr.policy import explain
from ivr.policy.call import Call
from ivr.policy.call_flow import UnexpectedEventError, advance
from ivr.policy.events import CallerGreeted, CallOffered, Event, HoldElapsed
from ivr.policy.explain_words import EN, ZH, Names, sentence
from ivr.policy.floor import Agent, AgentState, Floor
from ivr.policy.replay import Noted, Told, replay
from ivr.policy.rules import Rules

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CALL = Call(call_id=7, presented_at=START, number="+8613800138000")
NAMES = Names(agents={"wang": "王芳", "li": "李强"}, prompts={"greeting": "您好，金穗公司"})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def agent(login: str, state: AgentState = AgentState.AVAILABLE, misses: int = 0) -> Agent:
    return Agent(
        login=login,
        phone=f"endpoint:{login}",
        state=state,
        idle_since=at(-60 if login == "wang" else -30),
        misses=misses,
    )


WANG_FREE = Floor(agents=(agent("wang"),))
ALL_TALK = Floor(agents=(agent("wang", AgentState.TALKING),))
NOBODY = Floor()


def story(
    *seen: tuple[Event, Floor], rules: Rules | None = None, ahead: int = 0, call: Call = CALL
) -> tuple[Told, ...]:
    """What the switchboard would have stored of these events, replayed."""
    given = rules or Rules()
    noted: list[Noted] = []
    now = call
    for event, floor in seen:
        try:
            step = advance(now, event, floor, given)
        except UnexpectedEventError:
            noted.append(Noted(event=event, floor=None, rules=given, commands=()))
        else:
            noted.append(Noted(event=event, floor=floor, rules=given, commands=step.commands, ahead=ahead))
            now = step.call
    return replay(call, noted)


def chinese(told: Told) -> str:
    return sentence(explain.parts(told), ZH, NAMES)


def english(told: Told) -> str:
    return sentence(explain.parts(told), EN, NAMES)


RINGS = (CallOffered(at=at(0.01)), WANG_FREE)
HELD = (
    (CallOffered(at=at(0)), ALL_TALK),
    (HoldElapsed(at=at(13)), ALL_TALK),
    (CallerGreeted(at=at(13.1)), NOBODY),
)
