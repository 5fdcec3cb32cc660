"""What a person types who was handed a promise and has called, and what a program gets."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from config.settings import Settings, load
from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.sql_schema import ring_backs
from ivr.cli.listings import promises
from ivr.cli.main import App, hotline
from ivr.policy.callback_commands import HandOverReason
from ivr.policy.rules import Rules
from tests.adapters.books import Books, after
from tests.adapters.rows import Database


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """One promise is handed over to Zhao."""
    database = Database(tmp_path)
    books = Books(database)
    database.add_agent("zhao")
    callback = books.callback(books.promised())
    books.book.unit(lambda unit: unit.hand_over(callback, HandOverReason.NO_SLOT_LEFT, "zhao", after(1)))
    with database.engine.begin() as connection:
        connection.execute(sa.update(callbacks).values(state="handed_over"))
    books.book.close()
    yield replace(load({}), data_dir=tmp_path, database_url=database.url)
    database.engine.dispose()


def typed(settings: Settings, *words: str) -> Result:
    """`hotline promises …`."""
    return CliRunner().invoke(promises, list(words), obj=App(settings=settings, rules=Rules()))


def test_who_has_called_says_so_and_twice_is_as_once(settings: Settings) -> None:
    said = [typed(settings, "kept", "1", "--agent", "zhao") for _ in range(2)]
    assert {each.exit_code for each in said} == {0}, said[0].output
    assert said[0].stdout == said[1].stdout
    assert said[0].stdout.startswith("promise 1: kept at ")
    (listed,) = Database(settings.database_url).rows(ring_backs)
    assert listed["done"]


def test_a_program_gets_the_row_as_it_is_listed(settings: Settings) -> None:
    said = typed(settings, "kept", "1", "--agent", "zhao", "--json")
    [row] = json.loads(said.stdout)
    assert (row["id"], row["state"], row["owner"]) == (1, "kept", "zhao")
    assert said.stdout == typed(settings, "--json").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["kept", "1"], 2),
        (["kept", "0", "--agent", "zhao"], 2),
        (["kept", "9", "--agent", "zhao"], 1),
        (["kept", "1", "--agent", "' OR '1'='1"], 1),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    settings: Settings, words: list[str], code: int
) -> None:
    assert typed(settings, *words).exit_code == code
    (listed,) = Database(settings.database_url).rows(ring_backs)
    assert not listed["done"]


def test_the_command_is_found_where_the_promises_are_listed() -> None:
    assert isinstance(hotline.get_command(click.Context(hotline), "promises"), click.Group)
    assert "kept" in CliRunner().invoke(promises, ["--help"], obj=None).output
