"""Visits and complaints of a record, on either database."""

from datetime import date, timedelta

import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import complaints, visits
from ivr.policy.complaint import ComplaintState, ComplaintWish
from ivr.policy.refusal import Reason
from ivr.policy.visit import VisitState
from ivr.service.record_visits import VisitWish
from tests.adapters.desk_house import LI, ZHAO, Desk, refused
from tests.adapters.rows import NINE


def test_a_visit_waits_for_a_manager_then_time_and_way_are_agreed_R76(desk: Desk) -> None:
    record_id = desk.written()
    visit = desk.visits.request(
        ZHAO, record_id, VisitWish(address="海淀区一号", expires_told=date(2027, 1, 1))
    )
    assert ("managers", "record", desk.record(record_id)["call_id"]) in desk.news.told
    assert [one.visit.id for one in desk.visits.to_decide()] == [visit]
    tomorrow = NINE + timedelta(days=1)
    assert refused(lambda: desk.visits.schedule(ZHAO, visit, tomorrow, "三环"))[0] is Reason.NOT_APPROVED
    assert refused(lambda: desk.visits.decide(ZHAO, visit, approve=True))[0] is Reason.ONLY_A_MANAGER
    desk.visits.decide(LI, visit, approve=True)
    desk.visits.schedule(ZHAO, visit, tomorrow, "三环")
    (row,) = desk.database.rows(visits)
    assert (row["state"], row["decided_by"], row["visit_at"], row["route"]) == (
        "scheduled",
        "li",
        tomorrow,
        "三环",
    )
    desk.visits.finish(ZHAO, visit)
    assert (desk.visits.to_decide(), desk.records.view(ZHAO, record_id).around.owed) == ([], [])


def test_a_manager_who_asks_for_a_visit_does_not_approve_it_himself_R76(desk: Desk) -> None:
    record_id = desk.written(LI)
    visit = desk.visits.request(LI, record_id, VisitWish(address="海淀", expiry_unknown=True))
    assert refused(lambda: desk.visits.decide(LI, visit, approve=True))[0] is Reason.OWN_REQUEST


def test_the_agreements_end_is_asked_and_compared_with_the_file_R77(desk: Desk) -> None:
    desk.company("北京京北商贸有限公司", agreement_expires_on=date(2026, 3, 1))
    record_id = desk.written()
    wish = VisitWish(address="海淀")
    assert refused(lambda: desk.visits.request(ZHAO, record_id, wish))[0] is Reason.EXPIRY_NOT_ASKED
    told = VisitWish(address="海淀", expires_told=date(2027, 1, 1))
    assert refused(lambda: desk.visits.request(ZHAO, record_id, told))[0] is Reason.CHARGE_NOT_EXPLAINED
    explained = VisitWish(address="海淀", expires_told=date(2027, 1, 1), charge_explained=True)
    desk.visits.request(ZHAO, record_id, explained)
    (visit,) = desk.records.view(ZHAO, record_id).around.visits
    assert (visit.expires_told, visit.expires_on_file) == (date(2027, 1, 1), date(2026, 3, 1))


def test_a_visit_is_cancelled_by_a_manager_with_a_reason_and_told_R11(desk: Desk) -> None:
    record_id = desk.written()
    visit = desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    assert refused(lambda: desk.visits.cancel(ZHAO, visit, "x"))[0] is Reason.ONLY_A_MANAGER
    desk.visits.cancel(LI, visit, "用户改为远程")
    (row,) = desk.database.rows(visits)
    assert (row["state"], row["cancel_reason"], row["cancelled_by"]) == ("cancelled", "用户改为远程", "li")
    assert [str(thing) for thing in desk.records.view(ZHAO, record_id).around.owed] == [f"visit:{visit}"]
    desk.visits.tell(ZHAO, visit)
    assert desk.records.view(ZHAO, record_id).around.owed == []


def test_every_state_of_a_visit_but_the_settled_ones_is_owed_R9(desk: Desk) -> None:
    record_id = desk.written()
    visit = desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    owed = set()
    for state in VisitState:
        with desk.database.engine.begin() as connection:
            connection.execute(sa.update(visits).where(visits.c.id == visit).values(state=state.value))
        owed |= {state} if desk.records.view(ZHAO, record_id).around.owed else set()
    assert owed == set(VisitState) - {VisitState.DONE}


def test_a_complaint_has_an_apology_an_owner_and_its_days_R78_R79_R80(desk: Desk) -> None:
    record_id = desk.written()
    wish = ComplaintWish(
        kind="person", said="态度不好，说随便", unit="海淀分公司", owner="li", apologised=False
    )
    assert refused(lambda: desk.visits.complain(ZHAO, record_id, wish))[0] is Reason.APOLOGY_MISSING
    wish = ComplaintWish(
        kind="person", said="态度不好，说随便", unit="海淀分公司", owner="li", apologised=True
    )
    complaint = desk.visits.complain(ZHAO, record_id, wish)
    (row,) = desk.database.rows(complaints)
    assert (row["said"], row["owner"], row["apologised"]) == ("态度不好，说随便", "li", True)
    assert (row["verify_due_at"], row["feedback_due_at"]) == (
        NINE + timedelta(days=1),
        NINE + timedelta(days=3),
    )
    assert {to for to, _, _ in desk.news.told} >= {"li", "managers"}
    assert (
        refused(lambda: desk.visits.feed_back(ZHAO, record_id, complaint, "已整改"))[0] is Reason.NOT_VERIFIED
    )
    assert refused(lambda: desk.visits.verify(ZHAO, record_id, 99, "属实"))[0] is Reason.NOT_NOW
    desk.visits.verify(ZHAO, record_id, complaint, "属实")
    desk.visits.feed_back(ZHAO, record_id, complaint, "已整改，谢谢您")
    (kept,) = desk.records.view(ZHAO, record_id).around.complaints
    assert (kept.state, kept.answer, kept.verification) == (ComplaintState.CLOSED, "已整改，谢谢您", "属实")
