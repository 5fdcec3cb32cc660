"""Runs one part of the hotline in the foreground, for a line of the Procfile.

A part that is a program of its own takes over this process (exec), so that the supervisor's signals reach it
with nobody between. All run in the repository's root; what they write lies in the data directory.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NoReturn

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import SimpleWorker
from rq.worker_registration import REDIS_WORKER_KEYS

from config.redis_address import redis_url
from config.settings import Settings
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.cli import asterisk_config, embedded_redis
from ivr.cli.masked_log import go_through_masking
from ivr.cli.private_asterisk import find_asterisk

WEB_THREADS: Final = 16
REDIS_STARTS_WITHIN_SECONDS: Final = 10.0
LOOK_FOR_ONESELF_SECONDS: Final = 1.0


def run_redis(settings: Settings) -> NoReturn:
    if settings.redis_url is not None:
        _idle("REDIS_URL is set: no server of our own is needed")
    embedded_redis.prepare(settings)
    _become(settings, embedded_redis.redis_argv(settings))


def run_web(settings: Settings) -> NoReturn:
    _become(settings, web_argv(settings))


def web_argv(settings: Settings) -> list[str]:
    """One process, many threads: event streams wait cheaply, and one process sees them all."""
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    # fmt: off
    return [
        sys.executable, "-m", "gunicorn",
        "--worker-class", "gthread",
        "--workers", "1",
        "--threads", str(WEB_THREADS),
        "--bind", f"{host}:{settings.web_port}",
        "--graceful-timeout", "3",  # an open event stream must not outlast the supervisor's patience
        "--no-control-socket",  # it would be made in HOME
        "webhooks.app:create_app()",
    ]
    # fmt: on


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


def run_asterisk(settings: Settings, accounts: Iterable[SipAccount]) -> NoReturn:
    """Asterisk with freshly rendered files; `accounts` are the registering phones."""
    asterisk = find_asterisk(settings.tools_dir)
    if asterisk is None:
        sys.exit("no Asterisk, neither on PATH nor in .tools: `.venv/bin/hotline install-tools` unpacks one")
    config = asterisk_config.render(settings, asterisk, accounts)
    os.umask(0o077)  # its log names the AGI address with its token, its call log the callers
    go_through_masking(settings.log_dir / "asterisk-messages.log")
    _become(settings, [*asterisk.argv, "-fn", "-C", str(config)])


def _become(settings: Settings, argv: list[str]) -> NoReturn:
    os.chdir(settings.root)
    sys.stdout.flush()
    os.execv(argv[0], argv)  # noqa: S606  a list, never a shell


def _idle(why: str) -> NoReturn:
    """A part with nothing to do stays: other Procfile runners end everything when one part ends."""
    sys.stdout.write(f"{why}\n")
    sys.stdout.flush()
    while True:
        signal.pause()


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT end a part that runs in this process."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
