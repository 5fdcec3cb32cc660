"""How AGI is spelled: one whole line out at a time, bounded lines in, each before the deadline.

This file knows the spelling, not what a command means. It raises plain errors (EOFError the peer is gone,
TimeoutError the time is up, ValueError not AGI); agi_scripts.session gives them their names.
"""

import os
import re
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

COMMAND_BYTES: Final = 2000  # Asterisk before 22.6 runs what is beyond 2,048 as a second command
ENVIRONMENT_LINES: Final = 100
ENVIRONMENT_LINE_BYTES: Final = 4096
REPLY_BYTES: Final = 65536
_CHUNK_BYTES: Final = 65536

_CONTROL: Final = dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029], " ")
_BARE: Final = re.compile(r'[^\s"\\]*')
_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"')
_REPLY: Final = re.compile(r"(\d{3})(?:[ -](.*))?", re.DOTALL)
# The data goes to the last bracket: a company may be called 北京航天(集团).
_RESULT: Final = re.compile(r"result=([\w*#+.-]*)(?: \((.*)\))?((?: \w+=.*)?) ?", re.DOTALL)
_KEY: Final = re.compile(r"agi_[a-z0-9_]{1,60}")
_CODES: Final = frozenset({200, 503, 510, 511, 520})


class Wire(Protocol):
    """A byte stream to one Asterisk channel; `receive` answers b"" at its end."""

    def receive(self, timeout_seconds: float) -> bytes: ...

    def send(self, line: bytes, timeout_seconds: float) -> None: ...

    def close(self) -> None: ...


class SocketWire:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def receive(self, timeout_seconds: float) -> bytes:
        self._sock.settimeout(timeout_seconds)
        return self._sock.recv(_CHUNK_BYTES)

    def send(self, line: bytes, timeout_seconds: float) -> None:
        self._sock.settimeout(timeout_seconds)
        self._sock.sendall(line)

    def close(self) -> None:
        self._sock.close()


class PipeWire:
    """Standard input and output of a classic AGI process, by descriptor: no buffer keeps half a line."""

    def __init__(self, *, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def receive(self, timeout_seconds: float) -> bytes:
        _await(self._reading, select.POLLIN, timeout_seconds)
        return os.read(self._reading, _CHUNK_BYTES)

    def send(self, line: bytes, timeout_seconds: float) -> None:
        _await(self._writing, select.POLLOUT, timeout_seconds)
        if os.write(self._writing, line) != len(line):
            raise EOFError("the pipe took half a line")

    def close(self) -> None:
        """The process ends soon; its descriptors belong to it."""


def _await(descriptor: int, readiness: int, timeout_seconds: float) -> None:
    poll = select.poll()
    poll.register(descriptor, readiness)
    if not poll.poll(timeout_seconds * 1000):
        raise TimeoutError


class LineReader:
    """Lines of a wire, each of bounded length, all before one deadline (a monotonic moment)."""

    def __init__(self, wire: Wire, *, deadline: float) -> None:
        self._wire, self._deadline = wire, deadline
        self._held = bytearray()

    def remaining_seconds(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def line(self, limit: int) -> bytes:
        """The next line without its newline; at most `limit` bytes of it are ever waited for."""
        seen = 0
        while (end := self._held.find(b"\n", seen)) < 0:
            seen = len(self._held)
            if seen > limit:
                raise ValueError("a line without an end")
            self._fill()
        if end > limit:
            raise ValueError("a line too long")
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return line

    def unread(self) -> bytes:
        """What has arrived without being asked for."""
        return bytes(self._held)

    def _fill(self) -> None:
        chunk = self._wire.receive(self.remaining_seconds())
        if not chunk:
            raise EOFError("the connection has ended")
        self._held += chunk


@dataclass(frozen=True, kw_only=True)
class Reply:
    code: int
    result: str = ""
    data: str = ""
    rest: str = ""


def parse_reply(text: str) -> Reply:
    """`200 result=1 (data) endpos=5` and its kin, newlines inside the data allowed; else ValueError."""
    match = _REPLY.fullmatch(text)
    if match is None or int(match[1]) not in _CODES:
        raise ValueError("not an AGI reply")
    code = int(match[1])
    if code != 200:
        return Reply(code=code, rest=match[2] or "")
    result = _RESULT.fullmatch(match[2] or "")
    if result is None:
        raise ValueError("not an AGI result")
    return Reply(code=code, result=result[1], data=result[2] or "", rest=result[3])


def parse_environment(lines: Iterable[bytes]) -> dict[str, str]:
    """The block Asterisk opens with. A newline in a caller's data would forge lines, so position decides.

    Arguments are written last, after all a caller can have a hand in: of them the last counts, of the rest the first.
    """
    environment: dict[str, str] = {}
    for line in lines:
        key, colon, value = decoded(line).partition(":")
        if colon and _KEY.fullmatch(key) and (key.startswith("agi_arg_") or key not in environment):
            environment[key] = value.strip()
    return environment


def decoded(raw: bytes) -> str:
    """UTF-8, else GB18030 (older exchanges send GBK names); never an error."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def quoted(value: object) -> str:
    """One argument whatever it holds; Asterisk undoes \\" and \\\\ only, and knows no escaped newline."""
    text = "" if value is None else str(value)
    return '"' + text.translate(_CONTROL).replace("\\", "\\\\").replace('"', '\\"') + '"'


def command_line(command: str, arguments: Iterable[object]) -> bytes:
    """The one line of a command; what cannot be exactly one line of bounded length is a ValueError."""
    words = [command.strip(), *(_word(argument) for argument in arguments)]
    text = " ".join(word for word in words if word)
    if not text or any(forbidden in text for forbidden in "\r\n\0"):
        raise ValueError("an AGI command is one line without NUL")
    line = text.encode("utf-8", "replace") + b"\n"
    if len(line) > COMMAND_BYTES:
        raise ValueError(f"an AGI command has at most {COMMAND_BYTES} bytes, this one {len(line)}")
    return line


def _word(argument: object) -> str:
    """pyst2 quotes some arguments and forgets others: what is not one word yet becomes one."""
    text = str(argument)
    return text if _BARE.fullmatch(text) or _QUOTED.fullmatch(text) else quoted(text)
