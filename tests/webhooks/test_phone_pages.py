"""The phone's pages and the sound of recordings, as a browser asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.adapters.sql_desk_schema import audit, recordings
from tests.adapters.rows import NINE
from tests.webhooks.pages import Pages, pages_in

SOUND = bytes(range(200))


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_in(tmp_path) as made:
        yield made


@pytest.fixture
def recording(pages: Pages) -> int:
    call_id = pages.database.add_call(ref="1764000000.7", served_by="ana")
    file = f"call-1764000000.7-{NINE.timestamp():.3f}.wav"
    pages.settings.recordings_dir.mkdir()
    (pages.settings.recordings_dir / file).write_bytes(SOUND)
    made: int = pages.database.add(recordings, call_id=call_id, agent="ana", started_at=NINE, file=file)
    return made


def test_a_recording_is_played_in_parts_and_each_playing_is_in_the_audit_log(
    pages: Pages, recording: int
) -> None:
    ana = pages.browser("ana")
    with ana.get(f"/recordings/{recording}") as whole:
        assert (whole.status_code, whole.data, whole.mimetype) == (200, SOUND, "audio/wav")
    with ana.get(f"/recordings/{recording}", Range="bytes=100-149") as part:
        assert (part.status_code, part.data) == (206, SOUND[100:150])
    assert part.headers["Content-Range"] == "bytes 100-149/200"
    played = [line for line in pages.database.rows(audit) if line["action"] == "recording_played"]
    assert [line["login"] for line in played] == ["ana"]


def test_who_may_not_hear_a_recording_is_not_told_that_there_is_one(pages: Pages, recording: int) -> None:
    assert pages.browser("ben").get(f"/recordings/{recording}").status_code == 404
    with pages.browser("mia").get(f"/recordings/{recording}") as heard:
        assert heard.status_code == 200
    assert pages.browser("root").get(f"/recordings/{recording}").status_code == 403
    assert pages.visitor().get(f"/recordings/{recording}").status_code in {302, 401}


def test_a_recording_whose_days_are_over_is_gone(pages: Pages, recording: int) -> None:
    with pages.database.engine.begin() as connection:
        connection.execute(recordings.update().values(removed_at=NINE))
    assert pages.browser("ana").get(f"/recordings/{recording}").status_code == 410


def test_without_a_switch_nobodys_phone_is_the_page(pages: Pages) -> None:
    ana = pages.browser("ana")
    ana.get("/desk")
    assert ana.post("/desk/phone/claim").status_code == 503
    assert pages.database.agent("ana")["desk_phone"] is None
    assert ana.post("/desk/phone/renew", held="pg-00000000").status_code == 409


def test_the_strip_stands_on_the_desk_of_whoever_takes_calls(pages: Pages) -> None:
    assert 'id="phone"' in pages.browser("ana").get("/desk").text
    assert 'id="phone"' not in pages.browser("root").get("/admin").text
