"""A long wait: the caller is offered a callback, and it is promised only of a number and a time he agreed to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.policy.call import Outcome, Phase
from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.commands import Ask, PromiseCallback, Say
from ivr.policy.desk import CallbackDesk, Crowd, OpenCallback
from ivr.policy.floor import AgentState, Floor
from ivr.policy.opening_hours import Span, parse_opening_hours, parse_quiet_hours
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import CALLER, WANG, Caller, Hotline, hotline, noon, who_is

BUSY = who_is(WANG, AgentState.TALKING)
DESK = CallbackDesk(verdict=Allowed())
LONG = Floor(pace=Pace(handling_seconds=120), ahead=2, desk=DESK)  # P80: nine minutes
SHORT = replace(LONG, pace=Pace(handling_seconds=60), ahead=0)
NOW = Rules(answer_when_saturated="now", quiet_hours=())

WAIT = "position_before number_liang unit_people wait_about number_9 unit_minutes"
WITHIN = "callback_within number_10 number_5 unit_minutes callback_within_end"
OFFER = f"ask greeting all_busy {WAIT} offer_callback {WITHIN} press_for_callback else_wait"
HIS_NUMBER = " ".join(f"digit_{digit}" for digit in "13800138000")
READ_BACK = f"number_prefix {HIS_NUMBER} confirm_number"
BOOKED = (
    "callback_booked callback_by part_noon hour_12 number_10 number_5 clock_minute callback_by_end goodbye"
)


def saturated(seen: Floor = LONG, rules: Rules = NOW) -> Hotline:
    return hotline(BUSY, rules=rules, seen=seen)


def offered(seen: Floor = LONG, rules: Rules = NOW, number: str | None = CALLER) -> Caller:
    caller = saturated(seen, rules).dials(0, number)
    assert caller.call.phase is Phase.CHOOSING
    return caller


def desk_says(caller: Caller, refusal: Refusal, open_callback: OpenCallback | None = None) -> None:
    desk = CallbackDesk(verdict=Refused(reason=refusal), open=open_callback)
    caller.hotline.seen = replace(caller.hotline.seen, desk=desk)


# ---- offered ----------------------------------------------------------------------------------------------------


def test_a_long_wait_is_said_with_its_reason_and_a_callback_is_offered_r67_r68_r70() -> None:
    caller = offered()
    assert (caller.line, caller.books) == ([OFFER], [])
    assert caller.call.estimated_wait_seconds == 540


def test_a_short_wait_is_held_and_nothing_is_offered_r69() -> None:
    caller = saturated(SHORT).dials(0)
    assert caller.line == ["say greeting all_busy", "hold 1 s music, key 1"]


def test_how_long_is_too_long_is_for_the_managers_to_say_r69_r70() -> None:
    patient = replace(NOW, hold_if_wait_at_most_seconds=540)
    assert saturated(rules=patient).dials(0).call.phase is Phase.HELD
    assert saturated(rules=replace(patient, hold_if_wait_at_most_seconds=500)).dials(0).call.phase is (
        Phase.CHOOSING
    )


def test_the_offer_comes_with_the_pickup_and_not_before_r64() -> None:
    caller = saturated(rules=Rules(quiet_hours=())).dials(0)
    assert caller.line == ["hold 10 s ringing"]
    caller.has_waited(10)
    caller.has_waited(13)
    assert caller.line == [OFFER]


@pytest.mark.parametrize("desk", [None, CallbackDesk(verdict=Refused(reason=Refusal.SERVICE_NUMBER))])
def test_where_no_callback_can_be_made_the_long_wait_is_said_while_he_holds_r69(
    desk: CallbackDesk | None,
) -> None:
    """Not all in one breath: words delay a caller whom nobody can fetch."""
    caller = saturated(replace(LONG, desk=desk)).dials(0)
    assert caller.line == ["say greeting all_busy", "hold 1 s music"]
    caller.has_waited(9)
    assert caller.line == ["say please_hold", "hold 1 s music"]
    caller.has_waited(13)
    assert caller.line == [f"say {WAIT}", "hold 1 s music"]
    assert caller.call.estimated_wait_seconds == 540


def test_what_he_was_just_told_is_not_said_again_at_once_r69() -> None:
    caller = offered()
    said = []
    caller.presses(5, "2")
    for seconds in (15, 18, 28, 38, 48):
        caller.has_waited(seconds)
        said.append(caller.line[0].partition(" ")[2])
    assert said[0] == "please_hold"
    assert said[1].endswith("s music, key 1"), "told with the offer"
    assert any(words.startswith("position_before") for words in said[2:])


# ---- his answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "2", "#"])
def test_silence_and_any_other_key_keep_his_place_r69(key: str) -> None:
    caller = offered()
    caller.presses(30, key)
    assert (caller.books, caller.line) == ([], ["hold 10 s music, key 1"])
    caller.has_waited(40)
    assert caller.line == ["say please_hold", "hold 1 s music, key 1"]
    caller.hangs_up(41)
    assert caller.call.outcome is Outcome.ABANDONED


def test_whoever_keeps_his_place_gets_the_agent_who_is_free_by_then_r69() -> None:
    caller = offered()
    caller.hotline.becomes("wang", AgentState.AVAILABLE, 20)
    caller.presses(30, "")
    assert caller.books == ["reserve wang"]


def test_he_is_fetched_out_of_the_offer_when_his_turn_comes_r69() -> None:
    caller = offered()
    caller.hotline.becomes("wang", AgentState.AVAILABLE, 20)
    caller.hotline.looks(20)
    assert caller.books == ["reserve wang", "fetch"]
    caller.presses(20.1, "1")
    assert (caller.books, caller.line) == ([], ["hold 1 s music"])
    caller.is_fetched(20.3)
    assert caller.line == ["ring wang 20 s music"]


def test_his_own_number_is_read_back_digit_by_digit_and_confirmed_before_anything_is_promised_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    assert (caller.books, caller.line) == ([], [f"ask {READ_BACK}"])
    caller.presses(42, "1")
    assert caller.books == [f"promise {CALLER} by 900 s"]
    assert caller.line == [f"say {BOOKED}", "hang up"]
    caller.hangs_up(50)
    assert caller.call.outcome is Outcome.CALLBACK


def test_consent_is_kept_with_its_moment_and_with_what_he_heard_r10_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.presses(42, "1")
    promise, said, _ = caller.step.commands if caller.step else ()
    assert isinstance(promise, PromiseCallback)
    assert isinstance(said, Say)
    assert (promise.consent_at, promise.said_prompts) == (noon(42), said.prompts)
    assert (promise.number, promise.due_at, promise.not_before_at) == (CALLER, noon(900), None)


def test_the_sentence_names_the_number_we_call_from_where_it_is_known_r70() -> None:
    caller = offered(rules=replace(NOW, own_numbers=("4001234567",)))
    caller.presses(30, "1")
    caller.presses(42, "1")
    assert "callback_by_end calling_from digit_4 digit_0 digit_0 digit_1" in caller.line[0]


def test_a_callers_consent_without_the_read_back_is_none_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.hangs_up(35)
    assert (caller.books, caller.call.outcome) == ([], Outcome.ABANDONED)


def test_silence_at_the_read_back_keeps_his_place_r69() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.presses(42, "")
    assert (caller.books, caller.line) == ([], ["hold 10 s music, key 1"])


def test_another_number_is_keyed_in_read_back_and_confirmed_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.presses(42, "2")
    assert caller.line == ["ask ask_callback_number"]
    caller.presses(60, "13912345678")
    assert caller.line[0].startswith("ask number_prefix digit_1 digit_3 digit_9 digit_1")
    caller.presses(70, "1")
    assert caller.books == ["promise +8613912345678 by 900 s"]


def test_a_number_that_is_none_is_asked_for_again_and_silence_keeps_his_place_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.presses(42, "2")
    caller.presses(60, "139")
    assert caller.line == ["ask number_invalid ask_callback_number"]
    caller.presses(70, "")
    assert (caller.books, caller.line) == ([], ["hold 10 s music, key 1"])


def test_a_withheld_number_is_keyed_in_r70() -> None:
    caller = offered(replace(LONG, desk=CallbackDesk(verdict=Refused(reason=Refusal.NOT_VALID))), number=None)
    caller.presses(30, "1")
    assert caller.line == ["ask ask_callback_number"]
    caller.presses(45, "13912345678")
    caller.hotline.seen = LONG
    caller.presses(55, "1")
    assert caller.books == ["promise +8613912345678 by 900 s"]


def test_without_a_route_a_withheld_caller_is_offered_nothing_either() -> None:
    nowhere = CallbackDesk(verdict=Refused(reason=Refusal.NO_ROUTE))
    assert saturated(replace(LONG, desk=nowhere)).dials(0, None).call.phase is Phase.HELD


# ---- the guard has the last word ---------------------------------------------------------------------------------


def test_a_keyed_number_the_guard_refuses_goes_to_a_person_with_the_reason_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    desk_says(caller, Refusal.TOO_OFTEN_TODAY)
    caller.presses(42, "1")
    assert caller.books == [f"list {CALLER} too_often_today"]
    assert caller.line == ["say number_noted goodbye", "hang up"]
    caller.hangs_up(50)
    assert caller.call.outcome is Outcome.FALLBACK


def test_a_route_lost_in_the_middle_of_the_offer_goes_to_a_person_too_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.hotline.seen = replace(LONG, desk=None)
    caller.presses(42, "1")
    assert caller.books == [f"list {CALLER} no_route"]


def test_a_number_with_a_callback_of_its_own_is_not_promised_a_second_one_r70() -> None:
    caller = offered()
    caller.presses(30, "1")
    first = OpenCallback(callback_id=4, presented_at=noon(-60), due_at=noon(300))
    desk_says(caller, Refusal.ALREADY_PROMISED, first)
    caller.presses(42, "1")
    assert caller.books == ["join 4"]
    time = "callback_by part_noon hour_12 number_0 number_5 clock_minute callback_by_end"
    assert caller.line == [f"say callback_stands {time} goodbye", "hang up"]
    caller.hangs_up(50)
    assert (caller.books, caller.call.outcome) == (["leave 4"], Outcome.CALLBACK)


# ---- in the middle of the music ----------------------------------------------------------------------------------


def on_hold() -> Caller:
    caller = saturated(SHORT).dials(0)
    caller.has_waited(8)
    return caller


def test_a_key_changes_hold_to_callback_at_any_time_r70() -> None:
    caller = on_hold()
    caller.presses(15, "1")
    within = "callback_within number_10 unit_minutes callback_within_end"
    assert caller.line == [f"ask {within} {READ_BACK}"]
    caller.presses(30, "1")
    assert caller.books == [f"promise {CALLER} by 660 s"]


def test_any_other_key_leaves_him_where_he_is_r69() -> None:
    caller = on_hold()
    caller.presses(15, "5")
    assert caller.line[-1].startswith("hold")


def test_now_and_then_he_is_reminded_of_the_key_r70() -> None:
    caller = on_hold()
    said = []
    for seconds in (12, 16, 26, 36, 46):
        caller.has_waited(seconds)
        said.append(caller.line[0])
    assert sum("press_for_callback" in line for line in said) == 2
    assert all(line.endswith("press_for_callback") for line in said if "wait_about" in line)


def test_a_key_pressed_when_no_callback_can_be_made_any_more_changes_nothing_r69() -> None:
    caller = on_hold()
    desk_says(caller, Refusal.SPENDING_STOP)
    caller.presses(15, "1")
    assert (caller.books, caller.line[-1]) == ([], "hold 1 s music")


# ---- no end of waiting -------------------------------------------------------------------------------------------


def test_who_was_held_too_long_is_offered_a_callback_before_his_number_is_only_listed_r70() -> None:
    caller = saturated(SHORT, replace(NOW, max_hold_seconds=10)).dials(0)
    caller.has_waited(11)
    within = "callback_within number_10 unit_minutes callback_within_end"
    assert caller.line == [f"ask held_too_long offer_callback {within} press_for_callback"]
    caller.presses(30, "")
    assert caller.books == [f"list {CALLER} nobody_answered"]


def test_who_takes_it_then_is_promised_one_r70() -> None:
    caller = saturated(SHORT, replace(NOW, max_hold_seconds=10)).dials(0)
    caller.has_waited(11)
    caller.presses(30, "1")
    caller.presses(40, "1")
    assert caller.books == [f"promise {CALLER} by 660 s"]


def test_with_nobody_on_duty_nothing_is_promised_r70() -> None:
    gone = who_is(WANG, AgentState.AWAY)
    caller = hotline(gone, rules=NOW, seen=LONG).dials(0)
    assert caller.books == [f"list {CALLER} nobody_answered"]


@pytest.mark.parametrize(
    "keyed", ["13912345678", "8613912345678", "008613912345678", "1795113912345678", "013912345678"]
)
def test_a_number_keyed_with_what_is_dialled_before_it_is_read_back_as_it_is_dialled_at_home_r70(
    keyed: str,
) -> None:
    caller = offered()
    caller.presses(30, "1")
    caller.presses(42, "2")
    ask = caller.step.commands[-1] if caller.step else None
    assert isinstance(ask, Ask)
    assert ask.digits >= len(keyed)
    caller.presses(60, keyed)
    number = " ".join(f"digit_{digit}" for digit in "13912345678")
    assert caller.line == [f"ask number_prefix {number} confirm_number"]


# ---- hours -------------------------------------------------------------------------------------------------------

OFFICE = parse_opening_hours({"workdays": ["08:30-12:00", "13:30-17:30"]})


def test_outside_the_hours_a_callback_after_the_next_opening_is_offered_r70() -> None:
    caller = hotline(WANG, rules=replace(NOW, opening_hours=OFFICE), seen=Floor(desk=DESK)).dials(0)
    half_past_one = "day_today part_afternoon hour_1 clock_half"
    by_two = "callback_by part_afternoon hour_2 callback_by_end"
    assert caller.line == [
        f"ask greeting outside_hours open_again {half_past_one} offer_callback {by_two} press_for_callback"
    ]
    caller.presses(20, "1")
    caller.presses(30, "1")
    promise = caller.step.commands[0] if caller.step else None
    assert isinstance(promise, PromiseCallback)
    assert (promise.due_at, promise.not_before_at) == (noon(2 * 3600), noon(1.5 * 3600))


@pytest.mark.parametrize(("promised", "minutes"), [(0, 30), (5, 30), (6, 35), (20, 85), (50, 185)])
def test_whoever_rings_while_nobody_is_on_duty_is_promised_a_time_after_all_who_rang_before_him_r10(
    promised: int, minutes: int
) -> None:
    crowd = Crowd(promised=promised, agents=2, pace=Pace(handling_seconds=360, theta=0.01, correction=0.5))
    seen = Floor(desk=replace(DESK, crowd=crowd))
    caller = hotline(WANG, rules=replace(NOW, opening_hours=OFFICE), seen=seen).dials(0)
    assert caller.call.offer is not None
    assert caller.call.offer.due_at == noon((90 + minutes) * 60)
    assert minutes >= (promised + 1) * 6 / 2


def test_callers_who_waited_longer_than_told_make_the_promise_of_the_next_opening_later_r10() -> None:
    slow = Crowd(promised=20, agents=2, pace=Pace(handling_seconds=360, correction=1.5))
    assert slow.span == timedelta(minutes=125)


def test_who_does_not_take_it_then_is_listed_as_ever_r70() -> None:
    caller = hotline(WANG, rules=replace(NOW, opening_hours=OFFICE), seen=Floor(desk=DESK)).dials(0)
    caller.presses(20, "")
    assert caller.books == [f"list {CALLER} outside_hours"]
    caller = hotline(WANG, rules=replace(NOW, opening_hours=OFFICE), seen=Floor(desk=DESK)).dials(0)
    caller.presses(20, "1")
    caller.presses(30, "")
    assert caller.books == [f"list {CALLER} outside_hours"]


def test_no_time_is_promised_in_hours_when_he_rests_r10() -> None:
    rests = replace(NOW, quiet_hours=parse_quiet_hours(["12:14-13:30"]))
    offer = offered(rules=rests).call.offer
    assert offer is not None
    assert (offer.due_at, offer.not_before_at) == (noon(2 * 3600), None), (
        "an agent may be free before the rest"
    )


def test_hours_in_which_he_may_not_be_rung_do_not_count_in_his_promise_r10() -> None:
    long = replace(LONG, ahead=20)
    open_all_day = offered(long).call.offer
    assert open_all_day is not None
    assert open_all_day.due_at == noon(55 * 60)
    rests = replace(NOW, quiet_hours=parse_quiet_hours(["12:20-13:30"]))
    offer = offered(long, rests).call.offer
    assert offer is not None
    assert offer.due_at == noon((55 + 70) * 60)


def test_a_time_at_which_his_rest_begins_can_be_promised_r10() -> None:
    offer = offered(rules=replace(NOW, quiet_hours=parse_quiet_hours(["12:15-13:30"]))).call.offer
    assert offer is not None
    assert (offer.due_at, offer.not_before_at) == (noon(900), None)


@pytest.mark.parametrize(
    "quiet", [(Span(start=0, until=24 * 60),), parse_quiet_hours(["12:01-23:50", "00:10-12:00"])]
)
def test_with_no_such_time_in_sight_nothing_is_offered_r10(quiet: tuple[Span, ...]) -> None:
    caller = saturated(rules=replace(NOW, quiet_hours=quiet)).dials(0)
    assert caller.line[-1] == "hold 1 s music, key 1"
    caller.presses(5, "1")
    assert caller.line[-1].startswith("hold")


def test_however_long_he_thinks_it_over_he_is_promised_ten_minutes_from_the_commit_r70() -> None:
    caller = on_hold()
    caller.presses(15, "1")
    caller.presses(58, "1")
    assert caller.books == [f"promise {CALLER} by 720 s"], "by 12:11 he would have 9:57 left"
    assert "callback_by part_noon hour_12 number_10 number_2 clock_minute callback_by_end" in caller.line[0]
    promise, said, _ = caller.step.commands if caller.step else ()
    assert isinstance(promise, PromiseCallback)
    assert isinstance(said, Say)
    assert promise.said_prompts == said.prompts
    assert caller.call.offer is not None
    assert caller.call.offer.due_at == promise.due_at


def test_a_time_that_would_now_run_into_his_rest_is_agreed_with_him_anew_r10_r70() -> None:
    caller = saturated(SHORT, replace(NOW, quiet_hours=parse_quiet_hours(["12:11-13:30"]))).dials(0)
    caller.has_waited(8)
    caller.presses(15, "1")
    caller.presses(58, "1")
    by_two = "callback_by part_afternoon hour_2 callback_by_end"
    assert (caller.books, caller.line) == ([], [f"ask {by_two} {READ_BACK}"])
    caller.presses(90, "1")
    assert caller.books == [f"promise {CALLER} by {2 * 3600} s"]
    assert by_two in caller.line[0]


def test_where_no_such_time_is_left_nothing_is_promised_and_his_place_kept_r10_r70() -> None:
    caller = on_hold()
    caller.presses(15, "1")
    caller.hotline.rules = replace(NOW, quiet_hours=(Span(start=0, until=24 * 60),))
    caller.presses(58, "1")
    assert caller.books == []
    assert caller.line[-1].startswith("hold")


def test_what_is_spoken_and_what_is_written_are_the_same_minute_r10() -> None:
    caller = saturated().dials(0.5)
    assert caller.call.offer is not None
    assert caller.call.offer.due_at == noon() + timedelta(minutes=16)
    assert WITHIN in caller.line[0]
