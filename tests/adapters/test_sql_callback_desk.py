"""What is still to be called, from real tables: the most overdue first, nobody forgotten, nothing settled twice."""

from datetime import timedelta
from typing import Any

import pytest

from ivr.adapters.sql_callback_desk import SqlCallbackDesk
from ivr.adapters.sql_callback_schema import callback_attempts, callbacks, promises
from ivr.adapters.sql_schema import ring_backs
from ivr.service.callback_desk import CallbackDesk, ToDo
from ivr.service.callback_desk_ports import RingBackResult
from ivr.service.live_ports import Silence
from tests.adapters.rows import CALLER, NINE, Database, SetClock
from tests.adapters.test_sql_caller_card import add_callback, add_complaint, add_visit, earlier_record

OTHER = "+8613900139000"
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(database: Database) -> CallbackDesk:
    return CallbackDesk(SqlCallbackDesk(database.url), SetClock(), Silence())


def gave_up(database: Database, caller: str | None = CALLER, hours: float = 1, **values: Any) -> int:
    presented_at = NINE - timedelta(hours=hours)
    return database.add_call(caller=caller, presented_at=presented_at, outcome="abandoned", **values)


def numbers(to_do: ToDo) -> list[int]:
    return [each.call_id for each in to_do.ring_backs]


def test_the_most_overdue_callback_comes_first_his_own_before_the_floor_s_r9(
    database: Database, desk: CallbackDesk
) -> None:
    company = database.add_company("北京航天", CALLER)
    assert company
    call_id = database.add_call()
    late = add_callback(database, call_id, due_at=NINE - HOUR)
    soon = add_callback(database, call_id, number=OTHER, due_at=NINE + HOUR)
    his = add_callback(database, call_id, number="+8613900139001", due_at=NINE, second_person="wang")
    add_callback(database, call_id, number="+8613900139002", state="done")
    tried = {"epoch": 1, "agent": "li", "nonce": "", "at": NINE, "result": "busy"}
    database.add(callback_attempts, callback_id=late, **tried)
    to_do = desk.to_do("wang")
    assert [each.callback_id for each in to_do.mine] == [his]
    assert [each.callback_id for each in to_do.floor] == [late, soon]
    assert (to_do.floor[0].company, to_do.floor[0].tries, to_do.floor[0].last_result) == (
        "北京航天",
        1,
        "busy",
    )


def test_whoever_gave_up_is_rung_back_until_he_was_spoken_with_r6(
    database: Database, desk: CallbackDesk
) -> None:
    left = gave_up(database)
    gave_up(database, OTHER)
    database.add_call(caller=OTHER, served_at=NINE, outcome="served")
    gave_up(database, None)
    gave_up(database, "+8613900139003", hours=24 * 8)
    assert numbers(desk.to_do("wang")) == [left]


def test_who_gave_up_twice_is_rung_once_and_who_is_promised_a_call_is_not_r6(
    database: Database, desk: CallbackDesk
) -> None:
    gave_up(database, hours=2)
    second = gave_up(database, hours=1)
    promised = gave_up(database, OTHER)
    add_callback(database, promised, number=OTHER)
    assert numbers(desk.to_do("wang")) == [second]


def test_a_caller_rung_back_is_done_by_name_once_r6(database: Database, desk: CallbackDesk) -> None:
    call_id = gave_up(database)
    assert desk.rung_back("wang", call_id, RingBackResult.NO_ANSWER)
    again = [(each.call_id, each.result, each.tried_by) for each in desk.to_do("li").ring_backs]
    assert again == [(call_id, "no_answer", "wang")]
    assert desk.rung_back("li", call_id, RingBackResult.REACHED)
    assert not desk.rung_back("wang", call_id, RingBackResult.REACHED)
    assert numbers(desk.to_do("wang")) == []
    (row,) = database.rows(ring_backs)
    assert (row["done"], row["done_by"], row["done_at"], row["result"]) == (True, "li", NINE, "reached")


def test_what_is_no_caller_to_ring_back_is_refused_and_changes_nothing_r6(
    database: Database, desk: CallbackDesk
) -> None:
    served = database.add_call(outcome="served")
    for call_id in (served, 999, gave_up(database, None)):
        assert not desk.rung_back("wang", call_id, RingBackResult.REACHED)
    assert database.rows(ring_backs) == []


def test_promises_are_listed_to_whom_they_were_handed_over_r9(database: Database, desk: CallbackDesk) -> None:
    record = earlier_record(database, company="甲公司")
    call_id = database.add_call()
    callback = add_callback(database, call_id, state="handed_over")
    said = {"said_text": "我们会回电", "made_by": "server", "made_at": NINE, "kind": "callback"}
    late = database.add(
        promises,
        call_id=call_id,
        callback_id=callback,
        due_at=NINE - HOUR,
        owner="wang",
        state="handed_over",
        **said,
    )
    own = database.add(
        promises, call_id=call_id, record_id=record, due_at=NINE, owner="wang", state="open", **said
    )
    database.add(promises, call_id=call_id, record_id=record, due_at=NINE, owner="li", state="open", **said)
    to_do = desk.to_do("wang")
    assert [(each.promise_id, each.company) for each in to_do.promises] == [(late, None), (own, "甲公司")]
    assert to_do.promises[0].number == CALLER


def test_visits_and_complaints_due_are_listed_with_their_records_r9(
    database: Database, desk: CallbackDesk
) -> None:
    record = earlier_record(database, company="甲公司")
    later = add_visit(database, record, "scheduled", visit_at=NINE + HOUR)
    asked = add_visit(database, record, "requested")
    add_visit(database, record, "cancelled")
    complaint = add_complaint(database, record)
    add_complaint(database, record, state="closed")
    to_do = desk.to_do("wang")
    assert [(each.visit_id, each.record_id) for each in to_do.visits] == [(asked, record), (later, record)]
    assert [(each.complaint_id, each.company) for each in to_do.complaints] == [(complaint, "甲公司")]


def test_a_listed_caller_stays_listed_with_his_reason_and_owner(
    database: Database, desk: CallbackDesk
) -> None:
    call_id = database.add_call(outcome="fallback")
    database.add(
        ring_backs,
        call_id=call_id,
        number=CALLER,
        reason="attempts_used",
        owner="li",
        listed_at=NINE,
        done=False,
    )
    (row,) = desk.to_do("wang").ring_backs
    assert (row.call_id, row.reason, row.owner) == (call_id, "attempts_used", "li")
    assert database.rows(callbacks) == []
