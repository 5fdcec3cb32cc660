"""systemd's notification socket (sd_notify(3)): that we are ready, and again and again that we still work."""

import socket
from contextlib import suppress


def notify(address: str | None, state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` …; nothing happens where systemd did not start us or does not listen."""
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(name)
        sock.send(state.encode())
