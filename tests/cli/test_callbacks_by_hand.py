"""What an agent reads and types who calls customers back by hand, and what a program gets."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, load
from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_callback_schema import callbacks as callbacks_table
from ivr.adapters.system_clock import SystemClock
from ivr.cli.callbacks_by_hand import result, take
from ivr.cli.listings import callbacks
from ivr.cli.main import App
from ivr.policy.rules import Rules
from ivr.service.agents import Agents
from tests.adapters.books import Books
from tests.adapters.rows import CALLER, Database

MANUAL = Rules(callback_dialing="manual", quiet_hours=())


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Of a hotline without an outbound trunk, with one callback due and one agent."""
    policy = tmp_path / "policy.toml"
    policy.write_text('callback_dialing = "manual"\nquiet_hours = []\n')
    database = Database(tmp_path)
    books = Books(database)
    books.promised()
    books.book.close()
    agents = Agents(SqlAgents(database.url, SystemClock()), SystemClock())
    agents.add("ana", "Ana", "sip:ana@127.0.0.1")
    agents.choose("ana", "available")
    yield replace(load({}), data_dir=tmp_path, database_url=database.url, policy_path=policy)
    database.engine.dispose()


def typed(settings: Settings, *words: str) -> Result:
    """`hotline callbacks …`."""
    group = click.Group("callbacks", {"take": take, "result": result}, params=callbacks.params)
    group.invoke_without_command, group.callback = True, callbacks.callback
    return CliRunner().invoke(group, list(words), obj=App(settings=settings, rules=MANUAL))


def row(said: Result) -> dict[str, object]:
    assert said.exit_code == 0, said.output
    [found] = json.loads(said.stdout)
    assert isinstance(found, dict)
    return found


def test_an_agent_takes_a_callback_reads_whom_to_call_and_says_what_came_of_it_r70(
    settings: Settings,
) -> None:
    taken = typed(settings, "take", "1", "--agent", "ana")
    assert taken.exit_code == 0, taken.output
    first, promised, words, then = taken.stdout.splitlines()
    assert first == f"callback 1, attempt 1: call {CALLER} by 03-02 09:30"
    assert promised.startswith("promised 03-02 09:00 in call 1; calls from this number today: ")
    assert words == "in these words: 我们会在九点半"
    assert then.endswith("hotline callbacks result 1 reached|busy|no_answer|voicemail --agent ana")
    again = typed(settings, "take", "1", "--agent", "ana")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith("callback 1 is ana's since ")
    said = typed(settings, "result", "1", "busy", "--agent", "ana")
    assert said.stdout.startswith("callback 1: busy; it is pending, again from ")
    twice = typed(settings, "result", "1", "reached")
    assert (twice.exit_code, twice.stderr) == (1, "attempt 1 of callback 1 is over already: busy\n")


def test_a_program_gets_the_row_as_it_is_listed(settings: Settings) -> None:
    taken = row(typed(settings, "take", "1", "--agent", "ana", "--json"))
    assert (taken["state"], taken["agent"], taken["number"]) == ("dialing", "ana", CALLER)
    said = row(typed(settings, "result", "1", "reached", "--attempt", "1", "--json"))
    assert said["state"] == "done"
    assert said == row(typed(settings, "--json"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["take", "0", "--agent", "ana"], 2),
        (["take", "one", "--agent", "ana"], 2),
        (["take", "1"], 2),
        (["result", "1", "unknown"], 2),
        (["result", "1", "busy", "--attempt", "0"], 2),
        (["result", "9", "busy"], 1),
        (["take", "1", "--agent", "nobody"], 1),
        (["take", "1", "--agent", "' OR '1'='1"], 1),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    settings: Settings, words: list[str], code: int
) -> None:
    before = Database(settings.database_url).rows(callbacks_table)
    assert typed(settings, *words).exit_code == code
    assert Database(settings.database_url).rows(callbacks_table) == before


def test_without_a_database_nothing_is_taken_and_none_is_made(settings: Settings, tmp_path: Path) -> None:
    nowhere = replace(settings, database_url=f"sqlite:///{tmp_path / 'gone.db'}")
    assert typed(nowhere, "take", "1", "--agent", "ana").exit_code == 3
    assert not (tmp_path / "gone.db").exists()
