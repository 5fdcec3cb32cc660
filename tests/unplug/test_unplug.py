"""The whole road once in short, on a running hotline (`make unplug`: all five plugs, and the picture)."""

from pathlib import Path

import pytest

from tests.unplug.judge import as_text
from tests.unplug.picture import draw
from tests.unplug.stage import Plan, Stage
from tests.unplug.timeline import Door

SHORT = Plan(kills=(("sql", 8.0), ("asterisk", 12.0)), dials_on_seconds=14.0, patience_seconds=15.0)


def _say(text: str) -> None:
    print(text, flush=True)


@pytest.mark.real
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_with_sql_and_then_the_switch_dead_everybody_at_a_living_door_is_picked_up_r64(
    tmp_path: Path,
) -> None:
    outcome = Stage(tmp_path, SHORT).play(_say)
    print(as_text(outcome.verdict, outcome.outages))
    assert not outcome.verdict.wrong
    assert outcome.broken == ()
    assert [outage.part for outage in outcome.outages] == ["SQL", "asterisk"]
    assert all(outcome.verdict.doors[door].served >= 5 for door in Door)
    draw(outcome.lines, outcome.outages, outcome.began_at, tmp_path / "heard.png")
