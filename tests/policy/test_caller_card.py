"""What an agent is shown of his caller: nothing guessed is told as certain, nothing told is left out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ivr.policy.call import Call, Offer, PassedOver
from ivr.policy.caller_card import (
    Agreed,
    Guess,
    Heard,
    HeardFact,
    Why,
    agreed,
    days_left,
    formatted,
    guesses,
    heard,
    is_visiting,
    neighbours,
    region_abroad,
    ring_number,
    without_extension,
)
from ivr.policy.rules import Rules
from ivr.policy.wait import Position, Told
from tests.cast import CALLER, noon

TODAY = date(2026, 3, 2)
CALL = Call(call_id=1, presented_at=noon(), number=CALLER)


@pytest.mark.parametrize(
    ("agreement", "expires_on", "says"),
    [
        ("A-1", date(2026, 12, 31), Agreed.VALID),
        ("A-1", TODAY, Agreed.VALID),
        (None, TODAY - timedelta(days=1), Agreed.EXPIRED),
        ("A-1", None, Agreed.VALID),
        (None, None, Agreed.NONE),
        ("", None, Agreed.NONE),
    ],
)
def test_an_agreement_holds_until_the_end_of_its_last_day(
    agreement: str | None, expires_on: date | None, says: Agreed
) -> None:
    assert agreed(agreement, expires_on, TODAY) is says


def test_days_are_counted_to_its_last_and_past_it() -> None:
    assert [days_left(TODAY + timedelta(days=days), TODAY) for days in (3, 0, -2)] == [3, 0, -2]


@pytest.mark.parametrize(
    ("seconds", "ring"), [(-1, 1), (0, 1), (4.999, 1), (5, 2), (10, 3), (14.9, 3), (15, 4)]
)
def test_the_agent_sees_in_which_ring_of_the_caller_he_is_r64(seconds: float, ring: int) -> None:
    assert ring_number(noon(), noon(seconds), Rules()) == ring


def test_rings_are_counted_in_the_cycle_of_the_country_r64() -> None:
    assert ring_number(noon(), noon(7), Rules(ring_cycle_seconds=3.0)) == 3


def guess(company_id: int, why: Why = Why.SHARED) -> Guess:
    return Guess(company_id=company_id, name=f"company {company_id}", why=why)


def test_the_better_reason_comes_first_and_no_company_twice() -> None:
    told = guesses([guess(1), guess(2)], [guess(2, Why.RECORD), guess(3, Why.RECORD)], certain=None)
    assert told == (guess(1), guess(2), guess(3, Why.RECORD))


def test_whoever_is_certain_is_no_guess_and_there_are_three_keys() -> None:
    told = guesses([guess(number) for number in range(1, 7)], certain=2)
    assert [each.company_id for each in told] == [1, 3, 4]


def test_a_landline_s_neighbours_are_those_of_its_switchboard_and_a_mobile_has_none() -> None:
    assert neighbours("+861082193701") == ("+861082193700", "+861082193799")
    assert [neighbours(number) for number in (CALLER, "raw:12", "+86", "+864001234567")] == [None] * 4


def test_a_number_too_long_is_a_listed_one_with_an_extension() -> None:
    assert "+861082193701" in without_extension("raw:010821937018001")
    assert [without_extension(each) for each in ("+861082193701", "raw:12", "raw:sip:x", "raw:一二")] == [
        ()
    ] * 4


def test_numbers_are_shown_as_people_read_them() -> None:
    assert formatted(CALLER) == "138 0013 8000"
    assert formatted("+14155552671") == "+1 415-555-2671"
    assert formatted("raw:12") == "12"
    assert formatted("+86") == "+86"
    assert formatted(None) is None


def test_a_number_from_abroad_says_its_country() -> None:
    assert region_abroad("+14155552671") == "US"
    assert [region_abroad(each) for each in (CALLER, "raw:12", None)] == [None] * 3


@pytest.mark.parametrize(("hours", "there"), [(-1.1, False), (-1, True), (0, True), (6, True), (6.1, False)])
def test_our_engineer_is_at_the_customer_s_about_the_time_agreed_r40(hours: float, there: bool) -> None:
    assert is_visiting(noon(), noon(hours * 3600)) is there


def test_who_heard_only_his_own_ring_tone_was_told_nothing_r66() -> None:
    assert heard(CALL) == (HeardFact(kind=Heard.NOTHING),)


def test_the_agent_knows_every_word_his_caller_was_told_r65_r66_r68() -> None:
    position = Position(ahead=2, serving=1)
    told = replace(
        CALL,
        said_greeting=True,
        apologised=True,
        first_told=Told(minutes=3, at=noon(15), position=position),
        told=Told(minutes=5, at=noon(40), position=replace(position, ahead=1)),
        offer=Offer(due_at=noon(1800)),
        held_since=noon(16),
        passed_over=(PassedOver(agent="li", at=noon(30)), PassedOver(agent="li", at=noon(60))),
    )
    assert [(fact.kind, fact.number) for fact in heard(told)] == [
        (Heard.GREETING, 0),
        (Heard.APOLOGY, 0),
        (Heard.POSITION, 1),
        (Heard.WAIT, 3),
        (Heard.WAIT_CHANGED, 5),
        (Heard.OFFERED, 0),
        (Heard.HELD, 0),
        (Heard.PASSED_OVER, 1),
    ]


def test_who_rang_again_for_his_callback_and_what_he_is_promised_is_said_r70() -> None:
    again = replace(CALL, joined_callback=7, calls_today=3, offer=Offer(due_at=noon(600)), promised=True)
    assert [(fact.kind, fact.number) for fact in heard(again)] == [(Heard.JOINED, 3), (Heard.PROMISED, 0)]


def test_a_wait_that_stayed_the_same_is_told_once() -> None:
    said = Told(minutes=3, at=noon(15), position=Position(ahead=0, serving=1))
    kinds = [fact.kind for fact in heard(replace(CALL, first_told=said, told=said))]
    assert kinds == [Heard.APOLOGY, Heard.POSITION, Heard.WAIT]
