"""Promises while one part after the other is killed, in short (`make faults`: whole). And the control has to fail."""

from pathlib import Path

import pytest

from ivr.cli.procfile import parse_procfile
from tests.faults.campaign import PROCFILE
from tests.kills import naive
from tests.kills.campaign import Size, Stage

ENVIRONMENT = {"PATH": "/bin"}


def _say(text: str) -> None:
    print(text, flush=True)


@pytest.mark.real
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_two_hundred_customers_are_called_exactly_once_through_forty_kills_r70(tmp_path: Path) -> None:
    outcome = Stage(tmp_path, Size(promises=200, kills=40), seed=1).play(_say, name="the hotline")
    print(outcome)
    assert outcome.verdict.told >= 200
    assert sum(outcome.kills.values()) >= 40
    assert not outcome.verdict.wrong, f"{outcome}"


@pytest.mark.real
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_customers_of_both_doors_are_called_exactly_once_through_the_same_kills_r70(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Size(promises=60, kills=16), seed=2, both_doors=True)
    outcome = stage.play(_say, name="the hotline with both doors open")
    print(outcome)
    assert stage.second is not None
    assert stage.second.rest.violations == []
    assert stage.second.callers.broken == []
    through_twilio = {ring.number for ring in stage.second.rings() if ring.person_at is not None}
    assert len(through_twilio) >= 20
    assert sum(outcome.kills.values()) >= 16
    # of so few customers one given to a person is more than one in two hundred
    excused = ("handed over",) if len(outcome.verdict.handed_over) == 1 else ()
    wrong = [each for each in outcome.verdict.wrong if not each.startswith(excused)]
    assert not wrong, f"{outcome}"


@pytest.mark.real
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_the_control_a_job_queue_with_retries_does_not_pass_the_same_harness(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Size(promises=60, kills=25), seed=1, procfile=naive.PROCFILE)
    outcome = stage.play(_say, name="the naive control", has_book=False)
    print(outcome)
    assert outcome.verdict.told >= 60
    assert outcome.verdict.once > 30, f"it has to be a fair one: {outcome}"
    assert outcome.verdict.wrong


def test_the_control_runs_beside_the_very_parts_of_the_campaign() -> None:
    ours = parse_procfile(PROCFILE.read_text("utf-8"), ENVIRONMENT)
    control = parse_procfile(naive.PROCFILE.read_text("utf-8"), ENVIRONMENT)
    same = {part.name for part in ours for other in control if part.argv == other.argv}
    assert same == {part.name for part in ours} - {"agi"}
    assert {part.name for part in control} - {part.name for part in ours} == {"naive1", "naive2"}
