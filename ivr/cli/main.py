"""The command `hotline`: exit 0 ok, 1 failed, 2 usage, 3 unavailable; every error one clear sentence."""

import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import click

from config.form import load_form
from config.policy import load_rules
from config.settings import Settings, SettingsError, load
from ivr.cli.lazy_group import LazyGroup
from ivr.policy.record_form import FormError
from ivr.policy.rules import Rules, RulesError

FAILED, USAGE, UNAVAILABLE = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class App:
    """What every command gets."""

    settings: Settings
    rules: Rules


IN_THEIR_OWN_FILES = {
    "agent": "ivr.cli.agents:agent",
    "agents": "ivr.cli.listings:agents",
    "alerts": "ivr.cli.listings:alerts",
    "callbacks": "ivr.cli.listings:callbacks",
    "calls": "ivr.cli.listings:calls",
    "doctor": "ivr.cli.doctor:doctor",
    "import-agreements": "ivr.cli.agreements:agreements",
    "metrics": "ivr.cli.listings:metrics",
    "migrate": "ivr.cli.migrate:migrate",
    "promises": "ivr.cli.listings:promises",
    "records": "ivr.cli.listings:records",
    "render-dialplan": "ivr.cli.render:render_dialplan",
    "ring-backs": "ivr.cli.listings:ring_backs",
    "simulate": "ivr.cli.simulate:simulate",
    "whatif": "ivr.cli.whatif:whatif",
    "why": "ivr.cli.why:why",
}


@click.group(
    cls=LazyGroup, elsewhere=IN_THEIR_OWN_FILES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.pass_context
def hotline(context: click.Context) -> None:
    """三声热线: every call picked up within three rings."""
    try:
        settings = load()
        load_form(settings.root)
        context.obj = App(settings=settings, rules=load_rules(settings))
    except (SettingsError, RulesError, FormError) as error:
        click.echo(str(error), err=True)
        context.exit(USAGE)


@hotline.command()
@click.option(
    "--without", multiple=True, metavar="PART", help="Leave a part out: asterisk, where yours is attached."
)
@click.option("--procfile", type=click.Path(exists=True, dir_okay=False, path_type=Path), hidden=True)
@click.pass_obj
def run(app: App, without: tuple[str, ...], procfile: Path | None) -> None:
    """Start everything in the foreground (make run)."""
    from ivr.cli.run import parts_of, run_everything

    parts = parts_of(procfile or app.settings.root / "Procfile")
    unknown = sorted(set(without) - {part.name for part in parts})
    if unknown:
        raise click.UsageError(
            f"no part {', '.join(unknown)}; there are {', '.join(part.name for part in parts)}"
        )
    chosen = [part for part in parts if part.name not in without]
    sys.exit(run_everything(app.settings, app.rules, chosen))


@hotline.command()
@click.option("--seconds", default=20, show_default=True, help="Hang up after so long.")
@click.option("--caller", default="13800138000", show_default=True, help="The caller's number.")
@click.pass_obj
def call(app: App, seconds: int, caller: str) -> None:
    """Place one real SIP call to the running hotline and tell its story."""
    from ivr.cli.one_call import place_call

    sys.exit(place_call(app.settings, app.rules, caller, seconds))


@hotline.command("install-tools")
@click.pass_obj
def install_tools(app: App) -> None:
    """Unpack a private Asterisk and sipp where this machine has none."""
    from ivr.cli.debian_archive import InstallError
    from ivr.cli.private_asterisk import find_asterisk, find_sipp, install

    tools = app.settings.tools_dir
    if find_asterisk(tools, notice=click.echo) and find_sipp(tools):
        return
    try:
        install(tools, click.echo)
    except InstallError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)


@hotline.command("publish-phones", hidden=True)
@click.pass_obj
def publish_phones(app: App) -> None:
    """Tell the running Asterisk about SIP accounts made since its start."""
    from ivr.cli.phones import publish

    sys.exit(0 if publish(app.settings) else UNAVAILABLE)


@hotline.group()
def part() -> None:
    """One process of the Procfile, in the foreground."""


@part.command("redis")
@click.pass_obj
def part_redis(app: App) -> None:
    """The embedded Redis-compatible server."""
    from ivr.cli.parts import run_redis

    run_redis(app.settings)


@part.command("asterisk")
@click.pass_obj
def part_asterisk(app: App) -> None:
    """The telephone switch, freshly configured."""
    from ivr.cli.own_asterisk import run_asterisk
    from ivr.cli.phones import accounts

    run_asterisk(app.settings, accounts(app.settings))


@part.command("web")
@click.pass_obj
def part_web(app: App) -> None:
    """The web server."""
    from ivr.cli.parts import run_web

    run_web(app.settings)


@part.command("worker")
@click.argument("queue", type=click.Choice(["records"]))
@click.pass_obj
def part_worker(app: App, queue: str) -> None:
    """An RQ worker for one job queue."""
    from ivr.cli.worker import run_worker

    run_worker(app.settings, queue)


@part.command("relay")
@click.pass_obj
def part_relay(app: App) -> None:
    """The outbox's relay; beside it what imports, watches and clears away."""
    from config.policy import load_rules
    from config.redis_address import redis_url
    from ivr.bootstrap import alarm_watch, attempt_fences, importers, relay, transfer_watch
    from ivr.bootstrap.callbacks import twilio_recordings
    from ivr.bootstrap.phones import recording_keeper
    from ivr.cli.parts import stop_on_signals

    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    stop_on_signals(stop)
    watches = (
        transfer_watch(app.settings),
        alarm_watch(app.settings),
        attempt_fences(app.settings),
        recording_keeper(app.settings),
    )
    beside = [
        threading.Thread(target=work.run, args=(stop,), name=type(work).__name__)
        for work in (*importers(app.settings), *watches)
    ]
    beside.extend(
        threading.Thread(target=fetching.run, args=(stop,), name=type(fetching).__name__)
        for fetching in twilio_recordings(app.settings, load_rules(app.settings))
    )
    for thread in beside:
        thread.start()
    relay(app.settings, redis_url(app.settings)).run(stop)
    for thread in beside:
        thread.join(timeout=3)


def main() -> None:
    """The command line."""
    hotline()
