"""The card read from real tables: the rung agent's caller alone, and everything we know of him."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from ivr.adapters import sql_schema as tables
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises
from ivr.adapters.sql_caller_card import SqlCallerCard
from ivr.adapters.sql_desk_schema import complaints, visitors, visits
from ivr.policy.call import Call, Phase
from ivr.policy.caller_card import Agreed, Heard, Why
from ivr.policy.rules import Rules
from ivr.service import codec
from ivr.service.caller_card import Before, CallerCards, Card, Stage
from tests.adapters.rows import CALLER, NINE, Database, SetClock

LANDLINE = "+861082193701"


class NoPlaces:
    """Knows of no place."""

    def place(self, number: str | None, language: str) -> str:
        return ""


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def cards(database: Database, clock: SetClock) -> CallerCards:
    return CallerCards(SqlCallerCard(database.url), NoPlaces(), clock, Rules())


def rings(database: Database, login: str = "wang", caller: str | None = CALLER, **values: Any) -> int:
    """A call that rings that agent's phone since nine."""
    state = codec.call_to_json(
        Call(call_id=1, presented_at=NINE, number=caller, phase=Phase.RINGING, agent=login, rung_at=NINE)
    )
    call_id = database.add_call(**{"caller": caller, "phase": "ringing", "state": state} | values)
    database.add_agent(login, "reserved", call_id=call_id)
    return call_id


def card(before: Before) -> Card:
    assert before.first is not None
    return before.first


def earlier_record(database: Database, **values: Any) -> int:
    base = {"fields": "{}", "open_records": "[]", "opened_at": NINE, "state": "open"}
    call_id = database.add_call(presented_at=NINE - timedelta(days=3))
    record_id: int = database.add(tables.records, call_id=call_id, **base | {"number": CALLER} | values)
    return record_id


def test_the_rung_agent_sees_who_calls_and_nobody_else_does_r66(
    database: Database, cards: CallerCards, clock: SetClock
) -> None:
    company = database.add_company("北京航天", CALLER)
    call_id = rings(database)
    database.add_agent("li")
    clock.pass_seconds(6)
    seen = card(cards.of("wang"))
    assert (seen.call_id, seen.stage, seen.ring, seen.number) == (call_id, Stage.RINGING, 2, "138 0013 8000")
    assert seen.known.company is not None
    assert seen.known.company.company_id == company
    assert [fact.kind for fact in seen.heard] == [Heard.NOTHING]
    assert cards.of("li") == cards.of("nobody") == Before(now=clock.now())


def test_it_is_gone_when_the_ring_is_r66(database: Database, cards: CallerCards) -> None:
    database.add_agent("wang", "reserved", call_id=database.add_call(phase="ended"))
    database.add_agent("li", "available")
    assert cards.of("wang").first is None
    assert cards.of("li").first is None


@pytest.mark.parametrize(
    ("state", "stage"),
    [("talking", Stage.TALKING), ("wrap_up", Stage.WRAP_UP), ("away", None), ("offline", None)],
)
def test_while_he_talks_and_writes_his_notes_it_stays_r66(
    database: Database, cards: CallerCards, state: str, stage: Stage | None
) -> None:
    call_id = database.add_call(phase="talking", greeted_at=NINE, served_at=NINE)
    database.add_agent("wang", state, call_id=call_id, until=NINE + timedelta(seconds=30))
    before = cards.of("wang")
    assert (before.first and before.first.stage) == stage
    assert (before.until is not None) == (state == "wrap_up")


def test_another_ring_of_the_same_call_is_another_pop_and_the_same_ring_is_one_r66(
    database: Database, cards: CallerCards, clock: SetClock
) -> None:
    rings(database)
    once = card(cards.of("wang")).key
    clock.pass_seconds(3)
    assert card(cards.of("wang")).key == once
    later = Call(
        call_id=1, presented_at=NINE, number=CALLER, phase=Phase.RINGING, rung_at=NINE + timedelta(seconds=20)
    )
    with database.engine.begin() as connection:
        connection.execute(tables.calls.update().values(state=codec.call_to_json(later)))
    assert card(cards.of("wang")).key != once


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ({"agreement": "A-1", "agreement_expires_on": date(2026, 12, 31)}, Agreed.VALID),
        ({"agreement": "A-1", "agreement_expires_on": date(2026, 3, 1)}, Agreed.EXPIRED),
        ({}, Agreed.NONE),
    ],
)
def test_how_a_company_stands_with_us_is_said(
    database: Database, cards: CallerCards, facts: dict[str, Any], stands: Agreed
) -> None:
    company = database.add(tables.companies, name="北京航天", match_name="北京航天", **facts)
    database.add(tables.company_numbers, number=CALLER, company_id=company, contact="张会计")
    rings(database)
    known = card(cards.of("wang")).known
    assert (known.agreed, known.company and known.company.contact) == (stands, "张会计")


def test_a_number_of_two_companies_is_neither_s_until_the_agent_says_whose(
    database: Database, cards: CallerCards
) -> None:
    first, second = database.add_company("甲公司", CALLER), database.add_company("乙公司", CALLER)
    call_id = rings(database)
    known = card(cards.of("wang")).known
    assert known.company is None
    assert [(each.company_id, each.why) for each in known.guesses] == [
        (first, Why.SHARED),
        (second, Why.SHARED),
    ]
    assert cards.may_choose("wang", call_id, second)
    assert not cards.may_choose("wang", call_id + 1, second)
    assert not cards.may_choose("li", call_id, second)
    base = {"fields": "{}", "open_records": "[]", "opened_at": NINE, "state": "open", "number": CALLER}
    database.add(tables.records, call_id=call_id, company_id=second, company="乙公司", **base)
    known = card(cards.of("wang")).known
    assert known.company is not None
    assert known.company.company_id == second
    assert [each.company_id for each in known.guesses] == [first]
    assert known.records == []


def test_a_landline_of_the_same_switchboard_and_an_extension_are_guessed(
    database: Database, cards: CallerCards
) -> None:
    near = database.add_company("总机公司", "+861082193700")
    rings(database, caller=LANDLINE)
    guessed = card(cards.of("wang")).known.guesses
    assert [(each.company_id, each.why) for each in guessed] == [(near, Why.SWITCHBOARD)]
    rings(database, "li", caller="raw:0108219370012")
    guessed = card(cards.of("li")).known.guesses
    assert [(each.company_id, each.why) for each in guessed] == [(near, Why.EXTENSION)]


def test_a_number_that_was_another_company_s_before_may_be_its_again(
    database: Database, cards: CallerCards
) -> None:
    database.add_company("甲公司", CALLER)
    other = database.add_company("乙公司")
    record = earlier_record(
        database, company_id=other, company="乙公司", disposition="solved", symptom="打印不出"
    )
    rings(database)
    known = card(cards.of("wang")).known
    assert known.company is not None
    assert [(each.company_id, each.why) for each in known.guesses] == [(other, Why.RECORD)]
    assert [(each.record_id, each.disposition) for each in known.records] == [(record, "solved")]


def test_what_is_open_with_him_is_shown_callback_promise_complaint_visit_r9(
    database: Database, cards: CallerCards
) -> None:
    company = database.add_company("北京航天", CALLER)
    record = earlier_record(database, company_id=company, number="+8613900139000")
    due = NINE + timedelta(hours=1)
    told = {
        "said_text": "我们会尽快和您联系",
        "made_by": "li",
        "made_at": NINE,
        "due_at": due,
        "state": "open",
    }
    call_id = database.add_call()
    promise = database.add(promises, call_id=call_id, record_id=record, kind="answer", owner="li", **told)
    database.add(promises, call_id=call_id, record_id=record, kind="answer", kept_at=NINE, **told)
    callback = add_callback(database, call_id, due_at=due)
    complaint = add_complaint(database, record)
    add_complaint(database, record, state="closed")
    visit = add_visit(database, record, "requested")
    add_visit(database, record, "declined")
    database.add_agent("li", name="李强")
    rings(database)
    known = card(cards.of("wang")).known
    assert [(each.promise_id, each.owner) for each in known.promises] == [(promise, "李强")], "by name"
    assert known.callback is not None
    assert (known.callback.callback_id, known.callback.due_at) == (callback, due)
    assert [(each.complaint_id, each.owner) for each in known.complaints] == [(complaint, "李强")]
    assert [each.visit_id for each in known.visits] == [visit]
    assert known.visit is None


def add_callback(database: Database, call_id: int, **values: Any) -> int:
    base = {
        "number": CALLER,
        "prefix": CALLER[:8],
        "state": "pending",
        "epoch": 0,
        "announcements": 0,
        "by_hand": False,
    }
    base |= {"presented_at": NINE, "promised_at": NINE, "due_at": NINE, "first_due_at": NINE}
    callback_id: int = database.add(callbacks, call_id=call_id, **base | values)
    return callback_id


def add_complaint(database: Database, record: int, state: str = "open") -> int:
    said = {"kind": "service", "said": "慢", "apologised": True, "owner": "li", "made_at": NINE}
    due = {"verify_due_at": NINE, "feedback_due_at": NINE}
    complaint: int = database.add(complaints, record_id=record, state=state, **said, **due)
    return complaint


def add_visit(database: Database, record: int, state: str, **values: Any) -> int:
    asked = {
        "address": "海淀",
        "agreement_unknown": True,
        "charge_explained": False,
        "requested_by": "li",
        "requested_at": NINE,
    }
    visit: int = database.add(visits, record_id=record, state=state, **asked | values)
    return visit


def test_whoever_calls_again_within_a_day_is_counted(database: Database, cards: CallerCards) -> None:
    for hours in (30, 23, 1):
        database.add_call(presented_at=NINE - timedelta(hours=hours))
    rings(database)
    assert card(cards.of("wang")).known.calls_today == 3


def test_our_own_engineer_calls_from_a_customer_s_telephone_r40(
    database: Database, cards: CallerCards, clock: SetClock
) -> None:
    database.add_agent("zhao", name="赵工")
    record = earlier_record(database)
    visit = add_visit(database, record, "scheduled", visit_at=NINE)
    span = {"from_at": NINE - timedelta(hours=1), "until_at": NINE + timedelta(hours=4)}
    database.add(visitors, login="zhao", number=CALLER, **span)
    rings(database)
    known = card(cards.of("wang")).known
    assert (known.engineer, known.visit and known.visit.visit_id) == ("赵工", visit)
    clock.pass_seconds(7 * 3600)
    known = card(cards.of("wang")).known
    assert (known.engineer, known.visit) == (None, None)


def test_who_withholds_his_number_is_shown_as_that(database: Database, cards: CallerCards) -> None:
    rings(database, caller=None)
    seen = card(cards.of("wang"))
    assert (seen.number, seen.known.company, seen.known.guesses) == (None, None, ())


def test_for_a_callback_the_agent_sees_whose_when_and_in_which_words_r9(
    database: Database, cards: CallerCards
) -> None:
    call_id = database.add_call(caller=None)
    due = NINE + timedelta(minutes=10)
    callback = add_callback(database, call_id, epoch=2, state="dialing", due_at=due)
    tried = {"agent": "li", "nonce": "", "at": NINE}
    database.add(callback_attempts, callback_id=callback, epoch=1, result="busy", **tried)
    database.add(callback_attempts, callback_id=callback, epoch=2, **tried)
    told = {"kind": "callback", "said_text": "十分钟内回电", "made_by": "server", "made_at": NINE}
    database.add(promises, call_id=call_id, callback_id=callback, due_at=due, state="open", **told)
    database.add_agent("wang", "reserved", call_id=call_id, callback_id=callback)
    seen = card(cards.of("wang"))
    assert seen.stage is Stage.CALLING_BACK
    assert seen.number == "138 0013 8000"
    assert seen.callback is not None
    shown = seen.callback
    assert (shown.due_at, shown.attempt, shown.tried, shown.said_text) == (due, 2, 1, "十分钟内回电")


def test_a_second_call_is_shown_beside_the_first_and_which_is_which_is_clear_r67(
    database: Database, cards: CallerCards
) -> None:
    first = database.add_call(phase="talking", greeted_at=NINE, served_at=NINE)
    second = database.add_call(phase="ringing", caller=LANDLINE)
    until = NINE + timedelta(seconds=20)
    database.add_agent("wang", "talking", call_id=first, knock_call_id=second, knock_until=until)
    before = cards.of("wang")
    assert before.second is not None
    assert (card(before).call_id, card(before).stage) == (first, Stage.TALKING)
    assert (before.second.call_id, before.second.stage, before.second.ring) == (second, Stage.RINGING, 1)


@pytest.mark.parametrize(("phase", "stage"), [("talking", Stage.TALKING), ("ended", None)])
def test_a_second_call_taken_is_a_talk_and_one_that_is_over_is_gone_r67(
    database: Database, cards: CallerCards, phase: str, stage: Stage | None
) -> None:
    first = database.add_call(phase="talking", served_at=NINE)
    second = database.add_call(phase=phase, served_at=NINE, greeted_at=NINE)
    database.add_agent("wang", "talking", call_id=first, knock_call_id=second)
    before = cards.of("wang")
    assert (before.second and before.second.stage) == stage


def test_a_state_another_version_wrote_leaves_the_card_without_what_he_heard(
    database: Database, cards: CallerCards
) -> None:
    rings(database, state=json.dumps({"phase": "dreaming"}))
    assert card(cards.of("wang")).heard == ()
