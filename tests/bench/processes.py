"""Processor time of a whole variant: a process and all below it, the dead among them included."""

from collections import Counter
from collections.abc import Iterable

import psutil

PARTS = {
    "ld-linux": "asterisk",
    "asterisk": "asterisk",
    "agi_scripts.server": "bursts",
    "part worker": "worker",
    "part relay": "relay",
    "gunicorn": "web",
    "valkey": "redis",
    "redis": "redis",
}
"""What a command line says, and the part that is."""
OTHER = "rest"


def tree(pid: int) -> list[psutil.Process]:
    """The process and its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(processes: Iterable[psutil.Process]) -> Counter[str]:
    """By part; user and system, and that of ended children: a child's time goes to its parent when it is reaped."""
    total: Counter[str] = Counter()
    for process in processes:
        try:
            times, words = process.cpu_times(), " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        seconds = times.user + times.system + times.children_user + times.children_system
        total[part_of(words)] += seconds
    return total


def part_of(words: str) -> str:
    """The part of a command line."""
    return next((part for word, part in PARTS.items() if word in words), OTHER)
