"""How records end, on either database: nothing owed is closed over; a promise has a sentence, a time and a name."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_desk_schema import record_changes
from ivr.adapters.sql_reports import SqlReports
from ivr.policy.complaint import ComplaintWish
from ivr.policy.endings import PROMISE_SENTENCE, Contacted, Disposition
from ivr.policy.refusal import Reason
from ivr.policy.rules import parse_rules
from ivr.service.promises_by_hand import PromisesByHand
from ivr.service.record_visits import VisitWish
from tests.adapters.books import Books
from tests.adapters.desk_house import LI, QIAN, THREE, ZHAO, Desk, refused
from tests.adapters.rows import CALLER, NINE, Database


def test_a_record_is_closed_with_the_three_and_solved_fully_R72a_R9(desk: Desk) -> None:
    record_id = desk.opened()
    assert refused(lambda: desk.endings.close(ZHAO, record_id, Disposition.SOLVED, solved_fully=True)) == (
        Reason.MISSING,
        ("company", "contact_phone", "tax_bureau"),
    )
    desk.records.save_draft(ZHAO, record_id, 0, THREE)
    half = refused(lambda: desk.endings.close(ZHAO, record_id, Disposition.SOLVED))
    assert half[0] is Reason.NOT_SOLVED_FULLY
    desk.endings.close(ZHAO, record_id, Disposition.SOLVED, solved_fully=True)
    row = desk.record(record_id)
    assert (row["state"], row["disposition"], row["closed_at"], row["owner"]) == (
        "closed",
        "solved",
        NINE,
        "zhao",
    )
    assert refused(lambda: desk.records.save_draft(ZHAO, record_id, 1, THREE))[0] is Reason.ALREADY_CLOSED


@pytest.mark.parametrize("ending", [Disposition.WRONG_NUMBER, Disposition.NOT_BUSINESS])
def test_a_wrong_number_or_other_business_is_closed_as_it_is_R82(desk: Desk, ending: Disposition) -> None:
    record_id = desk.opened()
    desk.endings.close(ZHAO, record_id, ending)
    assert (desk.record(record_id)["state"], desk.record(record_id)["disposition"]) == (
        "closed",
        ending.value,
    )


def test_no_record_is_closed_over_a_promise_a_visit_a_complaint_or_a_callback_R9(desk: Desk) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id)
    visit = desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    wish = ComplaintWish(kind="service", said="慢", apologised=True, owner="li")
    complaint = desk.visits.complain(ZHAO, record_id, wish)
    row = {
        "number": CALLER,
        "prefix": CALLER[:9],
        "state": "pending",
        "presented_at": NINE,
        "promised_at": NINE,
    }
    row |= {"due_at": NINE, "first_due_at": NINE, "epoch": 0, "by_hand": False, "announcements": 0}
    callback = desk.database.add(callbacks, call_id=desk.record(record_id)["call_id"], **row)

    def close() -> int:
        return desk.endings.close(ZHAO, record_id, Disposition.SOLVED, solved_fully=True)

    def owed() -> set[str]:
        reason, about = refused(close)
        assert reason is Reason.STILL_OPEN
        return set(about)

    assert owed() == {
        f"promise:{promise}",
        f"visit:{visit}",
        f"complaint:{complaint}",
        f"callback:{callback}",
    }
    desk.endings.contacted(ZHAO, record_id, promise, Contacted.REACHED)
    assert owed() == {f"visit:{visit}", f"complaint:{complaint}", f"callback:{callback}"}
    desk.visits.decide(LI, visit, approve=False, reason="可以远程处理")
    desk.visits.tell(ZHAO, visit)
    desk.visits.verify(ZHAO, record_id, complaint, "属实")
    desk.visits.feed_back(ZHAO, record_id, complaint, "已整改")
    assert owed() == {f"callback:{callback}"}
    with desk.database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="done"))
    close()
    assert desk.record(record_id)["state"] == "closed"


def test_a_promise_has_its_sentence_first_then_a_time_and_a_person_R72_R73(desk: Desk) -> None:
    record_id, due_at = desk.written(), NINE + timedelta(hours=2)
    sentence_first = refused(lambda: desk.endings.promise(ZHAO, record_id, due_at, "qian"))
    assert sentence_first[0] is Reason.SENTENCE_FIRST
    desk.records.say(ZHAO, record_id, "promise")
    assert refused(lambda: desk.endings.promise(ZHAO, record_id, None, "qian"))[0] is Reason.DUE_MISSING
    assert refused(lambda: desk.endings.promise(ZHAO, record_id, due_at, ""))[0] is Reason.PERSON_MISSING
    assert desk.database.rows(promises) == []
    desk.endings.promise(ZHAO, record_id, due_at, "qian")
    (promise,) = desk.database.rows(promises)
    assert {
        name: promise[name]
        for name in ("kind", "record_id", "said_text", "made_by", "due_at", "owner", "state")
    } == {
        "kind": "answer",
        "record_id": record_id,
        "said_text": PROMISE_SENTENCE,
        "made_by": "zhao",
        "due_at": due_at,
        "owner": "qian",
        "state": "open",
    }
    assert desk.record(record_id)["disposition"] == "promise"
    assert {to for to, kind, _ in desk.news.told if kind == "record"} == {"zhao", "qian"}


def test_each_promise_is_said_anew_R72(desk: Desk) -> None:
    record_id = desk.written()
    desk.promised(record_id)
    again = refused(lambda: desk.endings.promise(ZHAO, record_id, NINE + timedelta(hours=3), "zhao"))
    assert again[0] is Reason.SENTENCE_FIRST


def test_a_promise_is_kept_by_reaching_the_customer_alone_R73(desk: Desk) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id)
    desk.endings.contacted(ZHAO, record_id, promise, Contacted.NO_ANSWER)
    assert desk.database.rows(promises)[0]["state"] == "open"
    desk.endings.contacted(ZHAO, record_id, promise, Contacted.REACHED)
    assert (desk.database.rows(promises)[0]["state"], desk.database.rows(promises)[0]["kept_at"]) == (
        "kept",
        NINE,
    )
    assert (
        refused(lambda: desk.endings.contacted(ZHAO, record_id, promise, Contacted.REACHED))[0]
        is Reason.NOT_NOW
    )
    assert (
        refused(lambda: desk.endings.contacted(ZHAO, record_id, 99, Contacted.REACHED))[0] is Reason.NOT_NOW
    )


def test_times_are_offered_in_office_hours_and_within_the_policys_hours_R10(database: Database) -> None:
    rules = parse_rules(
        {"opening_hours": {"workdays": ["08:30-12:00", "13:30-17:30"]}, "first_update_hours": 2}
    )
    assert Desk(database, rules).endings.offered_times() == tuple(
        NINE + timedelta(minutes=minutes) for minutes in (30, 60, 120)
    )


def test_a_colleague_is_asked_or_goes_on_with_it_and_nobody_outside_the_team_can_R74(desk: Desk) -> None:
    record_id = desk.written()
    desk.endings.consult(ZHAO, record_id, "qian", "读卡器红灯怎么办")
    assert desk.record(record_id)["owner"] == "zhao"
    for outside in (
        lambda: desk.endings.consult(ZHAO, record_id, "finance", "x"),
        lambda: desk.endings.hand_on(ZHAO, record_id, "finance", "x"),
    ):
        assert refused(outside) == (Reason.NOT_OF_THE_TEAM, ("finance",))
    assert refused(lambda: desk.endings.hand_on(ZHAO, record_id, "qian", ""))[0] is Reason.TEXT_MISSING
    desk.endings.hand_on(ZHAO, record_id, "qian", "下班")
    assert desk.record(record_id)["owner"] == "qian"
    assert ("qian", "record", desk.record(record_id)["call_id"]) in desk.news.told


def test_a_closing_is_undone_for_ten_seconds(desk: Desk) -> None:
    record_id = desk.written()
    before = desk.record(record_id)
    change = desk.endings.close(ZHAO, record_id, Disposition.SOLVED, solved_fully=True)
    view = desk.records.view(ZHAO, record_id)
    assert view.undoable is not None
    assert view.undoable.id == change
    assert desk.endings.undo(ZHAO, change) == record_id
    assert desk.record(record_id) == before
    assert refused(lambda: desk.endings.undo(ZHAO, change))[0] is Reason.TOO_LATE_TO_UNDO
    change = desk.endings.close(ZHAO, record_id, Disposition.WRONG_NUMBER)
    desk.clock.pass_seconds(11)
    assert refused(lambda: desk.endings.undo(ZHAO, change))[0] is Reason.TOO_LATE_TO_UNDO
    assert desk.records.view(ZHAO, record_id).undoable is None


def test_a_promise_of_his_own_is_undone_and_one_a_colleague_knows_of_is_not(desk: Desk) -> None:
    record_id = desk.written()
    desk.promised(record_id)
    mine = desk.database.rows(record_changes)[-1]["id"]
    desk.endings.undo(ZHAO, mine)
    assert (desk.database.rows(promises), desk.record(record_id)["disposition"]) == ([], None)
    desk.promised(record_id, owner="qian")
    told = desk.database.rows(record_changes)[-1]["id"]
    assert refused(lambda: desk.endings.undo(ZHAO, told)) == (Reason.ALREADY_TOLD, ("qian",))
    assert refused(lambda: desk.endings.undo(QIAN, mine))[0] is Reason.NOT_YOURS


def test_a_promise_kept_by_mistake_is_open_again(desk: Desk) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id)
    kept = desk.endings.contacted(ZHAO, record_id, promise, Contacted.REACHED)
    desk.endings.undo(ZHAO, kept)
    (row,) = desk.database.rows(promises)
    assert (row["state"], row["kept_at"], row["owner"]) == ("open", None, "zhao")


def test_what_a_manager_knows_of_is_not_undone_R76(desk: Desk) -> None:
    record_id = desk.written()
    desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    change = desk.database.rows(record_changes)[-1]["id"]
    assert refused(lambda: desk.endings.undo(ZHAO, change))[0] is Reason.TOO_LATE_TO_UNDO


def test_an_agents_promise_whose_time_passes_in_silence_is_broken_and_told_once_R10(
    desk: Desk, books: Books
) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id, owner="qian")
    due = NINE + timedelta(hours=2)

    def broken(at: datetime) -> list[str | None]:
        return [one.agent for one in books.book.unit(lambda unit: unit.break_promises(at))]

    assert [broken(due), broken(due + timedelta(seconds=1)), broken(due + timedelta(seconds=2))] == [
        [],
        ["qian"],
        [],
    ]
    desk.clock.pass_seconds(3 * 3600)
    desk.endings.contacted(ZHAO, record_id, promise, Contacted.REACHED)
    (row,) = desk.database.rows(promises)
    assert (row["state"], row["kept_at"]) == ("broken", desk.clock.now())


def test_an_agents_promise_is_among_the_promises_listed_and_kept_from_there_too_R10(
    desk: Desk, books: Books
) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id, owner="qian")
    (listed,) = SqlReports(desk.database.url).promises(None)
    assert (listed["id"], listed["kind"], listed["owner"], listed["state"]) == (
        promise,
        "answer",
        "qian",
        "open",
    )
    PromisesByHand(books.book, desk.clock).kept(promise, "qian")
    assert desk.records.view(ZHAO, record_id).around.owed == []


def test_who_was_named_for_a_promise_finds_the_record_and_says_that_he_reached_the_customer_R73(
    desk: Desk,
) -> None:
    record_id = desk.written()
    promise = desk.promised(record_id, owner="qian")
    assert [one.id for one in desk.records.mine(QIAN)] == [record_id]
    assert desk.records.view(QIAN, record_id).writable
    desk.endings.contacted(QIAN, record_id, promise, Contacted.REACHED)
    (row,) = desk.database.rows(promises)
    assert (row["state"], row["owner"]) == ("kept", "qian")
    assert desk.records.mine(QIAN) == []
