"""The listings of `hotline`: what the reports say, as a table to read or as JSON to build on.

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
from ivr.cli.lazy_group import LazyGroup
from ivr.policy.rules import Rules
from ivr.service.record_ports import DatabaseUnavailableError, Row
from ivr.service.reports import Reports

UNAVAILABLE = 3  # exit code
BY_HAND = {"take": "ivr.cli.callbacks_by_hand:take", "result": "ivr.cli.callbacks_by_hand:result"}
KEPT_BY_HAND = {"kept": "ivr.cli.promises_by_hand:kept"}
RUNG_BY_HAND = {"done": "ivr.cli.ring_backs:done"}
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


@click.group("callbacks", cls=LazyGroup, elsewhere=BY_HAND, invoke_without_command=True)
@listing
@click.pass_context
def callbacks(context: click.Context, since: str | None, as_json: bool) -> None:
    """Every callback promised, with its attempts; or take one, and say what came of it."""
    if context.invoked_subcommand is not None:
        return
    app: App = context.obj
    shown = ("id", "call", "number", "state", "promised_at", "due_at", "attempts", "agent", "closed_at")
    _list(_reports(app).callbacks, since, app.rules, as_json, shown, readable=_with_results)


def callback_row(app: App, callback_id: int) -> str:
    """One of them as JSON."""
    return _json([row for row in _reports(app).callbacks(None) if row["id"] == callback_id])


@click.group("promises", cls=LazyGroup, elsewhere=KEPT_BY_HAND, invoke_without_command=True)
@listing
@click.pass_context
def promises(context: click.Context, since: str | None, as_json: bool) -> None:
    """What callers were promised, in the words they heard, and whether it was kept; or say that you kept one."""
    if context.invoked_subcommand is not None:
        return
    app: App = context.obj
    shown = ("id", "call", "kind", "said_text", "made_at", "due_at", "owner", "state", "kept_at")
    _list(_reports(app).promises, since, app.rules, as_json, shown)


def promise_row(app: App, promise_id: int) -> str:
    """One of them as JSON."""
    return _json([row for row in _reports(app).promises(None) if row["id"] == promise_id])


@click.group("ring-backs", cls=LazyGroup, elsewhere=RUNG_BY_HAND, invoke_without_command=True)
@listing
@click.pass_context
def ring_backs(context: click.Context, since: str | None, as_json: bool) -> None:
    """The list a person works through: numbers to ring, each with the reason why the hotline does not."""
    if context.invoked_subcommand is not None:
        return
    app: App = context.obj
    shown = ("id", "listed_at", "number", "reason", "owner", "call", "done", "result")
    _list(_reports(app).ring_backs, since, app.rules, as_json, shown)


def ring_back_row(app: App, ring_back_id: int) -> str:
    """One of them as JSON."""
    return _json([row for row in _reports(app).ring_backs(None) if row["id"] == ring_back_id])


@click.command("metrics")
@listing
@click.pass_obj
def metrics(app: App, since: str | None, as_json: bool) -> None:
    """Today's figures (or since --since), each with its formula."""
    read = _reports(app).metrics
    _list(read, since, app.rules, as_json, ("name", "value", "counted", "formula"), readable=_figure)


@click.command("alerts")
@listing
@click.pass_obj
def alerts(app: App, since: str | None, as_json: bool) -> None:
    """What managers were told, since when it is over, and who has seen it."""
    shown = ("id", "at", "kind", "agent", "call", "detail", "cleared_at", "seen_by")
    _list(_reports(app).alerts, since, app.rules, as_json, shown)


LISTINGS = (calls, records, callbacks, promises, agents, alerts, ring_backs, metrics)


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


def _with_results(row: Row) -> Row:
    """The attempts as their results, in order."""
    results = (attempt["result"] or "…" for attempt in row["attempts"])
    return row | {"attempts": ", ".join(results) or None}


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
    if key.endswith("_at") or key in {"at", "since"}:
        return datetime.fromisoformat(value).astimezone(zone).strftime("%m-%d %H:%M:%S")
    return "".join(letter if letter.isprintable() else "·" for letter in str(value))
