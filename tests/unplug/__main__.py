"""`python -m tests.unplug [--png FILE] [--keep DIR]`: the plugs are pulled one after the other under live calls.

SQL, Redis, the web server and the server behind the switch are killed in turn, then Asterisk, while callers dial at
both doors; three minutes.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.unplug.judge import as_text
from tests.unplug.picture import draw
from tests.unplug.stage import Stage


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a caller at a living door was late, lost or left in silence."""
    parser = argparse.ArgumentParser(prog="python -m tests.unplug", description=__doc__)
    parser.add_argument("--png", type=Path, help="draw what callers heard into this file")
    parser.add_argument("--keep", type=Path, help="leave data, logs and judged.json in this directory")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hotline-unplug-") as name:
        outcome = Stage(options.keep or Path(name)).play(_say)
    print(as_text(outcome.verdict, outcome.outages))
    print(f"stood down and back: {outcome.stood_down or 'nobody'}")
    print("".join(f"BROKEN {what}\n" for what in outcome.broken), end="")
    if options.png is not None:
        options.png.parent.mkdir(parents=True, exist_ok=True)
        draw(outcome.lines, outcome.outages, outcome.began_at, options.png)
        print(f"drawn: {options.png}")
    return 1 if outcome.verdict.wrong or outcome.broken else 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
