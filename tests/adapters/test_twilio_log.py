"""Calls whose webhooks never reached us, found in Twilio's own list: opened, or ended, once (R6).

Over the real client; requests and answers are held against Twilio's OpenAPI document.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_schema import agents, calls
from ivr.adapters.twilio_calls import TwilioCalls
from ivr.adapters.twilio_log import TwilioLog
from ivr.policy.events import CallOffered
from ivr.service.ports import Contact
from ivr.service.reconciler import Reconciler
from tests.fakes.twilio_rest import FakeTwilioRest, Fault, Ordered, served_rest
from tests.service.house import NOON, House, house

ACCOUNT, TOKEN, OURS = "AC" + "0" * 32, "a-token", "+85230001234"
CHEN = "+85251234567"


class Account:
    """Twilio's list, our book, and what holds the one against the other."""

    def __init__(self, home: House, api: str, rest: FakeTwilioRest, *ours: str) -> None:
        self.home, self.rest = home, rest
        log = TwilioLog(lambda: TwilioCalls(ACCOUNT, TOKEN, api, 0.5), home.clock, ours)
        self.reconciler = Reconciler(log, home.switchboard, home.clock, home.rules)

    def lists(self, number: int, **more: Any) -> str:
        """A call of twenty seconds that began at noon."""
        ended_at = NOON + timedelta(seconds=20)
        what: dict[str, Any] = {"status": "completed", "duration": 8, "direction": "inbound"}
        what |= {"to": OURS, "shown": CHEN, "ended_at": ended_at, "made_at": NOON, **more}
        call = Ordered(sid=f"CA{number:032x}", url="", status_url="", events=(), timeout=60, **what)
        self.rest.orders.append(call)
        return call.sid

    def minutes_later(self, minutes: float = 1) -> int:
        """How many calls are mended then."""
        self.home.clock.advance(60 * minutes)
        return self.reconciler.turn()

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.home.rows(calls)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with house(tmp_path) as home:
        rest = FakeTwilioRest(ACCOUNT, TOKEN, home.clock)
        with served_rest(rest) as api:
            yield Account(home, api, rest, OURS)
        assert rest.violations == []


def test_a_call_we_never_heard_of_is_opened_once__R6_R71(account: Account) -> None:
    sid = account.lists(1)
    assert [account.minutes_later() for _ in range(3)] == [1, 0, 0]
    [row] = account.rows
    assert (row["door"], row["ref"], row["caller"], row["outcome"]) == ("twilio", sid, CHEN, "abandoned")
    assert (row["presented_at"], row["ended_at"]) == (NOON, NOON + timedelta(seconds=20))
    assert row["greeted_at"] == NOON + timedelta(seconds=13)


def test_a_call_whose_end_we_never_heard_of_is_ended_and_its_agent_free__R6(account: Account) -> None:
    sid = account.lists(1, status="no-answer", duration=0)
    account.home.agent("wang")
    contact = Contact(door="twilio", ref=sid, hotline=OURS, caller=CHEN, presented_at=NOON, channel=sid)
    account.home.switchboard.handle(contact, "0", (CallOffered(at=NOON),))
    assert account.home.rows(agents)[0]["state"] == "reserved"
    assert account.minutes_later() == 1
    [row] = account.rows
    assert (row["phase"], row["ended_at"], row["greeted_at"]) == ("ended", NOON + timedelta(seconds=20), None)
    assert account.home.rows(agents)[0]["state"] == "available"


def test_what_runs_what_we_placed_and_calls_of_other_numbers_are_none_of_them(account: Account) -> None:
    account.lists(1, status="in-progress", ended_at=None)
    account.lists(2, direction="outbound-api")
    account.lists(3, direction="outbound-dial")
    account.lists(4, to="+85239999999")
    assert account.minutes_later() == 0
    assert account.rows == []


def test_a_call_of_a_number_that_may_not_be_ours_is_ended_where_the_book_has_it(account: Account) -> None:
    sid = account.lists(1, to="+85239999999")
    contact = Contact(door="twilio", ref=sid, hotline="", caller=CHEN, presented_at=NOON, channel=sid)
    account.home.switchboard.handle(contact, "0", (CallOffered(at=NOON),))
    assert account.minutes_later() == 1
    assert [row["phase"] for row in account.rows] == ["ended"]


def test_a_call_just_ended_is_left_to_its_own_webhooks_first(account: Account) -> None:
    account.lists(1, ended_at=NOON + timedelta(seconds=58))
    assert account.minutes_later() == 0
    assert account.minutes_later() == 1


def test_twilio_is_asked_once_a_minute_and_a_look_that_failed_is_made_up_for(account: Account) -> None:
    account.lists(1)
    account.rest.look_faults.append(Fault(status=503))
    assert account.minutes_later() == 0
    assert [account.minutes_later(0.2) for _ in range(4)] == [0, 0, 0, 0]
    assert len(account.rest.asked) == 1
    assert account.minutes_later(0.2) == 1
