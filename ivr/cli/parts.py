"""Runs one part of the hotline in the foreground, for a line of the Procfile.

A part that is a program of its own takes over this process (exec), so that the supervisor's signals reach it
with nobody between. All run in the repository's root; what they write lies in the data directory.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final, NoReturn

from config.settings import Settings
from ivr.cli import embedded_redis

WEB_THREADS: Final = 400  # a stream waits in a thread of its own; 300 of them at most (ivr.service.live_feed)


def run_redis(settings: Settings) -> NoReturn:
    if settings.redis_url is not None:
        _idle("REDIS_URL is set: no server of our own is needed")
    embedded_redis.prepare(settings)
    become(settings, embedded_redis.redis_argv(settings))


def run_web(settings: Settings) -> NoReturn:
    become(settings, web_argv(settings))


def web_argv(settings: Settings) -> list[str]:
    """One process, many threads: event streams wait cheaply, and one process sees them all."""
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    # fmt: off
    return [
        sys.executable, "-m", "gunicorn",
        "--worker-class", "gthread",
        "--workers", "1",
        "--threads", str(WEB_THREADS),
        "--config", "python:webhooks.server_settings",
        "--bind", f"{host}:{settings.web_port}",
        "--graceful-timeout", "3",  # an open event stream must not outlast the supervisor's patience
        "--no-control-socket",  # it would be made in HOME
        "webhooks.app:create_app()",
    ]
    # fmt: on


def become(settings: Settings, argv: list[str]) -> NoReturn:
    """This process is that program from now on."""
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
