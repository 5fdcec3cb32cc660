"""Webhooks by the thousand, signed beforehand: as many as a server takes, or so many a second.

One loop writes ready bytes and reads answers; `busy` is the share of a core it took, and shows whether it was the
limit itself. A connection carries one webhook after the other, as from a reverse proxy that keeps them.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.bench.bare_webhook import ACCOUNT, PUBLIC, TOKEN
from tests.fakes.twilio_wire import signature

PATH = "/twilio/incoming"
LONGEST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class WebWindow:
    """`seconds` of every webhook that was answered as it should be; `failed` were not."""

    took_seconds: float
    seconds: tuple[float, ...]
    failed: int
    busy: float

    @property
    def a_second(self) -> float:
        return len(self.seconds) / self.took_seconds


def webhook(number: int, token: str = TOKEN) -> bytes:
    """The whole request of a call's first webhook: a caller and a call of its own for each number."""
    fields = {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{number:032x}",
        "CallStatus": "ringing",
        "Called": "+85230001234",
        "Caller": f"+86139{number:08d}",
        "Direction": "inbound",
        "From": f"+86139{number:08d}",
        "FromCountry": "CN",
        "To": "+85230001234",
        "ToCountry": "HK",
    }
    body = urlencode(fields)
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: hotline.example\r\n"
        f"X-Twilio-Signature: {signature(token, PUBLIC + PATH, fields)}\r\n"
        f"I-Twilio-Idempotency-Token: {number:08d}-0000-4000-8000-000000000000\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def as_many_as_it_takes(port: int, requests: Iterator[bytes], *, lines: int, seconds: float) -> WebWindow:
    """On so many connections at once, each asking again as soon as it is answered."""

    async def work(asked: "_Asked") -> None:
        until = time.perf_counter() + seconds

        async def one() -> None:
            while (now := time.perf_counter()) < until:
                await asked.once(next(requests), now)

        await asyncio.gather(*(one() for _ in range(lines)))

    return asyncio.run(_window(port, work))


def so_many_a_second(port: int, requests: Iterator[bytes], *, rate: float, seconds: float) -> WebWindow:
    """Evenly spaced, whatever becomes of the ones before; each is timed from the moment it was due."""

    async def work(asked: "_Asked") -> None:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as together:
            for number in range(round(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                together.create_task(asked.once(next(requests), due))

    return asyncio.run(_window(port, work))


class _Line(asyncio.Protocol):
    """One connection; `ask` gives the answer's bytes, or none where it was cut."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._told: asyncio.Future[bytes] | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._tell(b"")

    def data_received(self, data: bytes) -> None:
        self._got += data
        if is_whole(self._got):
            got, self._got = self._got, b""
            self._tell(got)

    async def ask(self, request: bytes) -> bytes:
        if self.transport is None:
            return b""
        self._told = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._told

    def _tell(self, got: bytes) -> None:
        if self._told is not None and not self._told.done():
            self._told.set_result(got)


def is_whole(answer: bytes) -> bool:
    """Head and body; the servers measured here say how long it is."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


def is_twiml(answer: bytes) -> bool:
    """What a caller hears something of."""
    return answer.startswith(b"HTTP/1.1 200 ") and b"<Response><Play>" in answer


class _Asked:
    """Connections to one server, and what came of what was asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Line] = []
        self._all: list[_Line] = []
        self.seconds: list[float] = []
        self.failed = 0

    async def once(self, request: bytes, due: float) -> None:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await self._answer(request)
        except (OSError, TimeoutError):
            answer = b""
        if is_twiml(answer):
            self.seconds.append(time.perf_counter() - due)
        else:
            self.failed += 1

    async def _answer(self, request: bytes) -> bytes:
        """On a connection that is idle; where the server had just given that up, on another one."""
        while self._idle:
            if answer := await self._asked_on(self._idle.pop(), request):
                return answer
        _, line = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", self._port)
        self._all.append(line)
        return await self._asked_on(line, request)

    async def _asked_on(self, line: _Line, request: bytes) -> bytes:
        answer = await line.ask(request)
        if line.transport is not None and b"\r\nconnection: close" not in answer.lower():
            self._idle.append(line)
        return answer

    async def close(self) -> None:
        for line in self._all:
            if line.transport is not None:
                line.transport.abort()
        while any(line.transport is not None for line in self._all):
            await asyncio.sleep(0)


async def _window(port: int, work: Callable[[_Asked], Coroutine[None, None, None]]) -> WebWindow:
    asked = _Asked(port)
    began, busy = time.perf_counter(), time.process_time()
    await work(asked)
    took, busy = time.perf_counter() - began, time.process_time() - busy
    await asked.close()
    return WebWindow(took_seconds=took, seconds=tuple(asked.seconds), failed=asked.failed, busy=busy / took)
