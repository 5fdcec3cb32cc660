"""`hotline ring-backs done`: whoever has rung a number of the list says so, and nobody rings it again."""

from typing import Any

import click

from ivr.bootstrap import promises_by_hand
from ivr.cli.callbacks_by_hand import AS_JSON, refusals_said
from ivr.cli.listings import ring_back_row
from ivr.cli.why import HIGHEST_ID


@click.command("done")
@click.argument("ring_back_id", metavar="ID", type=click.IntRange(1, HIGHEST_ID))
@click.option("--agent", required=True, metavar="LOGIN", help="Who called.")
@AS_JSON
@click.pass_obj
def done(app: Any, ring_back_id: int, agent: str, as_json: bool) -> None:
    """Number ID was called by hand: off the list; a promise that was handed over with it is kept."""
    with refusals_said(app.settings):
        with promises_by_hand(app.settings) as service:
            listed = service.rung_back(ring_back_id, agent)
        kept = "" if listed.promise_id is None else f"; promise {listed.promise_id} is kept"
        said = f"{ring_back_id}: off the ring-back list{kept}"
        click.echo(ring_back_row(app, ring_back_id) if as_json else said)
