"""Who of ours is at a customer's, on either database, and that his calls from there count nowhere (R40)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_alarms import SqlAlarms
from ivr.adapters.sql_audit import SqlAudit
from ivr.adapters.sql_board import SqlBoard
from ivr.adapters.sql_call_list import SqlCallList
from ivr.adapters.sql_callback_schema import idle_waits, promises, ratings
from ivr.adapters.sql_caller_card import SqlCallerCard
from ivr.adapters.sql_desk_schema import audit, visitors
from ivr.adapters.sql_past_days import SqlPastDays
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import records
from ivr.adapters.sql_visitors import SqlVisitors
from ivr.policy.call import Call
from ivr.policy.refusal import Reason
from ivr.policy.rules import Rules
from ivr.policy.wait import Position, Told
from ivr.service import codec
from ivr.service.board import Board
from ivr.service.record_visits import VisitWish
from ivr.service.visitors import Visitors
from tests.adapters.books import after
from tests.adapters.desk_house import LI, ZHAO, Desk, refused
from tests.adapters.rows import CALLER, NINE, Database, SetClock

SWITCHBOARD, FAX, OTHER = "+861062345678", "+861062345679", "+8613900139000"
HOUR = timedelta(hours=1)


class House:
    """The service over the tables, at nine."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock()
        self.service = Visitors(
            SqlVisitors(database.url), Rules(area_code="010"), self.clock, SqlAudit(database.url)
        )

    def caller_is(self, number: str) -> str | None:
        with SqlCallerCard(self.database.url).reader() as reader:
            return reader.visitor(number, self.clock.now())

    def rows(self) -> list[tuple[str, str]]:
        return [(row["login"], row["number"]) for row in self.database.rows(visitors)]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_whoever_is_at_a_company_may_call_from_any_of_its_telephones_R40(house: House) -> None:
    company = house.database.add_company("北京京北商贸有限公司", SWITCHBOARD, FAX)
    house.database.add_agent("zhao")
    house.service.enter("li", "zhao", company, NINE - HOUR, NINE + HOUR)
    house.service.enter("li", "老钱", "010-6234 5670", NINE + HOUR, NINE + 2 * HOUR)
    assert [house.caller_is(number) for number in (SWITCHBOARD, FAX, OTHER)] == ["Zhao", "Zhao", None]
    first, second = house.service.listed()
    assert (first.name, first.company, first.numbers) == ("Zhao", "北京京北商贸有限公司", [SWITCHBOARD, FAX])
    assert (second.name, second.company, second.numbers) == ("老钱", None, ["+861062345670"])
    assert [(row["login"], row["action"]) for row in house.database.rows(audit)] == [
        ("li", "visitor_entered")
    ] * 2


def test_without_a_telephone_nobody_is_known_by_it_R40(house: House) -> None:
    company = house.database.add_company("没有电话的公司")
    for place in (company, 999, "12", ""):
        reason, _ = refused(lambda place=place: house.service.enter("li", "zhao", place, NINE, NINE + HOUR))
        assert reason is Reason.NO_NUMBER
    assert house.rows() == []
    assert house.database.rows(audit) == []


def test_who_has_left_was_there_and_who_does_not_go_never_was_R40(house: House) -> None:
    company = house.database.add_company("甲", SWITCHBOARD, FAX)
    house.service.enter("li", "zhao", company, NINE - HOUR, NINE + HOUR)
    house.service.enter("li", "qian", company, NINE + HOUR, NINE + 2 * HOUR)
    now, later = house.service.listed()
    house.service.end("li", now.id)
    house.service.end("li", later.id)
    house.service.end("li", later.id)
    assert house.service.listed() == []
    assert house.rows() == [("zhao", SWITCHBOARD), ("zhao", FAX)]
    assert {row["until_at"] for row in house.database.rows(visitors)} == {NINE}
    assert house.caller_is(SWITCHBOARD) is None


def test_a_visit_given_to_an_engineer_enters_itself_and_goes_with_it_R40(desk: Desk) -> None:
    desk.company("北京京北商贸有限公司", SWITCHBOARD)
    record_id = desk.written()
    visit = desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    desk.visits.decide(LI, visit, approve=True)
    tomorrow, book = NINE + timedelta(days=1), SqlVisitors(desk.database.url)
    desk.visits.schedule(ZHAO, visit, tomorrow, "三环")
    assert book.listed(NINE) == []
    desk.visits.schedule(ZHAO, visit, tomorrow, "三环", "qian")
    desk.visits.schedule(ZHAO, visit, tomorrow + HOUR, "三环", "qian")
    stays = book.listed(NINE)
    assert len(stays) == 1
    (stay,) = stays
    assert (stay.name, stay.visit_id, stay.company) == ("Qian", visit, "北京京北商贸有限公司")
    assert stay.numbers == [SWITCHBOARD, CALLER], "the company's, and the one that was confirmed"
    assert (stay.stay.from_at, stay.stay.until_at) == (tomorrow, tomorrow + 7 * HOUR)
    assert desk.records.view(ZHAO, record_id).around.visits[0].engineer == "qian"
    desk.clock.time = tomorrow + 2 * HOUR
    desk.visits.finish(ZHAO, visit)
    assert book.listed(desk.clock.now()) == []
    assert {row["until_at"] for row in desk.database.rows(visitors)} == {desk.clock.now()}


def test_a_visit_that_is_cancelled_brings_nobody_there_R40(desk: Desk) -> None:
    record_id = desk.written()
    visit = desk.visits.request(ZHAO, record_id, VisitWish(address="海淀", expiry_unknown=True))
    desk.visits.decide(LI, visit, approve=True)
    desk.visits.schedule(ZHAO, visit, NINE + timedelta(days=1), "三环", "老钱")
    assert len(desk.database.rows(visitors)) == 1
    desk.visits.cancel(LI, visit, "用户改为远程")
    assert desk.database.rows(visitors) == []


def a_call(database: Database, caller: str, seconds: float) -> int:
    """Served after a told wait, promised a callback, rated, and waited for: in every figure there is."""
    at = after(seconds)
    told = Told(minutes=1, at=at, position=Position(ahead=0, serving=1))
    state = Call(
        call_id=1, presented_at=at, number=caller, first_told=told, told=told, served_at=after(seconds + 5)
    )
    call = database.add_call(
        caller=caller, presented_at=at, served_at=after(seconds + 5), ended_at=after(seconds + 60),
        outcome="served", estimated_wait_seconds=60, state=codec.call_to_json(state),
    )  # fmt: skip
    callback = database.add_callback(call, caller)
    database.add(
        promises, call_id=call, callback_id=callback, kind="callback", said_text="", made_by="server",
        made_at=at, due_at=at, state="broken", broken_at=after(seconds + 90),
    )  # fmt: skip
    database.add(ratings, call_id=call, asked_at=at, score=5)
    database.add(idle_waits, at=at, agent="li", call_id=call, milliseconds=1000)
    database.add(records, call_id=call, opened_at=at, fields="{}", open_records="[]", state="open")
    return call


def test_our_engineer_s_calls_are_in_no_figure_of_the_hotline_R40(house: House) -> None:
    database = house.database
    theirs, ours = (a_call(database, number, 0) for number in (OTHER, SWITCHBOARD))
    clock = SetClock(after(3600))
    board = Board(SqlBoard(database.url), Rules(), clock)
    assert {figure.metric.name: figure.metric.numerator for figure in board.picture().figures}["offered"] == 2
    house.service.enter("li", "老赵", SWITCHBOARD, NINE, NINE + HOUR)  # told afterwards
    reports, clock.time = SqlReports(database.url), after(3700)
    assert len(reports.measured(NINE)) == len(reports.measured(None)) == 1
    kept = reports.promises_kept(NINE)
    assert (len(kept.callbacks), kept.broken_in_silence, len(kept.told), kept.idle_seconds, kept.scores) == (
        1,
        1,
        1,
        1.0,
        [5],
    )
    shown = {figure.metric.name: figure.metric for figure in board.picture().figures}
    assert (shown["offered"].numerator, shown["service_level"].denominator) == (1, 1)
    assert (shown["callbacks_promised"].numerator, shown["satisfaction_response_rate"].denominator) == (1, 1)
    assert (shown["promises_broken_in_silence"].numerator, shown["told_wait_kept"].denominator) == (1, 1)
    assert [call.id for call in SqlCallList(database.url).since(NINE, None, 9)] == [theirs]
    day = SqlPastDays(database.url).day(NINE, NINE + timedelta(days=1))
    assert ([each.number for each in day.calls], day.idle_seconds) == ([OTHER], 1.0)
    assert len(SqlAlarms(database.url).look(after(100), NINE).calls) == 1
    assert [call["id"] for call in reports.calls(None)] == [theirs, ours], "listed as it was"
    with database.engine.begin() as connection:
        connection.execute(sa.delete(visitors))
    assert len(reports.measured(NINE)) == 2
