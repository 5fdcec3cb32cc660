"""Asterisk's side of one AGI connection: its environment, then a reply to each command."""

import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Final

ENVIRONMENT: Final = {
    "agi_network": "yes",
    "agi_network_script": "a-token-of-our-own/inbound",
    "agi_request": "agi://127.0.0.1:4573/a-token-of-our-own/inbound",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_uniqueid": "1764000000.42",
    "agi_callerid": "13800138000",
    "agi_calleridname": "你好",
    "agi_arg_1": "start",
    "agi_arg_2": "1",
}
OK: Final = b"200 result=1\n"
SILENCE: Final = b""


def environment_block(**changes: str) -> bytes:
    lines = [f"{key}: {value}\n" for key, value in {**ENVIRONMENT, **changes}.items()]
    return "".join(lines).encode() + b"\n"


class FakeAgiChannel:
    """After the last reply it closes, unless `stays`: then it is silent."""

    def __init__(
        self,
        sock: socket.socket,
        replies: Sequence[bytes] = (),
        *,
        opening: bytes | None = None,
        stays: bool = False,
    ) -> None:
        self._sock, self._replies, self._stays = sock, list(replies), stays
        self._opening = environment_block() if opening is None else opening
        self.commands: list[bytes] = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._converse, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._sock.close()

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)

    def _converse(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.sendall(self._opening)
            self._answer_commands()
        self.ended.set()

    def _answer_commands(self) -> None:
        with self._sock.makefile("rb") as lines:
            if not self._replies and not self._stays:
                self._sock.shutdown(socket.SHUT_RDWR)
            for line in lines:
                self.commands.append(line)
                if self._replies:
                    self._sock.sendall(self._replies.pop(0))
                elif not self._stays:
                    return self._sock.shutdown(socket.SHUT_RDWR)
        return None
