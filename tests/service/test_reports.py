"""Listings and figures as the public contract has them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.sql_callback_schema import callback_attempts
from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.sql_schema import agents, alerts, records, ring_backs
from ivr.policy.rules import Rules
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.service.reports import Reports
from tests.adapters.books import Books
from tests.adapters.rows import CALLER, NINE, Database, SetClock

CALL_KEYS = (
    "id door ref hotline caller presented_at greeted_at greeted_by served_at ended_at outcome agent rings "
    "wait_seconds talk_seconds estimated_wait_seconds"
)
RECORD_KEYS = (
    "id call number company contact_phone tax_bureau symptom fields disposition owner state "
    "opened_at closed_at"
)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def reports(database: Database, now: datetime = NINE) -> Reports:
    return Reports(SqlReports(database.url), Rules(), SetClock(now))


def test_a_served_call_tells_its_rings_wait_and_talk(database: Database) -> None:
    database.add_call(
        greeted_at=after(13),
        greeted_by="server",
        served_at=after(40.1234),
        ended_at=after(100.1234),
        outcome="served",
        served_by="li",
        agent=None,
    )
    (row,) = reports(database).calls(None)
    assert " ".join(row) == CALL_KEYS
    assert (row["rings"], row["wait_seconds"], row["talk_seconds"], row["agent"]) == (3, 40.123, 60.0, "li")
    assert row["presented_at"] == "2026-03-02T01:00:00.000Z"
    assert row["served_at"] == "2026-03-02T01:00:40.123Z"
    assert row["caller"] == CALLER


@pytest.mark.parametrize(
    ("moments", "wait", "talk", "rings"),
    [
        ({}, None, None, None),
        ({"ended_at": after(7)}, 7.0, None, None),
        ({"greeted_at": after(4), "served_at": after(4)}, 4.0, None, 1),
    ],
)
def test_what_has_not_happened_is_null(
    database: Database, moments: dict[str, Any], wait: float, talk: float, rings: int
) -> None:
    database.add_call(**moments, agent="li")
    (row,) = reports(database).calls(None)
    assert (row["wait_seconds"], row["talk_seconds"], row["rings"], row["agent"]) == (wait, talk, rings, "li")


def test_calls_come_in_ascending_order_and_only_since_then(database: Database) -> None:
    first, second = (database.add_call(presented_at=after(hour * 3600)) for hour in (0, 1))
    assert [row["id"] for row in reports(database).calls(None)] == [first, second]
    assert [row["id"] for row in reports(database).calls(after(3600))] == [second]


def test_a_record_has_the_contracts_keys_and_its_owner_once_somebody_served(database: Database) -> None:
    call = database.add_call(served_by="li")
    database.add(records, call_id=call, fields='{"a": 1}', open_records="[]", state="open", opened_at=NINE)
    (row,) = reports(database).records(None)
    assert " ".join(row) == RECORD_KEYS
    assert (row["call"], row["fields"], row["owner"]) == (call, {"a": 1}, "li")


def test_an_agent_is_listed_without_his_password(database: Database) -> None:
    who = {"login": "li", "name": "李", "role": "agent", "phone": "endpoint:ag-1", "password": "hash"}
    database.add(agents, **who, state="talking", since=NINE, idle_since=NINE, call_id=7)
    (row,) = reports(database).agents(None)
    assert " ".join(row) == "login name role phone state reason since call"
    assert (row["state"], row["call"]) == ("talking", 7)


def test_callbacks_and_promises_have_the_contracts_keys(database: Database) -> None:
    books = Books(database)
    callback_id = books.promised("one")
    books.book.close()
    attempt = {"callback_id": callback_id, "agent": "li", "at": after(60), "result": "busy"}
    database.add(callback_attempts, epoch=1, **attempt)
    (callback,) = reports(database).callbacks(None)
    assert " ".join(callback) == "id call number state promised_at due_at attempts agent closed_at"
    assert callback["attempts"] == [{"at": "2026-03-02T01:01:00.000Z", "epoch": 1, "result": "busy"}]
    assert callback["due_at"] == "2026-03-02T01:30:00.000Z"
    (promise,) = reports(database).promises(None)
    assert " ".join(promise) == "id call kind said_text made_by made_at due_at owner state kept_at"
    assert (promise["made_by"], promise["state"], promise["said_text"]) == (
        "server",
        "open",
        "我们会在九点半",
    )


def test_alerts_and_ring_backs_have_the_contracts_keys(database: Database) -> None:
    call = database.add_call()
    database.add(
        alerts, at=after(1), kind="long_wait", detail='{"seconds": 130}', about="", still_at=after(5)
    )
    row = {"call_id": call, "number": CALLER, "reason": "nobody_on_duty", "owner": "li"}
    database.add(ring_backs, **row, listed_at=after(2), done=False)
    (alert,) = reports(database).alerts(None)
    assert " ".join(alert) == "id at kind agent call about detail cleared_at seen_by seen_at"
    assert (alert["at"], alert["about"], alert["seen_by"]) == ("2026-03-02T01:00:01.000Z", "", None)
    (listed,) = reports(database).ring_backs(None)
    assert " ".join(listed) == "id call number reason owner listed_at done done_by done_at result"
    assert (listed["call"], listed["number"], listed["done"]) == (call, CALLER, False)
    assert reports(database).alerts(after(2)) == reports(database).ring_backs(after(3)) == []


def test_the_figures_of_promises_stand_beside_those_of_calls(database: Database) -> None:
    books = Books(database)
    books.promised("one")
    books.book.close()
    values = {row["name"]: row["value"] for row in reports(database, after(3600)).metrics(None)}
    assert (values["offered"], values["callbacks_promised"]) == (1, 1)
    assert values["callbacks_kept_by_the_promised_minute"] == 0


def test_figures_are_of_today_where_the_hotline_is(database: Database) -> None:
    yesterday_evening, today = NINE - timedelta(hours=10), NINE
    for presented_at in (yesterday_evening, today):
        database.add_call(presented_at=presented_at, ended_at=presented_at, outcome="abandoned")

    def offered(since: datetime | None) -> Any:
        return {row["name"]: row["value"] for row in reports(database).metrics(since)}["offered"]

    assert offered(None) == 1
    assert offered(yesterday_evening) == 2


def test_a_database_that_is_missing_or_of_another_version_is_not_read(
    tmp_path: Path, database: Database
) -> None:
    with pytest.raises(DatabaseUnavailableError, match="unable to open"):
        SqlReports(f"sqlite:///{tmp_path / 'gone.db'}").calls(None)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'tomorrow'")
    with pytest.raises(DatabaseUnavailableError, match="not of this version"):
        reports(database).calls(None)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    with pytest.raises(DatabaseUnavailableError, match="not a database"):
        SqlReports(f"sqlite:///{tmp_path / 'noise.db'}").calls(None)
