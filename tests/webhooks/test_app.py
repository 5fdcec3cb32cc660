"""The process says that it lives; readiness says what does not."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from config.settings import Settings, load
from tests.adapters.small_redis import SmallRedis
from tests.template import at_newest_schema
from webhooks.app import create_app


@pytest.fixture
def server() -> Iterator[SmallRedis]:
    server = SmallRedis()
    yield server
    server.close()


def settings_in(directory: Path, redis_url: str) -> Settings:
    return load({"HOTLINE_DATA_DIR": str(directory), "REDIS_URL": redis_url})


def test_the_process_lives_whatever_is_missing_around_it(tmp_path: Path) -> None:
    answer = create_app(settings_in(tmp_path, "unix:///nowhere/redis.sock")).test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_with_nothing_around_it_the_web_is_not_ready_and_says_why_at_once(tmp_path: Path) -> None:
    web = create_app(settings_in(tmp_path, "unix:///nowhere/redis.sock")).test_client()
    began = time.monotonic()
    answer = web.get("/readyz")
    assert time.monotonic() - began < 1
    assert answer.status_code == 503
    assert answer.json is not None
    details = {name: check["detail"] for name, check in answer.json["checks"].items()}
    assert details == {
        "database": "OperationalError",
        "migrations": "OperationalError",
        "redis": "ConnectionError",
        "worker": "ConnectionError",
    }
    assert not (tmp_path / "hotline.db").exists()


def test_with_everything_there_the_web_is_ready_and_without_a_worker_it_is_not(
    tmp_path: Path, server: SmallRedis
) -> None:
    settings = settings_in(tmp_path, server.url)
    at_newest_schema(settings.database_url)
    web = create_app(settings).test_client()
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert {name for name, check in answer.json["checks"].items() if not check["ok"]} == {"worker"}
    worker = SimpleWorker(["records"], connection=server.client(), serializer=JSONSerializer, worker_ttl=60)
    worker.register_birth()  # type: ignore[no-untyped-call]  # RQ has no type for it
    answer = web.get("/readyz")
    assert answer.status_code == 200, answer.json
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_worker_that_went_silent_is_not_ready(tmp_path: Path, server: SmallRedis) -> None:
    settings = settings_in(tmp_path, server.url)
    worker = SimpleWorker(["records"], connection=server.client(), serializer=JSONSerializer, worker_ttl=60)
    worker.register_birth()  # type: ignore[no-untyped-call]  # RQ has no type for it
    server.client().hset(worker.key, "last_heartbeat", "2020-01-01T00:00:00.000000Z")
    answer = create_app(settings).test_client().get("/readyz")
    assert answer.json is not None
    assert answer.json["checks"]["worker"]["detail"].startswith("not heard of for")
