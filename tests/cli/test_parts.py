"""Each part runs as the one process the supervisor knows, with the settings it was given."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from config import redis_address
from config.settings import load
from ivr.cli.parts import web_argv
from ivr.cli.worker import redis_client

BECOME_REDIS = """
import sys
from pathlib import Path
from config.settings import load
from ivr.cli.parts import run_redis
run_redis(load(dict(arg.split("=", 1) for arg in sys.argv[2:]), Path(sys.argv[1])))
"""

BECOME_AN_IMPATIENT_RELAY = """
from ivr.adapters import attempt_fences
from ivr.cli.main import hotline
attempt_fences.CLEARED_EVERY_SECONDS = 0.05
hotline(["part", "relay"])
"""


def redis_part(root: Path, *environ: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", BECOME_REDIS, str(root), *environ]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_the_web_part_is_one_process_on_the_address_it_was_given(tmp_path: Path) -> None:
    argv = web_argv(load({"HOTLINE_BIND": "::1", "HOTLINE_WEB_PORT": "81"}, tmp_path))
    assert argv[argv.index("--bind") + 1] == "[::1]:81"
    assert argv[argv.index("--workers") + 1] == "1"
    assert "--access-logfile" not in argv


def test_the_redis_part_becomes_the_server_itself(tmp_path: Path) -> None:
    with redis_part(tmp_path) as process:
        assert process.stdout
        try:
            assert any("Ready to accept connections" in line for line in process.stdout)
            with redis_client(load({}, tmp_path)) as client:
                assert client.info("server")["process_id"] == process.pid
        finally:
            process.terminate()


def test_with_a_redis_of_your_own_the_redis_part_waits_and_starts_no_server(tmp_path: Path) -> None:
    with redis_part(tmp_path, "REDIS_URL=redis://127.0.0.1:1/0") as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "REDIS_URL is set: no server of our own is needed\n"
            assert process.poll() is None
            assert not redis_address.socket_path(load({}, tmp_path)).exists()
        finally:
            process.terminate()


def test_a_job_command_whose_reply_was_lost_is_not_repeated(tmp_path: Path) -> None:
    client = redis_client(load({"REDIS_URL": "redis://127.0.0.1:1/0"}, tmp_path))
    with pytest.raises(redis.ConnectionError):
        client.ping()
    retry = client.get_retry()
    assert retry
    assert retry.get_retries() == 0


def test_the_relay_part_clears_away_fences_of_callbacks_that_are_days_old(tmp_path: Path) -> None:
    attempts = tmp_path / "spool" / "attempts"
    attempts.mkdir(parents=True)
    old, new = attempts / "1-1-0badc0de", attempts / "2-1-0badc0de"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    environ = {"HOTLINE_DATA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"}
    with subprocess.Popen([sys.executable, "-c", BECOME_AN_IMPATIENT_RELAY], env=environ) as process:
        try:
            until = time.monotonic() + 20
            while old.exists():
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            process.terminate()
    assert new.exists()
