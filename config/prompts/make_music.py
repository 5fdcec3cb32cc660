"""Makes music/hold.wav: a calm pentatonic loop of 90 s at -18 dBFS, whose end runs into its start.

Run once (``python config/prompts/make_music.py OUT.wav``), kept as a file; one seed, one music.
"""

import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float64]

RATE = 8000
BAR_SECONDS = 3.75
BARS = 24
STEPS_PER_BAR = 8
LOUDNESS_DBFS = -18.0
SEED = 64
# Semitones above the D next to middle C (a telephone swallows lower tones), all of D major's pentatonic.
HARMONY = ((-12, 0, 4, 7), (-15, -3, 0, 4), (-17, -5, 2, 7), (-12, -5, 4, 9))
SCALE = (0, 2, 4, 7, 9, 12, 14, 16, 19, 21)
D4_HERTZ = 293.66


def pad(semitone: int) -> Sound:
    """A soft chord tone that swells and fades over two bars, so that neighbouring chords overlap."""
    t = np.arange(int(2 * BAR_SECONDS * RATE)) / RATE
    swell = np.sin(np.pi * t / t[-1]) ** 2
    tone = 2 * np.pi * D4_HERTZ * 2 ** (semitone / 12) * t
    return np.asarray(swell * (np.sin(tone) + 0.3 * np.sin(2 * tone + 0.4)))


def pluck(semitone: int) -> Sound:
    """A plucked string; the higher partials die first, and none leaves the telephone's band."""
    t = np.arange(int(2.5 * RATE)) / RATE
    base = D4_HERTZ * 2 ** (semitone / 12)
    partials = [(n, 0.5 ** (n - 1)) for n in (1, 2, 3, 4) if n * base < 3000]
    body = sum(share * np.sin(2 * np.pi * n * base * t) * np.exp(-1.6 * n * t) for n, share in partials)
    return np.asarray(body * np.minimum(t / 0.008, 1.0) * np.minimum((t[-1] - t) / 0.1, 1.0))


def add_at(loop: Sound, seconds: float, sound: Sound) -> None:
    """Mix in, wrapping round the end: that is what makes the loop seamless."""
    places = (int(seconds * RATE) + np.arange(len(sound))) % len(loop)
    loop[places] += sound


def melody(chance: np.random.Generator) -> list[tuple[float, int]]:
    """(moment, semitone) of a walk by small steps on the scale, with more rests as a bar goes on."""
    notes, place = [], 4
    for step in range(BARS * STEPS_PER_BAR):
        in_bar = step % STEPS_PER_BAR
        if chance.random() < (0.85 if in_bar == 0 else 0.45 - 0.04 * in_bar):
            place = int(np.clip(place + chance.integers(-2, 3), 0, len(SCALE) - 1))
            notes.append((step * BAR_SECONDS / STEPS_PER_BAR, SCALE[place]))
    return notes


def compose() -> Sound:
    """The whole loop, scaled to its loudness."""
    chance = np.random.default_rng(SEED)
    loop = np.zeros(int(BARS * BAR_SECONDS * RATE))
    for bar in range(BARS):
        for semitone in HARMONY[bar % len(HARMONY)]:
            add_at(loop, bar * BAR_SECONDS, 0.22 * pad(semitone))
    for moment, semitone in melody(chance):
        add_at(loop, moment, chance.uniform(0.35, 0.5) * pluck(semitone))
    return np.asarray(loop * 10 ** (LOUDNESS_DBFS / 20) / np.sqrt(np.mean(loop**2)))


def write(path: Path, sound: Sound) -> None:
    """One channel of 16-bit PCM."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]), compose())
