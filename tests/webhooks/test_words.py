"""Whatever a page says in Chinese it can say in English."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from webhooks.words import TRANSLATIONS, TranslatedTwiceError, read_catalogue

WEBHOOKS = Path(__file__).resolve().parents[2] / "webhooks"
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
READERS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]


@cache
def said() -> list[tuple[str, str]]:
    """Each message with the place it stands in."""
    return list(_said())


def _said() -> Iterator[tuple[str, str]]:
    options = {"templates/**.html": {"silent": "false"}}
    for found in extract_from_dir(str(WEBHOOKS), READERS, options, KEYWORDS):
        path, line, message = found[0], found[1], found[2]
        yield f"{path}:{line}", message if isinstance(message, str) else message[0]


def test_every_word_of_the_pages_has_english() -> None:
    english = read_catalogue()
    missing = [f"{place} {message}" for place, message in said() if not all(english.get(message, ("",)))]
    assert missing == []


def test_no_english_is_left_of_words_that_are_gone() -> None:
    used = {message for _place, message in said()}
    assert set(read_catalogue()) - used == set()


def test_templates_speak_chinese_only_through_the_catalogue() -> None:
    """A Chinese letter outside of `_('…')` would stay Chinese for everybody."""
    stray = []
    for path in sorted((WEBHOOKS / "templates").rglob("*.html")):
        known = {message for place, message in said() if place.startswith(f"templates/{path.name}:")}
        text = path.read_text("utf-8")
        for message in sorted(known, key=len, reverse=True):
            text = text.replace(message, "")
        stray += [f"{path.name}: {line.strip()}" for line in text.splitlines() if has_chinese(line)]
    assert stray == []


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_two_areas_agree_on_the_english_of_a_word(tmp_path: Path) -> None:
    for name, english in (("a", "Caller"), ("b", "Call")):
        (tmp_path / f"{name}.en.po").write_text(f'msgid "来电"\nmsgstr "{english}"\n', "utf-8")
    with pytest.raises(TranslatedTwiceError, match="来电"):
        read_catalogue(tmp_path)


def test_a_catalogue_says_each_thing_once() -> None:
    for path in TRANSLATIONS.glob("*.en.po"):
        lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith("msgid ")]
        assert [line for line, times in Counter(lines).items() if times > 1] == [], path.name
