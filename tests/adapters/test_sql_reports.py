"""Listings, stories and companies are read and written alike on either database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ivr.adapters.sql_agreements import SqlAgreements
from ivr.adapters.sql_call_book import SqlCallBook
from ivr.adapters.sql_callback_schema import callback_attempts, ratings
from ivr.adapters.sql_desk_schema import visitors
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import companies, company_numbers, records
from ivr.adapters.sql_stories import SqlStories
from ivr.policy.callback_metrics import PromisesKept, ToldWait
from ivr.policy.events import CallOffered, HungUp
from ivr.policy.rules import Rules
from ivr.policy.wait import Position, Told
from ivr.service.record_ports import Agreement, DatabaseUnavailableError, ImportCounts
from ivr.service.switchboard import Switchboard
from tests.adapters.books import Books, after, contact
from tests.adapters.rows import CALLER, NINE, Database, SetClock


def test_calls_records_and_agents_are_listed_in_order_and_since_a_moment(database: Database) -> None:
    reports = SqlReports(database.url)
    first, second = (database.add_call(presented_at=after(hour * 3600)) for hour in (0, 1))
    database.add_agent("wang")
    database.add_agent("li", "talking", since=after(60), call_id=second)
    row = {"fields": '{"a": 1}', "open_records": "[]", "state": "open"}
    database.add(records, call_id=first, opened_at=after(2), **row)
    assert [call["id"] for call in reports.calls(None)] == [first, second]
    assert [call["id"] for call in reports.calls(after(3600))] == [second]
    assert [(agent["login"], agent["call"]) for agent in reports.agents(None)] == [
        ("li", second),
        ("wang", None),
    ]
    assert [agent["login"] for agent in reports.agents(after(60))] == ["li"]
    (record,) = reports.records(None)
    assert (record["call"], record["fields"], record["opened_at"]) == (first, {"a": 1}, after(2))
    assert [call.presented_at for call in reports.measured(after(1))] == [after(3600)]


def test_our_own_engineer_s_call_from_a_customer_s_telephone_is_no_customer_s_r40(database: Database) -> None:
    for seconds in (0, 3600, 7200):
        database.add_call(presented_at=after(seconds))
    there = {"from_at": after(3600), "until_at": after(7200)}
    database.add(visitors, login="zhao", number=CALLER, **there)
    reports = SqlReports(database.url)
    assert [call.presented_at for call in reports.measured(None)] == [NINE, after(7200)]
    assert len(reports.calls(None)) == 3


def test_a_database_of_another_version_is_not_read(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'tomorrow'")
    for read in (lambda: SqlReports(database.url).calls(None), lambda: SqlStories(database.url).story(1)):
        with pytest.raises(DatabaseUnavailableError, match="not of this version"):
            read()


def test_a_call_is_told_with_its_rules_and_who_was_before_it(database: Database) -> None:
    book = SqlCallBook(database.url, SetClock())
    switchboard = Switchboard(book, Rules())
    database.add_agent("li", "talking")
    for ref, seconds in (("before", 0.0), ("told", 5.0), ("behind", 6.0)):
        switchboard.handle(contact(ref, seconds), "1", (CallOffered(at=after(seconds)),))
    switchboard.handle(contact("before"), "2", (HungUp(at=after(9)),))
    found = book.unit(lambda unit: unit.find("asterisk", "told"))
    book.close()
    assert found is not None
    story = SqlStories(database.url).story(found.call.call_id)
    assert story is not None
    assert (story.earlier, story.names, story.caller) == ((after(9),), {"li": "Li"}, CALLER)
    (event,) = story.events
    assert event.rules is not None
    assert "ring_cycle_seconds" in event.rules
    assert SqlStories(database.url).story(999) is None


def test_callbacks_and_promises_are_listed_with_their_attempts_and_since_a_moment(database: Database) -> None:
    books = Books(database)
    first, second = books.promised("one"), books.promised("two", 3600, number="+8613900139000")
    books.book.close()
    attempt = {"callback_id": first, "agent": "li", "at": after(60), "ended_at": after(90)}
    database.add(callback_attempts, epoch=1, result="busy", **attempt)
    database.add(callback_attempts, epoch=2, **attempt)
    reports = SqlReports(database.url)
    rows = reports.callbacks(None)
    assert [(row["id"], row["call"], row["state"]) for row in rows] == [
        (first, rows[0]["call_id"], "pending"),
        (second, rows[1]["call_id"], "pending"),
    ]
    assert [(each["epoch"], each["result"]) for each in rows[0]["attempts"]] == [(1, "busy"), (2, None)]
    assert [row["id"] for row in reports.callbacks(after(3600))] == [second]
    (promise,) = reports.promises(after(3600))
    assert (promise["kind"], promise["made_at"], promise["call"]) == (
        "callback",
        after(3600),
        rows[1]["call_id"],
    )


def test_what_the_figures_of_promises_are_made_of(database: Database) -> None:
    books = Books(database)
    callback_id = books.promised("one")
    books.book.unit(lambda unit: unit.break_promises(after(1801)))
    books.book.unit(lambda unit: unit.reached(callback_id, "li", after(1900)))
    books.book.unit(lambda unit: unit.note_idle("li", 1, after(5), 2.5))
    told = Told(minutes=2, at=after(10), position=Position(ahead=0, serving=1))
    last = replace(told, minutes=1, at=after(90))
    waited = {"first_told": told, "told": last, "estimated_wait_seconds": 120}
    books.added("served", 0, **waited, served_at=after(100))
    books.added("left", 0, **waited, ended_at=after(300))
    for score, ref in ((5, "rated"), (None, "asked")):
        call_id = books.added(ref, 1).call.call_id
        database.add(ratings, call_id=call_id, asked_at=after(9), score=score)
    books.book.close()
    kept = SqlReports(database.url).promises_kept(NINE)
    (callback,) = kept.callbacks
    assert (callback.first_due_at, callback.called_at, callback.served_at) == (
        *(after(1800), after(1900)),
        after(1900),
    )
    assert (kept.broken_in_silence, kept.idle_seconds, kept.scores) == (1, 2.5, [5, None])
    heard = ToldWait(told_at=after(10), told_seconds=120, served_at=after(100), ended_at=None)
    assert kept.told == [heard, replace(heard, served_at=None, ended_at=after(300))]
    assert SqlReports(database.url).promises_kept(after(7200)) == PromisesKept(
        callbacks=[], told=[], scores=[]
    )


def agreement(name: str, *numbers: str, until: date | None = None) -> Agreement:
    facts = {} if until is None else {"agreement_expires_on": until}
    return Agreement(name=name, match_name=name, facts=facts, numbers=dict.fromkeys(numbers))


def test_companies_come_in_again_with_what_has_changed_and_nothing_else(database: Database) -> None:
    book = SqlAgreements(database.url)
    many = [agreement(f"公司{number}", f"+86138{number:08d}") for number in range(2500)]
    assert book.take_in(many, dry_run=True).companies_added == 2500
    assert database.rows(companies) == []
    assert book.take_in(many, dry_run=False) == ImportCounts(companies_added=2500, numbers_added=2500)
    assert book.take_in(many, dry_run=False) == ImportCounts(companies_unchanged=2500)
    until = date(2027, 12, 31)
    changed = book.take_in([agreement("公司7", "+8613900000000", until=until)], dry_run=False)
    assert changed == ImportCounts(companies_changed=1, numbers_added=1, numbers_removed=1)
    (seven,) = (row for row in database.rows(companies) if row["name"] == "公司7")
    assert seven["agreement_expires_on"] == until
    mine = [row["number"] for row in database.rows(company_numbers) if row["company_id"] == seven["id"]]
    assert mine == ["+8613900000000"]


def test_the_moment_of_a_record_is_kept_to_the_millisecond(database: Database) -> None:
    at = NINE + timedelta(microseconds=1234)
    database.add(
        records, call_id=database.add_call(), fields="{}", open_records="[]", state="open", opened_at=at
    )
    assert database.rows(records)[0]["opened_at"] == NINE + timedelta(milliseconds=1)
