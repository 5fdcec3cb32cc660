"""The web process as `make run` starts it, with a Redis and a database of its own; any of them can be killed."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import Settings, environment, load
from ivr.adapters.redis_live import RedisLive
from ivr.cli.parts import web_argv
from tests.adapters.rows import Database
from tests.adapters.small_redis import SmallRedis
from tests.webhooks.pages import HASH, PEOPLE

ANSWERS_WITHIN_SECONDS = 60.0


class WebServer:
    """Its people are tests.webhooks.pages.PEOPLE."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.redis = SmallRedis()
        port = free_port()
        self.environ = {
            "HOTLINE_DATA_DIR": str(directory),
            "REDIS_URL": self.redis.url,
            "HOTLINE_WEB_PORT": str(port),
            **environ,
        }
        self.settings: Settings = load(self.environ)
        self.base_url = f"http://127.0.0.1:{port}"
        self.database = Database(self.settings.database_url)
        for login, role in PEOPLE.items():
            self.database.add_agent(login, "offline", role=role.value, password=HASH)
        self.news = RedisLive(self.redis.url)
        self._log = (directory / "web.log").open("ab")
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        environ = {**environment(), **self.environ}
        self._process = subprocess.Popen(
            web_argv(self.settings), env=environ, stdout=self._log, stderr=self._log, start_new_session=True
        )
        until = time.monotonic() + ANSWERS_WITHIN_SECONDS
        while not self.answers():
            assert self._process.poll() is None, "the web server ended"
            assert time.monotonic() < until, "the web server did not start"
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of the arbiter; the worker is its child."""
        return self._process.pid

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """Arbiter and worker, without a word."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def say(self, number: signal.Signals) -> None:
        """To both of them."""
        os.killpg(self._process.pid, number)

    def close(self) -> None:
        self.kill()
        self.redis.close()
        self.database.engine.dispose()
        self._log.close()


@contextmanager
def running_web_server(directory: Path, **environ: str) -> Iterator[WebServer]:
    server = WebServer(directory, **environ)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
