"""A packet is known by its bytes: whose sound it is to the caller, as Asterisk plays our recordings."""

import numpy as np
import pytest

from ivr.policy.prompts import Prompt
from tests.kills.sounds import Sounds, encode_as_asterisk, voice
from tests.real_asterisk.sip.media import PACKET_SAMPLES, Samples, melody, read_wav
from tests.unplug.sip_people import BREATH, MUSIC, PROMPTS, kind_of, sounds
from tests.unplug.timeline import Kind


@pytest.fixture(scope="module")
def known() -> Sounds:
    return sounds()


def packets(samples: Samples) -> list[bytes]:
    whole = samples[: samples.size // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES)
    return [encode_as_asterisk(packet) for packet in whole]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("greeting", Kind.GREETING),
        (Prompt.STATIC_APOLOGY.value, Kind.WORDS),
        (Prompt.NUMBER_NOTED.value, Kind.NOTED),
        (MUSIC, Kind.MUSIC),
    ],
)
def test_a_recording_is_what_it_says_wherever_its_listener_comes_in(
    known: Sounds, name: str, kind: Kind
) -> None:
    kinds = [kind_of(known.name_of(packet), packet) for packet in packets(read_wav(PROMPTS / f"{name}.wav"))]
    assert {each for each in kinds if each is not None} <= {kind, Kind.MUSIC}
    assert kinds.count(kind) > len(kinds) / 2


def test_a_voice_is_an_agents_and_silence_is_nothing(known: Sounds) -> None:
    assert kind_of(known.name_of(voice("ana/7")), voice("ana/7")) is Kind.AGENT
    assert kind_of(known.name_of(BREATH), BREATH) is None
    quiet = encode_as_asterisk(np.full(PACKET_SAMPLES, 12, np.int16))
    assert kind_of(known.name_of(quiet), quiet) is None


def test_a_loud_sound_no_recording_has_is_the_music_from_another_beginning(known: Sounds) -> None:
    [loud, *_] = packets(melody(7, 0.1))
    assert known.name_of(loud) is None
    assert kind_of(None, loud) is Kind.MUSIC
