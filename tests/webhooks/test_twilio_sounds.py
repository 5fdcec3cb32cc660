"""Recordings where Twilio fetches them: the right bytes under an address that changes with them."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from config.prompt_pack import PromptPack
from ivr.policy.prompts import Prompt
from tests.fakes.fake_clock import FakeClock
from tests.scenarios.stages import PROMPTS, PUBLIC, twilio_web
from tests.service.house import NOON, house
from webhooks.twilio_sounds import TwilioSounds, stretch, whole_seconds

MUSIC = PROMPTS / "music" / "hold.wav"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[FlaskClient]:
    with house(tmp_path) as home:
        yield twilio_web(home.switchboard, home.clock, home.rules, own=tmp_path / "custom").test_client()


def sounds(own: Path) -> TwilioSounds:
    pack = PromptPack(PROMPTS, own, "zh_CN")
    clock = FakeClock(NOON)
    return TwilioSounds(
        public_base_url=PUBLIC, prompts=pack, greeting="greeting", music_path=MUSIC, clock=clock
    )


def seconds(body: bytes) -> float:
    with wave.open(io.BytesIO(body), "rb") as wav:
        return wav.getnframes() / wav.getframerate()


def test_every_prompt_of_the_policy_can_be_fetched_by_its_address_and_kept(
    web: FlaskClient, tmp_path: Path
) -> None:
    for prompt in Prompt:
        answer = web.get(sounds(tmp_path / "custom").url(prompt).removeprefix(PUBLIC))
        assert answer.status_code == 200
        assert answer.data == (PROMPTS / "zh_CN" / f"{prompt}.wav").read_bytes()
        assert "immutable" in answer.headers["Cache-Control"]


def test_an_own_recording_has_an_address_of_its_own(web: FlaskClient, tmp_path: Path) -> None:
    before = sounds(tmp_path / "custom").url("greeting")
    own = tmp_path / "custom" / "zh_CN" / "greeting.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes((PROMPTS / "zh_CN" / "goodbye.wav").read_bytes())
    after = sounds(tmp_path / "custom").url("greeting")
    assert after != before
    assert web.get(after.removeprefix(PUBLIC)).data == own.read_bytes()
    stale = web.get(before.removeprefix(PUBLIC))  # of a call under way: never silence
    assert (stale.status_code, stale.headers["Cache-Control"]) == (200, "no-store")


def test_hold_music_comes_in_stretches_that_follow_one_another() -> None:
    whole = whole_seconds(MUSIC)
    assert seconds(stretch(MUSIC, 0, 10)) == seconds(stretch(MUSIC, whole - 1, 10)) == 10
    first, second = stretch(MUSIC, 5, 10), stretch(MUSIC, 15, 10)
    assert (first + second[44:])[44:] == stretch(MUSIC, 5, 20)[44:]


def test_the_address_of_music_says_how_long_it_plays(web: FlaskClient, tmp_path: Path) -> None:
    answer = web.get(sounds(tmp_path).music(7).removeprefix(PUBLIC))
    assert answer.status_code == 200
    assert seconds(answer.data) == 7


@pytest.mark.parametrize(
    "path",
    ["greeting/../../secrets.wav", "no_such.wav", "music/0-0.wav", "music/0-61.wav", "music/99999-1.wav"],
)
def test_nothing_but_recordings_can_be_fetched(path: str, web: FlaskClient) -> None:
    assert web.get(f"/twilio/prompts/0/{path}").status_code == 404
    assert web.post(f"/twilio/prompts/0/{path}").status_code in {404, 405}
