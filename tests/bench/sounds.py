"""One announcement of half a second for everybody: the hotline's prompts are cut so that together they last as long."""

import wave
from pathlib import Path

RATE = 8000
FRAME_SECONDS = 0.02  # one RTP packet
WHOLE_SECONDS = 0.5
SHORT = ("nobody_on_duty", "number_noted", "goodbye", "all_busy", "please_hold", "still_busy")
SAID_AFTER_GREETING = 3  # nobody_on_duty, number_noted, goodbye


def write_wav(path: Path, seconds: float) -> Path:
    """Telephone sound, a quiet square wave."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * RATE)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, RATE, frames, "NONE", ""))
        wav.writeframes((b"\x00\x04" * 10 + b"\x00\xfc" * 10) * (frames // 20))
    return path


def cut_prompts(data_dir: Path) -> None:
    """As the company's own recordings: greeting and the three sentences after it are half a second in all."""
    folder = data_dir / "custom" / "zh_CN"
    write_wav(folder / "greeting.wav", WHOLE_SECONDS - SAID_AFTER_GREETING * FRAME_SECONDS)
    for key in SHORT:
        write_wav(folder / f"{key}.wav", FRAME_SECONDS)
