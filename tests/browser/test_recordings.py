"""Talks recorded on a whole hotline: the notice before anybody is heard; played, denied, removed; and a sick disk."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from ivr.adapters.sql_desk_schema import audit, recordings
from ivr.adapters.sql_engine import create_engine
from tests.browser.conftest import Desk
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.sip.phones import AgentPhone, Caller
from tests.real_asterisk.stories import prompts_heard_in_order

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

PLAYS = """async (address) => {
    const sound = new Audio(address);
    await sound.play();
    await new Promise((done) => setTimeout(done, 500));
    return [sound.duration, sound.currentTime];
}"""


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    policy = "record_calls = true\nrecording_retention_days = 7\nwrap_up_seconds = 0\nsatisfaction = false\n"
    with RunningHotline(tmp_path_factory.mktemp("hotline"), policy) as hotline:
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        made = Desk(browser, hotline)
        yield made
        made.close()


@pytest.fixture(scope="module")
def phone(desk: Desk) -> Iterator[AgentPhone]:
    with desk.hotline.phone("zhao", answer_after_seconds=0.3, hang_up_after_seconds=9) as ringing:
        desk.add("zhao", ringing.address, state="available")
        desk.add("qian", "sip:nobody@127.0.0.1:9")
        yield ringing


def booked(desk: Desk) -> list[dict[str, object]]:
    return desk.hotline.rows(sa.select(recordings).order_by(recordings.c.id))


def test_a_talk_is_recorded_after_greeting_and_notice_played_denied_and_removed_after_its_days_R65(
    desk: Desk, phone: AgentPhone
) -> None:
    hotline = desk.hotline
    with hotline.caller("13800138021") as caller:
        both_hum(phone, caller)
        call = hotline.ended_call("13800138021", 40)
        prompts_heard_in_order(caller.media, "greeting", "recording_notice")
    assert call["greeted_by"] == "server"
    assert timedelta(seconds=3) < call["served_at"] - call["greeted_at"] < timedelta(seconds=9)
    hotline.wait(lambda: len(booked(desk)) == 1, 15)
    (row,) = booked(desk)
    assert (row["call_id"], row["agent"]) == (call["id"], "zhao")
    address = f"/recordings/{row['id']}"
    page = desk.page("zhao")
    duration, heard = page.evaluate(PLAYS, address)
    assert duration > 1
    assert heard > 0
    assert desk.page("qian").request.get(address).status == 404
    lines = [line for line in hotline.rows(sa.select(audit)) if line["action"] == "recording_played"]
    assert {line["login"] for line in lines} == {"zhao"}
    age(desk, days=8)
    hotline.wait(lambda: booked(desk)[0]["removed_at"] is not None, 15)
    assert page.request.get(address).status == 410
    assert not (hotline.settings.recordings_dir / str(row["file"])).exists()


def test_where_nothing_can_be_recorded_people_talk_all_the_same(desk: Desk, phone: AgentPhone) -> None:
    hotline = desk.hotline
    place, before = hotline.settings.recordings_dir, len(booked(desk))
    place.rename(place.with_name("elsewhere"))
    place.write_text("no directory")
    hotline.wait(lambda: hotline.agent("zhao")["state"] == "available")
    with hotline.caller("13800138022"):
        call = hotline.ended_call("13800138022", 40)
    assert (call["outcome"], call["served_by"]) == ("served", "zhao")
    time.sleep(1)
    assert len(booked(desk)) == before
    place.unlink()
    place.with_name("elsewhere").rename(place)


def both_hum(phone: AgentPhone, caller: Caller) -> None:
    """A talk in which nobody says anything leaves no recording."""
    caller.media.send_tone(440, to=caller.wait_for("received", "INVITE", 200, seconds=30).media_port)
    phone.media.send_tone(800, to=phone.find("received", "INVITE")[0].media_port)


def age(desk: Desk, *, days: int) -> None:
    """As if all of it had been long ago."""
    engine = create_engine(desk.hotline.settings.database_url)
    with engine.begin() as connection:
        for row in connection.execute(sa.select(recordings)).all():
            then = row.started_at - timedelta(days=days)
            connection.execute(sa.update(recordings).where(recordings.c.id == row.id).values(started_at=then))
    engine.dispose()
