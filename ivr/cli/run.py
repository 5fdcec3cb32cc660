"""`hotline run`: database, demo agents, then every process of the Procfile; at the end the addresses to use."""

import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from config.secrets import load_or_create
from config.settings import Settings, environment
from ivr.adapters.sql_agents import SqlAgents
from ivr.adapters.sql_migrations import SchemaFromElsewhereError, migrate
from ivr.adapters.system_clock import SystemClock
from ivr.bootstrap.pages import people
from ivr.cli.addresses import own_host, sip_address, web_address
from ivr.cli.canary import canary
from ivr.cli.procfile import Part, parse_procfile
from ivr.cli.supervisor import Supervisor
from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.people import made_password

READY_WITHIN_SECONDS = 60.0
WEB_BACKLOG = 512  # who may wait while the web server is started again
DEMO_AGENTS = (("wang", "王芳"), ("li", "李强"))
ADMIN = "admin"
FIRST_START = "(first start)"  # in the place of whoever made them


def parts_of(procfile: Path) -> list[Part]:
    """The processes a Procfile names."""
    return parse_procfile(procfile.read_text("utf-8"), environment())


def run_everything(settings: Settings, rules: Rules, parts: Sequence[Part]) -> int:
    """Until Ctrl-C; the exit code."""
    _say(f"三声热线 · data in {settings.data_dir} · logs in {settings.log_dir}")
    about = {"web": web_address(settings), "sip": sip_address(settings)}
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # what will lie in it names callers
    _say("1/3 database")
    try:
        migrate(settings.database_url)
    except SchemaFromElsewhereError as error:
        _say(str(error))
        return 1
    logins = first_logins(settings)
    _say(f"2/3 starting {', '.join(part.name for part in parts)}")
    lock = settings.data_dir / "run.lock"
    probes = {"agi": canary(settings.agi_port, load_or_create(settings.data_dir).agi_token)}
    with _web_socket(settings) as web:
        supervisor = Supervisor(
            parts,
            settings.log_dir,
            lock,
            _say,
            about=about,
            cwd=settings.root,
            probes=probes,
            sockets={} if web is None else {"web": web},
        )
        return supervisor.run(ready=partial(_when_ready, settings, rules, logins))


@contextmanager
def _web_socket(settings: Settings) -> Iterator[socket.socket | None]:
    """Kept open while the web server is started again: Twilio's webhooks wait a moment instead of being refused.

    None where it cannot be had (the port is taken): the web server says so itself, in its log.
    """
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    try:
        web = socket.create_server((settings.bind, settings.web_port), family=family, backlog=WEB_BACKLOG)
    except OSError:
        yield None
        return
    with web:
        yield web


def first_logins(settings: Settings) -> list[str]:
    """One line for each login made now, with what its person needs; shown once."""
    return [*_demo_agents(settings), *_first_admin(settings)]


def _demo_agents(settings: Settings) -> list[str]:
    """An empty database gets two, so that the first call can be answered by somebody."""
    if SqlAgents(settings.database_url, SystemClock()).count():
        return []
    lines = []
    for login, name in DEMO_AGENTS:
        password = made_password()
        account = people(settings).add(FIRST_START, login, name, "agent", "endpoint:NEW", password)
        assert account is not None
        lines.append(
            f"  {name} ({login}): SIP user {account.name}  secret {account.secret}  password {password}"
        )
    return lines


def _first_admin(settings: Settings) -> list[str]:
    """Somebody has to make the others' logins. Where his login is taken, there is somebody already."""
    service = people(settings)
    if any(login.role is Role.ADMIN or login.login == ADMIN for login in service.everybody()):
        return []
    password = made_password()
    service.add(FIRST_START, ADMIN, "管理员", Role.ADMIN.value, "", password)
    return [f"  管理员 ({ADMIN}): password {password}  (administration, takes no calls)"]


def _when_ready(settings: Settings, rules: Rules, logins: list[str]) -> None:
    started = time.monotonic()
    trouble: str | None = "not asked yet"
    while time.monotonic() - started < READY_WITHIN_SECONDS:
        trouble = _not_ready(settings)
        if trouble is None:
            break
        time.sleep(0.1)
    else:
        _say(f"3/3 not ready after {READY_WITHIN_SECONDS:g} s: {trouble}; see {settings.log_dir}")
        return
    _say(f"3/3 ready after {time.monotonic() - started:.1f} s")
    if logins:
        _say(
            f"logins were made (shown once): sign in at {web_address(settings)}; register a SIP phone with an"
        )
        _say("agent's account, then dial *71 from it or type `.venv/bin/hotline agent set wang available`:")
        for line in logins:
            _say(line)
    _say(f"web       {web_address(settings)}")
    _say(f"dial      {sip_address(settings)}")
    _say(f"picked up within {rules.deadline_seconds:g} s · make call places a call · Ctrl-C ends everything")


def _not_ready(settings: Settings) -> str | None:
    try:
        with urllib.request.urlopen(f"{web_address(settings)}/readyz", timeout=1) as answer:  # noqa: S310 # our own address
            answer.read()
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace")[:300]
    except OSError as error:
        return f"web: {error}"
    return None if _sip_answers(settings) else "the SIP port does not answer yet"


def _sip_answers(settings: Settings) -> bool:
    """OPTIONS to our own Asterisk: any answer at all means it hears SIP."""
    host = own_host(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        try:
            sock.connect((host, settings.sip_port))
            sock.send(_options(host, settings.sip_port, sock.getsockname()[1]))
            return sock.recv(2048).startswith(b"SIP/2.0")
        except OSError:
            return False


def _options(host: str, port: int, local: int) -> bytes:
    lines = (
        f"OPTIONS sip:hotline@{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{local};branch=z9hG4bK-{time.time_ns()};rport",
        f"From: <sip:ready@{host}>;tag={time.time_ns()}",
        f"To: <sip:hotline@{host}>",
        f"Call-ID: {time.time_ns()}@{host}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 5",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
