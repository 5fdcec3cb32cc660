"""Every fault of the campaign in short, on running hotlines: nobody is late, lost or doubled (`make faults`: whole)."""

from pathlib import Path

import pytest

from ivr.cli.procfile import parse_procfile
from tests.faults.campaign import PROCFILE, SHORT, as_text, run
from tests.faults.cases import CASES
from tests.real_asterisk.hotline import ROOT

ENVIRONMENT = {"PATH": "/bin"}
ILL = (".venv/bin/python", "-m", "tests.faults.sick_part")


@pytest.mark.real
@pytest.mark.timeout(300)
def test_whatever_breaks_every_caller_is_picked_up_by_the_third_ring_and_kept_once_r64(
    tmp_path: Path,
) -> None:
    outcomes = run(tmp_path, CASES, SHORT, lanes=2)
    print(as_text(outcomes))
    assert [one.name for one in outcomes] == [case.name for case in CASES]
    assert all(one.verdict.callers == SHORT.callers for one in outcomes)
    assert not [sentence for one in outcomes for sentence in one.verdict.wrong], as_text(outcomes)


def test_the_parts_that_fall_ill_are_otherwise_the_procfiles_own() -> None:
    true = parse_procfile((ROOT / "Procfile").read_text("utf-8"), ENVIRONMENT)
    sick = parse_procfile(PROCFILE.read_text("utf-8"), ENVIRONMENT)
    assert [part.name for part in sick] == [part.name for part in true]
    for one, other in zip(true, sick, strict=True):
        assert tuple(other.argv) in (tuple(one.argv), (*ILL, *_module(tuple(one.argv))))


def _module(argv: tuple[str, ...]) -> tuple[str, ...]:
    """`.venv/bin/hotline …` is `python -m ivr …`."""
    return ("ivr", *argv[1:]) if argv[0].endswith("hotline") else argv[2:]
