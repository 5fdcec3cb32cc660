"""The ears alone: what they call a tune, a tone or silence is one; and the reader of the telephone's log."""

from pathlib import Path

import numpy as np
import pytest

from ivr.cli.telephone.sip_log import read_messages
from tests.real_asterisk.sip.media import (
    RATE,
    Packet,
    correlation,
    decode_ulaw,
    encode_ulaw,
    lay_out,
    melody,
    parse_packet,
    tone,
    tone_share,
)


def test_ulaw_keeps_a_sound_within_its_steps() -> None:
    sound = np.arange(-32000, 32000, 37).astype(np.int16)
    error = np.abs(decode_ulaw(encode_ulaw(sound)).astype(int) - sound)
    assert (error <= np.maximum(4, np.abs(sound.astype(int)) // 16)).all()


def test_a_tune_is_found_under_noise_at_its_place() -> None:
    tune, noise = melody(1, 1.0), np.random.default_rng(5).normal(0, 800, 5 * RATE)
    heard = noise.astype(np.int16)
    heard[2 * RATE : 3 * RATE] += tune
    peak, offset = correlation(heard, tune)
    assert peak > 0.9
    assert offset == pytest.approx(2.0, abs=0.001)
    assert correlation(heard, melody(2, 1.0))[0] < 0.5
    assert correlation(np.zeros(RATE, np.int16), tune) == (0.0, 0.0)


def test_a_tone_is_told_from_another() -> None:
    assert tone_share(tone(440, 1), 440) > 0.99
    assert tone_share(tone(440, 1), 800) < 0.01
    assert tone_share(np.zeros(RATE, np.int16), 440) == 0.0


def test_a_lost_packet_is_silence_and_a_new_speaker_begins_when_he_arrives() -> None:
    loud = encode_ulaw(np.full(160, 8000, np.int16))

    def packet(at: float, stamp: int, source: int) -> Packet:
        return Packet(at, at, 0, stamp, source, 0, loud)

    sound = lay_out([packet(10.0, 7000, 1), packet(10.041, 7320, 1), packet(11.0, 5, 2)])
    silent = [int(start) for start in range(0, 480, 160) if not sound[start : start + 160].any()]
    assert silent == [160]
    assert sound.size == RATE + 160


def test_what_is_not_sound_is_not_taken_for_sound() -> None:
    assert parse_packet(b"", 0, 0) is None
    assert parse_packet(b"\x80\xc8" + bytes(26), 0, 0) is None  # RTCP sender report


def test_a_message_still_being_written_is_not_read(tmp_path: Path) -> None:
    log = tmp_path / "messages.log"
    head = b"----------------------------------------------- 2026-11-23T17:05:49.538352Z\n"
    text = b"BYE sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n"
    log.write_bytes(head + b"UDP message received [%d] bytes:\n\n" % len(text) + text[:-4])
    assert read_messages(log) == []
    log.write_bytes(head + b"UDP message received [%d] bytes:\n\n" % len(text) + text)
    (message,) = read_messages(log)
    assert (message.at, message.method, message.call_id) == (1795453549.538352, "BYE", "x")
