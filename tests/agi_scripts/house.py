"""What the tests of the AGI door share: a burst over a socket pair, and a running server with its callers."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from agi_scripts.fastagi import FastAgiServer, Script
from agi_scripts.session import AgiSession
from tests.fakes.fake_agi_channel import FakeAgiChannel, environment_block

TOKEN = "a-token-of-our-own"


def eventually(condition: Callable[[], object], within_seconds: float = 5.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


class House:
    """A running server, channels that call it, and the scripts they can ask for."""

    def __init__(self, scripts: dict[str, Script], **options: object) -> None:
        self.server = FastAgiServer(scripts, token=TOKEN, **{"port": 0, **options})  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()
        self.channels: list[FakeAgiChannel] = []

    @property
    def serving(self) -> bool:
        return self._thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.server.address, timeout=5)

    def channel(
        self, script: str = f"{TOKEN}/inbound", *replies: bytes, stays: bool = True
    ) -> FakeAgiChannel:
        opening = environment_block(agi_network_script=script)
        channel = FakeAgiChannel(self.connect(), replies, opening=opening, stays=stays)
        self.channels.append(channel)
        return channel

    def close(self) -> None:
        self.server.stop(grace_seconds=0.2)
        self._thread.join(5)
        assert not self._thread.is_alive()
        for channel in self.channels:
            channel.close()


@contextlib.contextmanager
def burst(
    *replies: bytes, seconds: float = 2.0, **keywords: object
) -> Iterator[tuple[AgiSession, FakeAgiChannel]]:
    ours, theirs = socket.socketpair()
    channel = FakeAgiChannel(theirs, replies, **keywords)  # type: ignore[arg-type]
    try:
        yield AgiSession.over_socket(ours, deadline_seconds=seconds), channel
    finally:
        ours.close()
        channel.close()
