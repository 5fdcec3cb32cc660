"""The cases of the campaign: what breaks, when within a case's time, and for how long.

A case is a function of its scene; it strikes while callers dial, ring, listen, talk and wait, and mends what does
not mend itself. `make faults` runs them whole, `make test` in short.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ivr.cli.run import _sip_answers
from tests.faults.fault_file import heal, strike
from tests.faults.judge import Outage
from tests.faults.sick_server import KINDS
from tests.real_asterisk.hotline import ROOT, RunningHotline

WRITERS: Final = ("agi", "relay", "records")


@dataclass
class Scene:
    """One case as it happens: a hotline, when its callers began to dial, and what it knows about the switch."""

    hotline: RunningHotline
    whole: bool
    began: float = field(default_factory=time.monotonic)
    outages: list[Outage] = field(default_factory=list)

    def at(self, whole_seconds: float, short_seconds: float) -> None:
        """Waits for that moment of the case."""
        time.sleep(max(0.0, self.began + self.so_long(whole_seconds, short_seconds) - time.monotonic()))

    def so_long(self, whole_seconds: float, short_seconds: float) -> float:
        return whole_seconds if self.whole else short_seconds

    @property
    def data_dir(self) -> Path:
        return self.hotline.data_dir


@dataclass(frozen=True, kw_only=True)
class Case:
    """`seconds` before the next case may begin, whole and in short; `happen` comes back when all is mended.

    `alone`: it begins only when the callers of the cases before it are through.
    """

    name: str
    happen: Callable[[Scene], None]
    seconds: tuple[float, float]
    alone: bool = False


def _server_is(kind: str) -> Callable[[Scene], None]:
    """The running server falls ill and stays so until it is killed.

    First while callers arrive; again when the first of them come to their pickup; then with every successor.
    """

    def happen(scene: Scene) -> None:
        scene.at(5.0, 1.5)
        strike(scene.data_dir, "agi", kind)
        if scene.whole:
            scene.at(14.0, 0)
            strike(scene.data_dir, "agi", kind)
            scene.at(22.0, 0)
            strike(scene.data_dir, "agi", kind, 8.0)

    return happen


def _sql_is_locked(scene: Scene) -> None:
    """BEGIN EXCLUSIVE of another process."""
    scene.at(2.0, 1.0)
    seconds = scene.so_long(30.0, 8.0)
    book = scene.hotline.settings.database_url.removeprefix("sqlite:///")
    argv = [sys.executable, "-m", "tests.faults.hold_lock", book, f"{seconds}"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 30)
    assert done.stdout == "held\n", done.stderr


def _sql_disk_is(kind: str) -> Callable[[Scene], None]:
    """Every process that writes the database has such a disk."""

    def happen(scene: Scene) -> None:
        scene.at(3.0, 1.0)
        seconds = scene.so_long(20.0, 6.0)
        for part in WRITERS:
            strike(scene.data_dir, part, kind, seconds)
        time.sleep(seconds)
        for part in WRITERS:
            heal(scene.data_dir, part)

    return happen


def _redis_is_stopped(scene: Scene) -> None:
    scene.at(3.0, 1.0)
    with scene.hotline.stopped("redis"):
        time.sleep(scene.so_long(10.0, 3.0))


def _redis_is_wiped(scene: Scene) -> None:
    scene.at(4.0, 1.5)
    scene.hotline.kill("redis")
    with suppress(FileNotFoundError):
        for place in (scene.data_dir / "redis").iterdir():
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)


def _manager_line_is_cut(scene: Scene) -> None:
    """Every connection to the switch's manager ends as soon as it is made."""
    scene.at(3.0, 1.0)
    strike(scene.data_dir, "agi", "manager_cut", scene.so_long(10.0, 4.0))


def _switch_is_killed(scene: Scene) -> None:
    """kill -9; the supervisor starts it again."""
    scene.at(8.0, 3.0)
    began_at = time.time()
    scene.hotline.kill("asterisk")
    dead_at = time.time()
    time.sleep(0.3)
    until = time.monotonic() + 20
    while not _sip_answers(scene.hotline.settings):
        assert time.monotonic() < until, scene.hotline.output()
        time.sleep(0.05)
    scene.outages.append(Outage(began_at=began_at, dead_at=dead_at, ended_at=time.time()))


CASES: Final = (
    *(Case(name=f"server {kind}", happen=_server_is(kind), seconds=(32.0, 7.0)) for kind in KINDS),
    Case(name="SQL locked", happen=_sql_is_locked, seconds=(36.0, 10.0)),
    Case(name="SQL disk full", happen=_sql_disk_is("disk_full"), seconds=(28.0, 9.0)),
    Case(name="SQL disk error", happen=_sql_disk_is("disk_error"), seconds=(28.0, 9.0)),
    Case(name="Redis stopped", happen=_redis_is_stopped, seconds=(20.0, 5.0)),
    Case(name="Redis wiped", happen=_redis_is_wiped, seconds=(20.0, 5.0)),
    Case(name="manager line cut", happen=_manager_line_is_cut, seconds=(20.0, 5.0)),
    Case(name="Asterisk killed", happen=_switch_is_killed, seconds=(30.0, 7.0), alone=True),
)
