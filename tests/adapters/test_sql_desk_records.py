"""Records as agents write and find them, on either database: nothing typed is lost or overwritten unasked."""

from datetime import date

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_desk_schema import record_changes
from ivr.policy.endings import PROMISE_SENTENCE, Disposition
from ivr.policy.refusal import Reason
from ivr.service.desk_records import RecordUnknownError, StaleDraftError
from tests.adapters.desk_house import LI, QIAN, THREE, ZHAO, Desk, refused
from tests.adapters.rows import CALLER, NINE


def test_the_record_of_the_call_at_hand_is_opened_where_nobody_has_opened_it_yet_R71(desk: Desk) -> None:
    desk.company("北京京北", CALLER)
    call_id = desk.database.add_call(phase="talking", agent="zhao")
    with desk.database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE agents SET call_id = :c, state = 'talking' WHERE login = 'zhao'"), {"c": call_id}
        )
    view = desk.records.at_hand(ZHAO)
    assert view is not None
    assert (view.record.call_id, view.record.number, view.record.call_ended) == (call_id, CALLER, False)
    assert (view.record.answers.company, view.record.answers.tax_bureau) == ("北京京北", "海淀分局")
    assert desk.records.at_hand(QIAN) is None
    again = desk.records.at_hand(ZHAO)
    assert again is not None
    assert again.record.id == view.record.id


def test_after_a_call_its_record_stays_at_hand_and_one_of_yesterday_does_not_R71(desk: Desk) -> None:
    first, second = desk.opened(), desk.opened()
    view = desk.records.at_hand(ZHAO)
    assert view is not None
    assert view.record.id == second != first
    desk.clock.pass_seconds(13 * 3600)
    assert desk.records.at_hand(ZHAO) is None


def test_a_draft_is_kept_with_everything_typed_in_any_order_R71_R72a(desk: Desk) -> None:
    record_id = desk.opened()
    saved = desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "打印机不动", "not_asked_a": "on"})
    assert (saved.version, saved.missing[0]) == (1, "company")
    view = desk.records.view(ZHAO, record_id)
    assert view.record.answers.symptom == "打印机不动"
    assert view.record.answers.fields == {"reader_lights": "not_asked"}
    assert (view.record.owner, view.record.saved_at, view.record.disposition) == ("zhao", NINE, None)


def test_a_typed_company_is_the_one_on_file_by_its_normal_form_R45(desk: Desk) -> None:
    company = desk.company("北京京北商贸有限公司", agreement="FW-1", agreement_expires_on=date(2026, 12, 31))
    record_id = desk.opened()
    saved = desk.records.save_draft(ZHAO, record_id, 0, {"company": "北京京北 商贸有限公司"})
    assert saved.company is not None
    assert (saved.company.agreement, saved.company.tax_bureau) == ("FW-1", "海淀分局")
    assert desk.record(record_id)["company_id"] == company
    desk.records.save_draft(ZHAO, record_id, 1, {"company": "别的公司"})
    assert desk.record(record_id)["company_id"] is None


def test_a_page_that_has_not_seen_the_last_draft_overwrites_nothing_unasked_R71(desk: Desk) -> None:
    record_id = desk.opened()
    desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "先写的"})
    with pytest.raises(StaleDraftError) as stale:
        desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "后写的"})
    assert (stale.value.record.version, stale.value.record.answers.symptom) == (1, "先写的")
    assert desk.record(record_id)["symptom"] == "先写的"


def test_who_takes_over_keeps_what_he_typed_and_what_he_replaces_is_kept_too_R71(desk: Desk) -> None:
    record_id = desk.opened()
    desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "先写的"})
    saved = desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "后写的"}, take_over=True)
    assert saved.version == 2
    assert desk.record(record_id)["symptom"] == "后写的"
    (change,) = desk.database.rows(record_changes)
    assert change["action"] == "taken_over"
    assert "先写的" in change["before"]


def test_words_for_the_customer_are_refused_with_the_replacement_and_the_rest_is_saved_R12_R15(
    desk: Desk,
) -> None:
    record_id = desk.opened()
    desk.records.save_draft(ZHAO, record_id, 0, {"solution": "请重新插卡"})
    saved = desk.records.save_draft(ZHAO, record_id, 1, {"symptom": "还是不行", "solution": "这没办法解决"})
    assert [(one.rule, one.replacement) for one in saved.unsayable] == [(15, PROMISE_SENTENCE)]
    answers = desk.records.view(ZHAO, record_id).record.answers
    assert (answers.symptom, answers.fields) == ("还是不行", {"solution": "请重新插卡"})
    fresh = desk.opened()
    desk.records.save_draft(ZHAO, fresh, 0, {"solution": "不知道"})
    assert desk.records.view(ZHAO, fresh).record.answers.fields == {}


def test_the_customers_own_words_are_checked_for_nothing_R18(desk: Desk) -> None:
    record_id = desk.opened()
    assert desk.records.save_draft(ZHAO, record_id, 0, {"symptom": "他不知道，随便"}).unsayable == ()
    assert desk.record(record_id)["symptom"] == "他不知道，随便"


def test_a_draft_that_makes_no_sense_changes_nothing(desk: Desk) -> None:
    record_id = desk.opened()
    with pytest.raises(ValueError, match="reader_lights"):
        desk.records.save_draft(ZHAO, record_id, 0, {"reader_lights": "blue", "symptom": "x"})
    assert (desk.record(record_id)["version"], desk.record(record_id)["symptom"]) == (0, None)


def test_everybody_reads_every_record_and_writes_into_his_own_and_into_drafts(desk: Desk) -> None:
    record_id = desk.written()
    assert desk.records.view(QIAN, record_id).writable
    desk.records.save_draft(QIAN, record_id, 1, THREE)
    desk.promised(record_id)
    assert not desk.records.view(QIAN, record_id).writable
    assert refused(lambda: desk.records.save_draft(QIAN, record_id, 2, THREE)) == (
        Reason.NOT_YOURS,
        ("zhao",),
    )
    assert desk.records.save_draft(LI, record_id, 2, THREE).version == 3


def test_a_record_nobody_has_is_said_to_be_unknown(desk: Desk) -> None:
    for call in (
        lambda: desk.records.view(ZHAO, 7),
        lambda: desk.records.save_draft(ZHAO, 7, 0, {}),
        lambda: desk.visits.finish(ZHAO, 7),
    ):
        with pytest.raises(RecordUnknownError):
            call()
    assert refused(lambda: desk.endings.undo(ZHAO, 7))[0] is Reason.TOO_LATE_TO_UNDO


def test_what_is_finished_later_is_in_his_list_until_it_is_closed(desk: Desk) -> None:
    draft, waiting, closed = desk.written(), desk.written(), desk.written()
    desk.promised(waiting)
    desk.endings.close(ZHAO, closed, Disposition.SOLVED, solved_fully=True)
    assert [(one.id, one.disposition, one.owed) for one in desk.records.mine(ZHAO)] == [
        (draft, None, False),
        (waiting, "promise", True),
    ]
    assert desk.records.mine(QIAN) == []


@pytest.mark.parametrize("typed", ["京北", "北京京北", "jingbei", "bjjb", "JINGBEI", "京北 商贸", "ｊｂ"])
def test_a_company_is_found_by_a_part_of_its_name_or_of_how_it_sounds(desk: Desk, typed: str) -> None:
    desk.company("北京京北商贸有限公司", pinyin="bjjbsmyxgs beijingjingbeishangmaoyouxiangongsi")
    desk.company("上海浦东", pinyin="shpd shanghaipudong")
    assert [company.name for company in desk.records.companies(typed)] == ["北京京北商贸有限公司"]


def test_what_begins_as_typed_comes_first_and_nothing_typed_finds_nothing(desk: Desk) -> None:
    desk.company("大京北", pinyin="djb dajingbei")
    desk.company("京北商贸有限公司", pinyin="jbsmyxgs jingbeishangmao")
    assert [company.name for company in desk.records.companies("jingbei")] == ["京北商贸有限公司", "大京北"]
    assert [desk.records.companies(typed) for typed in ("", "  ", "%", "_", "\x00")] == [(), (), [], [], ()]
    assert desk.records.bureaus() == ["海淀分局"]
    assert [colleague.login for colleague in desk.records.team()] == ["li", "qian", "zhao"]
