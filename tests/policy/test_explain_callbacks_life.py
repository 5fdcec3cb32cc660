"""The callback promised in a call is told by times: who took it, what came of it, and what became of the promise."""

from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from ivr.policy import explain_callback
from ivr.policy.callback_commands import (
    CallbackCommand,
    Dial,
    HandOver,
    HandOverReason,
    NameSecondPerson,
    StopDialing,
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
from ivr.policy.callback_flow import CALLBACK_TRANSITIONS
from ivr.policy.callback_guard import Refusal
from ivr.policy.commands import AlertManager
from ivr.policy.explain_callback import NotedCallback, Overtook, PromiseFate, callback_told
from ivr.policy.explain_words import EN, WORDS, ZH, sentence
from ivr.policy.routes import Route
from tests.cast import CALLER
from tests.policy.callback_stories import BEIJING, TEN
from tests.policy.stories import NAMES


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%H:%M}"


OPEN = PromiseFate(due_at=at(600), broken_at=None, kept_at=None)


def told(
    *noted: tuple[CallbackEvent, tuple[CallbackCommand, ...] | None],
    spoke_at: tuple[datetime, ...] = (),
    promise: PromiseFate = OPEN,
    language: str = EN,
) -> list[str]:
    """Each moment with its seconds."""
    log = [NotedCallback(event=event, commands=commands) for event, commands in noted]
    story = callback_told(log, spoke_at, promise, clock)
    return [f"{(t.at - TEN).total_seconds():g} {sentence((t.clauses,), language, NAMES)}" for t in story]


def of(event: CallbackEvent, *commands: CallbackCommand) -> str:
    (line,) = told((event, commands))
    return line.partition(" ")[2]


def test_a_callback_that_reached_its_customer_is_told_by_times_with_its_promise_r10_r70() -> None:
    dial = Dial(epoch=1, agent="wang", number=CALLER, not_after_at=at(140))
    kept = PromiseFate(due_at=at(600), broken_at=None, kept_at=at(75))
    story = (
        (Claimed(at=at(60), agent="wang"), (dial,)),
        (AttemptEnded(at=at(180), epoch=1, result=AttemptResult.REACHED), ()),
    )
    assert told(*story, spoke_at=(at(75),), promise=kept) == [
        "60 王芳 takes the callback (attempt 1), the agent's phone rings first, the customer's not after 10:02",
        "75 the customer answers and they speak",
        "75 the promise is kept (by 10:10)",
        "180 the attempt is over: the customer was spoken with",
    ]
    assert told(*story, spoke_at=(at(75),), promise=kept, language=ZH) == [
        "60 王芳接手回电（第 1 次），先响座席的电话；10:02 以后不再拨用户",
        "75 用户接听，开始通话",
        "75 约定做到了（10:10 以前）",
        "180 回电结束：已和用户通话",
    ]


def test_attempts_are_counted_and_each_result_has_its_words_r28b() -> None:
    busy = AttemptEnded(at=at(90), epoch=1, result=AttemptResult.BUSY)
    story = told(
        (Claimed(at=at(60), agent="wang"), ()),
        (busy, (NameSecondPerson(besides="wang"),)),
        (SecondPersonNamed(at=at(90), login="li"), ()),
        (Claimed(at=at(300), agent="li", by_hand=True), ()),
    )
    assert story[1:] == [
        "90 the customer is busy",
        "90 李强 is the second person who goes on with it",
        "300 李强 takes the callback (attempt 2) and dials by hand",
    ]


def test_a_manager_reads_which_way_a_callback_left() -> None:
    (line,) = told((Claimed(at=at(60), agent="wang", route=Route.TWILIO), ()))
    assert line.endswith("takes the callback (attempt 1), through Twilio")


@pytest.mark.parametrize("result", list(AttemptResult))
@pytest.mark.parametrize("language", [ZH, EN])
def test_every_result_can_be_told(result: AttemptResult, language: str) -> None:
    (line,) = told((AttemptEnded(at=at(1), epoch=1, result=result), ()), language=language)
    assert line.partition(" ")[2]


@pytest.mark.parametrize("says", list(SwitchSays))
def test_what_the_switch_was_asked_is_told(says: SwitchSays) -> None:
    assert "switch" in of(LeaseEnded(at=at(1), epoch=1, switch_says=says))


def test_a_new_time_is_told_with_what_came_of_it_r10() -> None:
    handed = HandOver(reason=HandOverReason.NOBODY_IN_TIME, to=None)
    in_danger = AlertManager(kind="promise_in_danger", agent=None)
    not_told = told((NewTimeNotTold(at=at(1450)), (in_danger,)))
    assert not_told[0].startswith("1450 the customer has not heard the new time, the old one stands, ")
    moved = told(
        (DueTimeCannotBeMet(at=at(510), new_due_at=at(1500)), ()),
        (NewTimeTold(at=at(540)), ()),
        (DueTimeCannotBeMet(at=at(1410), new_due_at=at(2100)), (handed, in_danger)),
        promise=PromiseFate(due_at=at(1500), broken_at=at(1501), kept_at=at(1600)),
    )
    assert moved == [
        "510 the time cannot be kept, the customer is to hear the new one first: 10:25",
        "540 the customer has heard the new time, now promised by 10:25",
        (
            "1410 the time cannot be kept, and there is no new one to promise, a person goes on, "
            "on the ring-back list, a person goes on (nobody_in_time), the manager is told: promise_in_danger "
        ),
        "1500 10:25 passes without a call and without a word: the promise is broken",
        "1600 the promise is kept late (it was by 10:25)",
    ]


def test_the_customer_who_rings_himself_is_told_r70() -> None:
    assert of(CallerRangAgain(at=at(1), call_id=9)) == "the customer rings again (call 9), nobody rings him"
    assert of(CallerLeft(at=at(1), call_id=9)).startswith("he left call 9 before anybody spoke")
    served = of(CallerServed(at=at(1), call_id=9), StopDialing(epoch=1))
    assert (
        served == "he was spoken with in call 9, the callback is done, what is left of the attempt is ended"
    )


def test_a_callback_a_person_has_to_go_on_with_is_told_with_the_reason_r28b() -> None:
    handed = HandOver(reason=HandOverReason.NO_ROUTE, to=None)
    assert of(RouteLost(at=at(1)), handed) == (
        "no line leads to customers any more, a person calls, on the ring-back list, a person goes on (no_route)"
    )
    refused = of(NumberRefused(at=at(1), reason=Refusal.SPENDING_STOP))
    assert refused == "this number is not called back by itself (spending_stop)"
    held = of(NumberRefused(at=at(1), reason=Refusal.SPENDING_STOP, free_at=at(60)))
    assert held == "too much is dialled in this hour (spending_stop), he is called after 10:01"
    assert of(ResultMissing(at=at(1), epoch=1)).startswith("nobody says what came of it in time")


def test_overtaking_and_what_meant_nothing_are_told_too() -> None:
    assert of(Overtook(at=at(1), due_at=at(60), earlier=2)) == (
        "due by 10:01: taken before 2 who have waited longer"
    )
    (late,) = told((AttemptEnded(at=at(1), epoch=1, result=AttemptResult.BUSY), None))
    assert late == "1 AttemptEnded: means nothing (late or repeated), nothing done"


def test_the_numbers_of_a_moment_are_there_by_name() -> None:
    (claim,) = callback_told(
        [NotedCallback(event=Claimed(at=at(1), agent="wang"), commands=())], (), OPEN, clock
    )
    assert (claim.name, claim.numbers) == ("Claimed", {"agent": "wang", "attempt": 1})


def test_every_event_of_a_callback_can_be_told() -> None:
    events = {event for events in CALLBACK_TRANSITIONS.values() for event in events}
    assert explain_callback._TOLD_BY.keys() == events | {Overtook}
    assert WORDS[ZH].sentences.keys() == WORDS[EN].sentences.keys()
    assert {field.name for field in fields(Overtook)} == {"at", "due_at", "earlier"}
