"""Threads that carry out bursts: one that has nothing to do takes the next burst, a new one is begun only then.

They are daemons: a script that never returns holds its thread, not the end of the process.
"""

import queue
import threading
from collections.abc import Callable
from typing import Final

# Endless recursion through C (a __getattr__, a sort key) must end in RecursionError: with 512 KB it ended the
# whole process. Pages never touched cost nothing.
_STACK_BYTES: Final = 2 * 1024 * 1024

Work = Callable[[], None]


class BurstThreads:
    """`start` returns at once and never waits for a thread: there are as many as bursts ever ran at the same time."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0

    def start(self, work: Work) -> None:
        """Work that raises nothing. Raises RuntimeError where no more threads can be had."""
        with self._lock:
            idle = self._idle > 0
            self._idle -= idle
        if idle:
            self._waiting.put(work)
        else:
            self._new(work)

    def _new(self, work: Work) -> None:
        default = threading.stack_size(_STACK_BYTES)
        try:
            threading.Thread(target=self._serve, args=(work,), name="burst", daemon=True).start()
        finally:
            threading.stack_size(default)

    def _serve(self, work: Work) -> None:
        while True:
            work()
            del work  # its connection must not live on in an idle thread
            with self._lock:
                self._idle += 1
            work = self._waiting.get()
