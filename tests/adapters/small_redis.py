"""A real Redis-compatible server of our own on a unix socket, that can be stopped and wiped."""

import subprocess
import tempfile
import time
from pathlib import Path

import redis

from ivr.adapters.rq_jobs import redis_client
from ivr.cli.embedded_redis import find_server


class SmallRedis:
    """Ends with `close`; keeps nothing on disk, so a restart is a wipe."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(
            prefix="hotline-redis-"
        )  # a socket's path must be short
        self._socket = Path(self._directory.name) / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        # fmt: off
        self._process = subprocess.Popen([
            str(find_server()), "--port", "0", "--unixsocket", str(self._socket), "--save", "",
            "--appendonly", "no", "--dir", self._directory.name,
        ], stdout=subprocess.DEVNULL)
        # fmt: on
        end = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < end, "the Redis server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def close(self) -> None:
        self.stop()
        self._directory.cleanup()

    def client(self) -> redis.Redis:
        return redis_client(self.url)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
