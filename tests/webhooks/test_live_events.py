"""The stream of a page, from the real web server over real sockets and a real Valkey."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from ivr.adapters.sql_desk_schema import web_sessions
from tests.webhooks.event_streams import Client, Event, Refused, Stream
from tests.webhooks.web_server import WebServer, running_web_server

NEWS = {"ring", "ring_over", "talk", "state", "record", "line", "callbacks", "board", "alert"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with running_web_server(tmp_path_factory.mktemp("web")) as server:
        yield server


@pytest.fixture(scope="module")
def ana(web: WebServer) -> Client:
    return Client(web.base_url, "ana")


def test_a_stream_begins_with_how_everything_stands_and_goes_on_with_what_is_his_r66(
    web: WebServer, ana: Client
) -> None:
    stream = ana.stream()
    snapshot = stream.wait_for("snapshot")
    assert snapshot.data["own"]["login"] == "ana"
    assert snapshot.data["own"]["state"] == "offline"
    assert abs(snapshot.data["now"] / 1000 - time.time()) < 5
    web.news.tell("ben", "ring", 1)
    web.news.tell("ana", "ring", 2)
    ring = stream.wait_for("ring")
    assert ring.data["call_id"] == 2, "not ben's"
    assert ring.id is not None
    stream.cut()


def test_heartbeats_are_events_and_say_up_to_where_everything_was_heard(web: WebServer, ana: Client) -> None:
    stream = ana.stream()
    stream.wait_for("snapshot")
    web.news.tell("ben", "ring", 1)
    web.news.flush()
    ping = stream.wait_for("ping")
    assert abs(ping.data["now"] / 1000 - time.time()) < 5
    stream.cut()
    again = ana.stream(ping.id)
    assert [event.kind for event, _ in zip(again.events(), range(1), strict=False)] == ["snapshot"]
    again.cut()


def test_who_comes_back_is_told_what_he_missed_and_whoever_comes_too_late_that_he_did(
    web: WebServer, ana: Client
) -> None:
    stream = ana.stream()
    snapshot = stream.wait_for("snapshot")
    stream.cut()
    for call_id in (11, 12, 13):
        web.news.tell("ana", "ring", call_id)
    web.news.flush()
    again = ana.stream(snapshot.id)
    seen = again.events()
    first = next(seen)
    assert (first.kind, first.id) == ("snapshot", snapshot.id)
    assert [next(seen).data["call_id"] for _ in range(3)] == [11, 12, 13]
    again.cut()
    late = ana.stream("5-0")
    seen = late.events()
    assert [next(seen).kind, next(seen).kind] == ["reset", "snapshot"]
    late.cut()


@pytest.mark.parametrize("after", ["x", "1", "-", "99999999999999999999-1", "1-2-3", "%00", "١-١"])
def test_a_place_that_is_none_is_a_new_beginning(ana: Client, after: str) -> None:
    stream = ana.stream(after if after.isascii() else "%D9%A1-%D9%A1")
    assert next(stream.events()).kind == "snapshot"
    stream.cut()


def test_a_visitor_has_no_stream_and_no_state(web: WebServer) -> None:
    visitor = Client(web.base_url, "ben")
    visitor.cookie = ""
    with pytest.raises(Refused) as refused:
        visitor.stream()
    assert refused.value.status in {302, 401}
    assert visitor.request("GET", "/desk/state.json")[0] in {302, 401}


def test_a_stream_ends_at_once_when_its_person_signs_out_and_his_phone_goes_on(web: WebServer) -> None:
    ben = Client(web.base_url, "ben")
    ben.request("POST", "/desk/state", state="available")
    stream = ben.stream()
    stream.wait_for("snapshot")
    assert web.database.agent("ben")["page_seen_at"] is not None
    began = time.monotonic()
    assert ben.request("POST", "/sign-out")[0] == 302
    assert stream.wait_for("end").data == {"why": "signed_out"}
    assert time.monotonic() - began < 3
    stream.cut()
    time.sleep(6)  # the next note of who is present
    assert web.database.agent("ben")["page_seen_at"] is None
    assert web.database.agent("ben")["state"] == "available"
    web.database.add_agent("dora", "available")  # whoever comes later is not alone


def test_a_stream_ends_when_its_session_is_ended_elsewhere(web: WebServer) -> None:
    mia = Client(web.base_url, "mia")
    stream = mia.stream()
    stream.wait_for("snapshot")
    with web.database.engine.begin() as connection:
        connection.execute(web_sessions.delete().where(web_sessions.c.login == "mia"))
    assert stream.wait_for("end").data == {"why": "signed_out"}
    stream.cut()
    assert mia.request("GET", "/desk/state.json")[0] in {302, 401}


def test_a_stream_ends_when_its_person_has_another_role_or_is_signed_out_by_force(web: WebServer) -> None:
    """Both by the administration; a page hears managers' news no longer than two heartbeats."""
    root, mia, ben = (Client(web.base_url, login) for login in ("root", "mia", "ben"))
    streams = [each.stream() for each in (mia, ben)]
    for stream in streams:
        stream.wait_for("snapshot")
    changed = {"name": "Mia", "role": "agent", "phone": "endpoint:mia"}
    assert root.request("POST", "/admin/people/mia", **changed)[0] == 200
    assert root.request("POST", "/admin/people/ben/sign-out")[0] == 302
    began = time.monotonic()
    for stream in streams:
        assert stream.wait_for("end").data == {"why": "signed_out"}
        stream.cut()
    assert time.monotonic() - began < 11
    assert mia.request("GET", "/desk/state.json")[0] == 200, "she is signed in, as what she is now"
    assert root.request("POST", "/admin/people/mia", **{**changed, "role": "manager"})[0] == 200


@dataclass
class Page:
    """What a page does with its stream, as live_connection.js does it."""

    client: Client
    last: str | None = None
    heard: list[int] = field(default_factory=list)
    resets: int = 0

    def read(self, stream: Stream, until: threading.Event) -> None:
        for event in stream.events():
            self._take(event)
            if until.is_set():
                return

    def _take(self, event: Event) -> None:
        if event.kind == "reset":
            self.resets += 1
            self.last = None
        if event.kind in NEWS:
            assert event.id is not None
            self.heard.append(event.data["call_id"])
        if event.id is not None:
            self.last = event.id


@pytest.mark.slow
def test_of_a_hundred_broken_connections_no_news_is_lost_and_none_is_doubled(
    web: WebServer, ana: Client
) -> None:
    told, enough = 0, threading.Event()

    def tell() -> None:
        nonlocal told
        while not enough.is_set():
            told += 1
            web.news.tell("ana", "record", told)
            web.news.tell("ben", "record", -told)
            time.sleep(random.uniform(0.001, 0.02))

    page = Page(ana)
    first = ana.stream()
    page.last = first.wait_for("snapshot").id
    first.cut()
    teller = threading.Thread(target=tell)
    teller.start()
    drops, never = 0, threading.Event()
    while drops < 100:
        stream = ana.stream(page.last)
        reader = threading.Thread(target=page.read, args=(stream, never))
        reader.start()
        time.sleep(random.uniform(0.0, 0.15))
        stream.cut()
        drops += 1
        reader.join(10)
        assert not reader.is_alive()
    enough.set()
    teller.join()
    assert web.news.flush(5)
    last = ana.stream(page.last)
    ender = threading.Timer(3.0, last.cut)
    ender.start()
    page.read(last, never)
    ender.join()
    assert page.resets == 0
    assert page.heard == list(range(1, told + 1)), f"{told} told, {len(page.heard)} heard"


@pytest.mark.slow
def test_above_the_cap_a_page_asks_instead_and_nobody_else_waits(web: WebServer, ana: Client) -> None:
    streams: list[Stream] = []
    try:
        until = time.monotonic() + 20
        while len(streams) < 300:
            try:
                streams.append(ana.stream())
            except Refused:  # streams cut just before are noticed with their next heartbeat
                assert time.monotonic() < until
                time.sleep(0.2)
        with pytest.raises(Refused) as refused:
            ana.stream()
        assert refused.value.status == 503
        began = time.monotonic()
        assert ana.state()["own"]["login"] == "ana"
        assert web.answers()
        assert time.monotonic() - began < 5
    finally:
        for stream in streams:
            stream.cut()
    until = time.monotonic() + 20
    while True:
        try:
            ana.stream().cut()
            return
        except Refused:
            assert time.monotonic() < until, "threads outlive their clients"
            time.sleep(0.5)


def test_while_redis_is_away_a_page_asks_and_is_told_when_there_are_streams_again(
    web: WebServer, ana: Client
) -> None:
    stream = ana.stream()
    stream.wait_for("snapshot")
    web.redis.stop()
    assert stream.wait_for("end").data == {"why": "down"}
    stream.cut()
    with pytest.raises(Refused) as refused:
        ana.stream()
    assert refused.value.status == 503
    assert ana.state()["own"]["state"] == "offline"
    web.redis.start()
    until = time.monotonic() + 10
    while True:
        try:
            again = ana.stream("1764000000000-1")  # of the log that is gone
            break
        except Refused:
            assert time.monotonic() < until
            time.sleep(0.1)
    seen = again.events()
    assert [next(seen).kind, next(seen).kind] == ["reset", "snapshot"]
    again.cut()
