"""Our recordings where Twilio fetches them: without a signature, by an address that changes with the content.

Twilio can play a file only whole, so hold music is cut into stretches here; each goes on where the clock has got to.
"""

import hashlib
import io
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort

from config.prompt_pack import MissingPrompt, PromptPack
from ivr.service.ports import Clock
from webhooks.access import machines

LONGEST_STRETCH_SECONDS = 60
KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True)
class TwilioSounds:
    """Sounds of twiml.render; `music_path` is one telephone WAV, played round and round.

    `notice` is the prompt that talks are recorded, None where they are not.
    """

    public_base_url: str
    prompts: PromptPack
    greeting: str
    music_path: Path
    clock: Clock
    notice: str | None = None

    def url(self, prompt: str) -> str:
        """Raises MissingPrompt."""
        return self._address(digest(self.prompts.path(prompt)), f"{prompt}.wav")

    def music(self, seconds: int) -> str:
        """A stretch of so many seconds."""
        start = int(self.clock.now().timestamp()) % whole_seconds(self.music_path)
        return self._address(digest(self.music_path), f"music/{start}-{seconds}.wav")

    def _address(self, content: str, name: str) -> str:
        return f"{self.public_base_url}/twilio/prompts/{content}/{name}"


def sounds_blueprint(sounds: TwilioSounds) -> Blueprint:
    """GET only, and only recordings."""
    blueprint = Blueprint("twilio_sounds", __name__, url_prefix="/twilio/prompts")

    @blueprint.get("/<content>/<key>.wav")
    @machines
    def prompt(content: str, key: str) -> Response:
        try:
            path = sounds.prompts.path(key)
        except MissingPrompt:
            abort(404)
        return _wav(path.read_bytes(), content == digest(path))

    @blueprint.get("/<content>/music/<int:start>-<int:seconds>.wav")
    @machines
    def music(content: str, start: int, seconds: int) -> Response:
        if not 0 < seconds <= LONGEST_STRETCH_SECONDS or start >= whole_seconds(sounds.music_path):
            abort(404)
        return _wav(stretch(sounds.music_path, start, seconds), content == digest(sounds.music_path))

    return blueprint


def _wav(body: bytes, current: bool) -> Response:
    """A recording replaced since the address was given is played as it is now, but not kept under that address."""
    response = Response(body, mimetype="audio/wav")
    response.headers["Cache-Control"] = KEPT if current else "no-store"
    return response


def digest(path: Path) -> str:
    """Of the content; computed anew when the file was replaced."""
    found = path.stat()
    return _digest(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=512)
def _digest(path: Path, _changed_ns: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@lru_cache(maxsize=8)
def _frames(path: Path) -> tuple[bytes, int]:
    """All sound and the bytes of one second of it."""
    with wave.open(str(path), "rb") as wav:
        return wav.readframes(wav.getnframes()), wav.getframerate() * wav.getsampwidth()


def whole_seconds(path: Path) -> int:
    """How long the recording is, at least one."""
    sound, second = _frames(path)
    return max(1, len(sound) // second)


def stretch(path: Path, start: int, seconds: int) -> bytes:
    """A telephone WAV of exactly so many seconds, beginning again where the recording ends."""
    sound, second = _frames(path)
    around = sound * (1 + (start + seconds) * second // len(sound))
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(second // 2)
        wav.writeframes(around[start * second : (start + seconds) * second])
    return file.getvalue()
