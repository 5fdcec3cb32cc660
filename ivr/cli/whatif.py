"""`hotline whatif DAY`: a day that was, played again with other agents or other rules, beside the day itself."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import click

from config.settings import Settings
from ivr.adapters.sql_past_days import SqlPastDays
from ivr.cli import simulation_options as options
from ivr.cli.listings import UnavailableError
from ivr.cli.simulation_table import print_json, print_table, shown
from ivr.policy.metrics import Metric
from ivr.policy.rules import Rules
from ivr.service.record_ports import DatabaseUnavailableError
from ivr.simulation.demand import DemandError, Habits
from ivr.simulation.past_day import DRAWS, PastDay, Range, Replay, Setting
from ivr.simulation.staffing import Shift

# fmt: off
FIGURES = (
    "offered", "answered_share", "service_level", "asa_seconds", "wait_p50", "wait_p80", "wait_p90", "wait_max",
    "abandoned", "abandonment_rate", "fallback", "told_wait_kept", "callbacks_promised",
    "callbacks_kept_by_the_promised_minute", "callbacks_reached", "promises_broken_in_silence", "waiting_max",
    "occupancy", "idle_while_somebody_waits",
)
# fmt: on
SECONDS = frozenset({"asa_seconds", "wait_p50", "wait_p80", "wait_p90", "wait_max"})
COUNTS = frozenset(
    {"offered", "abandoned", "fallback", "callbacks_promised", "promises_broken_in_silence", "waiting_max"}
)


class App(Protocol):
    """What the command group hands down."""

    @property
    def settings(self) -> Settings: ...

    @property
    def rules(self) -> Rules: ...


@click.command("whatif")
@click.argument("day", type=options.DayType())
@click.option(
    "--agents", type=options.AgentsType(signed=True), multiple=True,
    help="More or fewer than there were, all day or in those hours; may be given more than once.",
)  # fmt: skip
@click.option("--hold", type=float, metavar="SECONDS", help="As --set hold_if_wait_at_most_seconds=SECONDS.")
@click.option("--set", "keys", metavar="KEY=VALUE", multiple=True, help="One policy key.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Laid over ours.",
)
@click.option(
    "--takes-callback", default=0.8, show_default=True, help="Share of callers who take an offered callback."
)
@click.option(
    "--reached", default=0.8, show_default=True, help="Share of callbacks that the customer answers."
)
@click.option(
    "--draws",
    type=click.IntRange(1, 100),
    default=DRAWS,
    show_default=True,
    help="Plays with drawn patience.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same figures.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
@click.pass_obj
def whatif(
    app: App,
    /,
    day: date,
    agents: tuple[options.AgentsGiven, ...],
    hold: float | None,
    keys: tuple[str, ...],
    policy: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Play DAY (2026-03-02) again: as it was, and with what you change.

    Each figure stands three times: the true day, the day played under the rules of today, and played with the change.
    A play is a range, since how long a caller would have waited is known only of those who left: from the least to
    the greatest, with the likely value before it.
    """
    if hold is not None:
        keys = (*keys, f"hold_if_wait_at_most_seconds={hold}")
    if not (agents or keys or policy):
        raise click.UsageError("nothing to change: give --agents, --hold, --set or --policy")
    changed = options.rules_given(app.settings, policy, keys)
    zone = ZoneInfo(app.rules.timezone)
    replay = _replay(app, day, zone, **given)
    prompts = options.recorded_seconds(app.settings)
    besides = tuple(_besides(each, day, zone) for each in agents)
    with options.progress_bar(f"{day}") as progress:
        unchanged = replay.under(
            Setting(rules=app.rules, prompt_seconds=prompts), lambda share: progress(share / 2)
        )
        other = replay.under(
            Setting(rules=changed, besides=besides, prompt_seconds=prompts),
            lambda share: progress(0.5 + share / 2),
        )
    _tell(replay.as_it_was(app.rules), unchanged, other, as_json)


def _replay(
    app: App, day: date, zone: ZoneInfo, *, takes_callback: float, reached: float, draws: int, seed: int
) -> Replay:
    try:
        habits = Habits(takes_callback=takes_callback, reached=reached)
        past = _past_day(app, day, zone)
    except DemandError as error:
        raise click.UsageError(f"--{error}") from error
    except DatabaseUnavailableError as error:
        raise UnavailableError(str(error)) from error
    replay = Replay(past, habits, seed, draws)
    if not replay.calls:
        raise click.ClickException(f"no call that is over was presented on {day}")
    return replay


def _past_day(app: App, day: date, zone: ZoneInfo) -> PastDay:
    from_at, until_at = (options.moment(each, 0, zone) for each in (day, day + timedelta(days=1)))
    return SqlPastDays(app.settings.database_url).day(from_at, until_at)


def _besides(agents: options.AgentsGiven, day: date, zone: ZoneInfo) -> Shift:
    start, end = agents.hours or (0, 24 * 60)
    return Shift(
        agents=agents.agents,
        from_at=options.moment(day, start, zone),
        until_at=options.moment(day, end, zone),
    )


def _tell(
    that_day: Mapping[str, Metric],
    unchanged: Mapping[str, Range],
    changed: Mapping[str, Range],
    as_json: bool,
) -> None:
    if as_json:
        print_json([_row(name, that_day.get(name), unchanged[name], changed[name]) for name in FIGURES])
        return
    rows = [
        (name, _true(name, that_day.get(name)), _shown(name, unchanged[name]), _shown(name, changed[name]))
        for name in FIGURES
    ]
    print_table(("figure", "that day", "played as it was", "played as changed"), rows)


def _row(name: str, true: Metric | None, unchanged: Range, changed: Range) -> dict[str, Any]:
    return {
        "name": name,
        "unit": _unit(name),
        "that_day": true and true.value,
        "unchanged": asdict(unchanged),
        "changed": asdict(changed),
    }


def _true(name: str, metric: Metric | None) -> str:
    return shown(None if metric is None else metric.value, _unit(name))


def _shown(name: str, values: Range) -> str:
    """68.9%  (64.0%–71.2%)"""
    unit = _unit(name)
    likely, low, high = (shown(value, unit) for value in (values.likely, values.low, values.high))
    return likely if low == high else f"{likely}  ({low} – {high})"


def _unit(name: str) -> str:
    return "seconds" if name in SECONDS else "calls" if name in COUNTS else "share"
