"""News for open pages in one Redis stream: written by a thread of its own, read by one reader a process.

Whoever tells only appends to a queue in memory. While Redis is away what is told is dropped: the state is in SQL. That
something was dropped is the first thing told afterwards, and every page asks for everything anew.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ivr.service.live_ports import (
    BEGINNING,
    EVERYBODY,
    LiveKind,
    LiveLogUnavailable,
    News,
    Stamp,
    StampedNews,
)

if TYPE_CHECKING:
    import redis

STREAM = "hotline:live"
KEPT = 20_000
QUEUED = 10_000
MOST_A_BATCH = 500
AT_MOST_EVERY_SECONDS = 0.25  # what goes to everybody
AGAIN_AFTER_SECONDS = 0.25
GATHER_SECONDS = 0.002  # what happens at once is sent at once

_MISSED = News(to=EVERYBODY, kind=LiveKind.MISSED.value)
_log = logging.getLogger(__name__)


class RedisLive:
    """LiveNews over one stream; its thread starts with the first thing told."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: deque[News] = deque(maxlen=QUEUED)  # of a crowd the oldest is dropped
        self._some = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def tell(self, to: str, kind: str, call_id: int | None = None, callback_id: int | None = None) -> None:
        """Appends to the queue."""
        self._queue.append(News(to=to, kind=kind, call_id=call_id, callback_id=callback_id))
        if not self._some.is_set():
            self._idle.clear()
            self._some.set()
        if self._thread is None:
            self._start()

    def flush(self, seconds: float = 0.5) -> bool:
        """For who is about to end: whether all was sent, or dropped, by then."""
        until = time.monotonic() + seconds
        while self._thread is not None and (self._queue or not self._idle.is_set()):
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)
        return True

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="live-news", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        sender = _Sender(self._url)
        while True:
            self._some.wait(sender.wait_seconds)
            time.sleep(max(GATHER_SECONDS, sender.rest_seconds))
            self._some.clear()
            if sender.away:
                self._drop_all_but(MOST_A_BATCH, sender)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_A_BATCH))]
            sender.send(batch)
            if self._queue:
                self._some.set()
            elif not sender.holds and not self._some.is_set():
                self._idle.set()

    def _drop_all_but(self, kept: int, sender: "_Sender") -> None:
        for _ in range(len(self._queue) - kept):
            self._queue.popleft()
            sender.dropped += 1


class _Sender:
    """What goes to everybody is sent at once, then not again for a moment; the last of several is never left out."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._redis: redis.Redis | None = None
        self._again_at = 0.0
        self._held: dict[News, None] = {}
        self._sent_at: dict[News, float] = {}
        self.dropped = 0  # what was told while Redis was away

    @property
    def holds(self) -> bool:
        """Whether something waits for its moment."""
        return bool(self._held)

    @property
    def away(self) -> bool:
        """Whether Redis did not take what it was last given."""
        return self.dropped > 0

    @property
    def rest_seconds(self) -> float:
        """Until Redis is worth another try."""
        return self._again_at - self._clock()

    @property
    def wait_seconds(self) -> float | None:
        """Until something held back may go, or Redis is tried again."""
        if self.dropped:
            return 0.0
        return AT_MOST_EVERY_SECONDS / 4 if self._held else None

    def send(self, batch: list[News]) -> None:
        """Raises nothing."""
        now = self._clock()
        due = [news for news in (*self._held, *batch) if self._may_go(news, now)]
        if not (due or self.dropped):
            return
        try:
            self._add([_MISSED, *due] if self.dropped else due)
        except Exception as error:  # noqa: BLE001 # whatever Redis does, the next news is told
            self._away(len(due), error)
        else:
            self._back()

    def _may_go(self, news: News, now: float) -> bool:
        if news.to != EVERYBODY or news.call_id is not None or news.callback_id is not None:
            return True
        if now - self._sent_at.get(news, -1.0e9) < AT_MOST_EVERY_SECONDS:
            self._held[news] = None
            return False
        self._held.pop(news, None)
        self._sent_at[news] = now
        return True

    def _add(self, due: list[News]) -> None:
        if self._redis is None:
            self._redis = _client(self._url, wait_seconds=0.5)
        pipeline = self._redis.pipeline(transaction=False)
        for news in due:
            pipeline.xadd(STREAM, fields_of(news), maxlen=KEPT, approximate=True)  # type: ignore[arg-type] # invariant dict
        pipeline.execute()

    def _away(self, lost: int, error: Exception) -> None:
        if not self.dropped:
            _log.info("Redis is away (%s): open pages ask by themselves", type(error).__name__)
        self.dropped += lost
        self._redis = None
        self._again_at = self._clock() + AGAIN_AFTER_SECONDS

    def _back(self) -> None:
        if self.dropped:
            _log.info("Redis is back; %d pieces of news were not sent", self.dropped)
            self.dropped = 0


class RedisLiveLog:
    """LiveLog over the same stream; one thread at a time may read it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._redis: redis.Redis | None = None

    def newest(self) -> Stamp:
        """Where the last one stands; see the port."""
        rows = self._ask(lambda client: client.xrevrange(STREAM, count=1))
        return _stamp(rows[0][0]) if rows else BEGINNING

    def later(self, than: Stamp, wait_seconds: float) -> tuple[StampedNews, ...]:
        """What was told after that; see the port."""
        block = max(round(wait_seconds * 1000), 1)
        rows = self._ask(lambda client: client.xread({STREAM: _id(than)}, count=MOST_A_BATCH, block=block))
        return tuple(_stamped(row) for _name, entries in rows or () for row in entries)

    def between(self, after: Stamp, until: Stamp) -> tuple[StampedNews, ...] | None:
        """What was told in between; see the port."""
        if after > until:
            return None  # of a log that is gone
        if after != until and not self._keeps_all_since(after):
            return None
        rows = self._ask(lambda client: client.xrange(STREAM, min="(" + _id(after), max=_id(until)))
        return tuple(map(_stamped, rows))

    def _keeps_all_since(self, after: Stamp) -> bool:
        first = self._ask(lambda client: client.xrange(STREAM, count=1))
        if after != BEGINNING:
            return bool(first) and _stamp(first[0][0]) <= after
        about = self._ask(lambda client: client.xinfo_stream(STREAM))
        return bool(about["entries-added"] == about["length"])  # nothing was ever cut off

    def _ask(self, command: Callable[["redis.Redis"], Any]) -> Any:
        import redis

        try:
            if self._redis is None:
                self._redis = _client(self._url, wait_seconds=5.0)
            return command(self._redis)
        except redis.RedisError as error:
            self._redis = None
            raise LiveLogUnavailable(type(error).__name__) from error


def _client(url: str, wait_seconds: float) -> "redis.Redis":
    """Repeats nothing; `wait_seconds` is for an answer. Redis is loaded here: processes start sooner without it."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=wait_seconds, socket_connect_timeout=0.25
    )


def fields_of(news: News) -> dict[str, str]:
    """As an entry of the stream."""
    numbers = {"call": news.call_id, "callback": news.callback_id}
    known = {name: str(number) for name, number in numbers.items() if number is not None}
    return {"to": news.to, "kind": news.kind, **known}


def _id(stamp: Stamp) -> str:
    return f"{stamp[0]}-{stamp[1]}"


def _stamp(written: bytes) -> Stamp:
    milliseconds, _, number = written.decode().partition("-")
    return int(milliseconds), int(number)


def _stamped(row: Any) -> StampedNews:
    fields = {name.decode(): value.decode("utf-8", "replace") for name, value in row[1].items()}
    news = News(
        to=fields.get("to", ""),
        kind=fields.get("kind", ""),
        call_id=_number(fields.get("call")),
        callback_id=_number(fields.get("callback")),
    )
    return StampedNews(stamp=_stamp(row[0]), news=news)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
