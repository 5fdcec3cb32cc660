"""`hotline agent add`, `hotline agent set` and `hotline agent password`."""

import sys
from typing import Any

import click

from config.settings import Settings
from ivr.adapters.sql_engine import sqlite_path
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.bootstrap import agents_service
from ivr.bootstrap.pages import people
from ivr.cli.addresses import own_host, web_address
from ivr.cli.phones import publish
from ivr.policy.phone import PhoneError
from ivr.policy.roles import Role
from ivr.service.agents import CHOSEN, ROLES, AgentError
from ivr.service.people import COMMAND_LINE


@click.group()
def agent() -> None:
    """Add an agent, or say what one does."""


@agent.command()
@click.argument("login")
@click.option("--name", required=True, help="Shown to managers and colleagues.")
@click.option(
    "--phone",
    default="",
    help="endpoint:NEW, endpoint:NAME, sip:user@host[:port], tel:+86… or client:NAME; an admin has none.",
)
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the desk password from standard input.")
@click.pass_obj
def add(app: Any, /, login: str, password_stdin: bool, **given: str) -> None:
    """A new agent, offline. endpoint:NEW makes a SIP account for his phone and prints it once."""
    settings: Settings = app.settings
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    if not given["phone"] and given["role"] != Role.ADMIN.value:
        raise click.UsageError("Missing option '--phone': only an admin has none")
    need_database(settings)
    try:
        account = people(settings).add(COMMAND_LINE, login, password=password, **given)
    except (AgentError, PhoneError) as error:
        click.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, PhoneError) else 1)
    if given["role"] == Role.ADMIN.value:
        click.echo(f"admin {login} added; he signs in at {web_address(settings)}")
        return
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
    need_database(app.settings)
    try:
        now = agents_service(app.settings).choose(login, state)
    except AgentError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{login}: {now}" if now == state else f"{login}: {now}, then {state}")


@agent.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, required=True, help="Read it from standard input.")
@click.pass_obj
def password(app: Any, login: str, password_stdin: bool) -> None:  # noqa: ARG001 # the only way there is
    """A new password; whoever signed in under the old one is signed out."""
    need_database(app.settings)
    try:
        people(app.settings).set_password(COMMAND_LINE, login, sys.stdin.readline().rstrip("\n"))
    except AgentError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{login} signs in with the new password from now on")


def need_database(settings: Settings) -> None:
    """Exit 3 where there is none: a command makes no database."""
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        click.echo("there is no database yet: `make run` makes it", err=True)
        sys.exit(3)
