"""An RQ worker, for a line of the Procfile."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Final, NoReturn

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import SimpleWorker
from rq.worker_registration import REDIS_WORKER_KEYS

from config.redis_address import redis_url
from config.settings import Settings

REDIS_STARTS_WITHIN_SECONDS: Final = 10.0
LOOK_FOR_ONESELF_SECONDS: Final = 1.0


def run_worker(settings: Settings, queue: str) -> NoReturn:
    """An RQ worker for this one queue: with two, a kill between pop and registry loses the job."""
    os.chdir(settings.root)
    worker = make_worker(settings, queue)
    # Its own log line for a job would show the arguments, and a caller's number among them.
    worker.log_job_description = False
    worker.max_connection_wait_time = 2.0
    threading.Thread(target=_end_when_forgotten, args=(worker,), daemon=True).start()
    worker.work(with_scheduler=False)
    sys.exit(0)


def _end_when_forgotten(worker: SimpleWorker) -> None:
    """A wiped Redis knows no workers, and RQ makes one known only at its birth: be born again."""
    forgotten = 0
    while forgotten < 2:
        time.sleep(LOOK_FOR_ONESELF_SECONDS)
        with suppress(redis.RedisError):
            known = worker.connection.sismember(REDIS_WORKER_KEYS, worker.key)
            forgotten = 0 if known else forgotten + 1
    os.kill(os.getpid(), signal.SIGTERM)


def make_worker(settings: Settings, queue: str) -> SimpleWorker:
    """Without a fork a job: forking and importing anew cost 59 ms of CPU, the job itself one or two.

    Our jobs are short and bounded by their database budget; a job that kills its worker is rung for again.
    """
    return SimpleWorker(
        queue,
        connection=_patient(redis_client(settings)),
        serializer="rq.serializers.JSONSerializer",
        job_class="ivr.jobs.allowed.AllowedJob",
        maintenance_interval=30,
        worker_ttl=60,  # a heartbeat every 45 s: /readyz calls a worker missing after 90
    )


def redis_client(settings: Settings) -> redis.Redis:
    """Repeats nothing: a command whose reply was lost may have been carried out."""
    return redis.Redis.from_url(redis_url(settings), retry=Retry(NoBackoff(), 0))


def _patient(client: redis.Redis) -> redis.Redis:
    """At the start of everything Redis may come up a moment later than its worker."""
    until = time.monotonic() + REDIS_STARTS_WITHIN_SECONDS
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return client
