"""One run of pytest in a copy of the tree, in a process forked from one that has loaded everybody's libraries already.

Run by path, never imported: the process it runs in must not know the tree the copy was made from. `COPY`, `TESTS`
and `TOLD` (the file for what pytest prints) are given by tests.breakages.
"""

import os
import sys
from pathlib import Path

import pytest


def main(copy: str, tests: list[str], told: str) -> int:
    """pytest's exit code."""
    out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(copy)
    sys.path.insert(0, copy)
    sys.dont_write_bytecode = True  # of a broken file nothing is kept
    # what is loaded already cannot be rewritten, and need not be
    options = ["-q", "-p", "no:cacheprovider", "--tb=line", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *tests]))


if __name__ == "broken":
    given = globals()
    assert not any(
        name.split(".")[0] in {"ivr", "tests", "config", "webhooks", "agi_scripts"} for name in sys.modules
    )
    assert Path(given["COPY"]).is_dir()
    sys.exit(main(given["COPY"], given["TESTS"], given["TOLD"]))
