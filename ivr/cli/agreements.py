"""`hotline import-agreements FILE.csv`: companies, their numbers and agreements out of a spreadsheet."""

from pathlib import Path

import click

from ivr.adapters.sql_agreements import SqlAgreements
from ivr.cli.csv_files import read, told
from ivr.cli.listings import App, UnavailableError
from ivr.service.agreements import import_agreements
from ivr.service.csv_file import CsvFileError
from ivr.service.record_ports import DatabaseUnavailableError, ImportCounts

PROGRESS_FROM = 2000  # rows


@click.command("import-agreements")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look at everything, write nothing.")
@click.pass_obj
def agreements(app: App, file: Path, dry_run: bool) -> None:
    """Companies and their agreements from a CSV file; a company already known is brought up to date.

    Columns: company,numbers,tax_bureau,agreement,expires_on,contact or
    企业名称,电话,税务分局,协议编号,协议截止日期,联系人. Company and numbers are needed. Several
    numbers stand in one field, separated by ; , 、 or a space, and replace the ones the company had.
    """
    book = SqlAgreements(app.settings.database_url)
    try:
        counts = import_agreements(
            book, read(file), area_code=app.rules.area_code, dry_run=dry_run, progress=_progress
        )
    except CsvFileError as error:
        raise click.ClickException(f"nothing was written\n{told(file, error)}") from error
    except DatabaseUnavailableError as error:
        raise UnavailableError(str(error)) from error
    click.echo(_counted(counts, dry_run))


def _progress(done: int, rows: int) -> None:
    """A word now and then about long files, on stderr."""
    if rows > PROGRESS_FROM and (done % PROGRESS_FROM == 0 or done == rows):
        click.echo(f"{done} of {rows} rows looked at", err=True)


def _counted(counts: ImportCounts, dry_run: bool) -> str:
    would = "would be written (dry run):" if dry_run else "written:"
    return (
        f"{would} {counts.companies_added} companies added, {counts.companies_changed} changed,"
        f" {counts.companies_unchanged} unchanged; {counts.numbers_added} numbers added,"
        f" {counts.numbers_changed} changed, {counts.numbers_removed} removed"
    )
