"""What a person or a program gets from the listings and `import-agreements`."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ivr.adapters.sql_callback_schema import callback_attempts
from ivr.adapters.sql_schema import agents, companies, records, ring_backs
from ivr.cli.agreements import agreements
from ivr.cli.listings import LISTINGS
from ivr.policy.rules import Rules
from tests.adapters.books import Books
from tests.adapters.rows import CALLER, NINE, Database

COMMANDS: dict[str, click.Command] = {str(command.name): command for command in (*LISTINGS, agreements)}
HOUR = timedelta(hours=1)
EMPTY = ("calls", "records", "callbacks", "promises", "agents", "alerts", "ring-backs")


@dataclass
class GivenSettings:
    database_url: str


@dataclass
class GivenApp:
    settings: GivenSettings
    rules: Rules


def hotline(url: str, name: str, *args: str) -> Result:
    app = GivenApp(GivenSettings(url), Rules())
    return CliRunner().invoke(COMMANDS[name], list(args), obj=app)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def listed(database: Database, name: str, *args: str) -> list[dict[str, Any]]:
    result = hotline(database.url, name, "--json", *args)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert isinstance(rows, list)
    return rows


def test_every_listing_of_an_empty_hotline_is_an_array(database: Database) -> None:
    assert [listed(database, name) for name in EMPTY] == [[]] * len(EMPTY)
    metrics = {row["name"]: row for row in listed(database, "metrics")}
    assert list(metrics["offered"]) == ["name", "formula", "numerator", "denominator", "value", "unit"]
    assert metrics["service_level"]["value"] is None


def test_since_is_meant_where_the_hotline_is_unless_it_says_otherwise(database: Database) -> None:
    database.add_call()
    later = database.add_call(presented_at=NINE + HOUR)
    for since in ("2026-03-02T10:00", "2026-03-02T02:00Z", "2026-03-02T04:00+02:00"):
        assert [row["id"] for row in listed(database, "calls", "--since", since)] == [later]


@pytest.mark.parametrize("since", ["yesterday", "", "2026-13-01", "9" * 500])
def test_a_since_that_is_no_moment_is_a_usage_error(database: Database, since: str) -> None:
    result = hotline(database.url, "calls", "--since", since)
    assert result.exit_code == 2
    assert "is no moment" in result.stderr


@pytest.mark.parametrize("name", [*EMPTY, "metrics"])
def test_without_a_database_every_listing_is_unavailable_and_makes_none(tmp_path: Path, name: str) -> None:
    result = hotline(f"sqlite:///{tmp_path / 'gone.db'}", name, "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "the database does not answer" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_listing_works_while_calls_are_being_written(database: Database) -> None:
    database.add_call()
    with database.engine.begin():
        assert len(listed(database, "calls")) == 1


def test_the_table_is_for_reading_and_nothing_in_it_steers_the_terminal(database: Database) -> None:
    call = database.add_call(caller="raw:[bold]\x1b[2J")
    database.add(
        records,
        call_id=call,
        company="[red]甲\x07",
        fields="{}",
        open_records="[]",
        state="open",
        opened_at=NINE,
    )
    who = {"login": "li", "name": "李", "role": "agent", "phone": "sip:li@127.0.0.1", "state": "offline"}
    database.add(agents, **who, since=NINE, idle_since=NINE)
    for name in ("calls", "records", "agents", "metrics"):
        result = hotline(database.url, name)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout
        assert "\x07" not in result.stdout
    assert "[red]甲" in hotline(database.url, "records").stdout
    assert "served ≤ 15" in " ".join(hotline(database.url, "metrics").stdout.split())


def test_the_ring_back_list_tells_the_number_and_why_a_person_has_to_ring_it__R70(database: Database) -> None:
    call = database.add_call()
    why = {"reason": "service_number", "owner": None, "done": False}
    database.add(ring_backs, call_id=call, number="4008123123", listed_at=NINE, **why)
    [row] = listed(database, "ring-backs")
    assert list(row) == [
        *("id", "call", "number", "reason", "owner", "listed_at"),
        *("done", "done_by", "done_at", "result"),
    ]
    assert row == {
        "id": 1,
        "call": call,
        "number": "4008123123",
        "listed_at": "2026-03-02T01:00:00.000Z",
        **why,
        "done_by": None,
        "done_at": None,
        "result": None,
    }
    assert listed(database, "ring-backs", "--since", "2026-03-02T09:01") == []
    shown = hotline(database.url, "ring-backs").stdout
    assert "4008123123" in shown
    assert "service_number" in shown


def test_the_table_of_callbacks_tells_how_each_attempt_ended(database: Database) -> None:
    books = Books(database)
    callback_id = books.promised()
    books.book.close()
    for epoch, result in ((1, "busy"), (2, None)):
        row = {"callback_id": callback_id, "epoch": epoch, "at": NINE, "agent": "li", "result": result}
        database.add(callback_attempts, **row)
    shown = hotline(database.url, "callbacks").stdout
    assert "busy, …" in shown
    assert CALLER in shown
    assert "我们会在九点半" in hotline(database.url, "promises").stdout


def test_agreements_come_in_and_say_how_many(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "agreements.csv"
    file.write_text(f"企业名称,电话\n北京航天,{CALLER}\n", "utf-8")
    dry = hotline(database.url, "import-agreements", "--dry-run", str(file))
    assert (dry.exit_code, database.rows(companies)) == (0, [])
    result = hotline(database.url, "import-agreements", str(file))
    assert result.output.startswith("written: 1 companies added")
    assert len(database.rows(companies)) == 1


def test_a_faulty_file_names_line_and_column_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "agreements.csv"
    file.write_text("company,numbers\n" + "A,nonsense\n" * 30, "utf-8")
    result = hotline(database.url, "import-agreements", str(file))
    assert result.exit_code == 1
    assert f"{file}, line 2, column numbers: 'nonsense' is no telephone number" in result.stderr
    assert "and 10 more" in result.stderr


def test_a_file_that_is_not_there_is_a_usage_error_and_a_database_that_is_not_is_unavailable(
    tmp_path: Path, database: Database
) -> None:
    assert hotline(database.url, "import-agreements", str(tmp_path / "none.csv")).exit_code == 2
    file = tmp_path / "agreements.csv"
    file.write_text("company,numbers\nA,\n", "utf-8")
    gone = tmp_path / "gone.db"
    assert hotline(f"sqlite:///{gone}", "import-agreements", str(file)).exit_code == 3
    assert not gone.exists()


def test_a_long_file_says_how_far_it_is(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "agreements.csv"
    file.write_text("company,numbers\n" + "".join(f"公司{n},\n" for n in range(2001)), "utf-8")
    result = hotline(database.url, "import-agreements", "--dry-run", str(file))
    assert result.stderr.splitlines() == ["2000 of 2001 rows looked at", "2001 of 2001 rows looked at"]
