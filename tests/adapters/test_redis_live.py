"""News and their log, on a real Valkey and in memory alike: told in order, kept for a while, never waited for."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ivr.adapters.live_once import LiveOnce
from ivr.adapters.redis_live import AT_MOST_EVERY_SECONDS, KEPT, STREAM, RedisLive, RedisLiveLog
from ivr.service.live_ports import BEGINNING, LiveLog, LiveLogUnavailable, LiveNews, Stamp
from tests.adapters.small_redis import SmallRedis
from tests.fakes.fake_live import FakeLive


@pytest.fixture(scope="module")
def valkey() -> Iterator[SmallRedis]:
    server = SmallRedis()
    yield server
    server.close()


@dataclass
class Told:
    """Whoever tells, and the log in which it is read."""

    news: LiveNews
    log: LiveLog

    def tell(self, *call_ids: int, to: str = "ana") -> None:
        for call_id in call_ids:
            self.news.tell(to, "ring", call_id)
        if isinstance(self.news, RedisLive):
            assert self.news.flush(5)

    def calls(self, after: Stamp = BEGINNING) -> list[int | None]:
        return [each.news.call_id for each in self.log.later(after, 0.01)]


@pytest.fixture(params=["valkey", "memory"])
def told(request: pytest.FixtureRequest, valkey: SmallRedis) -> Told:
    if request.param == "memory":
        fake = FakeLive()
        return Told(fake, fake)
    with valkey.client() as client:
        client.flushall()
    return Told(RedisLive(valkey.url), RedisLiveLog(valkey.url))


def test_what_is_told_is_read_in_its_order_with_all_it_says(told: Told) -> None:
    told.news.tell("li", "talk", 7, 3)
    told.tell(8)
    first, second = told.log.later(BEGINNING, 1.0)
    assert (first.news.to, first.news.kind, first.news.call_id, first.news.callback_id) == (
        "li",
        "talk",
        7,
        3,
    )
    assert (second.news.to, second.news.callback_id) == ("ana", None)
    assert BEGINNING < first.stamp < second.stamp == told.log.newest()


def test_an_empty_log_ends_at_the_beginning_and_waits_no_longer_than_it_is_told(told: Told) -> None:
    began = time.monotonic()
    assert told.log.newest() == BEGINNING
    assert told.log.later(BEGINNING, 0.05) == ()
    assert time.monotonic() - began < 2


def test_who_comes_later_hears_only_what_follows(told: Told) -> None:
    told.tell(1, 2)
    here = told.log.newest()
    told.tell(3, 4)
    assert told.calls(here) == [3, 4]


def test_what_was_missed_in_between_is_told_again_and_nothing_else(told: Told) -> None:
    told.tell(1)
    after = told.log.newest()
    told.tell(2, 3)
    until = told.log.newest()
    told.tell(4)
    missed = told.log.between(after, until)
    assert missed is not None
    assert [each.news.call_id for each in missed] == [2, 3]
    assert told.log.between(until, until) == ()


def test_from_the_beginning_nothing_is_missing_while_everything_is_kept(told: Told) -> None:
    told.tell(1, 2)
    missed = told.log.between(BEGINNING, told.log.newest())
    assert missed is not None
    assert [each.news.call_id for each in missed] == [1, 2]


def test_a_place_in_a_log_that_was_wiped_is_no_place(told: Told, valkey: SmallRedis) -> None:
    told.tell(1, 2)
    old = told.log.newest()
    if isinstance(told.news, FakeLive):
        told.news.wipe()
    else:
        with valkey.client() as client:
            client.flushall()
    assert told.log.between(old, told.log.newest()) is None
    told.tell(3)
    assert told.log.between(old, told.log.newest()) is None


def test_what_is_cut_off_is_known_to_be_missing(valkey: SmallRedis) -> None:
    with valkey.client() as client:
        client.flushall()
        log = RedisLiveLog(valkey.url)
        first = client.xadd(STREAM, {"to": "ana", "kind": "ring"}, id="5-1")
        client.xadd(STREAM, {"to": "ana", "kind": "ring"}, id="5-2")
        client.xadd(STREAM, {"to": "ana", "kind": "ring"}, id="5-3")
        assert first == b"5-1"
        client.xtrim(STREAM, maxlen=1, approximate=False)
    assert log.between((5, 1), (5, 3)) is None
    assert log.between(BEGINNING, (5, 3)) is None


def test_the_stream_stays_about_as_long_as_it_is_allowed_to(valkey: SmallRedis) -> None:
    with valkey.client() as client:
        client.flushall()
        news = RedisLive(valkey.url)
        for block in range(0, KEPT + 4_000, 1_000):
            for call_id in range(block, block + 1_000):
                news.tell("ana", "ring", call_id)
            assert news.flush(10)
        assert KEPT <= client.xlen(STREAM) < KEPT + 1_000


def test_what_goes_to_everybody_is_told_at_once_then_seldom_and_the_last_of_it_always(
    valkey: SmallRedis,
) -> None:
    with valkey.client() as client:
        client.flushall()
    news, log = RedisLive(valkey.url), RedisLiveLog(valkey.url)
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        news.tell("*", "line")
        time.sleep(0.002)
    last_at = time.monotonic()
    assert news.flush(2)
    lines = log.later(BEGINNING, 0.01)
    assert 2 <= len(lines) <= 1.0 / AT_MOST_EVERY_SECONDS + 2
    behind = lines[-1].stamp[0] / 1000 - (time.time() - (time.monotonic() - last_at))
    assert behind > -AT_MOST_EVERY_SECONDS, "what moved last is told after it moved"


def test_telling_waits_for_nothing_and_costs_next_to_nothing_without_a_server() -> None:
    news = RedisLive("unix:///nowhere/redis.sock")
    began = time.monotonic()
    for call_id in range(20_000):
        news.tell("ana", "ring", call_id)
    assert time.monotonic() - began < 2
    assert news.flush(5), "it is dropped, not kept for ever"


def test_a_server_that_comes_back_is_told_again() -> None:
    server = SmallRedis()
    try:
        told = Told(RedisLive(server.url), RedisLiveLog(server.url))
        told.tell(1)
        assert told.calls() == [1]
        server.stop()
        with pytest.raises(LiveLogUnavailable):
            told.log.newest()
        told.tell(2)
        server.start()
        until = time.monotonic() + 10
        while not told.calls():
            assert time.monotonic() < until
            told.tell(3)
            time.sleep(0.1)
        assert set(told.calls()) <= {3, None}, "what was told meanwhile is in SQL"
    finally:
        server.close()


def test_who_heard_nothing_while_the_server_was_away_is_told_so_although_nothing_new_happens() -> None:
    """Who came back to it sooner than we did would else wait for news that were dropped."""
    server = SmallRedis()
    try:
        told = Told(RedisLive(server.url), RedisLiveLog(server.url))
        told.tell(1)
        server.stop()
        told.tell(2)
        server.start()
        (first,) = told.log.later(BEGINNING, 5.0)
        assert (first.news.to, first.news.kind) == ("*", "missed")
        assert told.log.later(first.stamp, 1.5) == (), "once"
    finally:
        server.close()


def test_a_process_that_ends_with_its_burst_tells_all_the_same(valkey: SmallRedis) -> None:
    with valkey.client() as client:
        client.flushall()
    news, log = LiveOnce(valkey.url), RedisLiveLog(valkey.url)
    news.tell("ana", "ring", 7)
    news.tell("*", "line")
    assert log.newest() == BEGINNING, "not before its commit"
    began = time.monotonic()
    news.send()
    assert time.monotonic() - began < 0.2
    told = [(each.news.to, each.news.kind, each.news.call_id) for each in log.later(BEGINNING, 0.1)]
    assert told == [("ana", "ring", 7), ("*", "line", None)]


def test_without_a_server_such_a_process_ends_as_soon() -> None:
    news = LiveOnce("unix:///nowhere/redis.sock")
    news.tell("ana", "ring", 7)
    began = time.monotonic()
    news.send()
    assert time.monotonic() - began < 0.2
