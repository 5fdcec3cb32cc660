"""TEMPORARY."""
import click
@click.command()
def why(): pass
