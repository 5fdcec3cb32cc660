"""The shipped prompts: every text recorded, every recording playable, no word against the norm."""

import hashlib
import json
import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.prompt_pack import (
    LANGUAGES,
    BadPromptTexts,
    MissingPrompt,
    PromptPack,
    is_telephone_wav,
    load_texts,
)
from ivr.policy.phrases import lint
from ivr.policy.prompts import Prompt, Unit, count_prompts, number_prompts, telephone_prompts
from ivr.policy.rating import RATING_SECONDS
from ivr.policy.spoken import whisper_prompts

ROOT = Path(__file__).parents[1] / "config" / "prompts"
TEXTS = load_texts(ROOT.with_suffix(".toml"))
MANIFEST: list[dict[str, Any]] = json.loads((ROOT / "manifest.json").read_text("utf-8"))["files"]
RECORDED = {(entry["language"], entry["key"]): entry for entry in MANIFEST}
FILES = [entry["file"] for entry in MANIFEST]
VOICES = {"zh_CN": "zf_xiaobei", "en": "af_heart"}


def samples(path: Path) -> "np.ndarray[Any, np.dtype[np.float64]]":
    with wave.open(str(path), "rb") as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2") / 32768


def dbfs(level: float) -> float:
    return float(20 * np.log10(level))


def write_wav(path: Path, *, rate: int = 8000, channels: int = 1, frames: int = 800) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(bytes(2 * channels * frames))
    return path


def write_texts(folder: Path, text: str) -> Path:
    path = folder / "prompts.toml"
    path.write_text(text, "utf-8")
    return path


# --- The shipped pack ---


def test_the_greeting_is_the_norms_own_r65() -> None:
    assert TEXTS.by_key["greeting"]["zh_CN"] == "您好，金穗公司" == f"您好，{TEXTS.company}"


def test_the_farewell_is_the_norms_own_r38() -> None:
    assert TEXTS.by_key["goodbye"]["zh_CN"] == "再见，如果以后您的开票系统有什么问题请再与我们联系"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_prompt_says_what_must_not_be_said_r12_to_r18_r75(language: str) -> None:
    assert {key: lint(text) for key, text in TEXTS.of(language).items() if lint(text)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_caller_is_told_of_a_transfer_r74(language: str) -> None:
    spoken = " ".join(TEXTS.of(language).values()).lower()
    assert not any(word in spoken for word in ("转接", "转到", "转给", "transfer"))


def test_a_busy_caller_hears_an_apology_the_reason_and_a_request_for_understanding_r68() -> None:
    text = TEXTS.by_key["all_busy"]["zh_CN"]
    assert all(part in text for part in ("抱歉", "都在接听其他电话", "谅解"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_recorded_as_it_is_written_now(language: str) -> None:
    recorded = {key: entry["text"] for (of, key), entry in RECORDED.items() if of == language}
    assert recorded == TEXTS.of(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_the_policy_can_say_is_in_the_pack(language: str, tmp_path: Path) -> None:
    pack = PromptPack(ROOT, tmp_path, language)
    keys = {*(prompt.value for prompt in Prompt), *telephone_prompts("0123456789")}
    for n in range(1000):
        keys.update(number_prompts(n, language))
    for n in (1, 2, 3):
        keys.update(key for unit in Unit for key in count_prompts(n, unit, language))
    assert keys <= set(pack.texts)
    assert {pack.path(key).parent.name for key in keys} == {language}
    assert (pack.missing(), pack.unplayable()) == ((), ())


def test_no_recording_lies_in_the_pack_unnamed() -> None:
    assert sorted(FILES) == sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.wav"))


@pytest.mark.parametrize("entry", MANIFEST, ids=FILES)
def test_a_recording_is_the_one_the_manifest_names(entry: dict[str, Any]) -> None:
    path = ROOT / entry["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert len(samples(path)) / 8000 == pytest.approx(entry["seconds"], abs=0.001)
    if entry["language"]:
        assert entry["file"] == f"{entry['language']}/{entry['key']}.wav"
        assert entry["voice"] == VOICES[entry["language"]]
        assert (entry["engine"], entry["licence"]) == ("Kokoro-82M v1.0", "Apache-2.0")


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("music/")])
def test_a_recording_sounds_like_the_others_on_a_telephone(file: str) -> None:
    assert is_telephone_wav(ROOT / file)
    sound = samples(ROOT / file)
    assert 0.2 <= len(sound) / 8000 <= 20
    assert dbfs(np.abs(sound).max()) <= -1
    assert -24 <= dbfs(np.sqrt(np.mean(sound**2))) <= -14


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_greeting_begins_at_once_r65(language: str) -> None:
    sound = samples(ROOT / language / "greeting.wav")
    assert np.argmax(np.abs(sound) > 0.01) / 8 <= 100  # milliseconds


def test_the_hold_music_is_quiet_and_free_to_use() -> None:
    sound = samples(ROOT / "music" / "hold.wav")
    assert is_telephone_wav(ROOT / "music" / "hold.wav")
    assert len(sound) == 90 * 8000
    assert dbfs(np.sqrt(np.mean(sound**2))) == pytest.approx(-18, abs=0.5)
    assert dbfs(np.abs(sound).max()) <= -1
    assert RECORDED[None, "hold"]["licence"] == "CC0-1.0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_whispered_to_an_agent_takes_a_second_and_a_half_at_most(language: str) -> None:
    whispers = [
        whisper_prompts(times, minutes, callback=callback)
        for times in range(1, 5)
        for minutes in range(12)
        for callback in (True, False)
    ]
    assert max(sum(RECORDED[language, key]["seconds"] for key in keys) for keys in whispers) <= 1.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_caller_thinks_of_us_is_asked_and_answered_in_eight_seconds_r3(language: str) -> None:
    assert RECORDED[language, Prompt.ASK_RATING]["seconds"] + RATING_SECONDS <= 8


# --- Which recording is played ---


def test_the_companys_own_recording_comes_before_the_pack(tmp_path: Path) -> None:
    own = write_wav(tmp_path / "zh_CN" / "greeting.wav")
    pack = PromptPack(ROOT, tmp_path, "zh_CN")
    assert pack.path("greeting") == own
    assert pack.path("all_busy") == ROOT / "zh_CN" / "all_busy.wav"
    own.unlink()
    assert pack.path("greeting") == ROOT / "zh_CN" / "greeting.wav"


def test_english_is_played_where_the_language_has_no_recording(tmp_path: Path) -> None:
    assert PromptPack(ROOT, tmp_path, "zh_CN").path("number_90") == ROOT / "en" / "number_90.wav"


@pytest.mark.parametrize("key", ["no_such_prompt", "../zh_CN/greeting", "", "greeting\n", "GREETING"])
def test_a_prompt_without_a_recording_is_named(key: str, tmp_path: Path) -> None:
    with pytest.raises(MissingPrompt) as caught:
        PromptPack(ROOT, tmp_path, "zh_CN").path(key)
    assert (caught.value.key, caught.value.language) == (key, "zh_CN")


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'fr' is not one of zh_CN, en"):
        PromptPack(ROOT, tmp_path, "fr")


def test_what_is_missing_is_known_before_a_caller_meets_it(tmp_path: Path) -> None:
    shutil.copy(ROOT.with_suffix(".toml"), tmp_path / "pack.toml")
    write_wav(tmp_path / "pack" / "en" / "greeting.wav")
    pack = PromptPack(tmp_path / "pack", tmp_path / "custom", "zh_CN")
    assert set(pack.missing()) == set(pack.texts) - {"greeting"}


def test_an_own_recording_the_switch_cannot_play_is_known(tmp_path: Path) -> None:
    stereo = write_wav(tmp_path / "zh_CN" / "greeting.wav", channels=2)
    wide = write_wav(tmp_path / "zh_CN" / "all_busy.wav", rate=44100)
    empty = write_wav(tmp_path / "zh_CN" / "please_hold.wav", frames=0)
    text = tmp_path / "zh_CN" / "goodbye.wav"
    text.write_text("not sound", "utf-8")
    pack = PromptPack(ROOT, tmp_path, "zh_CN")
    assert set(pack.unplayable()) == {stereo, wide, empty, text}


# --- The texts ---


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("greeting = 1", "unknown field 'greeting'"),
        ("company = '金'\n[prompts.greeting]\nzh_TW = '您好'", "prompts.greeting: unknown field 'zh_TW'"),
        ("company = '金'\n[prompts.greeting]\nen = ' '", "prompts.greeting.en must be a text"),
        ("company = '金'\n[prompts.greeting]\nen = 1", "prompts.greeting.en must be a text"),
        ("company = '金'\n[prompts.greeting]", "prompts.greeting holds no text"),
        ("company = '金'\n[prompts]\ngreeting = 'hello'", "prompts.greeting holds no text"),
        ("company = '金'\n[prompts.Greeting]\nen = 'hello'", "prompts.Greeting: a key is lower-case"),
        ("company = '金'\n[prompts.'../x']\nen = 'hello'", "a key is lower-case"),
        ("company = '金'", "prompts holds no table"),
        ("[prompts.greeting]\nen = 'hello'", "company must be a text"),
        ("company = ", "prompts.toml: Invalid value"),
    ],
)
def test_a_mistake_in_the_texts_is_refused_by_its_name(toml: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BadPromptTexts) as caught:
        load_texts(write_texts(tmp_path, toml))
    assert complaint in str(caught.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prompts.toml"
    path.write_bytes("company = '金穗'".encode("gb18030"))
    with pytest.raises(BadPromptTexts, match=r"prompts\.toml"):
        load_texts(path)
