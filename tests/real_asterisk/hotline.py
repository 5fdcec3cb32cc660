"""A whole hotline for tests: the product's own `hotline run` on ports and in a directory of its own.

Tests drive it from outside (SIP, the command line, signals) and judge by telephones' logs and by the tables.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import sqlalchemy as sa

from config.settings import Settings, load
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import agents, calls, records, ring_backs
from ivr.bootstrap import agents_service
from ivr.cli.private_asterisk import Program, find_sipp
from tests.real_asterisk.sip.phones import PATIENCE_SECONDS, AgentPhone, Caller
from tests.template import at_newest_schema

ROOT = Path(__file__).resolve().parent.parent.parent
NUMBER = "4001234567"


def sipp() -> Program:
    """The installed sipp; a test run without it fails and says what to do."""
    program = find_sipp(ROOT / ".tools")
    assert program is not None, "no sipp: `make test` installs it into .tools"
    return program


class RunningHotline:
    """`policy` is TOML laid over the shipped policy; entering waits for /readyz and the SIP port.

    `procfile` stands in for the repository's: parts that fall ill on request.
    """

    def __init__(
        self,
        data_dir: Path,
        policy: str = "",
        env: Mapping[str, str] | None = None,
        procfile: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self._options = [] if procfile is None else ["--procfile", str(procfile)]
        data_dir.mkdir(parents=True, exist_ok=True)
        policy_path = data_dir / "policy.toml"
        policy_path.write_text(policy, "utf-8")
        self.environ = {
            "PATH": os.environ["PATH"],  # noqa: TID251 # handed on as it is, nothing of it is read here
            "HOTLINE_DATA_DIR": str(data_dir),
            "HOTLINE_POLICY": str(policy_path),
            **_ports(),
            **(env or {}),
        }
        self.settings: Settings = load(self.environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._engine: sa.Engine | None = None
        at_newest_schema(self.settings.database_url)
        self.sipp = sipp()

    # ---- running --------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()  # what did not get ready in time would run on, and keep its ports
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, seconds: float = 40) -> None:
        """Starts `hotline run` and waits until it is ready."""
        argv = [sys.executable, "-m", "ivr", "run", *self._options]
        with (self.data_dir / "run.out").open("ab") as out:
            self._process = subprocess.Popen(
                argv, cwd=ROOT, env=self.environ, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        wait_until(lambda: "3/3 ready" in self.output(), seconds, lambda: self.output() + self.logs())

    def stop(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def output(self) -> str:
        """What `hotline run` printed."""
        return (self.data_dir / "run.out").read_text("utf-8")

    def log(self, part: str) -> str:
        """One part's log."""
        path = self.settings.log_dir / f"{part}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def logs(self) -> str:
        """The ends of all logs, for whoever reads a failed test."""
        paths = sorted(self.settings.log_dir.glob("*.log"))
        return "\n".join(f"--- {p.name}\n{p.read_text('utf-8', 'replace')[-2000:]}" for p in paths)

    def part(self, name: str) -> psutil.Process:
        """The process of one part of the Procfile, as it runs now."""
        assert self._process is not None
        marks = {
            "agi": "agi_scripts.server",
            "asterisk": "asterisk.conf",
            "web": "gunicorn",
            "relay": "part relay",
            "records": "part worker records",
            "redis": "redis",
        }
        for child in psutil.Process(self._process.pid).children():
            try:
                if marks[name] in " ".join(child.cmdline()):
                    return child
            except psutil.Error:
                continue
        raise AssertionError(f"{name} is not running:\n{self.output()}")

    def kill(self, name: str) -> None:
        """kill -9 of one part."""
        self.part(name).kill()

    def wait_for_agi(self, seconds: float = 10) -> None:
        """Until the FastAGI server accepts."""

        def accepts() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.settings.agi_port)) == 0

        wait_until(accepts, seconds, self.logs)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """One part frozen (SIGSTOP) for as long as the block runs."""
        process = self.part(name)
        process.suspend()
        try:
            yield
        finally:
            if process.is_running():
                process.resume()

    def readyz(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        url = f"http://127.0.0.1:{self.settings.web_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def command(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """`hotline ARGUMENTS` as a person would type it."""
        return subprocess.run(
            [sys.executable, "-m", "ivr", *arguments],
            cwd=ROOT,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
        )

    # ---- people ---------------------------------------------------------------------------------------------

    def add_agent(self, login: str, phone: str, state: str | None = "available") -> None:
        """An agent with that phone, put into that state."""
        service = agents_service(self.settings)
        service.add(login, login.title(), phone)
        if state is not None:
            service.choose(login, state)

    def set_agent(self, login: str, state: str) -> None:
        agents_service(self.settings).choose(login, state)

    def phone(self, login: str, **options: Any) -> AgentPhone:
        """A bare telephone for a new agent of that login; enter it, then `add_agent(login, phone.address)`."""
        return AgentPhone(self.sipp, server_port=self.settings.sip_port, user=login, **options)

    def caller(self, number: str = "13800138000", **options: Any) -> Caller:
        """A caller who dials when entered."""
        return Caller(
            self.sipp,
            server_port=self.settings.sip_port,
            to=options.pop("to", NUMBER),
            number=number,
            **options,
        )

    # ---- the tables -----------------------------------------------------------------------------------------

    def rows(self, statement: sa.Select[Any]) -> list[dict[str, Any]]:
        if self._engine is None:
            self._engine = read_engine(self.settings.database_url)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]

    def calls(self, number: str | None = None) -> list[dict[str, Any]]:
        """Rows of calls, all or those of one caller (as dialled nationally), oldest first."""
        statement = sa.select(calls).order_by(calls.c.presented_at, calls.c.id)
        if number is not None:
            statement = statement.where(calls.c.caller.in_((f"+86{number}", f"raw:{number}")))
        return self.rows(statement)

    def call(self, number: str = "13800138000") -> dict[str, Any]:
        """The one call of that caller."""
        found = self.calls(number)
        assert len(found) == 1, found
        return found[0]

    def ended_call(self, number: str = "13800138000", seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The one call of that caller, once it has ended."""
        wait_until(
            lambda: len(self.calls(number)) == 1 and self.calls(number)[0]["ended_at"] is not None,
            seconds,
            lambda: f"{self.calls(number)}\n{self.logs()}",
        )
        return self.call(number)

    def agent(self, login: str) -> dict[str, Any]:
        return self.rows(sa.select(agents).where(agents.c.login == login))[0]

    def records(self) -> list[dict[str, Any]]:
        return self.rows(sa.select(records).order_by(records.c.id))

    def ring_backs(self) -> list[dict[str, Any]]:
        return self.rows(sa.select(ring_backs).order_by(ring_backs.c.id))

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Until it holds; else the logs."""
        wait_until(condition, seconds, self.logs)


def seconds_after_presented(call: Mapping[str, Any], moment: datetime | None) -> float:
    """A moment of a call on the ring clock."""
    assert moment is not None
    return float((moment - call["presented_at"]).total_seconds())


def wait_until(condition: Callable[[], bool], seconds: float, story: Callable[[], str]) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s:\n{story()}")
        time.sleep(0.02)


def _ports() -> dict[str, str]:
    """Ports nobody has, below the kernel's own range; RTP a block of two hundred."""
    names = ("WEB_PORT", "AGI_PORT", "SIP_PORT", "AMI_PORT", "WS_PORT")
    ports: list[int] = []
    while len(ports) < len(names):
        port = random.randrange(4000, 10500)
        if port not in ports and _is_free(port):
            ports.append(port)
    first = random.randrange(100, 145) * 200
    rtp = {"HOTLINE_RTP_PORTS": f"{first}-{first + 199}"}
    return {**{f"HOTLINE_{name}": str(port) for name, port in zip(names, ports, strict=True)}, **rtp}


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
