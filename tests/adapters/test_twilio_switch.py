"""Fetching a caller over Twilio's REST: the right address once, and nobody waits for a REST that does not answer."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ivr.adapters.twilio_addresses import TwilioAddresses
from ivr.adapters.twilio_calls import TIMEOUT_SECONDS, PatientTwilio, TwilioCalls
from ivr.adapters.twilio_switch import TwilioSwitch
from ivr.policy.call import Call
from ivr.service.ports import Contact, Entry
from tests.fakes.fake_clock import FakeClock
from tests.fakes.twilio_rest import rest_server

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT, TOKEN, SID = "AC" + "0" * 32, "a-token", "CA" + "1" * 32
ADDRESSES = TwilioAddresses(public_base_url="https://hotline.example", key=b"of our own")
MS = round(NOON.timestamp() * 1000)


def at_once(fetch: Callable[[], None]) -> None:
    fetch()


def waiting(held_since: datetime | None = None) -> Entry:
    presented_at = NOON - timedelta(seconds=30)
    contact = Contact(door="twilio", ref=SID, hotline="", caller=None, presented_at=presented_at, channel=SID)
    held = Call(call_id=1, presented_at=presented_at, number=None, held_since=held_since)
    return Entry(call=held, contact=contact, standing=(), last_key=None)


def switch(api: str, run: Callable[[Callable[[], None]], object] | None = at_once) -> TwilioSwitch:
    redirect = TwilioCalls(ACCOUNT, TOKEN, api).redirect
    return TwilioSwitch(redirect, ADDRESSES, FakeClock(NOON), run=run)


def test_a_caller_is_redirected_to_an_address_that_carries_his_call__R69() -> None:
    told: list[tuple[str, str]] = []
    with rest_server(ACCOUNT, TOKEN, lambda sid, url: told.append((sid, url))) as api:
        twilio = switch(api)
        assert twilio.fetch(waiting())
        assert twilio.fetch(waiting(held_since=NOON - timedelta(seconds=17)))
    start = f"fetched/{MS - 30_000}/{MS}"
    assert told == [(SID, ADDRESSES.of(f"{start}/{picked_up}", SID)) for picked_up in (0, MS - 17_000)]


@pytest.mark.parametrize("refusal", [(400, 21220), (404, 20404), (429, 20429), (500, 20500)])
def test_a_refused_redirect_is_sent_once_and_harms_nobody(refusal: tuple[int, int]) -> None:
    told: list[str] = []

    def refuse(_sid: str, url: str) -> tuple[int, int]:
        told.append(url)
        return refusal

    with rest_server(ACCOUNT, TOKEN, refuse) as api:
        switch(api).fetch(waiting())
    assert len(told) == 1


def test_the_floor_does_not_wait_for_a_rest_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert switch(f"http://127.0.0.1:{silent.getsockname()[1]}", run=in_background).fetch(waiting())
        assert time.monotonic() - began < TIMEOUT_SECONDS / 5


def in_background(fetch: Callable[[], None]) -> None:
    threading.Thread(target=fetch, daemon=True).start()


def test_a_rest_that_is_not_there_harms_nobody_and_ends_no_call() -> None:
    twilio = switch("http://127.0.0.1:9")
    assert twilio.fetch(waiting())
    assert twilio.connected
    assert twilio.live_refs() is None


def test_only_requests_meant_for_twilio_leave() -> None:
    client = PatientTwilio("http://127.0.0.1:9", timeout=1)
    with pytest.raises(ValueError, match="not Twilio's"):
        client.request("GET", "https://elsewhere.example/")
