"""What is heard on many lines at once, told packet by packet: our prompts, and which agent speaks.

Asterisk plays a recording in packets of 20 ms from its first sample, so a packet of a prompt is always the same bytes.
An agent's voice here is a packet that names him and his call; a bridge passes it on as it is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from tests.real_asterisk.sip.media import PACKET_SAMPLES, Samples, read_wav

VOICE: Final = b"voice of "
LOUD: Final = 500  # the mean of a packet that belongs to one prompt only; silence belongs to all
_BIAS, _CLIP = 0x84, 32635


class Sounds:
    """`name_of` a packet's payload: a prompt's, `voice of …`, or None for what says nothing."""

    def __init__(self, directory: Path, names: Iterable[str]) -> None:
        self._prompts: dict[bytes, str | None] = {}
        for name in names:
            for payload in _packets(read_wav(directory / f"{name}.wav")):
                shared = payload in self._prompts and self._prompts[payload] != name
                self._prompts[payload] = None if shared else name

    def name_of(self, payload: bytes) -> str | None:
        if payload.startswith(VOICE):
            return payload.split(b"\xff", 1)[0].decode("ascii")
        return self._prompts.get(payload)


def voice(speaker: str) -> bytes:
    """A packet of that speaker's voice."""
    return (VOICE + speaker.encode("ascii")).ljust(PACKET_SAMPLES, b"\xff")


def _packets(samples: Samples) -> list[bytes]:
    whole = samples[: samples.size // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES)
    loud = np.abs(whole.astype(np.int32)).mean(axis=1) > LOUD
    return [encode_as_asterisk(packet) for packet in whole[loud]]


def encode_as_asterisk(samples: Samples) -> bytes:
    """Its own table (main/ulaw.c) has one entry for four neighbouring samples: that of the last."""
    last = (samples.astype(np.int32) & ~3) | 3
    sign = np.where(last < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(last), _CLIP) + _BIAS
    exponent = np.maximum(np.floor(np.log2(magnitude)).astype(np.int32) - 7, 0)
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))
