"""SIP over the switch's WebSocket, written by hand (RFC 6455, RFC 7118): what somebody who reaches /ws could send."""

import base64
import os
import re
import socket
import struct
import time

_SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


def statuses_over_web_socket(
    port: int, user: str, number: str, method: str = "INVITE", via: str = "WS", seconds: float = 4.0
) -> list[int]:
    """What the switch answers to one request of that user: every status, until a final one or so long."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
        key = base64.b64encode(os.urandom(16)).decode()
        sock.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n".encode()
        )
        greeting = sock.recv(4096)
        assert b" 101 " in greeting.partition(b"\r\n")[0], greeting
        sock.sendall(_framed(_request(method, user, number, via)))
        return _answers(sock, time.monotonic() + seconds)


def _request(method: str, user: str, number: str, via: str) -> bytes:
    body = _SDP if method == "INVITE" else b""
    mark = os.urandom(6).hex()
    head = (
        f"{method} sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via} 127.0.0.1:5060;branch=z9hG4bK{mark}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag={mark}\r\nTo: <sip:{number}@127.0.0.1>\r\n"
        f"Call-ID: {mark}\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@127.0.0.1;transport=ws>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _framed(payload: bytes) -> bytes:
    """One masked text frame."""
    mask = os.urandom(4)
    length = bytes([0x80 | 126]) + struct.pack(">H", len(payload))
    return b"\x81" + length + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


def _answers(sock: socket.socket, until: float) -> list[int]:
    heard, statuses = b"", list[int]()
    while not (statuses and statuses[-1] >= 200) and time.monotonic() < until:
        sock.settimeout(max(until - time.monotonic(), 0.01))
        try:
            more = sock.recv(65536)
        except TimeoutError:
            break
        if not more:
            break
        heard += more
        statuses = [int(each) for each in re.findall(rb"SIP/2\.0 (\d{3}) ", heard)]
    return statuses
