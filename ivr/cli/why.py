"""`hotline why CALL`: each decision about one call with its numbers, in plain words or as JSON."""

import json
from pathlib import Path
from typing import Protocol

import click

from config.prompt_pack import load_texts
from ivr.adapters.sql_stories import SqlStories
from ivr.cli.listings import UnavailableError
from ivr.policy.explain_words import EN, ZH
from ivr.policy.prompts import CHINESE
from ivr.policy.rules import Rules
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.service.why import UnknownCallError, UnreadableStoryError, Why

HIGHEST_ID = 2**63 - 1


class Installation(Protocol):
    """The settings needed here."""

    @property
    def database_url(self) -> str: ...

    @property
    def root(self) -> Path: ...


class App(Protocol):
    """What the command group hands down."""

    @property
    def settings(self) -> Installation: ...

    @property
    def rules(self) -> Rules: ...


@click.command("why")
@click.argument("call", type=click.IntRange(1, HIGHEST_ID))
@click.option("--lang", type=click.Choice([ZH, EN]), default=ZH, show_default=True, help="中文 or English.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
@click.pass_obj
def why(app: App, call: int, lang: str, as_json: bool) -> None:
    """Tell every decision about CALL (its id in `hotline calls`), with its numbers.

    Times count from the moment the call was presented. The decisions stand in the order they were made: a
    moment stamped by the switch may be told a little after a later one.
    """
    telling = Why(SqlStories(app.settings.database_url), app.rules, _prompts(app.settings))
    try:
        if as_json:
            rows = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in telling.rows(call, lang))
            click.echo(f"[{rows}]")
        else:
            click.echo("\n".join(telling.lines(call, lang)))
    except DatabaseUnavailableError as error:
        raise UnavailableError(str(error)) from error
    except (UnknownCallError, UnreadableStoryError) as error:
        raise click.ClickException(str(error)) from error  # exit code 1


def _prompts(settings: Installation) -> dict[str, str]:
    """The words the caller heard, in the language they are spoken in."""
    return load_texts(settings.root / "config" / "prompts.toml").of(CHINESE)
