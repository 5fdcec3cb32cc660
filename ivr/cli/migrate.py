"""`hotline migrate`: the database at this version's schema, for those who start the parts one by one."""

import sys
from typing import Any

import click

from ivr.adapters.sql_migrations import SchemaFromElsewhereError
from ivr.adapters.sql_migrations import migrate as migrate_database


@click.command()
@click.pass_obj
def migrate(app: Any) -> None:
    """Make the database, or bring it to this version's schema (make run does it by itself)."""
    app.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # what will lie in it names callers
    try:
        migrate_database(app.settings.database_url)
    except SchemaFromElsewhereError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo("the database is at this version's schema")
