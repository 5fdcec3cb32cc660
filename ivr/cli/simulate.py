"""`hotline simulate`: a day of made-up or real callers, played through the hotline's own rules in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import click

from config.settings import Settings
from ivr.adapters.system_clock import SystemClock
from ivr.cli import simulation_options as options
from ivr.cli.csv_files import read, told
from ivr.cli.simulation_table import print_figures
from ivr.policy.rules import Rules
from ivr.service.csv_file import CsvFileError
from ivr.simulation.call_file import parse_calls
from ivr.simulation.day import ANSWER_SECONDS, Plan, play
from ivr.simulation.demand import (
    HALF_HOUR_SECONDS,
    CallTimes,
    DemandError,
    Habits,
    KnownCall,
    drawn_callers,
    seeded,
)
from ivr.simulation.figures import figures
from ivr.simulation.staffing import Shift, Staffing

LAST_CALLERS = timedelta(hours=3)  # after the last call: agents without shifts stay so long at most
USUAL_RATE = 30.0
KNOWN_TALKS = 400  # what the hotline has learnt on the days before


class App(Protocol):
    """What the command group hands down."""

    @property
    def settings(self) -> Settings: ...


@dataclass(frozen=True, kw_only=True)
class Given:
    """The options that say who calls and who answers."""

    calls: Path | None
    rate: float | None
    rates: str | None
    day: date | None
    from_minute: int
    until_minute: int
    agents: tuple[options.AgentsGiven, ...]
    answer: float
    seed: int
    habits: Habits


@click.command("simulate")
@click.option(
    "--calls", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of real calls."
)
@click.option("--rate", type=float, help=f"Calls an hour, the same all day.  [default: {USUAL_RATE:g}]")
@click.option("--rates", metavar="N,N,…", help="Calls in each half hour from --from on.")
@click.option("--day", type=options.DayType(), help="Which day it is, for opening hours.  [default: today]")
@click.option("--from", "from_minute", type=options.ClockType(), default="09:00", show_default=True)
@click.option("--until", "until_minute", type=options.ClockType(), default="17:00", show_default=True)
@click.option(
    "--agents", type=options.AgentsType(signed=False), multiple=True, default=("3",), show_default=True,
    help="So many, all day or in those hours; may be given more than once.",
)  # fmt: skip
@click.option("--handling", default=240.0, show_default=True, help="Mean seconds of a talk, lognormal.")
@click.option("--spread", default=1.0, show_default=True, help="Its standard deviation ÷ mean.")
@click.option(
    "--patience", default="none", show_default=True, help="Mean seconds until a caller leaves; none: never."
)
@click.option(
    "--takes-callback", default=0.8, show_default=True, help="Share of callers who take an offered callback."
)
@click.option(
    "--reached", default=0.8, show_default=True, help="Share of callbacks that the customer answers."
)
@click.option(
    "--answer",
    type=click.FloatRange(0, 600),
    default=ANSWER_SECONDS,
    show_default=True,
    help="Seconds until an agent answers.",
)
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Laid over ours.",
)
@click.option("--set", "keys", metavar="KEY=VALUE", multiple=True, help="One policy key.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="A picture of the day.")
@click.pass_obj
def simulate(
    app: App,
    /,
    policy: Path | None,
    keys: tuple[str, ...],
    as_json: bool,
    png: Path | None,
    **given: Any,
) -> None:
    """Play a day through the hotline's own rules.

    Callers come at a rate, at --rates by the half hour, or from a file of real calls (CSV:
    presented_at[,handling_seconds,patience_seconds]). The figures are those of `hotline metrics`.
    """
    rules = options.rules_given(app.settings, policy, keys)
    try:
        plan = _plan(_given(**given), rules, options.recorded_seconds(app.settings))
    except DemandError as error:
        raise click.UsageError(f"--{error}") from error
    with options.progress_bar("the day") as progress:
        played = play(plan, progress)
    metrics = figures(played)
    if png is not None:
        from ivr.cli.simulation_picture import draw  # most of a second to load

        try:
            draw(played, metrics, png)
        except OSError as error:
            raise click.ClickException(f"{png}: cannot be written: {error.strerror}") from error
    print_figures(metrics, as_json)


def _given(
    *, handling: float, spread: float, patience: str, takes_callback: float, reached: float, **rest: Any
) -> Given:
    habits = Habits(
        handling_seconds=handling,
        spread=spread,
        patience_seconds=_patience(patience),
        takes_callback=takes_callback,
        reached=reached,
    )
    return Given(habits=habits, **rest)


def _patience(text: str) -> float:
    if text == "none":
        return inf
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r}: a number of seconds, or none", param_hint="--patience") from None


def _plan(given: Given, rules: Rules, prompt_seconds: dict[str, float]) -> Plan:
    zone = ZoneInfo(rules.timezone)
    known, begins_at, ends_at = _calls(given, zone)
    shifts = tuple(
        shift for agents in given.agents for shift in _shifts(agents, begins_at, ends_at + LAST_CALLERS, zone)
    )
    source = seeded(given.seed, "yesterday's talks")
    return Plan(
        begins_at=begins_at,
        until_at=ends_at + LAST_CALLERS,
        callers=drawn_callers(known, given.habits, given.seed),
        staffing=Staffing(shifts),
        rules=rules,
        answer_seconds=given.answer,
        prompt_seconds=prompt_seconds,
        known_talks=[given.habits.handling(source) for _ in range(KNOWN_TALKS)],
    )


def _calls(given: Given, zone: ZoneInfo) -> tuple[tuple[KnownCall, ...], datetime, datetime]:
    """Who calls, and the first and last moment of the day."""
    if sum(choice is not None for choice in (given.calls, given.rate, given.rates)) > 1:
        raise click.UsageError("--calls, --rate and --rates: give one of them")
    if given.calls is not None:
        known = _from_file(given.calls, zone)
        return known, known[0].presented_at, known[-1].presented_at
    try:
        times = _call_times(given, zone)
    except DemandError as error:
        option = "rate" if given.rates is None else "rates"
        raise DemandError(option, error.reason) from error
    drawn = times.draw(seeded(given.seed, "arrivals"))
    return tuple(KnownCall(presented_at=at) for at in drawn), times.begins_at, times.ends_at


def _from_file(path: Path, zone: ZoneInfo) -> tuple[KnownCall, ...]:
    try:
        return parse_calls(read(path), zone)
    except CsvFileError as error:
        raise click.ClickException(told(path, error)) from error


def _call_times(given: Given, zone: ZoneInfo) -> CallTimes:
    day = given.day or SystemClock().now().astimezone(zone).date()
    begins_at = options.moment(day, given.from_minute, zone)
    if given.rates is not None:
        an_hour = tuple(2 * number for number in _numbers(given.rates))
        return CallTimes(begins_at=begins_at, stretch_seconds=HALF_HOUR_SECONDS, an_hour=an_hour)
    seconds = (given.until_minute - given.from_minute) * 60.0
    if seconds <= 0:
        raise click.UsageError("--until: must be later than --from")
    rate = USUAL_RATE if given.rate is None else given.rate
    return CallTimes(begins_at=begins_at, stretch_seconds=seconds, an_hour=(rate,))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r}: numbers with commas between", param_hint="--rates") from None


def _shifts(
    agents: options.AgentsGiven, begins_at: datetime, until_at: datetime, zone: ZoneInfo
) -> Iterator[Shift]:
    """All the time, or in those hours of every day."""
    if agents.hours is None:
        yield Shift(agents=agents.agents, from_at=begins_at, until_at=until_at)
        return
    day = begins_at.astimezone(zone).date()
    while (from_at := options.moment(day, agents.hours[0], zone)) < until_at:
        leaves_at = options.moment(day, agents.hours[1], zone)
        if leaves_at > begins_at:
            yield Shift(
                agents=agents.agents, from_at=max(from_at, begins_at), until_at=min(leaves_at, until_at)
            )
        day += timedelta(days=1)
