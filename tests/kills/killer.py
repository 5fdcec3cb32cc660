"""Kills one part after the other, every 0.3 to 1.2 seconds, and keeps count; the supervisor starts them again.

The switch's own death ends every talk, so it is rarer than the others. Three of ten deaths of the Redis-compatible
server take its data with them. What has not come up again since its last death is left alone, and then lives for so
long as its start took: on a slow machine nothing would be tried but starting.
"""

import random
import shutil
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import psutil

from tests.faults.fault_file import strike
from tests.real_asterisk.hotline import RunningHotline

SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 1.2
WIPED_SHARE: Final = 0.3
SWITCH_EVERY: Final = 40  # kills
FIRST_SWITCH: Final = 15
LIVES_SECONDS: Final = {"agi": 3.0, "web": 3.0, "asterisk": 5.0}
PARTS: Final = ("agi", "web", "records", "relay", "redis", "manager line")


class Killer:
    """Entered, it kills until it is left; `pausing` asks before each whether to wait."""

    def __init__(self, hotline: RunningHotline, seed: int) -> None:
        self._hotline = hotline
        self._dice = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self._up_since: dict[str, float] = {}
        self._died_at: dict[str, float] = {}
        self.kills: Counter[str] = Counter()
        self.switch_deaths: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def count(self) -> int:
        return sum(self.kills.values())

    def _run(self) -> None:
        while not self._stop.wait(self._dice.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)):
            for part in self._candidates():
                if self._has_lived(part) and self._strike(part):
                    self.kills[part] += 1
                    break

    def _candidates(self) -> list[str]:
        """In any order; the switch first when it is its time."""
        order = self._dice.sample(PARTS, len(PARTS))
        due = self.kills["asterisk"] <= (self.count - FIRST_SWITCH) // SWITCH_EVERY
        return ["asterisk", *order] if due else order

    def _has_lived(self, part: str) -> bool:
        """For some seconds since it came up."""
        if (part == "agi" and not self._accepts()) or (part == "web" and not self._answers()):
            self._up_since.pop(part, None)
            return False
        now = time.monotonic()
        up_since = self._up_since.setdefault(part, now)
        start_took = up_since - self._died_at.get(part, up_since)
        return now - up_since >= max(LIVES_SECONDS.get(part, 1.0), start_took)

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self._hotline.settings.agi_port)) == 0

    def _answers(self) -> bool:
        """The web server's port is kept while it is away: only an answer says that it is there."""
        url = f"http://127.0.0.1:{self._hotline.settings.web_port}/healthz"
        with suppress(OSError), urllib.request.urlopen(url, timeout=0.3) as answer:
            return bool(answer.status == 200)
        return False

    def _strike(self, part: str) -> bool:
        """Whether it was there to be killed."""
        self._up_since.pop(part, None)
        self._died_at[part] = time.monotonic()
        if part == "manager line":
            strike(self._hotline.data_dir, "agi", "manager_cut", 0.2)
            return True
        try:
            self._hotline.kill(part)
        except (AssertionError, psutil.Error):
            return False  # it is just being started
        if part == "asterisk":
            self.switch_deaths.append(time.time())
        if part == "redis" and self._dice.random() < WIPED_SHARE:
            self._wipe()
            self.kills["redis wiped"] += 1
            self.kills["redis"] -= 1
        return True

    def _wipe(self) -> None:
        with suppress(FileNotFoundError):
            for place in (self._hotline.data_dir / "redis").iterdir():
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.2) -> bool:
    """Whether it came to hold in that time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True
