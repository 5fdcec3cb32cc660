"""Threads of bursts: reused when idle, more when all are busy, and never in the way of the process's end."""

import subprocess
import sys
import threading

from agi_scripts.burst_threads import BurstThreads
from tests.agi_scripts.house import eventually


def test_a_burst_after_the_other_takes_the_same_thread() -> None:
    threads, seen = BurstThreads(), []
    for number in range(1, 21):
        threads.start(lambda: seen.append(threading.get_ident()))
        eventually(lambda number=number: len(seen) == number and threads._idle == 1)  # type: ignore[misc]
    assert len(set(seen)) == 1


def test_bursts_at_the_same_time_never_wait_for_each_other() -> None:
    threads, together = BurstThreads(), threading.Barrier(9)

    def meet() -> None:
        together.wait(5)

    for _ in range(3):
        for _ in range(8):
            threads.start(meet)
        together.wait(5)
    eventually(lambda: threads._idle >= 8)


def test_a_script_that_never_returns_does_not_hold_the_process() -> None:
    program = (
        "import threading\n"
        "from agi_scripts.burst_threads import BurstThreads\n"
        "BurstThreads().start(lambda: threading.Event().wait())\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=20, check=False).returncode == 0
