"""Where the recording of a prompt lies: the company's own before the pack, the language before English.

The texts are read from prompts.toml, whose every table is checked; an unknown field is refused by its name.
"""

import re
import tomllib
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh_CN", "en")
FALLBACK = "en"
_KEY = re.compile(r"[a-z][a-z0-9_]*")


class BadPromptTexts(ValueError):
    """prompts.toml holds something it must not, or lacks something it must hold; the message names it."""


class MissingPrompt(LookupError):
    """No recording of a prompt exists, neither in its language nor in English."""

    def __init__(self, key: str, language: str) -> None:
        super().__init__(f"no recording of prompt {key!r} for {language}")
        self.key = key
        self.language = language


@dataclass(frozen=True, kw_only=True)
class PromptTexts:
    """What prompts.toml says: the company's name, and per key the text of each language that has one."""

    company: str
    by_key: Mapping[str, Mapping[str, str]]

    def of(self, language: str) -> dict[str, str]:
        """Key → text of every prompt that is used in ``language``."""
        return {key: texts[language] for key, texts in self.by_key.items() if language in texts}


@dataclass(frozen=True)
class PromptPack:
    """The recordings of one language.

    ``root`` is the shipped pack, with its texts beside it in root.toml; ``custom`` holds the company's own
    recordings and need not exist. Both are laid out LANGUAGE/KEY.wav.
    """

    root: Path
    custom: Path
    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language {self.language!r} is not one of {', '.join(LANGUAGES)}")

    def path(self, key: str) -> Path:
        """The file to play for ``key``; raises MissingPrompt. Looked up anew: it may be replaced."""
        for place in _places(self, key):
            if place.is_file():
                return place
        raise MissingPrompt(key, self.language)

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Key → text of every prompt used in this language."""
        return load_texts(self.root.with_suffix(".toml")).of(self.language)

    def missing(self) -> tuple[str, ...]:
        """The keys used in this language that nothing can be played for; empty in a healthy installation."""
        return tuple(key for key in self.texts if not self._plays(key))

    def unplayable(self) -> tuple[Path, ...]:
        """The recordings in use that the switch would refuse, and the caller hear as silence."""
        paths = [self.path(key) for key in self.texts if self._plays(key)]
        return tuple(path for path in paths if not is_telephone_wav(path))

    def _plays(self, key: str) -> bool:
        try:
            self.path(key)
        except MissingPrompt:
            return False
        return True


@lru_cache(maxsize=1024)  # paths cost more to put together than to look at, and every burst and webhook asks
def _places(pack: PromptPack, key: str) -> tuple[Path, ...]:
    """Where a recording may lie, the best first; nowhere for what is no key."""
    if not _KEY.fullmatch(key):
        return ()
    folders = (pack.custom / pack.language, pack.root / pack.language, pack.root / FALLBACK)
    return tuple(folder / f"{key}.wav" for folder in folders)


def is_telephone_wav(path: Path) -> bool:
    """True for a PCM WAV file of 8 kHz, one channel, 16 bit, that holds any sound at all."""
    try:
        with wave.open(str(path), "rb") as wav:
            shape = (wav.getframerate(), wav.getnchannels(), wav.getsampwidth())
            return shape == (8000, 1, 2) and wav.getnframes() > 0
    except (wave.Error, EOFError, OSError):
        return False


def load_texts(path: Path) -> PromptTexts:
    """Read and check prompts.toml; raises BadPromptTexts naming the table and the field."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPromptTexts(f"{path.name}: {error}") from error
    _refuse_unknown(path.name, tables, ("company", "prompts"))
    prompts = tables.get("prompts")
    if not isinstance(prompts, dict) or not prompts:
        raise BadPromptTexts(f"{path.name}: prompts holds no table")
    company = _text(f"{path.name}: company", tables.get("company"))
    return PromptTexts(company=company, by_key={key: _texts_of(key, table) for key, table in prompts.items()})


def _texts_of(key: str, table: object) -> dict[str, str]:
    where = f"prompts.{key}"
    if not _KEY.fullmatch(key):
        raise BadPromptTexts(f"{where}: a key is lower-case ASCII, it is the name of a file")
    if not isinstance(table, dict) or not table:
        raise BadPromptTexts(f"{where} holds no text")
    _refuse_unknown(where, table, LANGUAGES)
    return {language: _text(f"{where}.{language}", text) for language, text in table.items()}


def _refuse_unknown(where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for field in table:
        if field not in known:
            raise BadPromptTexts(f"{where}: unknown field {field!r}; known are {', '.join(known)}")


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadPromptTexts(f"{where} must be a text")
    return value
