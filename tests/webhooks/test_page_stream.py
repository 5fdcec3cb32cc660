"""One page's stream, piece by piece: what was missed comes before what is new, and what is in both comes once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_state import SqlDeskState
from ivr.adapters.sql_presence import SqlPresence
from ivr.bootstrap import agents_service
from ivr.policy.roles import Role
from ivr.policy.rules import Rules
from ivr.service.desk_state import DeskState
from ivr.service.live_desk import LiveDesk
from ivr.service.live_feed import LiveFeed
from ivr.service.live_ports import Stamp
from ivr.service.presence import Presence
from tests.adapters.rows import SetClock
from tests.fakes.fake_live import FakeLive
from tests.webhooks.pages import Pages, pages_in
from webhooks.live_events import PageStream

QUIET_SECONDS = 4.0  # then a heartbeat comes


class House:
    """Ana's page and what she is told."""

    def __init__(self, pages: Pages) -> None:
        self.live, self.clock = FakeLive(), SetClock()
        url = pages.settings.database_url
        desk = DeskState(SqlDeskState(url), agents_service(pages.settings), self.clock, Rules(), self.live)
        presence = Presence(SqlPresence(url), self.clock, self.live)
        self.desk = LiveDesk(LiveFeed(lambda: self.live), presence, desk)

    def ring(self, *calls: int, to: str = "ana") -> None:
        for call_id in calls:
            self.live.tell(to, "ring", call_id)

    def stream(self, after: Stamp | None, *while_it_joins: int) -> Iterator[tuple[str, int | None]]:
        """Kind and call of each piece; those calls ring after she joined and before her place is fixed."""
        listener, _ = self.desk.feed.join("ana", Role.AGENT, "hers")
        self.ring(*while_it_joins)
        snapshot = self.desk.desk.snapshot("ana")
        assert snapshot is not None
        stream = PageStream(
            live=self.desk,
            listener=listener,
            place=self.live.newest(),
            snapshot=snapshot,
            after=after,
            heartbeat_seconds=QUIET_SECONDS,
            clock=self.clock,
            is_open=lambda: True,
        )
        return (each for text in stream.lines() for each in parsed(text))


def parsed(text: str) -> Iterator[tuple[str, int | None]]:
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if "event" in lines:
        yield lines["event"], json.loads(lines["data"]).get("call_id")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with pages_in(tmp_path) as pages:
        yield House(pages)


def test_what_rang_while_a_page_was_away_is_told_in_its_order_r66(house: House) -> None:
    house.ring(1)
    heard_last = house.live.newest()
    house.ring(2, 3)
    house.ring(9, to="ben")
    stream = house.stream(heard_last)
    assert [next(stream) for _ in range(3)] == [("snapshot", None), ("ring", 2), ("ring", 3)]


def test_what_rings_while_a_page_comes_back_is_told_once_r66(house: House) -> None:
    house.ring(1)
    heard_last = house.live.newest()
    stream = house.stream(heard_last, 2)
    assert [next(stream) for _ in range(2)] == [("snapshot", None), ("ring", 2)]
    house.ring(3)
    assert next(stream) == ("ring", 3), "the second ring is in her inbox as well, and is not told again"


def test_a_page_without_a_place_begins_with_the_snapshot_and_hears_nothing_older_r66(house: House) -> None:
    house.ring(1)
    stream = house.stream(None, 2)
    assert next(stream) == ("snapshot", None)
    house.ring(3)
    assert next(stream) == ("ring", 3)


def test_a_place_that_is_not_kept_any_more_begins_anew(house: House) -> None:
    house.ring(1)
    house.live.wipe()
    house.ring(2)
    stream = house.stream((1, 0))
    assert [next(stream) for _ in range(2)] == [("reset", None), ("snapshot", None)]
