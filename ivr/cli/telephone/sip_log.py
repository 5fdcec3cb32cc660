"""Reads sipp's message log: what one telephone sent and received, each with the microsecond it happened.

Tests judge times from here and from nowhere else; the log is written by the telephone, not by what is tested.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_HEAD = re.compile(
    rb"-{20,}\s+(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3,6})\S*\n"
    rb"\S+ message (sent|received) [^\n]*?[\[(](\d+)\]? ?(?:bytes)?[^\n]*:\n\n"
)


@dataclass(frozen=True)
class Message:
    """One SIP message; `at` is UTC epoch seconds, header names are lower case, the first of equals wins."""

    at: float
    direction: str  # "sent" | "received", seen from the telephone
    start_line: str
    headers: dict[str, str]
    body: str

    @property
    def status(self) -> int | None:
        """The response's code; None for a request."""
        return int(self.start_line.split()[1]) if self.start_line.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The request's method; of a response, the method it answers."""
        if self.status is None:
            return self.start_line.split()[0]
        return self.headers.get("cseq", "0 ?").split()[-1]

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", "")

    @property
    def media_port(self) -> int | None:
        """The port the SDP names for sound."""
        found = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return int(found[1]) if found else None


def parse_message(at: float, direction: str, text: str) -> Message:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    start_line, *lines = head.split("\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Message(at, direction, start_line, headers, body)


def _epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace(" ", "T")).replace(tzinfo=UTC).timestamp()


def read_messages(log: Path) -> list[Message]:
    """Every whole message in the log so far; sipp must have run with TZ=UTC."""
    data = log.read_bytes() if log.exists() else b""
    found = []
    for head in _HEAD.finditer(data):
        text = data[head.end() : head.end() + int(head[3])]
        if len(text) == int(head[3]):
            found.append(
                parse_message(_epoch(head[1].decode()), head[2].decode(), text.decode("utf-8", "replace"))
            )
    return found
