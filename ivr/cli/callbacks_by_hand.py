"""`hotline callbacks take` and `hotline callbacks result`: agents call customers back from their own phones."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from config.settings import Settings
from ivr.bootstrap import callbacks_by_hand
from ivr.cli.agents import need_database
from ivr.cli.listings import UnavailableError, callback_row
from ivr.cli.why import HIGHEST_ID
from ivr.policy.callback_events import AttemptResult
from ivr.policy.rules import Rules
from ivr.service.callbacks_by_hand import RESULTS, NotYoursError, Taken
from ivr.service.ports import BookUnavailable

CALLBACK = click.argument("callback_id", metavar="ID", type=click.IntRange(1, HIGHEST_ID))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Its row, for programs.")


@click.command("take")
@CALLBACK
@click.option("--agent", required=True, metavar="LOGIN", help="Who calls.")
@AS_JSON
@click.pass_obj
def take(app: Any, callback_id: int, agent: str, as_json: bool) -> None:
    """ID is yours to call, by hand: its number, and what that customer was promised."""
    with refusals_said(app.settings):
        with callbacks_by_hand(app.settings) as service:
            taken = service.take(callback_id, agent)
        if taken.before:
            waiting = ", ".join(map(str, taken.before))
            click.echo(f"not its turn: before it wait {waiting}", err=True)
        click.echo(callback_row(app, callback_id) if as_json else "\n".join(_told(taken, app.rules)))


@click.command("result")
@CALLBACK
@click.argument("result", type=click.Choice([result.value for result in RESULTS]))
@click.option("--agent", metavar="LOGIN", help="Only where it is his.")
@click.option("--attempt", type=click.IntRange(1), help="Only where it is that one.")
@AS_JSON
@click.pass_obj
def result(app: Any, /, callback_id: int, result: str, as_json: bool, **given: Any) -> None:
    """Say what came of calling ID by hand."""
    with refusals_said(app.settings):
        with callbacks_by_hand(app.settings) as service:
            callback = service.settle(callback_id, AttemptResult(result), **given)
        again = callback.next_at and f", again from {_clock(callback.next_at, app.rules)}"
        said = f"callback {callback_id}: {result}; it is {callback.state}{again or ''}"
        click.echo(callback_row(app, callback_id) if as_json else said)


@contextmanager
def refusals_said(settings: Settings) -> Iterator[None]:
    """What was not done, to the agent; exit code 1, or 3 where the database does not answer."""
    need_database(settings)
    try:
        yield
    except NotYoursError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except BookUnavailable as error:
        raise UnavailableError(f"the database does not answer: {error}") from error


def _told(taken: Taken, rules: Rules) -> Iterator[str]:
    callback = taken.callback
    due, until = _clock(callback.due_at, rules), _clock(taken.until, rules)
    promised = _clock(callback.promised_at, rules)
    yield f"callback {callback.callback_id}, attempt {taken.attempt}: call {callback.number} by {due}"
    yield f"promised {promised} in call {callback.call_id}; calls from this number today: {taken.calls_today}"
    yield f"in these words: {taken.words}"
    results = "|".join(each.value for each in RESULTS)
    yield f"then, by {until}: hotline callbacks result {callback.callback_id} {results} --agent {taken.agent}"


def _clock(moment: datetime, rules: Rules) -> str:
    return f"{rules.hours.local(moment):%m-%d %H:%M}"
