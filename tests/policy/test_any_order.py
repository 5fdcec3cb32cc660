"""Events in any order, on any floor, under any rules: what holds for every call, whatever happens to it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ivr.policy.call import Outcome, Phase
from ivr.policy.call_flow import FLOORLESS, TRANSITIONS, advance
from ivr.policy.commands import (
    Awaiting,
    BookCommand,
    CountMiss,
    HangUp,
    Hold,
    Knock,
    ListForRingBack,
    Release,
    Reserve,
    Ring,
    Say,
    Sound,
    StartTalk,
    StartWrapUp,
)
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    HoldElapsed,
    HungUp,
    RingEnded,
)
from ivr.policy.floor import AgentState, Floor, place_of
from ivr.policy.rules import Rules
from tests.cast import CALLER, WANG, Hotline, agent, hotline, noon, who_is
from tests.policy.any_story import LOGINS, Move, Taken, busy_stories, floors, stories, tell

Story = tuple[Taken, ...]
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ENDS_A_LINE_COMMAND = (CallOffered, RingEnded, HoldElapsed, CallerFetched, DigitsPressed)


@unhurried
@given(stories | busy_stories)
def test_whoever_is_reserved_for_a_caller_is_let_go_exactly_once_r6(story: Story) -> None:
    held: str | None = None
    knocked = False
    for command in books(story):
        match command:
            case Reserve(agent=login) | Knock(agent=login):
                assert held is None
                held, knocked = login, isinstance(command, Knock)
            case StartTalk(agent=login):
                assert held == login
            case Release(agent=login) | CountMiss(agent=login) | StartWrapUp(agent=login):
                assert held == login
                assert not (knocked and isinstance(command, CountMiss))
                held = None
            case _:
                pass
    assert held is None


def books(story: Story) -> Iterator[BookCommand]:
    return (command for taken in story for command in taken.step.for_the_books)


@unhurried
@given(stories | busy_stories)
def test_every_call_ends_with_its_hang_up_and_holds_nobody_then_r6(story: Story) -> None:
    last = story[-1].step.call
    assert (last.phase, last.agent) == (Phase.ENDED, None)
    assert last.outcome is not Outcome.IN_PROGRESS
    assert sum(type(taken.event) is HungUp for taken in story) == 1


@unhurried
@given(stories | busy_stories)
def test_a_caller_is_never_left_in_silence_nor_given_two_things_to_wait_for(story: Story) -> None:
    for taken in story:
        line = taken.step.for_the_line
        assert not any(isinstance(command, get_args(Awaiting)) for command in line[:-1])
        assert not line or isinstance(line[-1], get_args(Awaiting))
        assert line or not isinstance(taken.event, ENDS_A_LINE_COMMAND)
        assert not line or not isinstance(line[-1], HangUp) or taken.step.call.phase is Phase.CLOSING
        assert not line or taken.step.call.phase is not Phase.ENDED


TALKED = [Move(), Move(), Move(stray=AgentAnswered)]


@unhurried
@given(stories | busy_stories)
@example(tell(CALLER, [Floor(agents=(WANG,))], TALKED, Rules()))
def test_a_moment_once_set_stays_but_for_an_earlier_greeting_heard_of_later_r64_r68(story: Story) -> None:
    for taken in story:
        before, after = taken.before, taken.step.call
        assert after.presented_at == before.presented_at
        assert before.greeted_at in {None, after.greeted_at} or type(taken.event) is CallerGreeted
        assert before.greeted_at is None or (after.greeted_at or noon(999)) <= before.greeted_at
        assert before.served_at in {None, after.served_at}
        assert before.ended_at in {None, after.ended_at}
        assert (after.greeted_at is None) is (after.greeted_by is None)
        assert (after.served_at is not None) is (after.outcome is Outcome.SERVED) or after.ended_at is None


@unhurried
@given(stories | busy_stories)
def test_a_caller_is_greeted_once_and_before_he_is_told_anything_else_r65(story: Story) -> None:
    greetings = 0
    for taken in story:
        for command in taken.step.for_the_line:
            prompts = getattr(command, "prompts", ())
            rung_under_it = isinstance(command, Ring) and command.sound is Sound.GREETING
            greetings += rung_under_it or "greeting" in prompts
            assert "greeting" not in prompts[1:]
            assert not prompts or greetings or taken.before.greeted_at is not None
    assert greetings <= 1


@unhurried
@given(stories | busy_stories)
def test_nobody_is_told_his_number_is_noted_but_in_the_step_that_notes_it_r70(story: Story) -> None:
    for taken in story:
        says = [command for command in taken.step.for_the_line if isinstance(command, Say)]
        lists = [command for command in taken.step.for_the_books if isinstance(command, ListForRingBack)]
        said = any("number_noted" in say.prompts for say in says)
        assert said is any(listed.reason != "hotline_unreachable" for listed in lists)
        assert not lists or taken.step.call.outcome is not Outcome.ABANDONED


@unhurried
@given(stories | busy_stories)
def test_the_last_on_duty_is_never_stood_down(story: Story) -> None:
    for taken in story:
        for command in taken.step.for_the_books:
            if isinstance(command, CountMiss) and command.stand_down:
                assert taken.floor.others_on_duty(command.agent)


@unhurried
@given(stories | busy_stories)
def test_nobody_who_waits_and_comes_before_is_overtaken(story: Story) -> None:
    for taken in story:
        for command in taken.step.for_the_books:
            if isinstance(command, Reserve):
                me = place_of(taken.step.call).order
                line = taken.floor.others(taken.step.call)
                before = tuple(waiting for waiting in line if waiting.order < me)
                given_now = Floor(agents=taken.floor.agents, line=before).assignments(taken.event.at)
                assert len(given_now) == len(before)
                assert command.agent not in [someone.login for _, someone in given_now]


@unhurried
@given(stories | busy_stories, floors)
def test_events_that_need_no_floor_mean_the_same_on_every_floor(story: Story, other: Floor) -> None:
    for taken in story:
        if type(taken.event) in FLOORLESS:
            assert advance(taken.before, taken.event, other, taken.rules) == taken.step


# ---- for how long ---------------------------------------------------------------------------------------


def ring_tone_overruns(story: Story) -> list[Taken]:
    """Where a caller was left with his ring tone beyond the pickup, or given it again after it."""
    return [taken for taken in story if any(overruns(taken, command) for command in taken.step.for_the_line)]


def overruns(taken: Taken, command: object) -> bool:
    if not isinstance(command, Ring | Hold) or command.sound is not Sound.RINGING:
        return False
    until = taken.event.at + timedelta(seconds=command.seconds - 0.2)
    return taken.before.greeted_at is not None or until > taken.before.pickup_at(taken.rules)


def too_short(story: Story) -> list[Taken]:
    """Where a phone is rung, or a caller held, for no time at all."""
    lasting = ((taken, command) for taken in story for command in taken.step.for_the_line)
    return [taken for taken, it in lasting if isinstance(it, Ring | Hold) and it.seconds <= 0]


NOBODY_FREE = Floor(agents=(who_is(WANG, AgentState.TALKING),))
FREE = Floor(agents=(WANG,))
FETCHED_LATE = tell(
    CALLER,
    [NOBODY_FREE, FREE],
    [Move(from_pickup=-0.1, floor=1), Move(pick=1, after_seconds=0.1)],
    Rules(),
)
CUT_AND_REPORTED_LATE = tell(CALLER, [FREE], [Move(pick=1, from_pickup=0.5)], Rules(agent_ring_seconds=13.5))


@unhurried
@given(stories | busy_stories)
@example(FETCHED_LATE)
def test_no_ring_tone_goes_on_beyond_the_pickup_r64(story: Story) -> None:
    assert ring_tone_overruns(story) == []


@unhurried
@given(stories | busy_stories)
@example(CUT_AND_REPORTED_LATE)
def test_whatever_rings_or_plays_does_so_for_some_time_r64(story: Story) -> None:
    assert too_short(story) == []


# ---- many callers, few agents ---------------------------------------------------------------------------

doings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 60)), max_size=40)


@unhurried
@given(st.lists(st.sampled_from(LOGINS), unique=True, max_size=3), doings)
def test_no_agent_is_ever_given_to_two_callers_and_none_is_forgotten(
    logins: list[str], doings: list[tuple[int, int, int]]
) -> None:
    people = hotline(*(agent(login, idle_for=9) for login in logins), rules=Rules(agent_ring_seconds=5))
    clock = 0.0
    for who, pick, tenths in doings:
        clock += tenths / 10
        happens_to(people, who, pick, clock)
        people.looks(clock)
        held = [caller.call.agent for caller in people.callers if caller.call.agent is not None]
        working = [a.login for a in people.agents.values() if a.state in {"reserved", "talking"}]
        assert sorted(held) == sorted(working)
        assert people.floor.assignments(noon(clock)) == ()


def happens_to(people: Hotline, who: int, pick: int, clock: float) -> None:
    """The next thing in this caller's life, his leaving too; one not yet born dials."""
    if who >= len(people.callers):
        people.dials(clock)
        return
    caller = people.callers[who]
    possible = list(TRANSITIONS[caller.call.phase])
    caller.happens(Move(stray=possible[pick % len(possible)]).event(caller.call.phase, clock))
