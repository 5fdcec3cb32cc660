"""News of a process that ends with its burst: kept until then, and sent in a millisecond over our own server's socket.

Redis' library alone would take longer to load than the burst takes; a REDIS_URL of one's own is worth that price.
"""

import logging
import socket
from urllib.parse import unquote, urlsplit

from ivr.adapters.redis_live import KEPT, STREAM, RedisLive, fields_of
from ivr.service.live_ports import News

SEND_SECONDS = 0.1

log = logging.getLogger(__name__)


class LiveOnce:
    """LiveNews; nothing is told before `send`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kept: list[News] = []

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        """Keeps it."""
        self._kept.append(News(to=to, kind=kind, call_id=call_id, callback_id=callback_id))

    def send(self) -> None:
        """All of it. Raises nothing: what is lost is found in SQL."""
        kept, self._kept = self._kept, []
        if not kept:
            return
        parts = urlsplit(self._url)
        try:
            if parts.scheme == "unix" and not parts.query:
                _over_socket(unquote(parts.path), kept)
            else:
                _by_library(self._url, kept)
        except OSError as error:
            log.info("open pages were not told: %s", type(error).__name__)


def _over_socket(path: str, kept: list[News]) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SEND_SECONDS)
        sock.connect(path)
        sock.sendall(b"".join(map(_command, kept)))
        answered = b""
        while answered.count(b"\r\n") < len(kept):
            more = sock.recv(4096)
            if not more:
                return
            answered += more


def _command(news: News) -> bytes:
    """https://redis.io/docs/latest/develop/reference/protocol-spec/: an array of strings with their lengths."""
    fields = [word for pair in fields_of(news).items() for word in pair]
    words = [word.encode() for word in ("XADD", STREAM, "MAXLEN", "~", str(KEPT), "*", *fields)]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def _by_library(url: str, kept: list[News]) -> None:
    news = RedisLive(url)
    for each in kept:
        news.tell(each.to, each.kind, each.call_id, each.callback_id)
    news.flush()
