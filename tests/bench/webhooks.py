"""The second door's first webhook, whole, beside a bare route: how many a second, how late, at what cost.

Two servers started alike stand side by side; windows on one and on the other alternate, so that whatever else the
machine does meets both.
"""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from config.settings import environment, load
from ivr.adapters.sql_schema import calls
from ivr.cli.parts import web_argv
from tests.bench.bare_webhook import ACCOUNT, PUBLIC, TOKEN
from tests.bench.load import percentile
from tests.bench.processes import cpu_seconds, tree
from tests.bench.web_load import WebWindow, as_many_as_it_takes, so_many_a_second, webhook
from tests.webhooks.web_server import free_port, running_web_server

LINES = 64  # connections at once: whoever waits for a commit keeps no core idle
WINDOW_SECONDS, WINDOWS = 3.0, 6
HALF_SECONDS = 8.0
MOST_A_SECOND = 4000  # so many are signed beforehand for each second of a window
START_SECONDS = 60.0
BARE = "tests.bench.bare_webhook:create_app()"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One server. `a_second`: the median window; times and cost are those at half of it.

    `lost` were answered and not written; `client_busy` is the share of a core the load itself took, at most.
    """

    name: str
    a_second: float
    windows: tuple[float, ...]
    failed: int
    lost: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    client_busy: float


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    hotline: Side
    bare: Side

    @property
    def ratio(self) -> float:
        return self.hotline.a_second / self.bare.a_second


@dataclass
class Server:
    """`written` counts its calls, None for one that writes nothing."""

    name: str
    port: int
    pid: int
    written: Callable[[], int] | None = None
    windows: list[WebWindow] = field(default_factory=list)

    @property
    def a_second(self) -> float:
        return median(window.a_second for window in self.windows)


def measure_webhooks(directory: Path, say: Say) -> Webhooks:
    """About a minute."""
    numbers = count(1)
    with ExitStack() as stack:
        hotline = stack.enter_context(_hotline(directory / "webhooks"))
        bare = stack.enter_context(_bare(directory / "bare"))
        for server in (hotline, bare):
            as_many_as_it_takes(server.port, signed(numbers, 2.0), lines=LINES, seconds=2.0)
        before = hotline.written() if hotline.written else 0
        for window in range(WINDOWS):
            pair = (hotline, bare) if window % 2 == 0 else (bare, hotline)  # neither is always the first
            for server in pair:
                _window(server, numbers, say)
        return Webhooks(
            hotline=_at_half(hotline, numbers, say, before), bare=_at_half(bare, numbers, say, before)
        )


def signed(numbers: Iterator[int], seconds: float, rate: float = MOST_A_SECOND) -> Iterator[bytes]:
    """Enough for so long, made before the first is sent."""
    return iter([webhook(next(numbers)) for _ in range(round(rate * seconds) + LINES)])


def _window(server: Server, numbers: Iterator[int], say: Say) -> None:
    requests = signed(numbers, WINDOW_SECONDS)
    window = as_many_as_it_takes(server.port, requests, lines=LINES, seconds=WINDOW_SECONDS)
    server.windows.append(window)
    say(
        f"  {server.name}: {window.a_second:.0f} webhooks/s, {window.failed} failed, client {window.busy:.0%} busy"
    )


def _at_half(server: Server, numbers: Iterator[int], say: Say, before: int) -> Side:
    rate = server.a_second / 2
    requests = signed(numbers, HALF_SECONDS, rate)
    spent = cpu_seconds(tree(server.pid)).total()
    window = so_many_a_second(server.port, requests, rate=rate, seconds=HALF_SECONDS)
    spent = cpu_seconds(tree(server.pid)).total() - spent
    side = Side(
        name=server.name,
        a_second=server.a_second,
        windows=tuple(each.a_second for each in server.windows),
        failed=window.failed + sum(each.failed for each in server.windows),
        lost=_lost(server, (*server.windows, window), before),
        p50_ms=percentile(window.seconds, 0.5) * 1000,
        p99_ms=percentile(window.seconds, 0.99) * 1000,
        cpu_ms=spent / max(1, len(window.seconds)) * 1000,
        client_busy=max(each.busy for each in server.windows),
    )
    say(
        f"  {server.name} at {rate:.0f}/s: p50 {side.p50_ms:.1f} p99 {side.p99_ms:.1f} ms, {side.cpu_ms:.2f} ms of CPU"
    )
    return side


def _lost(server: Server, windows: tuple[WebWindow, ...], before: int) -> int:
    """Answered, and not in the book: it is written before it is said, so none."""
    if server.written is None:
        return 0
    return max(0, sum(len(window.seconds) for window in windows) - (server.written() - before))


@contextmanager
def _hotline(directory: Path) -> Iterator[Server]:
    """The web part as `make run` starts it, with a Redis; nobody is on duty."""
    directory.mkdir(parents=True)
    account = {"PUBLIC_BASE_URL": PUBLIC, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    with running_web_server(directory, **account) as web:
        yield Server(
            name="the hotline's, full policy",
            port=web.settings.web_port,
            pid=web.pid,
            written=lambda: len(web.database.rows(calls)),
        )


@contextmanager
def _bare(directory: Path) -> Iterator[Server]:
    """The same command line, but for the application."""
    directory.mkdir(parents=True)
    port = free_port()
    settings = load({"HOTLINE_DATA_DIR": str(directory), "HOTLINE_WEB_PORT": str(port)})
    argv = [*web_argv(settings)[:-1], BARE]
    with (directory / "web.log").open("ab") as log:
        process = subprocess.Popen(argv, cwd=settings.root, env=environment(), stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert process.poll() is None, "the bare server ended"
            assert time.monotonic() < until, "the bare server did not start"
            time.sleep(0.05)
        yield Server(name="a bare route", port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
