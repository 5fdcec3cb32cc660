"""What `simulate` and `whatif` are told on the command line, read into the simulation's own values."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from config.policy import load_rules, read_policy
from config.prompt_pack import MissingPrompt, PromptPack, is_telephone_wav
from config.settings import Settings
from ivr.adapters.doctor_stores import spoken_seconds
from ivr.policy.prompts import CHINESE
from ivr.policy.rules import Rules, RulesError

_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_AGENTS = re.compile(r"([+-]?\d{1,4})(?:@([\d:]+)-([\d:]+))?")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class AgentsGiven:
    """`3`, `+1` or `2@10:00-15:00`, as minutes of the day; without hours they stay all day."""

    agents: int
    hours: tuple[int, int] | None


class ClockType(click.ParamType[int]):
    """A time of day as minutes after midnight; 24:00 is its end."""

    name = "HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        minutes = minutes_of(value)
        if minutes is None:
            self.fail(f"{value!r} is no time of day: write 09:00", param, ctx)
        return minutes


class AgentsType(click.ParamType[AgentsGiven]):
    """How many agents, and from when to when."""

    name = "N[@HH:MM-HH:MM]"

    def __init__(self, *, signed: bool) -> None:
        self._signed = signed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AgentsGiven:
        if isinstance(value, AgentsGiven):
            return value
        match = _AGENTS.fullmatch(value)
        hours = _hours(match) if match else None
        if match is None or (match[2] and hours is None) or (match[1][0] in "+-") is not self._signed:
            example = "+1, -1 or +1@10:00-15:00" if self._signed else "3 or 2@10:00-15:00"
            self.fail(f"{value!r} says nothing about agents: write {example}", param, ctx)
        return AgentsGiven(int(match[1]), hours)


class DayType(click.ParamType[date]):
    """A day of the calendar."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write 2026-03-02", param, ctx)


def minutes_of(text: str) -> int | None:
    """09:30 as minutes after midnight."""
    match = _CLOCK.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else None
    return None if minutes is None or minutes > 24 * 60 else minutes


def _hours(match: re.Match[str]) -> tuple[int, int] | None:
    """A span of one day; None where it is none."""
    start, end = (minutes_of(match[group] or "") for group in (2, 3))
    return None if start is None or end is None or start >= end else (start, end)


def moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """That time of that day on the hotline's own clock."""
    return datetime.combine(day, time(), zone) + timedelta(minutes=minutes)


# ---- the policy ---------------------------------------------------------------------------------------------------


def rules_given(settings: Settings, policy: Path | None, given: tuple[str, ...]) -> Rules:
    """The rules in force with a file laid over them, and single keys over that. A bad one is a usage error."""
    try:
        values = read_policy(policy) if policy else {}
        return load_rules(settings, {**values, **dict(_key_and_value(text) for text in given)})
    except RulesError as error:
        raise click.UsageError(str(error)) from error


def _key_and_value(text: str) -> tuple[str, Any]:
    """KEY=VALUE as the policy file would have it; a bare word is a text."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not (key and equals and value):
        raise click.UsageError(f"--set {text!r}: write it as key=value")
    try:
        parsed: Mapping[str, Any] = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return key, value
    return key, parsed["value"] if parsed.keys() == {"value"} else value


def recorded_seconds(settings: Settings) -> dict[str, float]:
    """How long each recording of the Chinese pack plays, by its key."""
    pack = PromptPack(settings.root / "config" / "prompts", settings.data_dir / "custom", CHINESE)
    return dict(_playing(pack))


def _playing(pack: PromptPack) -> Iterator[tuple[str, float]]:
    for key in pack.texts:
        try:
            path = pack.path(key)
        except MissingPrompt:
            continue  # said by the doctor
        if is_telephone_wav(path):
            yield key, spoken_seconds([path])


# ---- while it runs ------------------------------------------------------------------------------------------------


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """On stderr, and only where somebody sees it move; told the share that is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
