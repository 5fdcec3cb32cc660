"""Finds and ends our own processes by a mark in their environment, and nobody else's.

A process group is not enough: an RQ work horse makes a group of its own, and after kill -9 of the supervisor
nobody knows the groups any more. The environment is inherited by all descendants and not lost by accident.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK: Final = "SANSHENG_RUN_LOCK"  # its value: the path of the lock file under which the process was started


def find_strays(lock_path: Path) -> list[int]:
    """The processes started under this lock file, except ourselves."""
    return [pid for name in os.listdir("/proc") if name.isdigit() and _bears(pid := int(name), lock_path)]


def _bears(pid: int, lock_path: Path) -> bool:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # ended meanwhile, or another user's
        return False
    return pid != os.getpid() and f"{MARK}={lock_path}".encode() in environ.split(b"\0")


def end_strays(lock_path: Path, grace_seconds: float) -> int:
    """SIGTERM, after the grace SIGKILL; how many there were."""
    strays = find_strays(lock_path)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 1.0)):
        for pid in find_strays(lock_path):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while find_strays(lock_path) and time.monotonic() < until:
            time.sleep(0.02)
    return len(strays)
