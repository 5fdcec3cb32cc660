"""A page that is gone costs its agent no running call and, while the server itself was away, nothing at all."""

from datetime import timedelta
from pathlib import Path

import pytest

from ivr.adapters.sql_presence import SqlPresence
from ivr.adapters.sql_schema import alerts
from ivr.service.presence import LAST_PAGE_GONE, Presence
from tests.adapters.rows import NINE, Database, SetClock
from tests.fakes.fake_live import FakeLive


class House:
    """Ana and her server; seconds pass one after the other, as they do."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)
        self.live = FakeLive()
        self.clock = SetClock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another process of the same server."""
        self.presence = Presence(SqlPresence(self.database.url), self.clock, self.live)

    def pass_seconds(self, seconds: int, *streaming: str) -> list[str]:
        """Who became unreachable."""
        gone: list[str] = []
        for _ in range(seconds):
            self.clock.pass_seconds(1)
            gone += self.presence.look(streaming)
        return gone

    def open(self, login: str = "ana") -> None:
        self.presence.seen(login)

    @property
    def state(self) -> str:
        return str(self.database.agent("ana")["state"])

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(each.news.to, each.news.kind) for each in self.live.told]


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.database.add_agent("ana")
    made.database.add_agent("ben")
    return made


def test_a_page_gone_for_more_than_15_seconds_gets_no_new_calls(house: House) -> None:
    house.open()
    assert house.pass_seconds(20, "ana") == []
    house.presence.left("ana")
    assert house.pass_seconds(15) == []
    assert house.pass_seconds(2) == ["ana"]
    assert house.state == "unreachable"
    assert ("ana", "state") in house.heard
    assert ("*", "line") in house.heard


def test_a_page_that_is_back_within_15_seconds_changes_nothing(house: House) -> None:
    house.open()
    house.pass_seconds(20, "ana")
    house.presence.left("ana")
    house.pass_seconds(14)
    house.open()
    house.pass_seconds(30, "ana")
    assert house.state == "available"
    assert house.heard == []


def test_who_comes_back_is_available_at_once(house: House) -> None:
    house.open()
    house.pass_seconds(40)
    assert house.state == "unreachable"
    house.live.told.clear()
    house.open()
    assert house.state == "available"
    assert house.heard == [("ana", "state"), ("*", "line")]


def test_a_page_that_only_asks_from_time_to_time_is_a_page(house: House) -> None:
    house.pass_seconds(20)
    for _ in range(20):
        house.open()
        assert house.pass_seconds(3) == []
    assert house.state == "available"


def test_a_running_call_is_his_whatever_his_page_does(house: House) -> None:
    house.database.add_agent("cleo", "talking", call_id=7)
    house.open("cleo")
    assert house.pass_seconds(60) == []
    assert (house.database.agent("cleo")["state"], house.database.agent("cleo")["call_id"]) == ("talking", 7)


def test_a_server_that_was_killed_throws_nobody_off(house: House) -> None:
    house.open()
    house.pass_seconds(20, "ana")
    house.clock.pass_seconds(300)  # nobody was there to hear her page
    house.begin_anew()
    assert house.pass_seconds(14) == []
    house.open()
    assert house.pass_seconds(30, "ana") == []
    assert house.state == "available"


def test_whose_page_does_not_come_back_after_the_server_is_lost_all_the_same(house: House) -> None:
    house.open()
    house.clock.pass_seconds(300)
    house.begin_anew()
    assert house.pass_seconds(17) == ["ana"]


def test_a_server_that_was_frozen_has_heard_nobody_meanwhile(house: House) -> None:
    house.open()
    house.pass_seconds(20, "ana")
    house.clock.pass_seconds(120)
    assert house.pass_seconds(10) == []
    assert house.pass_seconds(30, "ana") == []


def test_a_clock_that_was_set_back_loses_nobody(house: House) -> None:
    house.open()
    house.pass_seconds(20, "ana")
    house.clock.pass_seconds(-3600)
    assert house.pass_seconds(60, "ana") == []
    assert house.state == "available"


def test_who_signs_out_works_from_his_phone_as_before(house: House) -> None:
    house.open()
    house.pass_seconds(20, "ana")
    house.presence.signed_out("ana")
    assert house.pass_seconds(60) == []
    assert (house.state, house.database.agent("ana")["page_seen_at"]) == ("available", None)


def test_who_never_had_a_page_is_not_asked_for_one(house: House) -> None:
    assert house.pass_seconds(60) == []
    assert house.state == "available"


def test_the_last_one_on_duty_going_is_told_to_the_managers(house: House) -> None:
    house.open()
    house.open("ben")
    house.pass_seconds(20, "ana", "ben")
    assert house.pass_seconds(30, "ben") == ["ana"]
    assert house.database.rows(alerts) == [], "ben is there"
    assert house.pass_seconds(30) == ["ben"]
    told = [(alert["kind"], alert["agent"]) for alert in house.database.rows(alerts)]
    assert told == [(LAST_PAGE_GONE, "ben")]
    assert ("managers", "alert") in house.heard


def test_presence_costs_one_writing_every_five_seconds(house: House) -> None:
    house.open()
    noted = set()
    for _ in range(60):
        house.pass_seconds(1, "ana")
        noted.add(house.database.agent("ana")["page_seen_at"])
    assert len(noted) <= 13
    assert house.clock.now() - max(noted) < timedelta(seconds=5)
    assert min(noted) >= NINE
