"""The control: a callback as it is often built. The promise is a job in RQ, three retries, and nothing else.

The same hotline takes the calls, but what it promises goes to the job queue instead of the books: no claim, no epoch,
no fence, no sweep. The job rings an agent and, when he answers, the customer. It must fail where ours does not.
"""

import os
import random
import socket
import sys
from pathlib import Path
from typing import Any, Final

import redis
import sqlalchemy as sa
from rq import Queue, Retry, Worker

from config.redis_address import redis_url
from config.secrets import load_or_create
from config.settings import load
from ivr.adapters.asterisk_phones import dial_string
from ivr.adapters.sql_engine import read_engine
from ivr.adapters.sql_schema import agents
from ivr.policy.phone import Phone, parse_phone

PROCFILE: Final = Path(__file__).with_name("Procfile.naive")
QUEUE: Final = "naive"
RING_MS: Final = 20_000


class AgentDidNotAnswer(Exception):
    """The job fails, and RQ tries again."""


def promise(_unit: object, _call: object, command: Any, _at: object) -> None:
    """Instead of the books: straight into the queue, before the caller hears of it."""
    queue = Queue(QUEUE, connection=redis.Redis.from_url(redis_url(load())))
    queue.enqueue("tests.kills.naive.call_back", command.number, retry=Retry(max=3), job_timeout=15)


def call_back(number: str) -> None:
    """The job: any agent, then the customer."""
    settings = load()
    with read_engine(settings.database_url).connect() as connection:
        phones = list(connection.scalars(sa.select(agents.c.phone).where(agents.c.state != "offline")))
    agent = _dialled(parse_phone(random.choice(phones)))
    customer = _dialled(parse_phone(f"tel:{number}"))
    with socket.create_connection(("127.0.0.1", settings.ami_port), timeout=30) as manager:
        lines = manager.makefile("rb")
        lines.readline()
        secret = load_or_create(settings.data_dir).ami_secret
        _act(manager, lines, {"Action": "Login", "Username": "hotline", "Secret": secret, "Events": "off"})
        originate = {"Action": "Originate", "Channel": agent, "Timeout": f"{RING_MS}"}
        _act(manager, lines, {**originate, "Application": "Dial", "Data": f"{customer},45"})


def _dialled(phone: Phone) -> str:
    text = dial_string(phone, load().outbound_trunk)
    assert text is not None
    return text


def _act(manager: socket.socket, lines: Any, action: dict[str, str]) -> None:
    manager.sendall("".join(f"{name}: {value}\r\n" for name, value in action.items()).encode() + b"\r\n")
    answer = b"".join(iter(lines.readline, b"\r\n")) if not lines.closed else b""
    if b"Response: Success" not in answer:
        raise AgentDidNotAnswer(answer.decode("utf-8", "replace")[:200])


def serve() -> None:
    """The FastAGI server with that promise; its agents serve nobody on the line, so that all callers are promised."""
    from ivr.adapters import sql_call_book
    from ivr.policy.floor import Floor
    from tests.faults import sick_part

    replaced: tuple[tuple[object, str, object], ...] = (
        (sql_call_book, "promise_callback", promise),
        (Floor, "agent_for", lambda _floor, _call, _at: None),
        (Floor, "assignments", lambda _floor, _at: ()),
    )
    for place, name, ours in replaced:
        setattr(place, name, ours)
    sys.exit(sick_part.main([sick_part.SERVER]))


def work() -> None:
    """A worker as RQ delivers it; only that it looks for what others left undone every five seconds."""
    connection = redis.Redis.from_url(redis_url(load()))
    Worker([QUEUE], connection=connection, maintenance_interval=5).work(with_scheduler=True)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    {"serve": serve, "work": work}[sys.argv[1]]()
