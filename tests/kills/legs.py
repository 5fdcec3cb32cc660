"""Many legs of calls in one thread: SIP over one socket, sound over one socket a call.

What is said in a call is no business of this file: a call that comes in, and an agent's voice, are told to whoever owns
the telephones.
"""

import asyncio
import itertools
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from ivr.cli.telephone.sip_log import Message, parse_message
from tests.kills.sounds import Sounds
from tests.real_asterisk.sip.media import PACKET_SAMPLES, RTP_HEADER, TELEPHONE_EVENT

Address = tuple[str, int]
HERE: Final = "127.0.0.1"


@dataclass
class Leg:
    """One call of one telephone."""

    call_id: str
    local: str  # From or To with our tag
    remote: str
    target: str  # where requests inside the call go
    sock: socket.socket  # its own: the switch can tell one phone's sound from another's
    sound: asyncio.DatagramTransport | None = None
    inbox: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    heard: dict[str, float] = field(default_factory=dict)
    sound_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None  # epoch seconds: the far side's BYE
    sequence: int = 0
    stamp: int = 0
    requests: int = 1


class Legs(ABC):
    """Entered, they exist. `server_port` is the hotline's."""

    def __init__(self, server_port: int, sounds: Sounds) -> None:
        self._server: Address = (HERE, server_port)
        self._sounds = sounds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="telephones", daemon=True)
        self._ready = threading.Event()
        self._legs: dict[str, Leg] = {}
        self._names = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @abstractmethod
    async def _rings(self, invite: Message) -> None:
        """A call for one of the telephones, from its first ring to its end."""

    @abstractmethod
    def heard_elsewhere(self, speaker: str) -> None:
        """That agent's voice has reached the other side."""

    # ---- sockets -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._sip.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _open(self) -> None:
        self._sip, _ = await self._loop.create_datagram_endpoint(
            lambda: _Socket(self._sip_came), local_addr=(HERE, 0)
        )
        self.port: int = self._sip.get_extra_info("sockname")[1]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sip_came(self, data: bytes) -> None:
        message = parse_message(time.time(), "received", data.decode("utf-8", "replace"))
        leg = self._legs.get(message.call_id)
        if leg is not None:
            self._in_call(leg, message)
        elif message.status is not None or message.method == "ACK":
            return
        elif message.method == "INVITE":
            self._spawn(self._rings(message))
        else:
            self._reply(message, "200 OK" if message.method == "OPTIONS" else "481 No Such Call")

    def _in_call(self, leg: Leg, message: Message) -> None:
        if message.method == "INVITE" and message.status is None:
            if ";tag=" in message.headers["to"]:  # the call goes on, described anew
                self._reply(message, "200 OK", body=described(leg))
            return
        if message.status is not None or message.method in {"ACK", "CANCEL"}:
            leg.inbox.put_nowait(message)
            return
        self._reply(message, "200 OK")
        if message.method == "BYE":
            leg.ended_at = time.time()
            leg.over.set()

    def _sound_came(self, leg: Leg, data: bytes) -> None:
        name = self._sounds.name_of(data[RTP_HEADER.size :])
        leg.sound_at = time.monotonic()
        if name is not None and name not in leg.heard:
            leg.heard[name] = time.time()
        if name is not None and name.startswith("voice of "):
            self.heard_elsewhere(name)

    # ---- a call --------------------------------------------------------------------------------------------------

    async def _leave(self, leg: Leg) -> None:
        """BYE, repeated until somebody answers it."""
        if leg.over.is_set():
            return
        self._request(leg, "BYE", count=True)
        for pause in (0.5, 1.0, 2.0):
            with suppress(TimeoutError):
                while (await asyncio.wait_for(leg.inbox.get(), pause)).method != "BYE":
                    pass
                return
            self._request(leg, "BYE")

    async def _hears(self, leg: Leg, port: int) -> None:
        """Sound flows; a port of the switch that is closed one day is the end of the call, as for any phone."""
        leg.sock.connect((HERE, port))
        came = partial(self._sound_came, leg)
        leg.sound, _ = await self._loop.create_datagram_endpoint(
            lambda: _Socket(came, leg.over.set), sock=leg.sock
        )

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg.call_id, None)
        if leg.sound is None:
            leg.sock.close()
        else:
            leg.sound.close()

    async def _press(self, leg: Leg, digit: int) -> None:
        """One key (RFC 4733), 100 ms."""
        for step in range(1, 8):
            end = 0x80 if step >= 5 else 0
            event = struct.pack("!BBH", digit, end | 10, min(step, 5) * PACKET_SAMPLES)
            self._send(leg, TELEPHONE_EVENT | (0x80 if step == 1 else 0), event, 0)
            await asyncio.sleep(0.02)
        leg.stamp += 8 * PACKET_SAMPLES

    def _send(self, leg: Leg, kind: int, payload: bytes, samples: int) -> None:
        if leg.sound is None or leg.over.is_set():
            return
        leg.sequence, leg.stamp = leg.sequence + 1, leg.stamp + samples
        source = hash(leg.call_id) & 0xFFFFFFFF
        header = RTP_HEADER.pack(0x80, kind, leg.sequence & 0xFFFF, leg.stamp & 0xFFFFFFFF, source)
        leg.sound.sendto(header + payload)

    def _request(
        self, leg: Leg, method: str, *, body: str = "", fresh: bool = True, count: bool = False
    ) -> None:
        """`fresh`: in a transaction of its own; an ACK of a refusal stays in the INVITE's."""
        leg.requests += count
        own = "INVITE" if method == "ACK" and not fresh else method
        lines = (
            f"{method} {leg.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {HERE}:{self.port};rport;branch=z9hG4bK{leg.call_id}{own}",
            "Max-Forwards: 70",
            f"From: {leg.local}",
            f"To: {leg.remote}",
            f"Call-ID: {leg.call_id}",
            f"CSeq: {leg.requests} {method}",
            f"Contact: <sip:phone@{HERE}:{self.port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        )
        self._sip.sendto("\r\n".join((*lines, "", body)).encode(), self._server)

    def _reply(self, request: Message, status: str, tag: str = "", body: str = "") -> None:
        headers = request.headers
        to = headers["to"] if ";tag=" in headers["to"] else headers["to"] + tag
        lines = (
            f"SIP/2.0 {status}",
            f"Via: {headers['via']}",
            f"From: {headers['from']}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {headers['cseq']}",
            f"Contact: <sip:phone@{HERE}:{self.port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        )
        self._sip.sendto("\r\n".join((*lines, "", body)).encode(), self._server)


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, came: Callable[[bytes], None], refused: Callable[[], None] = lambda: None) -> None:
        self._came, self._refused = came, refused

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._came(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody is at that port any more."""
        self._refused()


def bound() -> socket.socket:
    """A port of its own."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((HERE, 0))
    return sock


def described(leg: Leg) -> str:
    """Where its sound goes (SDP)."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HERE}\r\ns=-\r\nc=IN IP4 {HERE}\r\nt=0 0\r\n"
        f"m=audio {leg.sock.getsockname()[1]} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
