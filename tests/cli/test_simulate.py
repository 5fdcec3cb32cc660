"""What a manager gets from `hotline simulate` and `hotline whatif`."""

import json
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from matplotlib import font_manager

from config.policy import load_rules
from config.settings import Settings, load
from ivr.adapters.sql_past_days import SqlPastDays
from ivr.adapters.sql_reports import SqlReports
from ivr.cli.main import App
from ivr.cli.simulate import simulate
from ivr.cli.simulation_picture import chinese_font
from ivr.cli.whatif import FIGURES, whatif
from ivr.policy.callback_metrics import PromisesKept, measure_promises
from ivr.policy.metrics import measure
from ivr.policy.rules import Rules
from ivr.service.reports import Reports
from ivr.simulation.day import Played, play
from ivr.simulation.demand import Habits
from ivr.simulation.figures import figures as figures_of
from ivr.simulation.past_day import Replay
from ivr.simulation.timeline import VirtualClock
from tests.simulation.both_books import BothBooks
from tests.simulation.days import NINE, RULES, a_day, callers

SMALL = ("--day", "2026-03-02", "--until", "09:30", "--agents", "2", "--rate", "60", "--patience", "120")


def settings(directory: Path, url: str = "sqlite:////nowhere/at/all.db") -> Settings:
    return load({"HOTLINE_DATA_DIR": str(directory), "DATABASE_URL": url})


def run(command: click.Command, given: Settings, *args: str) -> Result:
    return CliRunner().invoke(command, list(args), obj=App(settings=given, rules=load_rules(given)))


def simulated(directory: Path, *args: str) -> Result:
    return run(simulate, settings(directory), *args)


def figures(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return {row["name"]: row for row in json.loads(result.stdout)}


# ---- simulate -----------------------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_metrics_and_need_no_database(tmp_path: Path) -> None:
    told = figures(simulated(tmp_path, *SMALL, "--json"))
    assert list(told["offered"]) == ["name", "formula", "numerator", "denominator", "value", "unit"]
    assert told["offered"]["value"] > 15
    theirs = [*measure((), Rules(), NINE), *measure_promises(PromisesKept(), NINE, NINE, Rules().hours)]
    assert [name for name in told if name in {metric.name for metric in theirs}] == [m.name for m in theirs]
    assert {metric.name: metric.formula for metric in theirs}.items() <= {
        name: row["formula"] for name, row in told.items()
    }.items()
    assert {"wait_p90", "wait_max", "occupancy", "waiting_mean", "waiting_max"} <= told.keys()


def test_the_same_seed_prints_the_same_and_another_does_not(tmp_path: Path) -> None:
    one, same, other = (simulated(tmp_path, *SMALL, "--seed", seed).stdout for seed in ("1", "1", "2"))
    assert one == same != other
    assert "service_level" in one


def test_rates_by_the_half_hour_shifts_and_policy_are_taken(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('wrap_up_seconds = 0\nanswer_when_saturated = "now"\n', "utf-8")
    given = ("--day", "2026-03-02", "--rates", "0,40,0", "--agents", "1", "--agents", "3@09:20-10:10")
    told = figures(simulated(tmp_path, *given, "--policy", str(policy), "--set", "rings=2", "--json"))
    assert 20 < told["offered"]["value"] < 65
    assert "≤ 10 s" in told["greeted_within_three_rings"]["formula"]


def test_a_file_of_real_calls_is_played(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("presented_at,handling_seconds\n2026-03-02 09:00,60\n2026-03-02 09:01,60\n", "utf-8")
    told = figures(simulated(tmp_path, "--calls", str(file), "--agents", "1", "--json"))
    assert (told["offered"]["value"], told["answered_share"]["value"]) == (2, 1.0)


def test_a_faulty_file_is_told_with_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("presented_at,handling_seconds\n2026-03-02 09:00,long\n", "utf-8")
    result = simulated(tmp_path, "--calls", str(file))
    assert result.exit_code == 1
    assert f"{file}, line 2, column handling_seconds: 'long' is no number of seconds" in result.stderr


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("--set", "rigns=3"), "policy key rigns"),
        (("--set", "rings=0"), "policy key rings"),
        (("--set", "rings"), "--set 'rings'"),
        (("--set", "timezone=1\nrings = 2"), "policy key timezone"),
        (("--handling", "0"), "--handling"),
        (("--patience", "soon"), "--patience"),
        (("--rates", "1,x"), "--rates"),
        (("--rates", "1,-2"), "--rates: must be"),
        (("--rate", "5", "--rates", "5"), "give one of them"),
        (("--rate", "nan"), "--rate: must be"),
        (("--from", "25:00"), "--from"),
        (("--from", "10:00", "--until", "09:00"), "--until"),
        (("--agents", "two"), "--agents"),
        (("--agents", "+2"), "--agents"),
        (("--agents", "2@10:00-09:00"), "--agents"),
        (("--day", "today"), "--day"),
        (("--answer", "-1"), "--answer"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error_that_names_it(
    tmp_path: Path, args: tuple[str, ...], named: str
) -> None:
    result = simulated(tmp_path, *args)
    assert result.exit_code == 2, result.output
    assert named in result.stderr


def test_the_picture_is_a_picture_without_boxes_for_letters(tmp_path: Path) -> None:
    """Warnings are errors here: a letter no font has would be one."""
    picture = tmp_path / "day.png"
    result = simulated(tmp_path, *SMALL, "--png", str(picture))
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_chinese_is_written_only_with_a_font_that_has_it() -> None:
    font = chinese_font()
    if font is not None:
        path = font_manager.findfont(font, fallback_to_default=False)
        assert font_manager.get_font(path).get_char_index(ord("线"))


def test_a_picture_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    result = simulated(tmp_path, *SMALL, "--png", str(tmp_path / "none" / "day.png"))
    assert result.exit_code == 1
    assert "day.png" in result.stderr


# ---- whatif -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Settings]:
    """A busy half hour, as it was played and in a real database."""
    directory = tmp_path_factory.mktemp("stored")
    made: list[BothBooks] = []

    def make(*args: Any, **given: Any) -> BothBooks:
        made.append(BothBooks(*args, directory=directory, **given))
        return made[0]

    played = play(a_day(callers(90, 0.5), 3, 0.5), make_book=make)
    made[0].real.close()
    return played, settings(directory, made[0].url)


@pytest.fixture(scope="module")
def stored(lived: tuple[Played, Settings]) -> Settings:
    return lived[1]


def test_a_figure_of_one_name_is_one_figure_in_the_metrics_in_a_play_and_of_a_true_day(
    lived: tuple[Played, Settings],
) -> None:
    played, stored = lived
    reports = Reports(SqlReports(stored.database_url), RULES, VirtualClock(played.ended_at))
    listed = {row["name"]: row for row in reports.metrics(NINE)}
    simulated = {metric.name: asdict(metric) for metric in figures_of(played)}
    day = SqlPastDays(stored.database_url).day(NINE, NINE + timedelta(days=1))
    true = {name: asdict(metric) for name, metric in Replay(day, Habits(), seed=1).as_it_was(RULES).items()}
    both = [name for name in listed if not name.startswith("satisfaction")]
    assert {name: simulated[name] for name in both} == {name: listed[name] for name in both}
    assert {name: true[name]["formula"] for name in both} == {name: listed[name]["formula"] for name in both}
    assert {name: true[name]["numerator"] for name in both} == {
        name: listed[name]["numerator"] for name in both
    }
    assert listed["told_wait_kept"]["denominator"] > 0
    assert listed["callbacks_promised"]["value"] > 5
    assert set(FIGURES) <= simulated.keys()


def test_a_stored_day_stands_beside_its_plays(stored: Settings) -> None:
    told = figures(
        run(whatif, stored, "2026-03-02", "--agents", "+3", "--hold", "120", "--draws", "1", "--json")
    )
    assert list(told) == list(FIGURES)
    assert list(told["offered"]) == ["name", "unit", "that_day", "unchanged", "changed"]
    offered = told["offered"]
    assert offered["that_day"] == offered["unchanged"]["likely"] == offered["changed"]["high"] > 30
    left = told["abandonment_rate"]
    assert left["unchanged"]["low"] <= left["unchanged"]["likely"] <= left["unchanged"]["high"]
    assert left["changed"]["likely"] <= left["unchanged"]["likely"]


def test_the_table_shows_the_true_day_and_both_plays(stored: Settings) -> None:
    result = run(whatif, stored, "2026-03-02", "--agents", "-1@09:00-09:10", "--draws", "1")
    assert result.exit_code == 0, result.output
    assert "that day" in result.stdout
    assert "played as changed" in result.stdout


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("2026-03-02",), 2, "nothing to change"),
        (("2026-03-02", "--agents", "2"), 2, "--agents"),
        (("2026-03-02", "--hold", "-5"), 2, "policy key hold_if_wait_at_most_seconds"),
        (("yesterday", "--hold", "5"), 2, "is no day"),
        (("2026-03-02", "--hold", "5", "--reached", "2"), 2, "--reached"),
        (("2026-03-05", "--hold", "5"), 1, "no call that is over was presented on 2026-03-05"),
    ],
)
def test_whatif_says_what_is_wrong(stored: Settings, args: tuple[str, ...], code: int, said: str) -> None:
    result = run(whatif, stored, *args)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_without_a_database_whatif_is_unavailable(tmp_path: Path) -> None:
    result = run(whatif, settings(tmp_path), "2026-03-02", "--hold", "5")
    assert result.exit_code == 3
    assert "the database does not answer" in result.stderr


def test_a_day_is_played_without_writing_anything(stored: Settings) -> None:
    looked = partial(run, whatif, stored, "2026-03-02", "--hold", "60", "--draws", "1", "--json")
    assert looked().stdout == looked().stdout
