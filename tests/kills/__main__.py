"""`python -m tests.kills [--promises N] [--kills K] [--doors both] [--naive]`: exactly once, while parts are killed.

With `--naive` the control is on trial: it has to fail, so a control that does not is the error.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.campaign import PROCFILE
from tests.kills import naive
from tests.kills.campaign import Size, Stage


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when anybody was lost, called twice, or too late."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--promises", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--agents", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--doors", choices=("asterisk", "both"), default="asterisk", help="where callers come in"
    )
    parser.add_argument("--naive", action="store_true", help="the control: a job queue and nothing else")
    parser.add_argument("--keep", type=Path, help="leave data and logs in this directory")
    options = parser.parse_args(arguments)
    size = Size(promises=options.promises, kills=options.kills, agents=options.agents)
    with tempfile.TemporaryDirectory(prefix="hotline-kills-") as name:
        procfile = naive.PROCFILE if options.naive else PROCFILE
        both = options.doors == "both"
        stage = Stage(options.keep or Path(name), size, seed=options.seed, procfile=procfile, both_doors=both)
        title = "the naive control" if options.naive else "the hotline"
        outcome = stage.play(_say, name=title, has_book=not options.naive)
    print(outcome)
    return 1 if bool(outcome.verdict.wrong) != options.naive else 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
