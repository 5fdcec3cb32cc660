"""`make soak`: a million reservation attempts on each database, in rounds that are judged one by one.

`python -m tests.soak [ATTEMPTS] [sqlite] [postgresql]`; ends with 1 at the first fault.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ivr.adapters.sql_migrations import migrate
from tests.postgres import PostgresMissing, running_postgres
from tests.soak.judge import Verdict, judged
from tests.soak.race import Race, run

ATTEMPTS = 1_000_000
ROUND = 20_000  # a fresh database each, so that the disk holds the race however long it is
KINDS = ("sqlite", "postgresql")


def main(words: list[str]) -> int:
    """The exit code."""
    attempts = next((int(word) for word in words if word.isdigit()), ATTEMPTS)
    kinds = [kind for kind in KINDS if kind in words] or list(KINDS)
    verdicts = {kind: _soak(kind, attempts) for kind in kinds}
    for kind, verdict in verdicts.items():
        print(f"{kind}: {verdict}")
    return 1 if any(verdict.faults for verdict in verdicts.values()) else 0


def _soak(kind: str, attempts: int) -> Verdict:
    total, started = Verdict(), time.monotonic()
    with ExitStack() as stack:
        new_database = stack.enter_context(_databases(kind))
        while total.attempts < attempts and not total.faults:
            total += _round(next(new_database), min(ROUND, attempts - total.attempts))
            seconds = time.monotonic() - started
            print(f"{kind} {seconds:6.0f} s, {total.attempts / seconds:.0f} a second: {total}", flush=True)
    return total


def _round(url: str, attempts: int) -> Verdict:
    migrate(url)
    with tempfile.TemporaryDirectory(prefix="hotline-soak-") as directory:
        race = Race(url=url, history=Path(directory) / "history", attempts=attempts)
        run(race)
        return judged(race.url, race.history)


@contextmanager
def _databases(kind: str) -> Iterator[Iterator[str]]:
    """One after the other; the one before is gone when the next is asked for."""
    if kind == "sqlite":
        yield _files()
        return
    with running_postgres() as server:
        yield server.databases_in_turn()


def _files() -> Iterator[str]:
    while True:
        with tempfile.TemporaryDirectory(prefix="hotline-soak-") as directory:
            yield f"sqlite:///{directory}/hotline.db"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresMissing as missing:
        sys.exit(f"{missing}")
