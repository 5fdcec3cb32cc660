"""From an agent's freedom to the next ring of his phone, while callers wait: by the phone's own log.

Free is the moment his own BYE leaves (plus the wrap-up); the ring is the next INVITE that reaches him.
"""

import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.cli.private_asterisk import Program
from ivr.cli.telephone.sip_log import Message
from tests.bench.load import percentile, run_sipp, sipp_argv
from tests.real_asterisk.sip.phones import AgentPhone

HOLDING = 4  # callers in the line at any time
HOLD_MS = 120_000
ANSWER_AFTER_SECONDS = 0.05
TALK_SECONDS = 0.4
LONGEST_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Wakes:
    """`wanted` wakes were asked for; `seconds` has those that came."""

    name: str
    wanted: int
    seconds: tuple[float, ...]

    @property
    def p50_ms(self) -> float:
        return percentile(self.seconds, 0.5) * 1000

    @property
    def p95_ms(self) -> float:
        return percentile(self.seconds, 0.95) * 1000


def wakes_of(messages: Sequence[Message], wrap_up_seconds: float = 0.0) -> tuple[float, ...]:
    """Each BYE the phone sent, paired with the next new INVITE it got."""
    found: list[float] = []
    known: set[str] = set()
    freed_at: float | None = None
    for message in messages:
        if (message.direction, message.method, message.status) == ("sent", "BYE", None):
            freed_at = message.at if freed_at is None else freed_at
        elif (message.direction, message.method, message.status) == ("received", "INVITE", None):
            if message.call_id not in known and freed_at is not None:
                found.append(message.at - freed_at - wrap_up_seconds)
            if message.call_id not in known:
                freed_at = None
            known.add(message.call_id)
    return tuple(found)


def hold_the_line(program: Program, *, port: int, to: str, count: int) -> None:
    """Callers who keep `HOLDING` places of the line filled until `count` of them have been through."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))
        argv = sipp_argv(
            program,
            port=port,
            to=to,
            directory=Path(name),
            sound_port=sink.getsockname()[1],
            calls=count,
            bye_ms=HOLD_MS,
        )
        limits = ["-r", "10", "-l", str(HOLDING), "-timeout", f"{LONGEST_SECONDS:g}s"]
        run_sipp([*argv, *limits], Path(name), LONGEST_SECONDS + 10)


def bench_phone(program: Program, *, server_port: int, user: str, port: int | None = None) -> AgentPhone:
    """Answers at once, talks briefly, hangs up by itself."""
    return AgentPhone(
        program,
        server_port=server_port,
        user=user,
        port=port,
        answer_after_seconds=ANSWER_AFTER_SECONDS,
        hang_up_after_seconds=TALK_SECONDS,
    )
