"""One promised callback: attempts, unknown outcomes, the customer who rings again, a time that cannot be kept."""

from datetime import timedelta

import pytest

from ivr.policy.call import PassedOver
from ivr.policy.callback import CallbackState, place_in_line
from ivr.policy.callback_commands import (
    Dial,
    HandOver,
    HandOverReason,
    Merge,
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
    NewTimeNotTold,
    NewTimeTold,
    NumberRefused,
    ResultMissing,
    RouteLost,
    SecondPersonNamed,
    SwitchSays,
)
from ivr.policy.callback_flow import CALLBACK_TRANSITIONS, UnexpectedCallbackEventError
from ivr.policy.callback_guard import Refusal
from ivr.policy.commands import AlertManager
from ivr.policy.floor import Waiting
from ivr.policy.opening_hours import OpeningHours, parse_quiet_hours
from tests.cast import CALLER, agent
from tests.policy.callback_stories import Story, always, clock, never, promised, rules

REACHED = AttemptResult.REACHED
BUSY = AttemptResult.BUSY
NO_ANSWER = AttemptResult.NO_ANSWER
DECLINED = AttemptResult.AGENT_DECLINED
UNKNOWN = AttemptResult.UNKNOWN
NOT_PLACED = AttemptResult.NOT_PLACED
LEASE = timedelta(seconds=20 + 45 + 15)


def refused(story: Story, event: CallbackEvent) -> None:
    before = story.callback
    with pytest.raises(UnexpectedCallbackEventError, match=type(event).__name__) as error:
        story.happens(event)
    assert (error.value.callback, error.value.event) == (before, event)
    assert story.callback is before


# ---- an attempt and its end -------------------------------------------------------------------------------------


def test_a_customer_is_called_by_the_agent_who_took_it_and_reached_once_r70() -> None:
    story = Story()
    at = clock(10, 4)
    dial = Dial(epoch=1, agent="wang", number=CALLER, not_after_at=at + LEASE)
    assert story.claimed(at) == (dial,)
    assert (story.state, story.callback.lease_until) == (CallbackState.DIALING, at + LEASE)
    assert story.ended(REACHED, clock(10, 7)) == ()
    assert (story.state, story.callback.closed_at) == (CallbackState.DONE, clock(10, 7))
    assert (story.results, story.callback.lease_until) == ([REACHED], None)
    refused(story, Claimed(at=clock(10, 8), agent="li"))


def test_nobody_claims_what_another_agent_is_dialing_r70() -> None:
    story = Story()
    story.claimed(clock(10, 4))
    refused(story, Claimed(at=clock(10, 4), agent="li"))


@pytest.mark.parametrize("result", [DECLINED, AttemptResult.AGENT_DID_NOT_ANSWER])
def test_an_agent_who_does_not_take_it_costs_the_customer_nothing_r70(result: AttemptResult) -> None:
    story = Story()
    assert story.tried(result, clock(10)) == ()
    assert (story.state, story.next_at) == (CallbackState.PENDING, "02. 10:00:30")
    assert [(miss.agent, miss.at) for miss in story.callback.passed_over] == [("wang", clock(10, 0, 30))]
    dial = story.claimed(clock(10, 0, 30), "li")
    assert dial == (Dial(epoch=2, agent="li", number=CALLER, not_after_at=clock(10, 0, 30) + LEASE),)
    assert story.callback.failures == ()


def test_an_attempt_that_broke_off_on_our_side_is_made_again_and_costs_the_customer_nothing_r70() -> None:
    story = Story()
    story.tried(AttemptResult.INTERRUPTED, clock(10))
    assert (story.state, story.next_at) == (CallbackState.PENDING, "02. 10:00:45")
    assert story.callback.failures == ()


def test_who_hung_up_while_the_customers_phone_rang_does_not_get_him_at_the_next_attempt_r70() -> None:
    story = Story()
    story.tried(AttemptResult.INTERRUPTED, clock(10))
    place = place_in_line(story.callback, clock(10, 0, 45), 60, story.rules)
    assert place is not None
    waiting = Waiting(call_id=5, presented_at=place.presented_at, passed_over=place.passed_over)
    wang, li = (agent(login, idle_for=0) for login in ("wang", "li"))
    assert [waiting.accepts(each, clock(10, 0, 45)) for each in (wang, li)] == [False, True]
    assert waiting.accepts(wang, clock(10, 0, 55)), "where nobody else is there, he is asked again"


INTERRUPTED = AttemptResult.INTERRUPTED


def test_what_broke_off_three_times_in_a_row_is_tried_again_later_as_if_he_had_not_been_there_r28b_r70() -> (
    None
):
    story = Story(promised(due_in_minutes=5))
    assert story.tried(INTERRUPTED, clock(10)) == story.tried(INTERRUPTED, clock(10, 1)) == ()
    assert (story.next_at, len(story.callback.failures)) == ("02. 10:01:45", 0)
    assert story.tried(DECLINED, clock(10, 2), "li") == (), "rings no customer, and ends no row"
    assert story.tried(INTERRUPTED, clock(10, 3), "li") == (NameSecondPerson(besides="li"),)
    assert (story.next_at, len(story.callback.failures)) == ("02. 10:13:30", 1)
    assert place_in_line(story.callback, clock(10, 13), 300, story.rules) is None
    assert not story.callback.was_called, "what was promised is not kept by it"
    told = TellCustomerNewTime(number=CALLER, new_due_at=clock(10, 20))
    assert story.happens(DueTimeCannotBeMet(at=clock(10, 4), new_due_at=clock(10, 20))) == (told,)


def test_who_was_not_reached_in_between_begins_a_new_row_of_attempts_that_broke_off_r70() -> None:
    story = Story()
    for minute, result in enumerate([INTERRUPTED, INTERRUPTED, BUSY]):
        story.tried(result, clock(10, minute))
    story.tried(INTERRUPTED, clock(10, 6))
    story.tried(INTERRUPTED, clock(10, 7))
    assert (story.next_at, len(story.callback.failures)) == ("02. 10:07:45", 1)


def test_a_customer_whose_phone_rang_for_nothing_again_and_again_is_a_persons_task_r70() -> None:
    story = Story()
    for minute in (0, 1, 2, 13, 14):
        story.tried(INTERRUPTED, clock(10, minute))
    assert story.next_at == "02. 10:14:45"
    assert story.tried(INTERRUPTED, clock(10, 15)) == (
        HandOver(reason=HandOverReason.INTERRUPTED, to=None),
        AlertManager(kind="callback_interrupted", agent=None),
    )
    assert story.state is CallbackState.HANDED_OVER


@pytest.mark.parametrize(
    ("result", "next_at"),
    [
        (BUSY, "02. 10:03:30"),
        (AttemptResult.REFUSED_BY_NETWORK, "02. 10:03:30"),
        (NO_ANSWER, "02. 10:10:30"),
        (AttemptResult.VOICEMAIL, "02. 10:10:30"),
    ],
)
def test_who_is_not_reached_is_tried_again_within_minutes_and_a_second_person_is_named_r28b(
    result: AttemptResult, next_at: str
) -> None:
    story = Story()
    assert story.tried(result, clock(10)) == (NameSecondPerson(besides="wang"),)
    assert (story.state, story.next_at) == (CallbackState.PENDING, next_at)
    refused(story, Claimed(at=clock(10, 3, 29), agent="li"))
    assert story.claimed(clock(10, 10, 30), "li") != ()


def test_only_the_first_failure_names_a_second_person_and_he_is_kept_r28b() -> None:
    story = Story()
    story.tried(DECLINED, clock(10))
    assert story.tried(BUSY, clock(10, 1), "li") == (NameSecondPerson(besides="li"),)
    assert story.happens(SecondPersonNamed(at=clock(10, 2), login="zhao")) == ()
    assert story.tried(BUSY, clock(10, 5)) == ()
    assert story.callback.second_person == "zhao"


def test_from_the_third_attempt_on_another_time_of_day_is_tried_r28b() -> None:
    story = Story(promised(clock(9, 5)), rules(attempts=5))
    story.tried(BUSY, clock(9, 5))
    story.tried(BUSY, clock(9, 10))
    assert story.next_at == "02. 13:30:00"
    story.tried(BUSY, clock(13, 40))
    assert story.next_at == "03. 15:30:00"  # three attempts are enough for one day
    story.tried(BUSY, clock(15, 30, day=3))
    assert story.next_at == "04. 13:30:00"  # each slot is used: one that was used once, not the morning


def test_who_is_never_reached_is_handed_to_a_person_and_a_manager_hears_of_it_r28b() -> None:
    story = Story()
    story.tried(BUSY, clock(10))
    story.happens(SecondPersonNamed(at=clock(10, 1), login="zhao"))
    story.tried(BUSY, clock(10, 4))
    story.tried(BUSY, clock(13, 30))
    last = story.tried(BUSY, clock(15, 30, day=3))
    assert last == (
        HandOver(reason=HandOverReason.ATTEMPTS_USED, to="zhao"),
        AlertManager(kind="callback_unreached", agent=None),
    )
    assert story.state is CallbackState.UNREACHED
    assert story.callback.hand_over_reason is HandOverReason.ATTEMPTS_USED
    assert story.callback.closed_at == clock(15, 30, 30, day=3)


def test_a_second_person_is_named_even_if_the_first_attempt_was_the_last_r28b() -> None:
    story = Story(rules_=rules(attempts=1))
    named, handed, _alert = story.tried(BUSY, clock(10))
    assert (named, handed) == (
        NameSecondPerson(besides="wang"),
        HandOver(reason=HandOverReason.ATTEMPTS_USED, to=None),
    )
    assert story.happens(SecondPersonNamed(at=clock(10, 1), login="zhao")) == ()
    assert (story.state, story.callback.second_person) == (CallbackState.UNREACHED, "zhao")


# ---- hours ------------------------------------------------------------------------------------------------------


def test_a_promise_that_can_be_kept_outside_quiet_hours_is_kept_there_r10() -> None:
    story = Story(promised(clock(11, 50), due_in_minutes=105))
    assert place_in_line(story.callback, clock(11, 59, 59), 240, story.rules) is not None
    for moment in (clock(12), clock(12, 40), clock(13, 29)):
        assert place_in_line(story.callback, moment, 240, story.rules) is None
        refused(story, Claimed(at=moment, agent="wang"))
    assert place_in_line(story.callback, clock(13, 30), 240, story.rules) is not None
    assert story.claimed(clock(13, 30)) != ()


def test_what_no_agent_took_before_the_rest_is_tried_after_it_where_that_keeps_the_promise_r10() -> None:
    story = Story(promised(clock(11, 50), due_in_minutes=130))
    story.claimed(clock(11, 59, 50))
    story.ended(DECLINED, clock(12))
    assert story.next_at == "02. 13:30:00"


def test_a_promise_that_can_be_kept_at_no_other_time_is_kept_in_quiet_hours_r10() -> None:
    story = Story(promised(clock(11, 50)))
    assert story.claimed(clock(12, 5)) != ()
    story.ended(BUSY, clock(12, 6))
    assert story.next_at == "02. 12:09:00"
    assert story.claimed(clock(12, 9)) != ()


def test_a_promise_that_is_late_already_is_not_put_off_until_after_the_rest_as_well_r10() -> None:
    story = Story(promised(clock(11, 40)))
    assert not story.callback.failures
    assert story.claimed(clock(12, 30)) != ()
    story.ended(DECLINED, clock(12, 31))
    assert story.next_at == "02. 12:31:00"


def test_another_try_beyond_the_promise_waits_until_the_customer_may_be_rung() -> None:
    story = Story(promised(clock(11, 40)))
    story.tried(NO_ANSWER, clock(11, 55))
    assert story.next_at == "02. 13:30:00"


def test_another_try_whose_turn_comes_too_late_waits_for_the_next_hour_in_which_he_may_be_rung() -> None:
    story = Story(promised(clock(11, 30)))
    story.tried(NO_ANSWER, clock(11, 42))
    assert story.next_at == "02. 11:52:30"
    refused(story, Claimed(at=clock(12, 1), agent="wang"))
    assert place_in_line(story.callback, clock(12, 1), 300, story.rules) is None
    assert story.claimed(clock(13, 30)) != ()
    story.ended(DECLINED, clock(18))
    assert story.next_at == "03. 09:00:00"


def test_the_hotlines_own_hours_say_when_a_customer_may_be_rung() -> None:
    hours = OpeningHours(quiet=parse_quiet_hours(["12:00-13:30"]))
    story = Story(promised(clock(11, 40)), rules(hours.next_callable))
    story.tried(NO_ANSWER, clock(11, 55))
    assert story.next_at == "02. 13:30:00"
    assert story.claimed(clock(13, 30)) != ()


@pytest.mark.parametrize("third", [True, False])
def test_who_may_never_be_rung_again_is_a_persons_task_r28b(third: bool) -> None:
    story = Story(promised(due_in_minutes=5), rules(never))
    first = story.tried(BUSY, clock(10))
    assert story.next_at == "02. 10:03:30"
    last = story.tried(BUSY, clock(10, 4)) if third else story.tried(DECLINED, clock(10, 4, 45))
    assert (first, last) == (
        (NameSecondPerson(besides="wang"),),
        (HandOver(reason=HandOverReason.NO_SLOT_LEFT, to=None),),
    )
    assert story.state is CallbackState.HANDED_OVER


# ---- dialled by hand --------------------------------------------------------------------------------------------


def by_hand() -> Story:
    """An agent has taken it, to dial himself."""
    story = Story()
    assert story.happens(Claimed(at=clock(10), agent="wang", by_hand=True)) == ()
    return story


def test_what_is_dialled_by_hand_is_claimed_and_settled_like_any_attempt_and_no_switch_is_told_r28b_r70() -> (
    None
):
    story = by_hand()
    assert (story.state, story.callback.lease_until) == (CallbackState.DIALING, clock(10, 15))
    refused(story, Claimed(at=clock(10, 1), agent="li", by_hand=True))
    assert story.ended(BUSY, clock(10, 1)) == (NameSecondPerson(besides="wang"),)
    assert (story.state, story.next_at) == (CallbackState.PENDING, "02. 10:04:00")
    refused(story, AttemptEnded(at=clock(10, 2), epoch=1, result=REACHED))
    assert story.claimed(clock(10, 4), "li") != (), "the switch may dial the next one"
    assert not story.callback.by_hand


def test_who_takes_it_and_says_nothing_loses_it_after_a_quarter_of_an_hour_r70() -> None:
    story = by_hand()
    refused(story, ResultMissing(at=clock(10, 14, 59), epoch=1))
    refused(story, ResultMissing(at=clock(10, 15), epoch=2))
    alert = AlertManager(kind="callback_without_result", agent="wang")
    assert story.happens(ResultMissing(at=clock(10, 15), epoch=1)) == (alert,)
    assert (story.state, story.results) == (CallbackState.PENDING, [AttemptResult.NO_RESULT])
    assert (story.next_at, story.callback.failures) == ("02. 10:15:00", ())
    refused(story, AttemptEnded(at=clock(10, 16), epoch=1, result=REACHED))
    story.happens(Claimed(at=clock(10, 16), agent="li", by_hand=True))
    refused(story, AttemptEnded(at=clock(10, 17), epoch=1, result=REACHED))
    story.ended(REACHED, clock(10, 20))
    assert story.state is CallbackState.DONE


def test_nothing_is_concluded_about_an_attempt_by_hand_from_what_the_switch_never_saw_r70() -> None:
    story = by_hand()
    refused(story, lease_ended(story, SwitchSays.NEVER_SEEN, 4000))
    ours = Story()
    ours.claimed(clock(10))
    refused(ours, ResultMissing(at=clock(11), epoch=1))


# ---- an outcome nobody knows ------------------------------------------------------------------------------------


def lease_ended(story: Story, says: SwitchSays, seconds: float) -> LeaseEnded:
    lease_until = story.callback.attempts[-1].at + LEASE
    return LeaseEnded(
        at=lease_until + timedelta(seconds=seconds), epoch=story.callback.epoch, switch_says=says
    )


@pytest.mark.parametrize("lost", [True, False])
def test_an_attempt_is_made_again_only_when_the_switch_surely_never_saw_it(lost: bool) -> None:
    story = Story()
    story.claimed(clock(10))
    if lost:
        assert story.ended(UNKNOWN, clock(10, 0, 5)) == ()
    assert story.happens(lease_ended(story, SwitchSays.NEVER_SEEN, 15)) == ()
    assert story.state is CallbackState.DIALING
    assert story.happens(lease_ended(story, SwitchSays.NEVER_SEEN, 16)) == ()
    assert (story.state, story.results) == (CallbackState.PENDING, [NOT_PLACED])
    assert story.next_at == "02. 10:01:51"
    assert story.claimed(clock(10, 1, 51))[0] == Dial(
        epoch=2, agent="wang", number=CALLER, not_after_at=clock(10, 1, 51) + LEASE
    )


@pytest.mark.parametrize("says", [SwitchSays.UNKNOWN, SwitchSays.SEEN])
def test_who_was_perhaps_called_is_looked_after_by_a_person_and_never_redialled(says: SwitchSays) -> None:
    story = Story()
    story.claimed(clock(10))
    story.ended(UNKNOWN, clock(10, 0, 5))
    assert story.happens(lease_ended(story, says, 1799)) == ()
    assert story.state is CallbackState.DIALING
    assert story.happens(lease_ended(story, says, 1800)) == (
        HandOver(reason=HandOverReason.PERHAPS_CALLED, to=None),
        AlertManager(kind="callback_perhaps_called", agent=None),
    )
    assert (story.state, story.results) == (CallbackState.HANDED_OVER, [UNKNOWN])
    refused(story, lease_ended(story, SwitchSays.NEVER_SEEN, 1900))


def test_whom_the_switch_was_putting_through_as_it_died_a_person_looks_after_and_nobody_redials_r70() -> None:
    story = Story()
    story.claimed(clock(10))
    assert story.ended(AttemptResult.CUT_OFF, clock(10, 1)) == (
        HandOver(reason=HandOverReason.PERHAPS_CALLED, to=None),
        AlertManager(kind="callback_perhaps_called", agent=None),
    )
    assert (story.state, story.results) == (CallbackState.HANDED_OVER, [AttemptResult.CUT_OFF])


def test_a_switch_that_is_silent_for_half_an_hour_leaves_the_outcome_unknown() -> None:
    story = Story()
    story.claimed(clock(10))
    story.happens(lease_ended(story, SwitchSays.UNKNOWN, 1800))
    assert (story.state, story.results) == (CallbackState.HANDED_OVER, [UNKNOWN])


def test_a_talk_that_outlives_the_lease_goes_on_until_it_ends() -> None:
    story = Story()
    story.claimed(clock(10))
    assert story.happens(lease_ended(story, SwitchSays.SEEN, 4000)) == ()
    story.ended(REACHED, clock(11, 30))
    assert story.state is CallbackState.DONE


@pytest.mark.parametrize("result", list(AttemptResult))
def test_an_attempt_given_up_for_unknown_still_gets_its_result_but_nothing_follows(
    result: AttemptResult,
) -> None:
    story = Story()
    story.claimed(clock(10))
    story.happens(lease_ended(story, SwitchSays.UNKNOWN, 1800))
    assert story.ended(result, clock(10, 40)) == ()
    assert (story.state, story.results) == (CallbackState.HANDED_OVER, [result])
    assert story.callback.closed_at == clock(10, 31, 20)


def test_a_result_that_is_known_is_not_overwritten() -> None:
    story = Story()
    story.tried(REACHED, clock(10))
    refused(story, AttemptEnded(at=clock(10, 9), epoch=1, result=BUSY))


def test_word_of_an_attempt_the_switch_had_denied_is_believed_before_anybody_redials() -> None:
    story = Story()
    story.claimed(clock(10))
    story.happens(lease_ended(story, SwitchSays.NEVER_SEEN, 16))
    for nothing_new in (UNKNOWN, NOT_PLACED, DECLINED):
        refused(story, AttemptEnded(at=clock(10, 2), epoch=1, result=nothing_new))
    assert story.ended(REACHED, clock(10, 2)) == ()
    assert (story.state, story.results) == (CallbackState.DONE, [REACHED])


def test_late_word_of_an_attempt_that_ended_otherwise_changes_nothing() -> None:
    story = Story()
    refused(story, AttemptEnded(at=clock(10), epoch=0, result=BUSY))
    story.tried(BUSY, clock(10))
    refused(story, AttemptEnded(at=clock(10, 2), epoch=1, result=REACHED))


def test_word_of_another_epoch_changes_nothing() -> None:
    story = Story()
    story.tried(DECLINED, clock(10))
    story.claimed(clock(10, 1))
    refused(story, AttemptEnded(at=clock(10, 1), epoch=1, result=REACHED))
    refused(story, LeaseEnded(at=clock(12), epoch=1, switch_says=SwitchSays.NEVER_SEEN))
    assert story.state is CallbackState.DIALING


def test_a_switch_that_refuses_to_place_is_given_a_moment() -> None:
    story = Story()
    assert story.tried(NOT_PLACED, clock(10)) == ()
    assert story.next_at == "02. 10:00:45"


def test_three_attempts_in_a_row_that_never_left_the_switch_are_told_once() -> None:
    story = Story()
    results = [NOT_PLACED, NOT_PLACED, DECLINED, *[NOT_PLACED] * 4]
    told = [story.tried(result, clock(10, minute)) for minute, result in enumerate(results)]
    alert = AlertManager(kind="callback_not_placed", agent=None)
    assert told == [(), (), (), (), (), (alert,), ()]


def test_an_attempt_that_was_not_placed_passes_over_its_agent_when_it_is_made_again() -> None:
    story = Story()
    story.tried(NOT_PLACED, clock(10))
    assert story.callback.passed_over == (PassedOver(agent="wang", at=clock(10, 0, 45)),)


# ---- he rings again ---------------------------------------------------------------------------------------------


def test_who_rings_again_keeps_his_place_and_is_not_rung_meanwhile_r70() -> None:
    story = Story()
    merge = Merge(call_id=9, presented_at=clock(9, 59))
    assert story.happens(CallerRangAgain(at=clock(10, 2), call_id=9)) == (merge,)
    assert place_in_line(story.callback, clock(10, 3), 300, story.rules) is None
    refused(story, Claimed(at=clock(10, 3), agent="wang"))
    refused(story, CallerLeft(at=clock(10, 3), call_id=8))
    assert story.happens(CallerLeft(at=clock(10, 4), call_id=9)) == ()
    assert story.claimed(clock(10, 5)) != ()


def test_who_is_served_when_he_rings_again_is_not_called_back_r70() -> None:
    story = Story()
    story.happens(CallerRangAgain(at=clock(10, 2), call_id=9))
    assert story.happens(CallerServed(at=clock(10, 3), call_id=9)) == ()
    assert (story.state, story.callback.joined_call) == (CallbackState.DONE, None)


@pytest.mark.parametrize("served", [8, 9])
def test_of_two_calls_from_his_number_the_first_has_the_place_and_whichever_is_served_ends_it_r70(
    served: int,
) -> None:
    story = Story()
    story.happens(CallerRangAgain(at=clock(10, 2), call_id=8))
    refused(story, CallerRangAgain(at=clock(10, 3), call_id=9))
    refused(story, CallerLeft(at=clock(10, 3), call_id=9))
    refused(story, CallerRangAgain(at=clock(10, 3), call_id=9))
    story.happens(CallerServed(at=clock(10, 4), call_id=served))
    assert story.state is CallbackState.DONE


def test_who_is_served_in_a_call_that_had_left_is_not_called_back_r70() -> None:
    story = Story()
    story.happens(CallerRangAgain(at=clock(10, 2), call_id=8))
    story.happens(CallerLeft(at=clock(10, 3), call_id=8))
    story.happens(CallerServed(at=clock(10, 3, -1), call_id=8))
    assert story.state is CallbackState.DONE


def test_who_is_served_while_we_dial_him_is_not_dialled_on_r70() -> None:
    story = Story()
    story.claimed(clock(10, 2))
    story.happens(CallerRangAgain(at=clock(10, 2, 5), call_id=9))
    assert story.happens(CallerServed(at=clock(10, 2, 9), call_id=9)) == (StopDialing(epoch=1),)
    assert story.state is CallbackState.DONE
    story.ended(AttemptResult.AGENT_DID_NOT_ANSWER, clock(10, 2, 10))
    assert story.results == [AttemptResult.AGENT_DID_NOT_ANSWER]


def test_who_rings_while_we_dial_him_keeps_his_promise_when_that_was_busy_r70() -> None:
    story = Story()
    story.claimed(clock(10, 2))
    story.happens(CallerRangAgain(at=clock(10, 2, 5), call_id=9))
    story.ended(BUSY, clock(10, 2, 20))
    refused(story, Claimed(at=clock(10, 9), agent="wang"))
    story.happens(CallerLeft(at=clock(10, 9), call_id=9))
    assert story.claimed(clock(10, 9)) != ()


# ---- a time that cannot be kept ---------------------------------------------------------------------------------


def test_a_customer_hears_the_new_time_once_and_it_holds_only_when_he_heard_it_r10() -> None:
    story = Story()
    cannot = DueTimeCannotBeMet(at=clock(10, 15), new_due_at=clock(10, 35))
    assert story.happens(cannot) == (TellCustomerNewTime(number=CALLER, new_due_at=clock(10, 35)),)
    assert story.happens(cannot) == ()
    assert story.callback.due_at == clock(10, 20)
    assert story.happens(NewTimeTold(at=clock(10, 16))) == ()
    assert (story.callback.due_at, story.callback.new_due_at) == (clock(10, 35), None)
    refused(story, NewTimeTold(at=clock(10, 17)))


def test_a_manager_hears_of_a_customer_who_could_not_be_told_and_he_is_tried_again_r10() -> None:
    story = Story()
    cannot = DueTimeCannotBeMet(at=clock(10, 15), new_due_at=clock(10, 35))
    story.happens(cannot)
    not_told = NewTimeNotTold(at=clock(10, 16))
    assert story.happens(not_told) == (AlertManager(kind="promise_in_danger", agent=None),)
    assert story.callback.due_at == clock(10, 20)
    refused(story, not_told)
    assert story.claimed(clock(10, 17)) != ()


HAS_IT_NOW = (
    HandOver(reason=HandOverReason.NOBODY_IN_TIME, to=None),
    AlertManager(kind="promise_in_danger", agent=None),
)


def test_a_second_new_time_is_told_nobody_a_person_has_it_then_by_name_r10_r28b() -> None:
    story = Story()
    story.happens(DueTimeCannotBeMet(at=clock(10, 18), new_due_at=clock(10, 35)))
    story.happens(NewTimeTold(at=clock(10, 19)))
    again = DueTimeCannotBeMet(at=clock(10, 33), new_due_at=clock(10, 50))
    assert story.happens(again) == (NameSecondPerson(besides=None), *HAS_IT_NOW)
    assert (story.state, story.callback.due_at) == (CallbackState.HANDED_OVER, clock(10, 35))


def test_with_nobody_there_to_keep_it_no_new_time_is_told_a_person_has_it_by_name_r10_r28b() -> None:
    story = Story()
    story.tried(DECLINED, clock(10, 1))
    nobody = DueTimeCannotBeMet(at=clock(10, 18), new_due_at=None)
    assert story.happens(nobody) == (NameSecondPerson(besides="wang"), *HAS_IT_NOW)
    assert story.callback.hand_over_reason is HandOverReason.NOBODY_IN_TIME


def test_who_was_called_in_time_is_told_no_other_time_nor_one_that_is_not_later_r10() -> None:
    story = Story()
    assert story.happens(DueTimeCannotBeMet(at=clock(10, 15), new_due_at=clock(10, 20))) == ()
    story.tried(BUSY, clock(10, 16))
    assert story.happens(DueTimeCannotBeMet(at=clock(10, 18), new_due_at=clock(10, 30))) == ()
    assert story.callback.new_due_at is None


# ---- a person goes on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", list(Refusal))
def test_a_number_that_is_refused_for_good_goes_to_a_person_r82(reason: Refusal) -> None:
    story = Story()
    orders = story.happens(NumberRefused(at=clock(10), reason=reason))
    assert orders == (HandOver(reason=HandOverReason.NUMBER_REFUSED, to=None),)
    assert story.state is CallbackState.HANDED_OVER


def test_whoever_is_held_back_for_an_hour_is_called_after_it_and_a_manager_hears_of_it_once_r10_r82() -> None:
    story = Story()
    refused_now = NumberRefused(at=clock(10), reason=Refusal.TOO_MANY_ALIKE, free_at=clock(10, 9))
    assert story.happens(refused_now) == (AlertManager(kind="toll_fraud_suspected", agent=None),)
    assert (story.state, story.callback.next_at) == (CallbackState.PENDING, clock(10, 9))
    again = NumberRefused(at=clock(10, 9), reason=Refusal.SPENDING_STOP, free_at=clock(10, 9), known=True)
    assert story.happens(again) == ()
    assert story.callback.next_at == clock(10, 9, 15), "the guard is not asked without end"


def test_a_later_try_that_is_held_back_into_a_quiet_hour_waits_for_its_end_r28b_r82() -> None:
    story = Story()
    story.tried(BUSY, clock(11, 40))
    held = NumberRefused(at=clock(11, 50), reason=Refusal.SPENDING_STOP, free_at=clock(12, 10), known=True)
    story.happens(held)
    assert story.callback.next_at == clock(13, 30)


def test_with_no_line_left_to_customers_a_person_is_named_who_has_it_now_r28b() -> None:
    story = Story()
    alert = AlertManager(kind="callback_without_route", agent=None)
    hand_over = HandOver(reason=HandOverReason.NO_ROUTE, to=None)
    assert story.happens(RouteLost(at=clock(10, 14))) == (NameSecondPerson(besides=None), hand_over, alert)
    assert story.state is CallbackState.HANDED_OVER


def test_who_is_named_already_keeps_what_no_line_leads_to_any_more_r28b() -> None:
    story = Story()
    story.tried(BUSY, clock(10))
    lost = RouteLost(at=clock(10, 14))
    untold = Story(story.callback)
    assert untold.happens(lost)[0] == NameSecondPerson(besides="wang"), "nobody was there to be named"
    story.happens(SecondPersonNamed(at=clock(10, 1), login="li"))
    assert story.happens(lost)[0] == HandOver(reason=HandOverReason.NO_ROUTE, to="li")


# ---- the line ---------------------------------------------------------------------------------------------------


def test_a_callback_stands_in_line_where_the_customer_first_rang_r70() -> None:
    callback = promised(clock(10))
    place = place_in_line(callback, clock(10, 5), 300, rules())
    assert place is not None
    assert (place.call_id, place.presented_at, place.near_due_at) == (5, clock(9, 59), None)
    earlier = place_in_line(promised(clock(9, 58)), clock(10, 5), 300, rules())
    assert earlier is not None
    assert earlier.order < place.order


def test_only_a_promise_about_to_break_overtakes_and_is_marked_r10() -> None:
    callback = promised(clock(10))
    place = place_in_line(callback, clock(10, 15), 300, rules())
    first = place_in_line(promised(clock(9)), clock(10, 15), 300, rules())
    just_not = place_in_line(callback, clock(10, 14, 59), 300, rules())
    live = place_in_line(promised(clock(9, 30), due_in_minutes=999), clock(10, 15), 300, rules())
    assert place is not None
    assert first is not None
    assert just_not is not None
    assert live is not None
    assert (place.near_due_at, just_not.near_due_at) == (clock(10, 20), None)
    assert first.order < place.order < live.order < just_not.order


def test_a_second_attempt_overtakes_nobody() -> None:
    story = Story()
    story.tried(DECLINED, clock(10))
    story.tried(BUSY, clock(10, 12), "li")
    assert place_in_line(story.callback, clock(10, 15), 300, story.rules) is None
    place = place_in_line(story.callback, clock(10, 16), 300, story.rules)
    assert place is not None
    assert place.near_due_at is None
    assert [miss.agent for miss in place.passed_over] == ["wang"]


def test_what_is_dialling_or_over_is_not_in_line() -> None:
    story = Story(rules_=rules(always))
    story.claimed(clock(10))
    assert place_in_line(story.callback, clock(10, 1), 300, story.rules) is None


def test_every_state_is_in_the_table() -> None:
    assert CALLBACK_TRANSITIONS.keys() == set(CallbackState)
