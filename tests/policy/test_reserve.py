"""The last channels of the trunk are kept for new callers: no further hold, no conversation (R67, R70)."""

from dataclasses import replace

from ivr.policy.call import Outcome
from ivr.policy.callback_guard import Allowed, Refusal, Refused
from ivr.policy.commands import PromiseCallback
from ivr.policy.desk import CallbackDesk, OpenCallback
from ivr.policy.floor import AgentState, Floor
from ivr.policy.opening_hours import Span
from ivr.policy.rules import Rules
from ivr.policy.wait import Pace
from tests.cast import CALLER, WANG, Caller, hotline, noon, who_is

BUSY = who_is(WANG, AgentState.TALKING)
RULES = Rules(quiet_hours=(), trunk_channels=4, inbound_reserve=1)
FULL = CallbackDesk(verdict=Allowed(), channels_free=0)
BOOKED = (
    "callback_booked callback_by part_noon hour_12 number_10 number_1 clock_minute callback_by_end goodbye"
)


def dials(desk: CallbackDesk, rules: Rules = RULES, number: str | None = CALLER) -> Caller:
    seen = Floor(pace=Pace(handling_seconds=60), desk=desk)
    return hotline(BUSY, rules=rules, seen=seen).dials(0, number)


def test_at_the_reserve_a_callback_is_promised_without_a_conversation_and_he_is_let_go_r67_r70() -> None:
    caller = dials(FULL)
    assert caller.books == [f"promise {CALLER} by 660 s"], "ten minutes from the commit"
    assert caller.line == [f"say greeting lines_busy {BOOKED}", "hang up"]
    promise = caller.step.commands[0] if caller.step else None
    assert isinstance(promise, PromiseCallback)
    assert promise.consent_at is None
    caller.hangs_up(15)
    assert caller.call.outcome is Outcome.CALLBACK


def test_with_the_reserve_still_free_he_waits_as_ever_r69() -> None:
    assert dials(replace(FULL, channels_free=1)).line == ["hold 10 s ringing"]


def test_where_nobody_counts_channels_nobody_is_let_go_r69() -> None:
    assert dials(replace(FULL, channels_free=None)).line == ["hold 10 s ringing"]


def test_who_was_on_hold_already_stays_there_r69() -> None:
    caller = dials(replace(FULL, channels_free=2))
    caller.has_waited(10)
    caller.has_waited(13)
    caller.hotline.seen = replace(caller.hotline.seen, desk=FULL)
    caller.has_waited(21)
    assert caller.line[-1].startswith("hold")


def test_a_number_that_may_not_be_called_is_listed_r70() -> None:
    caller = dials(CallbackDesk(verdict=Refused(reason=Refusal.NO_ROUTE), channels_free=0))
    assert caller.books == [f"list {CALLER} no_channel"]
    assert caller.line == ["say greeting lines_busy number_noted goodbye", "hang up"]


def test_with_no_time_to_promise_his_number_is_listed_too_r10() -> None:
    never = replace(RULES, quiet_hours=(Span(start=0, until=24 * 60),))
    assert dials(FULL, never).books == [f"list {CALLER} no_channel"]


def test_a_withheld_caller_can_only_be_asked_to_ring_again() -> None:
    desk = CallbackDesk(verdict=Refused(reason=Refusal.NOT_VALID), channels_free=0)
    caller = dials(desk, number=None)
    assert (caller.books, caller.line) == ([], ["say greeting lines_busy no_number", "hang up"])


def test_who_is_promised_a_callback_already_hears_that_it_stands_r70() -> None:
    first = OpenCallback(callback_id=7, presented_at=noon(-300), due_at=noon(600))
    caller = dials(replace(FULL, verdict=Refused(reason=Refusal.ALREADY_PROMISED), open=first))
    assert caller.books == ["join 7"]
    assert caller.line[0].startswith("say greeting lines_busy callback_stands")
