"""The list a person works through, on the command line: rung is rung, and what was promised with it is kept."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from config.settings import Settings, load
from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_schema import ring_backs
from ivr.cli.listings import ring_backs as command
from ivr.cli.main import App, hotline
from ivr.policy.callback_commands import HandOverReason
from ivr.policy.rules import Rules
from tests.adapters.books import Books, after
from tests.adapters.rows import NINE, Database


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """1 was promised a call that nobody could place; 2 has a number nobody may dial by itself."""
    database = Database(tmp_path)
    books = Books(database)
    for login in ("zhao", "qian"):
        database.add_agent(login)
    callback = books.callback(books.promised())
    books.book.unit(lambda unit: unit.hand_over(callback, HandOverReason.NO_SLOT_LEFT, "zhao", after(1)))
    with database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="handed_over"))
    books.book.close()
    why = {"reason": "service_number", "owner": None, "done": False}
    database.add(ring_backs, call_id=database.add_call(), number="4008123123", listed_at=NINE, **why)
    yield replace(load({}), data_dir=tmp_path, database_url=database.url)
    database.engine.dispose()


def typed(settings: Settings, *words: str) -> Result:
    """`hotline ring-backs …`."""
    return CliRunner().invoke(command, list(words), obj=App(settings=settings, rules=Rules()))


def on_the_list(settings: Settings) -> dict[int, tuple[bool, str | None]]:
    return {
        row["id"]: (row["done"], row["owner"]) for row in Database(settings.database_url).rows(ring_backs)
    }


def test_a_number_that_was_rung_comes_off_the_list_and_the_first_who_says_so_counts(
    settings: Settings,
) -> None:
    for login in ("qian", "zhao"):
        said = typed(settings, "done", "2", "--agent", login)
        assert (said.exit_code, said.stdout) == (0, "2: off the ring-back list\n")
    assert on_the_list(settings) == {1: (False, "zhao"), 2: (True, "qian")}
    (promise,) = Database(settings.database_url).rows(promises)
    assert promise["state"] == "handed_over"


def test_with_the_number_the_promise_is_kept_that_was_handed_over__R10(settings: Settings) -> None:
    said = typed(settings, "done", "1", "--agent", "qian")
    assert said.stdout == "1: off the ring-back list; promise 1 is kept\n"
    (promise,) = Database(settings.database_url).rows(promises)
    assert promise["kept_at"] is not None
    assert promise["owner"] == "qian"
    assert on_the_list(settings)[1] == (True, "qian")


def test_a_number_the_hotline_has_yet_to_call_itself_stays_on_the_list__R70(settings: Settings) -> None:
    with Database(settings.database_url).engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="pending"))
    said = typed(settings, "done", "1", "--agent", "qian")
    assert (said.exit_code, "in nobody's hands" in said.stderr) == (1, True)
    assert on_the_list(settings)[1] == (False, "zhao")


def test_a_program_gets_the_row_as_it_is_listed(settings: Settings) -> None:
    said = typed(settings, "done", "2", "--agent", "zhao", "--json")
    [row] = json.loads(said.stdout)
    assert (row["id"], row["done"], row["owner"]) == (2, True, "zhao")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["done", "2"], 2),
        (["done", "0", "--agent", "zhao"], 2),
        (["done", "9", "--agent", "zhao"], 1),
        (["done", "2", "--agent", "' OR '1'='1"], 1),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    settings: Settings, words: list[str], code: int
) -> None:
    assert typed(settings, *words).exit_code == code
    assert not on_the_list(settings)[2][0]


def test_the_command_is_found_where_the_list_is() -> None:
    assert isinstance(hotline.get_command(click.Context(hotline), "ring-backs"), click.Group)
    assert "done" in CliRunner().invoke(command, ["--help"], obj=None).output
