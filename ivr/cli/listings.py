"""`hotline calls|records|agents|metrics`: what the reports say, as a table to read or as JSON to build on.

The JSON is the public contract, key for key. Only these listings show numbers whole.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.adapters.sql_reports import SqlReports
from ivr.adapters.system_clock import SystemClock
from ivr.policy.rules import Rules
from ivr.service.record_ports import DatabaseUnavailableError, Row
from ivr.service.reports import Reports

UNAVAILABLE = 3  # exit code
WIDTH_OF_A_FILE = 160
F = TypeVar("F", bound=Callable[..., Any])


class WithDatabaseUrl(Protocol):
    """The one setting needed here."""

    @property
    def database_url(self) -> str: ...


class App(Protocol):
    """What the command group hands down."""

    @property
    def settings(self) -> WithDatabaseUrl: ...

    @property
    def rules(self) -> Rules: ...


class UnavailableError(click.ClickException):
    """Said on stderr, exit code 3."""

    exit_code = UNAVAILABLE


def listing(command: F) -> F:
    """The options every listing has."""
    command = click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")(command)
    return click.option("--since", metavar="ISO", help="Only from this moment on: 2026-03-02T09:00.")(command)


@click.command("calls")
@listing
@click.pass_obj
def calls(app: App, since: str | None, as_json: bool) -> None:
    """Every call: when it was greeted and served, by whom, and how it ended."""
    shown = (
        "id",
        "presented_at",
        "caller",
        "outcome",
        "agent",
        "greeted_by",
        "rings",
        "wait_seconds",
        "talk_seconds",
    )
    _list(_reports(app).calls, since, app.rules, as_json, shown)


@click.command("records")
@listing
@click.pass_obj
def records(app: App, since: str | None, as_json: bool) -> None:
    """The record of each call."""
    shown = ("id", "call", "opened_at", "number", "company", "tax_bureau", "owner", "state", "disposition")
    _list(_reports(app).records, since, app.rules, as_json, shown)


@click.command("agents")
@listing
@click.pass_obj
def agents(app: App, since: str | None, as_json: bool) -> None:
    """The agents and what each is doing."""
    shown = ("login", "name", "role", "phone", "state", "reason", "since", "call")
    _list(_reports(app).agents, since, app.rules, as_json, shown)


@click.command("metrics")
@listing
@click.pass_obj
def metrics(app: App, since: str | None, as_json: bool) -> None:
    """Today's figures (or since --since), each with its formula."""
    read = _reports(app).metrics
    _list(read, since, app.rules, as_json, ("name", "value", "counted", "formula"), readable=_figure)


LISTINGS = (calls, records, agents, metrics)


def _reports(app: App) -> Reports:
    return Reports(SqlReports(app.settings.database_url), app.rules, SystemClock())


def _list(
    read: Callable[[datetime | None], Sequence[Row]],
    since: str | None,
    rules: Rules,
    as_json: bool,
    shown: Sequence[str],
    *,
    readable: Callable[[Row], Row] = dict,
) -> None:
    zone = ZoneInfo(rules.timezone)
    try:
        rows = read(_moment(since, zone))
    except DatabaseUnavailableError as error:
        raise UnavailableError(str(error)) from error
    if as_json:
        click.echo(_json(rows))
        return
    console = Console()
    if not console.is_terminal:  # a file or a pipe has no eighty columns to keep to
        console.width = WIDTH_OF_A_FILE
    console.print(_table([readable(row) for row in rows], shown, zone))


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A moment without an offset is meant where the hotline is."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no moment: write 2026-03-02 or 2026-03-02T09:00+08:00", param_hint="--since"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _json(rows: Sequence[Row]) -> str:
    """One row a line, so that a diff or a pager can be used on it."""
    lines = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[{lines}]"


def _table(rows: Sequence[Row], shown: Sequence[str], zone: ZoneInfo) -> Table:
    caption = f"{len(rows)} shown, times in {zone.key}" if rows else "nothing to show"
    table = Table(caption=caption, box=box.SIMPLE_HEAD, pad_edge=False)
    for key in shown:
        table.add_column(key.removesuffix("_at").removesuffix("_seconds").replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(key, row[key], zone)) for key in shown))
    return table


def _figure(row: Row) -> Row:
    """A share as per cent with what was counted beside it."""
    share, value = row["unit"] == "share", row["value"]
    shown = None if value is None else f"{value:.1%}" if share else f"{value:g}"
    unit = " s" if row["unit"] == "seconds" and shown else ""
    counted = f"{row['numerator']:g} / {row['denominator']}" if row["unit"] != "calls" else None
    return row | {"value": shown and shown + unit, "counted": counted}


def _cell(key: str, value: Any, zone: ZoneInfo) -> str:
    """Callers and spreadsheets wrote some of this: nothing of it may steer the terminal."""
    if value is None:
        return "–"
    if key.endswith("_at") or key == "since":
        return datetime.fromisoformat(value).astimezone(zone).strftime("%m-%d %H:%M:%S")
    return "".join(letter if letter.isprintable() else "·" for letter in str(value))
