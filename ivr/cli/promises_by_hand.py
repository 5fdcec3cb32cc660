"""`hotline promises kept`: whoever was handed a promise says that he has called."""

from typing import Any

import click

from ivr.bootstrap import promises_by_hand
from ivr.cli.callbacks_by_hand import AS_JSON, refusals_said
from ivr.cli.listings import promise_row
from ivr.cli.why import HIGHEST_ID


@click.command("kept")
@click.argument("promise_id", metavar="ID", type=click.IntRange(1, HIGHEST_ID))
@click.option("--agent", required=True, metavar="LOGIN", help="Who called.")
@AS_JSON
@click.pass_obj
def kept(app: Any, promise_id: int, agent: str, as_json: bool) -> None:
    """The customer of promise ID was called by hand: it is kept, and off the ring-back list."""
    with refusals_said(app.settings):
        with promises_by_hand(app.settings) as service:
            promise = service.kept(promise_id, agent)
        assert promise.kept_at is not None, "it is kept now"
        clock = f"{app.rules.hours.local(promise.kept_at):%m-%d %H:%M}"
        said = f"promise {promise_id}: kept at {clock}, off the ring-back list"
        click.echo(promise_row(app, promise_id) if as_json else said)
