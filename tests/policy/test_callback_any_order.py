"""Events in any order, of any epoch, at any hour: what holds for every callback, whatever happens to it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ivr.policy.callback import Callback, CallbackState, CallbackStep
from ivr.policy.callback_commands import (
    CallbackCommand,
    Dial,
    HandOver,
    HandOverReason,
    NameSecondPerson,
    StopDialing,
    TellCustomerNewTime,
)
from ivr.policy.callback_events import (
    AttemptEnded,
    AttemptResult,
    CallbackEvent,
    CallerLeft,
    CallerRangAgain,
    CallerServed,
    Claimed,
    DueTimeCannotBeMet,
    LeaseEnded,
    NewTimeTold,
    NumberRefused,
    ResultMissing,
    RouteLost,
    SecondPersonNamed,
    SwitchSays,
)
from ivr.policy.callback_flow import (
    CALLBACK_TRANSITIONS,
    GRACE_SECONDS,
    PERHAPS_CALLED_SECONDS,
    UnexpectedCallbackEventError,
    advance_callback,
)
from ivr.policy.callback_guard import Refusal
from ivr.policy.callback_rules import CallbackRules
from ivr.policy.time_slots import DEFAULT_SLOTS
from tests.policy.callback_stories import (
    BEIJING,
    TEN,
    always,
    clock,
    never,
    office_hours,
    promised,
    rules,
)

OPEN = {CallbackState.PENDING, CallbackState.DIALING}
NOBODY_KNOWS = {None, AttemptResult.UNKNOWN}
REACHED = AttemptResult.REACHED
FAILED = {
    AttemptResult.BUSY,
    AttemptResult.NO_ANSWER,
    AttemptResult.VOICEMAIL,
    AttemptResult.REFUSED_BY_NETWORK,
}
STORY_EVENTS = sorted(
    {event for events in CALLBACK_TRANSITIONS.values() for event in events}, key=lambda kind: kind.__name__
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True, kw_only=True)
class Move:
    """What happens next: the `pick`-th thing that may (or a `stray` one), and how much later."""

    pick: int = 0
    stray: type[CallbackEvent] | None = None
    after_seconds: float | None = None  # None: when the next attempt may be made, or a while into this one
    after_lease: float = 16.0  # how long the lease is over when the switch is asked
    epoch: int = 0  # so much older than the current one
    result: AttemptResult = AttemptResult.BUSY
    says: SwitchSays = SwitchSays.NEVER_SEEN
    who: int = 0

    def at(self, callback: Callback, now: datetime) -> datetime:
        """Never earlier than what happened before."""
        if self.after_seconds is not None:
            return now + timedelta(seconds=self.after_seconds)
        return max(now + timedelta(seconds=10), callback.next_at or now)

    def new_due_at(self, at: datetime) -> datetime | None:
        return None if self.who % 5 == 4 else at + timedelta(minutes=10)

    def event(self, callback: Callback, now: datetime) -> CallbackEvent:
        """Each kind of event with what belongs to it."""
        possible = list(CALLBACK_TRANSITIONS[callback.state])
        kind = self.stray or possible[self.pick % len(possible)]
        at, epoch, name = self.at(callback, now), callback.epoch - self.epoch, ["wang", "li"][self.who % 2]
        asked_at = max(now, (callback.lease_until or at) + timedelta(seconds=self.after_lease))
        made: dict[type[CallbackEvent], CallbackEvent] = {
            Claimed: Claimed(at=at, agent=name, by_hand=self.who % 3 == 2),
            AttemptEnded: AttemptEnded(at=at, epoch=epoch, result=self.result),
            LeaseEnded: LeaseEnded(at=asked_at, epoch=epoch, switch_says=self.says),
            ResultMissing: ResultMissing(at=asked_at, epoch=epoch),
            CallerRangAgain: CallerRangAgain(at=at, call_id=8 + self.who),
            CallerServed: CallerServed(at=at, call_id=8 + self.who),
            CallerLeft: CallerLeft(at=at, call_id=8 + self.who),
            SecondPersonNamed: SecondPersonNamed(at=at, login="zhao"),
            DueTimeCannotBeMet: DueTimeCannotBeMet(at=at, new_due_at=self.new_due_at(at)),
            NumberRefused: NumberRefused(
                at=at, reason=list(Refusal)[self.who], free_at=self.new_due_at(at), known=self.who % 2 == 1
            ),
        }
        return made.get(kind) or kind(at=at)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One event that was taken: the callback before it, the event and what came of it."""

    before: Callback
    event: CallbackEvent
    rules: CallbackRules
    step: CallbackStep

    @property
    def after(self) -> Callback:
        return self.step.callback


Told = tuple[Taken, ...]


def tell(moves: list[Move], rules_: CallbackRules, started: datetime = TEN) -> Told:
    return tuple(_told(moves, rules_, started))


def _told(moves: list[Move], rules_: CallbackRules, started: datetime) -> Iterator[Taken]:
    callback, now = promised(started), started
    for move in moves:
        event = move.event(callback, now)
        now = event.at
        try:
            step = advance_callback(callback, event, rules_)
        except UnexpectedCallbackEventError:
            continue
        yield Taken(before=callback, event=event, rules=rules_, step=step)
        callback = step.callback


def ordered(story: Told) -> list[CallbackCommand]:
    return [command for taken in story for command in taken.step.commands]


moves = st.lists(
    st.builds(
        Move,
        pick=st.sampled_from([0] * 12 + list(range(12))),
        stray=st.sampled_from([None] * 30 + STORY_EVENTS),
        after_seconds=st.sampled_from([None] * 12 + [0.0, 20.0, 96.0, 700.0, 1900.0, 30000.0]),
        epoch=st.sampled_from([0] * 12 + [1, -1]),
        result=st.sampled_from([AttemptResult.BUSY, AttemptResult.NO_ANSWER] * 3 + list(AttemptResult)),
        says=st.sampled_from(SwitchSays),
        after_lease=st.sampled_from([-5.0, 0.0, 15.0, 16.0, 16.0, 1799.0, 1800.0]),
        who=st.integers(0, len(Refusal) - 1),
    ),
    min_size=2,
    max_size=25,
)
stories = st.builds(
    tell,
    moves,
    st.builds(
        rules, st.sampled_from([always, office_hours, office_hours, never]), attempts=st.integers(1, 6)
    ),
    st.sampled_from([clock(9), clock(11, 40), clock(12, 30), clock(17, 50)]),
)
BUSY_FOR_DAYS = tell([Move()] * 12, rules(attempts=6))
DIALED_AGAIN = tell([Move(), Move(result=AttemptResult.UNKNOWN), Move(pick=1), Move()], rules())
NO_NEWS = (AttemptResult.UNKNOWN, AttemptResult.NOT_PLACED, AttemptResult.AGENT_DECLINED)
TOLD_LATE = tell(
    [
        Move(),
        Move(pick=1),
        *(Move(pick=1, result=result) for result in (*NO_NEWS, REACHED)),
    ],
    rules(),
)
AFTER_A_REST = tell(
    [Move(after_seconds=720), Move(), Move(after_seconds=1200), Move(after_seconds=6000)],
    rules(),
    clock(11, 30),
)
TOLD_FOR_NOTHING = tell([Move(), Move(), Move(stray=DueTimeCannotBeMet, after_seconds=1800)], rules())
TOLD_BY_AN_OLD_EPOCH = tell(
    [Move(), Move(result=AttemptResult.AGENT_DECLINED), Move(), Move(epoch=1)], rules()
)
ASKED_EARLY = tell([Move(), Move(pick=1, after_lease=15)], rules())
ASKED_IN_VAIN = tell(
    [Move()] + [Move(pick=1, after_lease=late, says=SwitchSays.UNKNOWN) for late in (1799, 1800)], rules()
)
TOLD_TWICE = tell([Move(stray=DueTimeCannotBeMet, after_seconds=900)] * 2, rules())
RANG_TWICE = tell(
    [
        Move(),
        Move(stray=CallerRangAgain, who=1),
        Move(stray=CallerLeft, who=2),
        Move(stray=CallerServed, who=2),
        Move(stray=CallerServed, who=1),
    ],
    rules(),
)


def test_the_stories_get_far_enough_to_mean_something() -> None:
    assert BUSY_FOR_DAYS[-1].after.state is CallbackState.UNREACHED
    assert DIALED_AGAIN[-1].after.epoch == 2
    assert [taken.after.state for taken in TOLD_LATE] == ["dialing", "pending", "done"]
    assert [taken.after.state for taken in AFTER_A_REST] == ["dialing", "pending", "dialing"]
    assert len(TOLD_FOR_NOTHING) == 3
    assert len(TOLD_BY_AN_OLD_EPOCH) == 3
    assert ASKED_EARLY[-1].after.state is CallbackState.DIALING
    assert [taken.after.state for taken in ASKED_IN_VAIN[1:]] == ["dialing", "handed_over"]
    assert RANG_TWICE[-1].after.state is CallbackState.DONE


@unhurried
@given(stories)
@example(BUSY_FOR_DAYS)
@example(DIALED_AGAIN)
def test_no_attempt_begins_while_the_outcome_of_another_is_open_and_epochs_rise_r70(story: Told) -> None:
    for taken in story:
        attempts = taken.after.attempts
        assert [attempt.epoch for attempt in attempts] == list(range(1, taken.after.epoch + 1))
        assert not any(attempt.result in NOBODY_KNOWS for attempt in attempts[:-1])
        unsettled = any(attempt.result in NOBODY_KNOWS for attempt in attempts)
        assert not unsettled or taken.after.state is not CallbackState.PENDING
        running = taken.after.lease_until is not None
        assert running is (taken.after.state is CallbackState.DIALING)
    dialed = [command.epoch for command in ordered(story) if isinstance(command, Dial)]
    claims = [taken for taken in story if isinstance(taken.event, Claimed)]
    ours = [taken.after.epoch for taken in claims if not taken.after.by_hand]
    assert dialed == ours, "of what is dialled by hand the switch is told nothing"


@unhurried
@given(stories)
@example(TOLD_LATE)
@example(TOLD_BY_AN_OLD_EPOCH)
def test_what_is_known_of_an_attempt_stays_but_for_one_the_switch_had_denied(story: Told) -> None:
    for taken in story:
        if isinstance(taken.event, AttemptEnded | LeaseEnded):
            assert taken.event.epoch == taken.before.epoch
        for before, after in zip(taken.before.attempts, taken.after.attempts, strict=False):
            heard_late = taken.before.state is CallbackState.PENDING
            denied = before.result is AttemptResult.NOT_PLACED and heard_late
            assert before.result in NOBODY_KNOWS or denied or before == after
            assert before.result is after.result or after.result in FAILED | {REACHED} or not heard_late


@unhurried
@given(stories)
@example(RANG_TWICE)
def test_the_first_of_his_calls_keeps_the_place_and_whichever_is_served_ends_it_r70(story: Told) -> None:
    for taken in story:
        if isinstance(taken.event, CallerLeft):
            assert taken.event.call_id == taken.before.joined_call
        if isinstance(taken.event, CallerRangAgain):
            assert taken.before.joined_call in {None, taken.after.joined_call}
        if isinstance(taken.event, CallerServed):
            assert taken.after.state is CallbackState.DONE
        served_while_dialed = isinstance(taken.event, CallerServed) and taken.before.lease_until is not None
        stops = [command for command in taken.step.commands if isinstance(command, StopDialing)]
        assert [stop.epoch for stop in stops] == [taken.before.epoch] * served_while_dialed


@unhurried
@given(stories)
def test_what_is_over_stays_as_it_is_and_what_lives_goes_forward(story: Told) -> None:
    order = list(CallbackState)
    for taken in story:
        before, after = taken.before, taken.after
        if before.state not in OPEN:
            assert (after.state, after.closed_at) == (before.state, before.closed_at)
            assert after.hand_over_reason == before.hand_over_reason
            assert taken.step.commands == ()
        again = (before.state, after.state) == (CallbackState.DIALING, CallbackState.PENDING)
        assert again or order.index(after.state) >= order.index(before.state)
        assert (after.closed_at is None) is (after.state in OPEN)
        identity = (after.callback_id, after.call_id, after.number, after.presented_at, after.promised_at)
        assert identity == (7, 5, before.number, before.presented_at, before.promised_at)


@unhurried
@given(stories)
@example(BUSY_FOR_DAYS)
def test_nothing_ends_in_silence_after_each_attempt_comes_a_time_or_a_person_r28b(story: Told) -> None:
    for taken in story:
        after, handed = taken.after, [c for c in taken.step.commands if isinstance(c, HandOver)]
        closed_now = taken.before.state in OPEN and after.state not in OPEN
        assert bool(handed) is (closed_now and after.state is not CallbackState.DONE)
        assert [command.reason for command in handed] == ([after.hand_over_reason] if handed else [])
        if after.state is CallbackState.PENDING and after.attempts:
            assert after.next_at is not None
    unreached = [taken.after for taken in story if taken.after.state is CallbackState.UNREACHED]
    for callback in unreached:
        assert len(callback.failures) == story[0].rules.callback_attempts
        assert callback.hand_over_reason is HandOverReason.ATTEMPTS_USED


@unhurried
@given(stories)
@example(BUSY_FOR_DAYS)
def test_the_first_failure_names_a_second_person_and_no_other_does_r28b(story: Told) -> None:
    for taken in story:
        named = [command for command in taken.step.commands if isinstance(command, NameSecondPerson)]
        first = not taken.before.failures and bool(taken.after.failures) and taken.before.state in OPEN
        given = isinstance(taken.event, RouteLost | DueTimeCannotBeMet)
        now_his = given and taken.after.state not in OPEN and taken.before.second_person is None
        assert bool(named) is (first or now_his)
        if first:
            assert all(command.besides == taken.after.failures[0].agent for command in named)


@unhurried
@given(stories)
@example(BUSY_FOR_DAYS)
def test_from_the_third_attempt_on_it_is_the_time_of_day_used_least_r28b(story: Told) -> None:
    for taken in story:
        after, failed = taken.after, len(taken.after.failures) > len(taken.before.failures)
        if failed and len(after.failures) >= 2 and after.state is CallbackState.PENDING:
            assert after.next_at is not None
            used = Counter(slot_of(attempt.at) for attempt in after.failures)
            assert used[slot_of(after.next_at)] == min(used[slot.name] for slot in DEFAULT_SLOTS)


def slot_of(moment: datetime) -> str | None:
    local = moment.astimezone(BEIJING)
    minute = local.hour * 60 + local.minute
    return next((slot.name for slot in DEFAULT_SLOTS if slot.start <= minute < slot.until), None)


@unhurried
@given(stories)
@example(BUSY_FOR_DAYS)
@example(AFTER_A_REST)
def test_nobody_is_tried_too_soon_or_too_often_a_day_or_in_quiet_hours_beyond_the_promise_r10(
    story: Told,
) -> None:
    for taken in story:
        if not isinstance(taken.event, Claimed):
            continue
        before, at = taken.before, taken.event.at
        assert before.state is CallbackState.PENDING
        assert before.joined_call is None
        assert before.next_at is None or at >= before.next_at
        inside = not before.failures or at <= before.due_at
        callable_at = taken.rules.callable_at(at)
        assert callable_at == at or (inside and (callable_at is None or callable_at > before.due_at))
    failures = story[-1].after.failures if story else ()
    tried = Counter(attempt.at.astimezone(BEIJING).date() for attempt in failures)
    assert max(tried.values(), default=0) <= 3


@unhurried
@given(stories)
@example(DIALED_AGAIN)
@example(ASKED_EARLY)
@example(ASKED_IN_VAIN)
def test_only_a_switch_that_surely_never_saw_it_lets_an_unknown_attempt_be_made_again(story: Told) -> None:
    for taken in story:
        before, after = taken.before, taken.after
        if not isinstance(taken.event, LeaseEnded) or after.state is CallbackState.DIALING:
            continue
        assert before.lease_until is not None
        over_for = (taken.event.at - before.lease_until).total_seconds()
        if taken.event.switch_says is SwitchSays.NEVER_SEEN:
            assert over_for > GRACE_SECONDS
        else:
            assert over_for >= PERHAPS_CALLED_SECONDS
            assert after.hand_over_reason is HandOverReason.PERHAPS_CALLED


@unhurried
@given(stories)
@example(TOLD_TWICE)
@example(TOLD_FOR_NOTHING)
def test_the_promised_time_changes_only_when_the_customer_has_heard_the_new_one_r10(story: Told) -> None:
    told = 0
    for taken in story:
        moved = taken.after.due_at != taken.before.due_at
        assert not moved or isinstance(taken.event, NewTimeTold)
        assert taken.after.due_at >= taken.before.due_at
        for command in taken.step.commands:
            if isinstance(command, TellCustomerNewTime):
                told += 1
                assert not taken.before.was_called
                assert taken.before.new_due_at is None
        assert told <= 1, "a customer is rung for a new time once"
        assert not moved or told == 1


@unhurried
@given(moves, st.sampled_from(AttemptResult))
def test_no_attempt_is_counted_against_a_customer_who_noticed_nothing(
    moves: list[Move], result: AttemptResult
) -> None:
    story = tell([Move(), Move(result=result), *moves], rules(always))
    first = story[1].after
    assert len(first.failures) == (result in FAILED)


def test_an_event_of_no_kind_is_refused() -> None:
    with pytest.raises(UnexpectedCallbackEventError, match="CallbackEvent while pending"):
        advance_callback(promised(), CallbackEvent(at=clock(10)), rules())
