"""`python -m tests.faults [--short] [--keep DIR] [WORD …]`: the campaign, or the cases whose names hold a word."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.campaign import SHORT, WHOLE, as_text, run
from tests.faults.cases import CASES


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when anybody was lost, doubled or late."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases whose names hold one of these")
    parser.add_argument("--short", action="store_true", help="as in make test")
    parser.add_argument("--lanes", type=int, default=2, help="hotlines side by side")
    parser.add_argument("--keep", type=Path, help="leave data and logs in this directory")
    options = parser.parse_args(arguments)
    chosen = [case for case in CASES if not options.words or any(word in case.name for word in options.words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hotline-faults-") as name:
        lanes = min(options.lanes, len(chosen))
        outcomes = run(options.keep or Path(name), chosen, SHORT if options.short else WHOLE, lanes)
    print(as_text(outcomes))
    print(f"took {time.monotonic() - began:.0f} s")
    return 1 if any(one.verdict.wrong for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
