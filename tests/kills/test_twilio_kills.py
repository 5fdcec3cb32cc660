"""Promises kept through Twilio while the server that orders and the one Twilio asks are killed again and again (R70).

Whom it rang and who spoke is what Twilio counted; a share of its orders fails in every way the interface can.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from config.settings import Settings, environment, load
from ivr.adapters.sql_callback_schema import callbacks
from ivr.adapters.system_clock import SystemClock
from ivr.cli.parts import web_argv
from ivr.policy.callback_guard import Allowed, Counts, judge_number
from tests.fakes.twilio_rest import FakeTwilioRest, served_rest
from tests.kills.judge import OPEN
from tests.kills.twilio_network import LiveTwilio
from tests.service.house import house
from tests.webhooks.twilio_callbacks_house import ACCOUNT, OURS, PUBLIC, RULES, TOKEN
from tests.webhooks.web_server import free_port

CUSTOMERS, AGENTS, KILLS = 30, 6, 6
POLICY = f"""
agent_ring_seconds = 3
wrap_up_seconds = 0
satisfaction = false
quiet_hours = []
allowed_regions = ["HK"]
twilio_number = "{OURS}"
twilio_calls_a_second = 20
"""
LIVES_SECONDS = (0.3, 1.5)  # from when both are up until one of them is killed
UP_SECONDS = 20.0
SETTLED_SECONDS = 75.0
PERHAPS_CALLED_AT_MOST = 2  # nobody can say whether a word was spoken: a person is asked
STILL_OWED_AT_MOST = 8  # claimed by who was killed before the order: their lease is longer than this test


class Parts:
    """The server with the floor loop, and the web server."""

    def __init__(self, settings: Settings, environ: dict[str, str]) -> None:
        self._ports = {"agi": settings.agi_port, "web": settings.web_port}
        self._argv = {
            "agi": [sys.executable, "-m", "agi_scripts.server"],
            "web": web_argv(settings),
        }
        self._environ = {**environment(), **environ}
        self._log = (settings.data_dir / "parts.log").open("ab")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._argv:
            self._start(name)

    def _start(self, name: str) -> None:
        self._running[name] = subprocess.Popen(
            self._argv[name],
            env=self._environ,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def await_up(self) -> None:
        """Until both listen."""
        until = time.monotonic() + UP_SECONDS
        while not all(map(_listens, self._ports.values())):
            assert time.monotonic() < until, "a part did not come up"
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """Without a word; it is started again at once."""
        self._end(name)
        self._start(name)

    def _end(self, name: str) -> None:
        os.killpg(self._running[name].pid, signal.SIGKILL)
        self._running[name].wait(10)

    def close(self) -> None:
        for name in self._running:
            self._end(name)
        self._log.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(settings: Settings, environ: dict[str, str]) -> Iterator[Parts]:
    parts = Parts(settings, environ)
    try:
        yield parts
    finally:
        parts.close()


def numbers(dice: Random) -> Iterator[str]:
    """Mobile numbers of Hong Kong."""
    while True:
        number = f"+852{dice.choice('569')}{dice.randrange(10**7):07}"
        if judge_number(number, Counts(), RULES) == Allowed():
            yield number


@pytest.mark.alone
@pytest.mark.timeout(150)
def test_customers_called_through_twilio_are_spoken_with_once_through_six_kills_r70(tmp_path: Path) -> None:
    dice = Random(1)
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    rest = FakeTwilioRest(ACCOUNT, TOKEN, SystemClock(), own=frozenset({OURS}), calls_a_second=20.0)
    with served_rest(rest) as api, house(tmp_path, RULES) as home:
        environ = {
            "HOTLINE_DATA_DIR": str(tmp_path),
            "HOTLINE_POLICY": str(policy),
            "REDIS_URL": "unix:///nowhere/redis.sock",
            **{f"HOTLINE_{name}_PORT": str(free_port()) for name in ("WEB", "AGI", "AMI", "SIP", "WS")},
            "PUBLIC_BASE_URL": PUBLIC,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_BASE_URL": api,
        }
        settings = load(environ)
        home.clock.move_to(SystemClock().now())
        given = numbers(dice)
        owed = [next(given) for _ in range(CUSTOMERS)]
        for each, number in enumerate(owed):
            home.promise(f"promise-{each}", number, due_in_seconds=3600)
        for agent in range(AGENTS):
            home.agent(f"agent{agent}")
        with (
            LiveTwilio(rest, PUBLIC, settings.web_port, TOKEN, seed=1) as twilio,
            running(settings, environ) as parts,
        ):
            for _ in range(KILLS):
                parts.await_up()
                time.sleep(dice.uniform(*LIVES_SECONDS))
                parts.kill(dice.choice(("agi", "web")))
            until = time.monotonic() + SETTLED_SECONDS
            while open_of(home.rows(callbacks)) and time.monotonic() < until:
                time.sleep(0.5)
            time.sleep(2)  # nobody is called a second time
        rows = {row["number"]: row["state"] for row in home.rows(callbacks)}
    assert rest.violations == []
    spoken = {number: twilio.talks[number] for number in owed}
    assert max(spoken.values()) == 1, "spoken with twice"
    done = {number for number, state in rows.items() if state == "done"}
    assert {number for number in done if not spoken[number]} == set(), "called done, and heard nobody"
    talked = {number for number, times in spoken.items() if times}
    assert {rows[number] for number in talked - done} <= {"dialing", "handed_over"}, (
        "spoken with, and to be called again"
    )
    left = [number for number, state in rows.items() if state in OPEN]
    assert set(rows.values()) <= OPEN | {"done", "handed_over"}
    assert list(rows.values()).count("handed_over") <= PERHAPS_CALLED_AT_MOST
    assert len(left) <= STILL_OWED_AT_MOST


def open_of(rows: list[dict[str, object]]) -> list[object]:
    """Whom we still owe a call."""
    return [row["number"] for row in rows if row["state"] in OPEN]
