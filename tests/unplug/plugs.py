"""What is pulled, by kill -9 of its own processes, and how it is known to be back.

SQL and Redis are servers of the campaign's own, away for eight seconds; the supervisor starts again what is its own.
"""

import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import psutil

from ivr.cli.run import _sip_answers
from tests.adapters.small_redis import SmallRedis
from tests.postgres import Postgres
from tests.real_asterisk.hotline import RunningHotline
from tests.unplug.timeline import Outage

AWAY_SECONDS: Final = 8.0
BACK_WITHIN_SECONDS: Final = 30.0


class Plugs:
    """Each method kills one part and comes back when it answers again."""

    def __init__(
        self,
        hotline: RunningHotline,
        postgres: Postgres,
        redis: SmallRedis,
        on_switch_death: Callable[[], None],
    ) -> None:
        self._hotline, self._postgres, self._redis = hotline, postgres, redis
        self._on_switch_death = on_switch_death

    def sql(self) -> Outage:
        began_at = time.time()
        postmaster = psutil.Process(self._postgres.pid)
        family = [postmaster, *postmaster.children()]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._postgres.stop(signal.SIGKILL)
        psutil.wait_procs(family, timeout=5)
        _until(began_at + AWAY_SECONDS)
        self._postgres.start()
        return Outage(part="SQL", began_at=began_at, ended_at=time.time())

    def redis(self) -> Outage:
        began_at = time.time()
        self._redis.stop()
        _until(began_at + AWAY_SECONDS)
        self._redis.start()
        return Outage(part="Redis", began_at=began_at, ended_at=time.time())

    def web(self) -> Outage:
        return self._killed("web", self._is_well)

    def agi(self) -> Outage:
        return self._killed("agi", lambda: _accepts(self._hotline.settings.agi_port))

    def asterisk(self) -> Outage:
        return self._killed("asterisk", lambda: _sip_answers(self._hotline.settings), self._on_switch_death)

    def _is_well(self) -> bool:
        """The port is kept while nobody is behind it: an answer alone says that somebody is."""
        url = f"http://127.0.0.1:{self._hotline.settings.web_port}/healthz"
        with suppress(OSError), urllib.request.urlopen(url, timeout=0.5) as answer:
            return bool(answer.status == 200)
        return False

    def _killed(
        self, part: str, is_back: Callable[[], bool], on_death: Callable[[], None] = lambda: None
    ) -> Outage:
        process = self._hotline.part(part)
        began_at = time.time()
        process.kill()
        on_death()
        psutil.wait_procs([process], timeout=5)
        until = time.monotonic() + BACK_WITHIN_SECONDS
        while not is_back():
            assert time.monotonic() < until, f"{part} did not come back:\n{self._hotline.output()}"
            time.sleep(0.05)
        return Outage(part=part, began_at=began_at, ended_at=time.time())


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
