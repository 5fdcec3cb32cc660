"""One burst of conversation with one Asterisk channel: the only module that imports pyst2.

pyst2's command methods and exceptions are kept; its transport, parser and quoting are replaced, because
they let a caller's name inject commands and take a hang-up for five different errors. Whatever cannot be
understood ends the session: a guess would read every later reply as the answer to another question.
"""

import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Self

from asterisk import agi as pyst2

from agi_scripts import wire

_VARIABLE: Final = re.compile(r"[A-Z_]+(?:\([A-Za-z_,:]*\))?")
_PLAIN_PAIR: Final = re.compile(r"[A-Z_]+=[^,|\"\\\r\n\0\x01-\x1f]*")  # MSet splits at commas and bars
_RUNS_PROGRAMS: Final = ("SHELL(", "EVAL(", "FILE(", "CURL(")  # AGI runs these whatever live_dangerously says
_VALUE_COMMANDS: Final = ("GET VARIABLE", "GET FULL VARIABLE", "DATABASE GET")
_ALLOWED_WHEN_HUNG_UP: Final = (*_VALUE_COMMANDS, "SET VARIABLE", "DATABASE", "VERBOSE", "NOOP", "EXEC")
_ARGUMENTS: Final = tuple(f"agi_arg_{number}" for number in range(1, wire.ENVIRONMENT_LINES))
_UNASKED_LINES: Final = 20
_USAGE_LINES: Final = 200


class CallerHungUp(pyst2.AGIHangup):  # type: ignore[misc]  # pyst2 ships no types
    """The channel is gone or torn out of the burst. The call itself ends only in its hangup handler."""


class AgiTimeout(pyst2.AGIError):  # type: ignore[misc]  # pyst2 ships no types
    """The session's time is over; whether the last command was carried out is unknown."""


class AgiProtocolError(pyst2.AGIError):  # type: ignore[misc]  # pyst2 ships no types
    """The peer does not speak AGI."""


_REFUSALS: Final = {510: pyst2.AGIInvalidCommand, 520: pyst2.AGIUsageError, 503: pyst2.AGIUnknownError}


class AgiSession(pyst2.AGI):  # type: ignore[misc]  # pyst2 ships no types
    """Reads the environment at once; one command in flight at a time; everything within `deadline_seconds`.

    `env` keeps the agi_ prefix of its keys, `arguments` are agi_arg_1 and following, `script` is the path
    of the agi:// address. `hung_up`: Asterisk has said so; variables can still be read and set then.
    """

    def __init__(self, transport: wire.Wire, *, deadline_seconds: float) -> None:
        # pyst2's own __init__ takes over SIGHUP and prints the caller's number: it is not called.
        self._wire = transport
        self._reader = wire.LineReader(transport, deadline=time.monotonic() + deadline_seconds)
        self._one_at_a_time = threading.Lock()
        self._over: pyst2.AGIError | None = None
        self.hung_up = False
        self.env: dict[str, str] = {}
        self._get_agi_env()

    @classmethod
    def over_socket(cls, sock: socket.socket, *, deadline_seconds: float) -> Self:
        return cls(wire.SocketWire(sock), deadline_seconds=deadline_seconds)

    @classmethod
    def classic(cls, *, deadline_seconds: float = 2.5) -> Self:
        """The session of a process Asterisk started, in its main thread."""
        # Asterisk signals a hang-up to the process; the default would kill it between two writes.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        pipes = wire.PipeWire(reading=sys.stdin.buffer.fileno(), writing=sys.stdout.buffer.fileno())
        sys.stdout = sys.stderr  # a stray print would be a command to Asterisk
        return cls(pipes, deadline_seconds=deadline_seconds)

    @property
    def script(self) -> str:
        return self.env.get("agi_network_script", "")

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(self.env[key] for key in _ARGUMENTS if key in self.env)

    def variable(self, name: str) -> str | None:
        """A channel variable or function, whole; None when unset or empty."""
        # GET VARIABLE cuts at 1,023 bytes, in the middle of a Chinese character if need be.
        reply = self.execute("GET FULL VARIABLE", self._quote("${" + _own_name(name) + "}"))
        return reply["result"][1] or None

    def set_variable(self, name: str, value: object) -> None:
        self.execute("SET VARIABLE", self._quote(_own_name(name)), self._quote(value))

    def set_variables(self, values: Mapping[str, object]) -> None:
        """In the order given: a sentinel goes last. Plain values go in one command, so in one round trip."""
        together = self._together(values)
        if together is not None:
            self.execute(*together)
            return
        for name, value in values.items():
            self.set_variable(name, value)

    def send_variables(self, values: Mapping[str, object]) -> bool:
        """As `set_variables` without waiting for the reply; False, and nothing sent, where that takes more commands."""
        together = self._together(values)
        if together is not None:
            self.send_command(*together)
        return together is not None

    def _together(self, values: Mapping[str, object]) -> tuple[str, ...] | None:
        if len(values) == 1:
            ((name, value),) = values.items()
            return "SET VARIABLE", self._quote(_own_name(name)), self._quote(value)
        pairs = [f"{_own_name(name)}={value}" for name, value in values.items()]
        if all(_PLAIN_PAIR.fullmatch(pair) for pair in pairs):
            return "EXEC MSet", self._quote(",".join(pairs))
        return None

    def close(self) -> None:
        self._over = self._over or CallerHungUp("the session is closed")
        self._wire.close()

    # What pyst2's command methods stand on.

    def execute(self, command: str, *args: object) -> dict[str, tuple[str, str]]:
        with self._one_at_a_time:
            if self._over is None and self.hung_up and not _is_one_of(command, _ALLOWED_WHEN_HUNG_UP):
                raise CallerHungUp(f"no {command} after the hang-up")
            self.send_command(command, *args)
            return self.get_result(command)

    def send_command(self, command: str, *args: object) -> None:
        line = wire.command_line(command, args)
        if self._over is not None:
            raise self._over
        with self._errors_named(command):
            self._refuse_unasked()
            self._wire.send(line, self._reader.remaining_seconds())

    def get_result(self, command: str = "") -> dict[str, tuple[str, str]]:
        with self._errors_named(command):
            reply = wire.parse_reply(wire.decoded(self._reply_bytes(_is_one_of(command, _VALUE_COMMANDS))))
        if reply.code == 511 or (reply.data == "hangup" and not _is_one_of(command, _VALUE_COMMANDS)):
            self._raise_hung_up(command)
        if reply.code != 200:
            raise _REFUSALS[reply.code](f"{command}: {reply.code} {reply.rest}")
        if not _is_one_of(command, _VALUE_COMMANDS):
            self._check_result(command, reply)
        extras = {key: (value, "") for key, value in re.findall(r"(\w+)=(\S+)", reply.rest)}
        return {**extras, "result": (reply.result, reply.data)}

    def test_hangup(self) -> None:
        if self.hung_up:
            raise CallerHungUp("the caller has hung up")

    def _get_agi_env(self) -> None:
        with self._errors_named("environment"):
            self.env = wire.parse_environment(self._environment_lines())

    def _quote(self, string: object) -> str:
        return wire.quoted(string)

    def get_option(self, filename: str, escape_digits: object = "", timeout: int = 5000) -> object:
        """Always with a timeout: without one Asterisk 22 crashes on a channel that runs no dialplan."""
        return super().get_option(filename, escape_digits, max(1, timeout))

    def database_get(self, family: str, key: str) -> str:
        """pyst2 quotes twice, which escaped would be part of the key."""
        result, value = self.execute("DATABASE GET", self._quote(family), self._quote(key))["result"]
        if result != "1":
            raise pyst2.AGIDBError(f"no {family}/{key} in the database")
        return value

    def _environment_lines(self) -> Iterator[bytes]:
        for _ in range(wire.ENVIRONMENT_LINES + 1):
            line = self._reader.line(wire.ENVIRONMENT_LINE_BYTES).rstrip(b"\r")
            if not line:
                return
            yield line
        raise ValueError("an environment without an end")

    def _reply_bytes(self, is_value: bool) -> bytes:
        """The first line that answers; the whole of a value with newlines; the usage block read away."""
        for _ in range(_UNASKED_LINES):
            line = self._reader.line(wire.REPLY_BYTES)
            if line == b"HANGUP":
                self.hung_up = True
            elif not line.startswith(b"100 "):  # 100 Trying comes before the reply of GOSUB
                break
        if line.startswith(b"520-"):
            self._skip_usage()
        while is_value and line.startswith(b"200 result=1 (") and not line.endswith(b")"):
            line += b"\n" + self._reader.line(wire.REPLY_BYTES)
            if len(line) > wire.REPLY_BYTES:
                raise ValueError("a value without an end")
        return line

    def _skip_usage(self) -> None:
        for _ in range(_USAGE_LINES):
            if self._reader.line(wire.REPLY_BYTES).startswith(b"520 "):
                return
        raise ValueError("a usage text without an end")

    def _refuse_unasked(self) -> None:
        """Between two commands only HANGUP may arrive; a forged reply would come here."""
        unasked = self._reader.unread()
        for _ in range(unasked.count(b"\n")):
            if self._reader.line(wire.REPLY_BYTES) != b"HANGUP":
                raise ValueError("a reply to no command")
            self.hung_up = True
        if not b"HANGUP\n".startswith(self._reader.unread()):
            raise ValueError("a reply to no command")

    def _check_result(self, command: str, reply: wire.Reply) -> None:
        if reply.result == "-1":
            if self._channel_is_dead(command):
                self._raise_hung_up(command)
            raise pyst2.AGIAppError(f"{command} failed")
        if self.hung_up and not _is_one_of(command, _ALLOWED_WHEN_HUNG_UP):
            self._raise_hung_up(command)

    def _channel_is_dead(self, command: str) -> bool:
        """-1 means a hang-up, or a missing file on a living channel: CHANNEL STATUS tells them apart."""
        if not self.hung_up and command != "CHANNEL STATUS":
            self.send_command("CHANNEL STATUS")
            with self._errors_named(command):
                reply = wire.parse_reply(wire.decoded(self._reply_bytes(is_value=False)))
            if reply.code == 511:
                self.hung_up = True
        return self.hung_up

    def _raise_hung_up(self, command: str) -> None:
        self.hung_up = True
        raise CallerHungUp(f"the caller hung up during {command}")

    @contextmanager
    def _errors_named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._end(AgiTimeout(f"no time left in {doing}"))
        except (EOFError, OSError):
            self.hung_up = True
            self._end(CallerHungUp(f"the connection ended in {doing}"))
        except ValueError as error:
            self._end(AgiProtocolError(f"{error} in {doing}"))

    def _end(self, error: pyst2.AGIError) -> None:
        # Closing is the cure as well: a half-sent line makes Asterisk spin until it reads the end.
        self._over = error
        self._wire.close()
        raise error


def _is_one_of(command: str, commands: tuple[str, ...]) -> bool:
    return command.strip().upper().startswith(commands)


def _own_name(name: str) -> str:
    """Asterisk runs functions inside a name (SHELL among them): names are ours, never from outside."""
    if not _VARIABLE.fullmatch(name) or name.startswith(_RUNS_PROGRAMS):
        raise ValueError(f"not a variable of ours: {name[:40]!r}")
    return name
