"""Telephones for tests: a caller who dials, an agent's telephone that rings.

Each is one sipp and one media port; a test gives orders and judges by the telephone's own log.
"""

import itertools
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ivr.cli.private_asterisk import Program
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import CALLER, Sipp
from tests.real_asterisk.sip.media import MediaPort

AGENT = Path(__file__).parent / "scenarios" / "agent.xml"
FOREVER_MS = 3_600_000
PATIENCE_SECONDS = 25.0
"""So long a test waits for what has to come, also on a busy machine. When it has to come is asserted beside it."""


class Phone:
    """What a caller's and an agent's telephone share: a sipp, a media port and the log's questions."""

    def __init__(self, sipp: Sipp) -> None:
        self.sipp = sipp
        self.media = MediaPort()

    def __enter__(self) -> Self:
        self.media.__enter__()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sipp.stop()
        self.media.__exit__(None, None, None)

    def _begin(self) -> None:
        raise NotImplementedError

    def messages(self) -> list[Message]:
        return self.sipp.messages()

    def find(
        self, direction: str, method: str, status: int | None = None, *, call: int | None = None
    ) -> list[Message]:
        """The requests `method` (status None) or the responses to it, of one call (0 the first) or of all."""
        call_ids = self.call_ids()
        return [
            message
            for message in self.messages()
            if (message.direction, message.method, message.status) == (direction, method, status)
            and (call is None or message.call_id in call_ids[call : call + 1])
        ]

    def call_ids(self) -> list[str]:
        """The Call-IDs of the calls so far, in order."""
        return list(
            dict.fromkeys(m.call_id for m in self.messages() if (m.method, m.status) == ("INVITE", None))
        )

    def wait_for(
        self,
        direction: str,
        method: str,
        status: int | None = None,
        *,
        call: int | None = None,
        seconds: float = PATIENCE_SECONDS,
    ) -> Message:
        """The first such message; AssertionError with the log when it does not come."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.find(direction, method, status, call=call):
                return found[0]
            time.sleep(0.01)
        raise AssertionError(f"no {direction} {method} {status or ''} in {seconds} s:\n{self.story()}")

    def story(self) -> str:
        """The log, one line a message, for whoever reads a failed test."""
        return "\n".join(f"{m.at:.3f} {m.direction:8} {m.start_line}" for m in self.messages())

    def order(self, method: str, *, call: int = -1, header: str = "") -> None:
        self.sipp.order(method, self.call_ids()[call], header)

    def hang_up(self) -> None:
        """CANCEL while it rings, BYE in a talk."""
        self.order("HANGUP")


class Caller(Phone):
    """Dials when entered; hangs up when told, or by itself `hang_up_after_seconds` after the INVITE.

    `address` is where the INVITE comes from; another loopback address plays a stranger's trunk.
    """

    def __init__(
        self,
        program: Program,
        *,
        server_port: int,
        to: str,
        number: str = "13800138000",
        name: str = "caller",
        hang_up_after_seconds: float | None = None,
        port: int | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        super().__init__(Sipp(program, CALLER, server_port=server_port, port=port, address=address))
        self._keys = {"to": to, "from": number, "from_name": name, "sound_port": str(self.media.port)}
        self._hang_up_after_seconds = hang_up_after_seconds
        self._timer: threading.Timer | None = None
        self._has_left = False

    def _begin(self) -> None:
        self.sipp.start(self._keys, "-m", "1", "-r", "100")
        invited = self.wait_for("sent", "INVITE", seconds=5)
        if self._hang_up_after_seconds is not None:
            rest = invited.at + self._hang_up_after_seconds - time.time()
            self._timer = threading.Timer(max(0.0, rest), self.hang_up)
            self._timer.daemon = True
            self._timer.start()

    def hang_up(self) -> None:
        """Once: an order that reaches sipp in the middle of its BYE makes it drop the call without one."""
        if not self._has_left:
            self._has_left = True
            super().hang_up()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def wait_until_over(self, seconds: float = 30) -> int:
        """sipp's exit code: 0 when the call ended as telephones should."""
        return self.sipp.wait(seconds)

    def _at(self, direction: str, method: str, status: int | None) -> float | None:
        found = self.find(direction, method, status)
        return found[0].at if found else None

    @property
    def invited_at(self) -> float | None:
        return self._at("sent", "INVITE", None)

    def got_at(self, status: int) -> float | None:
        """When the first such response to the INVITE came; epoch seconds."""
        return self._at("received", "INVITE", status)

    @property
    def final_status(self) -> int | None:
        """The code that settled the INVITE."""
        replies = [m.status for m in self.messages() if m.direction == "received" and m.method == "INVITE"]
        return next((status for status in replies if status and status >= 200), None)

    @property
    def ended_at(self) -> float | None:
        """The BYE's moment, whoever sent it."""
        return self._at("sent", "BYE", None) or self._at("received", "BYE", None)


class AgentPhone(Phone):
    """Rings for any number of calls, one after the other or at once, until answered by order or cancelled.

    With a `secret` it registers as `user` first; without, it is a bare telephone at `address`. `busy=True`
    answers 486. `answer_after_seconds` and `hang_up_after_seconds` (of talk) make it act by itself.
    """

    def __init__(
        self,
        program: Program,
        *,
        server_port: int,
        user: str = "phone",
        secret: str | None = None,
        answer_after_seconds: float | None = None,
        hang_up_after_seconds: float | None = None,
        busy: bool = False,
        port: int | None = None,
    ) -> None:
        super().__init__(Sipp(program, AGENT, server_port=server_port, port=port))
        self._announcements = itertools.count(1)
        self.user, self._secret = user, secret
        self._keys = {
            "user": user,
            "secret": secret or "",
            "sound_port": str(self.media.port),
            "answer_after_ms": _milliseconds(answer_after_seconds),
            "talk_ms": _milliseconds(hang_up_after_seconds),
        }
        # a call our order begins has our socket as its peer; everything a phone says is for the switch
        self._options = ["-aa", "-rsa", f"127.0.0.1:{server_port}", *(["-set", "busy", "1"] if busy else [])]

    @property
    def address(self) -> str:
        return f"sip:{self.user}@127.0.0.1:{self.sipp.port}"

    def _begin(self) -> None:
        self.sipp.start(self._keys, *self._options)
        self.sipp.wait_until_listening()
        if self._secret is not None:
            self.register()

    def register(self, seconds: float = 5) -> None:
        """Announces the phone for 10 minutes, with digest; again after the switch has forgotten it."""
        call_id = f"announce-{next(self._announcements)}@{self.sipp.port}"
        self.sipp.order("ANNOUNCE", call_id)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if any(m.call_id == call_id for m in self.find("received", "REGISTER", 200)):
                return
            time.sleep(0.01)
        raise AssertionError(f"{self.user} was not registered:\n{self.story()}\n{self.sipp.complaints()}")

    def answer(self) -> None:
        self.order("ANSWER")

    def refuse(self) -> None:
        self.order("BUSY")

    def transfer(self, target: str) -> None:
        """Sends REFER; `target` is the Refer-To value, an attended one carries ?Replaces=."""
        self.order("TRANSFER", header=f"Refer-To: {target}\r\n")


def attended_target(uri: str, call_id: str, to_tag: str, from_tag: str) -> str:
    """The Refer-To value that asks to take over an existing dialog (RFC 3891)."""
    return f"<{uri}?Replaces={call_id}%3Bto-tag%3D{to_tag}%3Bfrom-tag%3D{from_tag}>"


def _milliseconds(seconds: float | None) -> str:
    return str(FOREVER_MS if seconds is None else max(1, round(seconds * 1000)))
