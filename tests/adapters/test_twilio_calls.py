"""Twilio's REST through its official client: each answer in our own words, within seconds, and what it costs a caller.

The other end is held against Twilio's own OpenAPI document (tests/fakes/twilio_openapi.py).
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ivr.adapters.doctor_twilio import rest_findings
from ivr.adapters.twilio_calls import TIMEOUT_SECONDS, TwilioCalls
from ivr.adapters.twilio_orders import CallRefused, NewCall, NobodyThere, OutcomeUnknown, TooFast
from tests.fakes.fake_clock import FakeClock
from tests.fakes.twilio_openapi import NotTwiliosInterface, check_answer, check_request
from tests.fakes.twilio_rest import FakeTwilioRest, Fault, served_rest

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT, TOKEN, OURS = "AC" + "0" * 32, "a-token", "+85230001234"
CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
NEW = NewCall(
    rung="sip:wang@phones.example",
    shown=OURS,
    url="https://hotline.example/twilio/callbacks/picked-up/7-2-0badc0de",
    status_url="https://hotline.example/twilio/callbacks/status/7-2-0badc0de#rc=5&rp=all",
    ring_seconds=15,
)


@pytest.fixture
def rest() -> FakeTwilioRest:
    return FakeTwilioRest(ACCOUNT, TOKEN, FakeClock(NOON))


@pytest.fixture
def calls(rest: FakeTwilioRest) -> Iterator[TwilioCalls]:
    with served_rest(rest) as api:
        yield TwilioCalls(ACCOUNT, TOKEN, api, timeout_seconds=0.5)
    assert rest.violations == []


def test_a_call_is_ordered_as_it_was_meant(calls: TwilioCalls, rest: FakeTwilioRest) -> None:
    sid = calls.create(NEW)
    [order] = rest.orders
    assert (order.sid, order.to, order.shown, order.url) == (sid, NEW.rung, OURS, NEW.url)
    assert (order.timeout, order.status_url) == (15, NEW.status_url)
    assert order.events == ("answered", "completed")


def test_it_is_found_again_by_whom_it_rings_and_when_it_was_made(
    calls: TwilioCalls, rest: FakeTwilioRest
) -> None:
    first = calls.create(NEW)
    rest.orders[0].status = "no-answer"
    assert [leg.sid for leg in calls.placed_to(NEW.rung, NOON - timedelta(seconds=10))] == [first]
    assert calls.placed_to("sip:li@phones.example", NOON - timedelta(seconds=10)) == ()
    assert calls.placed_to(NEW.rung, NOON + timedelta(seconds=1)) == ()
    leg = calls.fetch(first)
    assert (leg.sid, leg.status, leg.made_at) == (first, "no-answer", NOON)


def test_a_call_is_ended_whatever_it_does(calls: TwilioCalls, rest: FakeTwilioRest) -> None:
    sid = calls.create(NEW)
    calls.complete(sid)
    assert (rest.ended, rest.orders[0].status) == ([sid], "canceled")
    with pytest.raises(CallRefused, match="21220"):
        calls.complete(sid)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=400), CallRefused),
        (Fault(status=429, retry_after="7"), TooFast),
        (Fault(status=500), OutcomeUnknown),
        (Fault(status=503), OutcomeUnknown),
        (Fault(), OutcomeUnknown),
        (Fault(executed=True), OutcomeUnknown),
        (Fault(status=201, executed=True, body=b"{}"), OutcomeUnknown),
        (Fault(status=201, executed=True, body=b"<html>"), OutcomeUnknown),
        (Fault(executed=True, silent_seconds=0.8), OutcomeUnknown),
    ],
)
def test_what_is_certain_and_what_is_not_are_told_apart(
    fault: Fault, error: type[Exception], calls: TwilioCalls, rest: FakeTwilioRest
) -> None:
    rest.faults.append(fault)
    with pytest.raises(error) as raised:
        calls.create(NEW)
    assert type(raised.value) is error
    assert len(rest.orders) == int(fault.executed)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 1), (None, 1), ("86400", 300), ("Wed, 21 Oct 2026 07:28:00 GMT", 1), ("-3", 1)],
)
def test_how_long_twilio_wants_rest_is_read_within_reason(
    said: str | None, seconds: float, calls: TwilioCalls, rest: FakeTwilioRest
) -> None:
    rest.faults.append(Fault(status=429, retry_after=said))
    with pytest.raises(TooFast) as raised:
        calls.create(NEW)
    assert raised.value.seconds == seconds


def test_other_numbers_than_ours_are_shown_to_nobody(calls: TwilioCalls) -> None:
    with pytest.raises(CallRefused, match="21210"):
        calls.create(NewCall(**{**vars(NEW), "shown": "+85239999999"}))
    with pytest.raises(CallRefused, match="21211"):
        calls.create(NewCall(**{**vars(NEW), "rung": "raw:110"}))


def test_who_cannot_be_reached_was_told_nothing() -> None:
    began = time.monotonic()
    with pytest.raises(NobodyThere):
        TwilioCalls(ACCOUNT, TOKEN, "http://127.0.0.1:9").create(NEW)
    assert time.monotonic() - began < TIMEOUT_SECONDS


# ---- the doctor -----------------------------------------------------------------------------------------------------


def test_the_doctor_looks_at_the_account(calls: TwilioCalls) -> None:
    [found] = rest_findings(calls.look, calls_back=True)
    assert (found.ok, "customers are called through it" in found.found.en) == (True, True)


@pytest.mark.parametrize("calls_back", [True, False])
def test_a_wrong_token_is_named_and_what_to_do(rest: FakeTwilioRest, calls_back: bool) -> None:
    with served_rest(rest) as api:
        [found] = rest_findings(TwilioCalls(ACCOUNT, "another", api).look, calls_back)
    assert (found.severity.value, "20003" in found.found.en) == ("error" if calls_back else "warning", True)
    assert "TWILIO_AUTH_TOKEN" in found.remedy.en


@pytest.mark.parametrize(
    ("fault", "says"), [(Fault(status=500), "no answer"), (Fault(status=429), "too many")]
)
def test_a_twilio_in_trouble_is_said_so(
    fault: Fault, says: str, calls: TwilioCalls, rest: FakeTwilioRest
) -> None:
    rest.look_faults.append(fault)
    [found] = rest_findings(calls.look, calls_back=True)
    assert (found.ok, says in found.found.en) == (False, True)


def test_a_twilio_that_is_not_there_and_an_account_that_is_closed_are_said_so() -> None:
    [away] = rest_findings(TwilioCalls(ACCOUNT, TOKEN, "http://127.0.0.1:9").look, calls_back=True)
    [closed] = rest_findings(lambda: "suspended", calls_back=True)
    assert (away.ok, closed.ok) == (False, False)
    assert "suspended" in closed.found.en


# ---- the document itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"To": ["+85251234567"], "From": [OURS], "Urll": ["https://x"]}, "no parameter Urll"),
        ({"From": [OURS]}, "'To' is a required property"),
        ({"To": ["+85251234567"], "From": [OURS], "Timeout": ["soon"]}, "is not of type 'integer'"),
        ({"To": ["a", "b"], "From": [OURS]}, "given 2 times"),
        ({"To": ["+85251234567"], "From": [OURS], "Method": ["SEND"]}, "is not one of"),
    ],
)
def test_a_request_that_is_not_twilios_is_seen(form: dict[str, list[str]], says: str) -> None:
    with pytest.raises(NotTwiliosInterface, match=says):
        check_request("POST", CALLS, {}, form)


def test_an_answer_that_is_not_twilios_is_seen() -> None:
    with pytest.raises(NotTwiliosInterface, match="does not answer 204"):
        check_answer("POST", CALLS, 204, {})
    with pytest.raises(NotTwiliosInterface, match="sid"):
        check_answer("POST", CALLS, 201, {"sid": "7"})
    with pytest.raises(NotTwiliosInterface, match="has no label"):
        check_answer("POST", CALLS, 201, {"label": "7"})
    with pytest.raises(NotTwiliosInterface, match="DELETE"):
        check_request("DELETE", CALLS, {}, {})
