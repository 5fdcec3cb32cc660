"""Events in any order: what holds for every offer of a callback, every promise and every call that rings again."""

from collections.abc import Iterator
from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from ivr.policy.call import Outcome, Phase
from ivr.policy.commands import (
    Ask,
    AskRating,
    BookCommand,
    Hold,
    JoinCallback,
    LeaveCallback,
    ListForRingBack,
    PromiseCallback,
    Rate,
    Say,
    ServeCallback,
)
from ivr.policy.events import AgentAnswered, DigitsPressed, HungUp
from ivr.policy.offer import AFTER_AN_OPENING
from ivr.policy.spoken import dialled_number_prompts
from tests.policy.any_story import Taken, busy_stories, stories

Story = tuple[Taken, ...]
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def books(story: Story) -> Iterator[tuple[Taken, BookCommand]]:
    return ((taken, command) for taken in story for command in taken.step.for_the_books)


def promises(story: Story) -> list[tuple[Taken, PromiseCallback]]:
    return [(taken, command) for taken, command in books(story) if isinstance(command, PromiseCallback)]


@unhurried
@given(stories | busy_stories)
def test_a_promise_is_only_made_after_consent_or_where_the_last_channels_are_kept_r70(story: Story) -> None:
    for taken, promise in promises(story):
        if promise.consent_at is None:
            desk = taken.floor.desk
            assert desk is not None
            assert desk.channels_free == 0
            continue
        assert promise.consent_at == taken.event.at
        assert isinstance(taken.event, DigitsPressed)
        assert (taken.before.phase, taken.event.digits) == (Phase.CONFIRMING, "1")


@unhurried
@given(stories | busy_stories)
def test_a_number_is_promised_a_call_only_as_it_was_read_back_last_r70(story: Story) -> None:
    read_back: tuple[str, ...] = ()
    for taken in story:
        for command in taken.step.commands:
            if isinstance(command, PromiseCallback) and command.consent_at is not None:
                digits = dialled_number_prompts(command.number)
                assert read_back[-len(digits) - 1 : -1] == digits
            if isinstance(command, Ask):
                read_back = command.prompts


@unhurried
@given(stories | busy_stories)
def test_no_call_is_promised_two_callbacks_nor_one_beside_another_way_r70(story: Story) -> None:
    ways = [
        type(command)
        for _, command in books(story)
        if isinstance(command, PromiseCallback | JoinCallback)
        or (isinstance(command, ListForRingBack) and command.reason != "hotline_unreachable")
    ]
    assert len(ways) <= 1


@unhurried
@given(stories | busy_stories)
def test_only_numbers_that_may_be_called_are_promised_a_call_r70(story: Story) -> None:
    for taken, _ in promises(story):
        assert taken.floor.desk is not None
        assert taken.floor.desk.allows
        assert taken.floor.desk.open is None or taken.floor.desk.channels_free == 0


@unhurried
@given(stories | busy_stories)
def test_a_caller_hears_of_a_promise_in_the_step_that_makes_it_and_in_no_other_r70(story: Story) -> None:
    for taken in story:
        said = [
            c.prompts for c in taken.step.commands if isinstance(c, Say) and "callback_booked" in c.prompts
        ]
        assert said == [promise.said_prompts for _, promise in promises((taken,))]


@unhurried
@given(stories | busy_stories)
def test_a_promised_time_lies_ahead_in_whole_minutes_and_in_no_hour_of_rest_r10(story: Story) -> None:
    for taken, promise in promises(story):
        hours, last = taken.rules.hours, promise.due_at - timedelta(minutes=1)
        begins = promise.not_before_at or taken.event.at
        assert promise.due_at.second == 0
        assert promise.due_at - max(begins, taken.event.at) >= timedelta(minutes=10)
        assert hours.next_callable(last) == last
        assert hours.next_callable(begins) == begins or promise.consent_at is not None
        if promise.not_before_at is not None:
            assert promise.due_at - begins >= AFTER_AN_OPENING


@unhurried
@given(stories | busy_stories)
def test_whoever_was_promised_a_callback_never_counts_as_lost_r70(story: Story) -> None:
    last = story[-1].step.call
    ways = [type(command) for _, command in books(story)]
    if PromiseCallback in ways or JoinCallback in ways:
        assert last.outcome in {Outcome.CALLBACK, Outcome.SERVED}


@unhurried
@given(stories | busy_stories)
def test_a_call_that_leaves_in_the_middle_of_an_offer_leaves_no_promise_r70(story: Story) -> None:
    left = next(taken for taken in story if isinstance(taken.event, HungUp))
    if left.before.phase in {Phase.CHOOSING, Phase.BOOKING, Phase.KEYING, Phase.CONFIRMING}:
        assert promises(story) == []
        assert (
            left.step.call.outcome is Outcome.ABANDONED or left.before.listed or left.before.joined_callback
        )


@unhurried
@given(stories | busy_stories)
def test_a_callback_joined_is_served_or_left_at_the_end_of_the_call_r70(story: Story) -> None:
    joins = [command for _, command in books(story) if isinstance(command, JoinCallback)]
    fates = [type(c) for _, c in books(story) if isinstance(c, ServeCallback | LeaveCallback)]
    heard_after_the_end = story[-1].event if isinstance(story[-1].event, AgentAnswered) else None
    assert fates in ([], [ServeCallback], [LeaveCallback], [LeaveCallback, ServeCallback])
    assert len(fates) < 2 or heard_after_the_end is not None
    assert bool(fates) is (story[-1].step.call.joined_callback is not None)
    assert len(joins) <= len(fates)


@unhurried
@given(stories | busy_stories)
def test_whoever_has_a_callback_is_offered_no_other_r70(story: Story) -> None:
    for taken in story:
        if taken.before.joined_callback is not None:
            assert taken.step.call.phase not in {
                Phase.CHOOSING,
                Phase.BOOKING,
                Phase.KEYING,
                Phase.CONFIRMING,
            }
            assert not any(isinstance(command, Hold) and command.key for command in taken.step.commands)


@unhurried
@given(stories | busy_stories)
def test_a_score_is_one_to_five_and_only_of_a_caller_who_was_served_and_asked_r3(story: Story) -> None:
    asked = [taken for taken, command in books(story) if isinstance(command, AskRating)]
    scores = [command.score for _, command in books(story) if isinstance(command, Rate)]
    assert len(scores) <= len(asked) <= 1
    assert all(1 <= score <= 5 for score in scores)
    assert all(taken.before.served_at is not None and taken.floor.unrated_today for taken in asked)
