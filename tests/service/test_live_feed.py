"""However often a page's connection is lost, and wherever in the stream, it hears each piece of its news once."""

import queue
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy.roles import Role
from ivr.service.live_feed import Aside, Ended, FeedFull, Listener, LiveFeed, parse_stamp, stamp_text
from ivr.service.live_ports import LiveLogUnavailable, Stamp, StampedNews
from tests.fakes.fake_live import FakeLive


def waited_for(listener: Listener, seconds: float = 5.0) -> object:
    """The next he hears; None where nothing comes."""
    try:
        return listener.inbox.get(timeout=seconds)
    except queue.Empty:
        return None


def heard(listener: Listener, count: int) -> list[tuple[str, str, int | None]]:
    items = [waited_for(listener) for _ in range(count)]
    assert all(isinstance(item, StampedNews) for item in items), items
    told = [item.news for item in items if isinstance(item, StampedNews)]
    assert listener.inbox.empty()
    return [(news.to, news.kind, news.call_id) for news in told]


@pytest.fixture
def live() -> FakeLive:
    return FakeLive()


@pytest.fixture
def feed(live: FakeLive) -> LiveFeed:
    return LiveFeed(lambda: live)


def test_each_hears_what_is_his_and_what_is_everybodys_r66(live: FakeLive, feed: LiveFeed) -> None:
    ana, _ = feed.join("ana", Role.AGENT, "s1")
    ben, _ = feed.join("ben", Role.AGENT, "s2")
    mia, _ = feed.join("mia", Role.MANAGER, "s3")
    root, _ = feed.join("root", Role.ADMIN, "s4")
    live.tell("ana", "ring", 7)
    live.tell("managers", "alert")
    live.tell("*", "line")
    assert heard(ana, 2) == [("ana", "ring", 7), ("*", "line", None)]
    assert heard(ben, 1) == [("*", "line", None)]
    assert heard(mia, 2) == heard(root, 2) == [("managers", "alert", None), ("*", "line", None)]


def test_who_has_left_hears_nothing_and_who_comes_then_only_what_follows(
    live: FakeLive, feed: LiveFeed
) -> None:
    ana, _ = feed.join("ana", Role.AGENT, "s1")
    assert feed.leave(ana)
    assert not feed.leave(ana), "twice as once"
    live.tell("ana", "ring", 1)
    again, place = feed.join("ana", Role.AGENT, "s1")
    assert place == live.newest()
    live.tell("ana", "ring", 2)
    assert heard(again, 1) == [("ana", "ring", 2)]
    assert ana.inbox.empty()


def test_nobody_is_let_in_above_the_cap(live: FakeLive) -> None:
    feed = LiveFeed(lambda: live, most=2)
    first, _ = feed.join("ana", Role.AGENT, "s1")
    feed.join("ben", Role.AGENT, "s2")
    with pytest.raises(FeedFull):
        feed.join("cleo", Role.AGENT, "s3")
    feed.leave(first)
    feed.join("cleo", Role.AGENT, "s3")


def test_a_log_that_cannot_be_read_ends_every_stream_and_lets_nobody_in(
    live: FakeLive, feed: LiveFeed
) -> None:
    ana, _ = feed.join("ana", Role.AGENT, "s1")
    live.away = True
    assert waited_for(ana) is Ended.DOWN
    with pytest.raises(LiveLogUnavailable):
        feed.join("ben", Role.AGENT, "s2")
    assert not feed.logins
    live.away = False
    ben, _ = feed.join("ben", Role.AGENT, "s2")
    live.tell("ben", "state")
    assert heard(ben, 1) == [("ben", "state", None)]


def test_a_log_that_was_wiped_ends_every_stream_so_that_each_page_asks_anew(
    live: FakeLive, feed: LiveFeed
) -> None:
    live.tell("ana", "state")
    ana, _ = feed.join("ana", Role.AGENT, "s1")
    live.wipe()
    assert waited_for(ana) is Ended.DOWN


def test_a_session_that_ends_ends_its_own_streams_and_no_others(feed: LiveFeed) -> None:
    here, _ = feed.join("ana", Role.AGENT, "here")
    also, _ = feed.join("ana", Role.AGENT, "here")
    there, _ = feed.join("ana", Role.AGENT, "there")
    assert feed.end("here") == 2
    assert waited_for(here) is Ended.SIGNED_OUT
    assert waited_for(also) is Ended.SIGNED_OUT
    assert there.inbox.empty()
    assert feed.logins == {"ana": 1}


def test_who_has_heard_everything_knows_up_to_where(live: FakeLive, feed: LiveFeed) -> None:
    ana, _ = feed.join("ana", Role.AGENT, "s1")
    live.tell("ben", "ring", 1)
    live.tell("ana", "ring", 2)
    item = waited_for(ana)
    assert isinstance(item, StampedNews)
    assert feed.settled(ana) == item.stamp
    feed.say_aside(Aside(kind="counters", data={}))
    assert feed.settled(ana) is None, "something waits for him"


@dataclass
class Page:
    """A page as live_connection.js is one: it comes again with the place it heard last, and drops what is older."""

    feed: LiveFeed
    last: Stamp | None = None
    calls: list[int | None] = field(default_factory=list)
    snapshots: int = 0

    def connect(self, replayed_before_the_drop: int | None) -> Listener:
        """The beginning of a stream, cut off after so many pieces of what it has missed; None: not cut off."""
        listener, place = self.feed.join("ana", Role.AGENT, "s1")
        missed = None if self.last is None else self.feed.missed(self.last, place, listener)
        if missed is None:
            self.last, self.snapshots = place, self.snapshots + 1
            return listener
        for each in missed[:replayed_before_the_drop]:
            self.hear(each)
        return listener

    def hear(self, each: StampedNews) -> None:
        if self.last is None or each.stamp > self.last:
            self.last = each.stamp
            self.calls.append(each.news.call_id)

    def hear_all(self, listener: Listener) -> None:
        while True:
            try:
                item = listener.inbox.get_nowait()
            except queue.Empty:
                return
            assert isinstance(item, StampedNews)
            self.hear(item)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.one_of(st.none(), st.integers(0, 3))), max_size=12
    )
)
def test_wherever_it_is_cut_off_nothing_is_lost_and_nothing_doubled(
    story: list[tuple[int, int, int | None]],
) -> None:
    """Each chapter: so much is told while nobody is connected, so much while he is, and where he is cut off."""
    live = FakeLive()
    feed = LiveFeed(lambda: live)
    page = Page(feed)
    feed.leave(page.connect(None))
    number = 0
    for offline, online, cut in story:
        for _ in range(offline):
            number += 1
            live.tell("ana", "ring", number)
            live.tell("ben", "ring", -number)
        listener = page.connect(cut)
        for _ in range(online):
            number += 1
            live.tell("ana", "ring", number)
        if cut is None:
            for each in live.later(page.last or (0, 0), 0):  # what its stream brings, by way of the same log
                if listener.hears(each.news):
                    page.hear(each)
        feed.leave(listener)
    feed.leave(page.connect(None))
    assert page.calls == list(range(1, number + 1))
    assert page.snapshots == 1


@given(st.text(max_size=30))
def test_whatever_a_page_says_it_heard_last_is_a_place_or_nothing(text: str) -> None:
    stamp = parse_stamp(text)
    assert stamp is None or parse_stamp(stamp_text(stamp)) == stamp


@given(st.tuples(st.integers(0, 10**14), st.integers(0, 10**9)))
def test_a_place_is_read_as_it_was_written(stamp: Stamp) -> None:
    assert parse_stamp(stamp_text(stamp)) == stamp
