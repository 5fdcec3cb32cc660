"""The canary: a burst like Asterisk's, asked of our own FastAGI server, with a bound on every step."""

import socket
import time
from collections.abc import Callable

ANSWER_SECONDS = 0.5
_SENTINEL = b'SET VARIABLE "HL_DONE" "canary"\n'
_LONGEST = 4096


def canary(port: int, token: str) -> Callable[[], bool | None]:
    """A probe: whether that server answers a burst within half a second; None while nobody listens at all."""

    def sings() -> bool | None:
        try:
            return _ask(port, token)
        except ConnectionRefusedError:
            return None
        except OSError:
            return False

    return sings


def _ask(port: int, token: str) -> bool:
    until = time.monotonic() + ANSWER_SECONDS
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as sock:
        script = f"{token}/canary"
        lines = (
            "agi_network: yes",
            f"agi_network_script: {script}",
            f"agi_request: agi://127.0.0.1:{port}/{script}",
            "agi_channel: canary",
            "agi_uniqueid: canary",
        )
        sock.sendall("".join(f"{line}\n" for line in (*lines, "")).encode())
        asked = b""
        while not asked.endswith(b"\n") and len(asked) < _LONGEST:
            sock.settimeout(max(0.01, until - time.monotonic()))
            received = sock.recv(_LONGEST)
            if not received:
                return False
            asked += received
        sock.sendall(b"200 result=1\n")
        return asked == _SENTINEL
