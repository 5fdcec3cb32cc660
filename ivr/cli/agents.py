"""`hotline agent add` and `hotline agent set`."""

import sys
from typing import Any

import click

from config.settings import Settings
from ivr.adapters.sql_engine import sqlite_path
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.bootstrap import agents_service
from ivr.cli.addresses import own_host
from ivr.cli.phones import publish
from ivr.policy.phone import PhoneError
from ivr.service.agents import CHOSEN, ROLES, AgentError


@click.group()
def agent() -> None:
    """Add an agent, or say what one does."""


@agent.command()
@click.argument("login")
@click.option("--name", required=True, help="Shown to managers and colleagues.")
@click.option(
    "--phone",
    required=True,
    help="endpoint:NEW, endpoint:NAME, sip:user@host[:port], tel:+86… or client:NAME.",
)
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the desk password from standard input.")
@click.pass_obj
def add(app: Any, /, login: str, password_stdin: bool, **given: str) -> None:
    """A new agent, offline. endpoint:NEW makes a SIP account for his phone and prints it once."""
    settings: Settings = app.settings
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    _need_database(settings)
    try:
        account = agents_service(settings).add(login, password=password, **given)
    except (AgentError, PhoneError) as error:
        click.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, PhoneError) else 1)
    click.echo(f"agent {login} added, offline; `hotline agent set {login} available` puts him on duty")
    if account is not None:
        _show_account(settings, account)


def _show_account(settings: Settings, account: SipAccount) -> None:
    click.echo(f"server:   {own_host(settings)}:{settings.sip_port}\nuser:     {account.name}")
    click.echo(f"secret:   {account.secret}")
    if settings.external_address is not None:
        click.echo(f"from outside this network the server is {settings.external_address}:{settings.sip_port}")
    if not publish(settings):
        click.echo("Asterisk is not running here: the account works from its next start")


@agent.command("set")
@click.argument("login")
@click.argument("state", type=click.Choice([state.value for state in CHOSEN]))
@click.pass_obj
def set_state(app: Any, login: str, state: str) -> None:
    """What an agent does from now on; during a call it takes effect after it."""
    _need_database(app.settings)
    try:
        now = agents_service(app.settings).choose(login, state)
    except AgentError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{login}: {now}" if now == state else f"{login}: {now}, then {state}")


def _need_database(settings: Settings) -> None:
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        click.echo("there is no database yet: `make run` makes it", err=True)
        sys.exit(3)
