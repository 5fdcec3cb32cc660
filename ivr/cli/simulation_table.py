"""The figures of a simulated day on the terminal, or as JSON in the form of `hotline metrics --json`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.policy.metrics import Metric

WIDTH_OF_A_FILE = 160


def print_figures(metrics: Sequence[Metric], as_json: bool) -> None:
    """To stdout."""
    if as_json:
        print_json([dataclasses.asdict(metric) for metric in metrics])
        return
    rows = [
        (metric.name, shown(metric.value, metric.unit), _counted(metric), metric.formula)
        for metric in metrics
    ]
    print_table(("figure", "value", "counted", "formula"), rows)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a line."""
    lines = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    click.echo(f"[{lines}]")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """As wide as the terminal; wide where there is none."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_OF_A_FILE
    console.print(table)


def shown(value: float | None, unit: str) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{value:.1%}"
    if unit == "seconds":
        return f"{value:.1f} s"
    return f"{value:g}"


def _counted(metric: Metric) -> str:
    return "" if metric.unit == "calls" else f"{metric.numerator:g} / {metric.denominator}"
