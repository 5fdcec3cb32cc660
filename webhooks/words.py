"""The pages' two languages: Chinese stands in the templates, English in translations/*.en.po, read at the start.

`_('来电')` gives the words in the language of the request; `N_` only marks words for those who look for them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from babel.messages.pofile import read_po
from flask import Flask, has_request_context, request

CHINESE: Final = "zh"
ENGLISH: Final = "en"
LANGUAGES: Final = {CHINESE: "中文", ENGLISH: "English"}
HTML_LANGUAGES: Final = {CHINESE: "zh-Hans", ENGLISH: "en"}
COOKIE: Final = "hotline_language"
TRANSLATIONS: Final = Path(__file__).parent / "translations"


class TranslatedTwiceError(Exception):
    """Two files give the same words different English."""


def read_catalogue(directory: Path = TRANSLATIONS) -> Mapping[str, tuple[str, ...]]:
    """Chinese to English; words that count have two forms, for one and for many. Raises TranslatedTwiceError."""
    english: dict[str, tuple[str, ...]] = {}
    for path in sorted(directory.glob("*.en.po")):
        for chinese, forms in _messages(path):
            if english.setdefault(chinese, forms) != forms:
                raise TranslatedTwiceError(f"{path.name}: {chinese!r} has other English elsewhere")
    return english


def _messages(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    with path.open("rb") as file:
        for message in read_po(file, locale=ENGLISH, abort_invalid=True):
            if not message.id:
                continue
            chinese = message.id if isinstance(message.id, str) else message.id[0]
            english = message.string
            yield chinese, tuple(english) if isinstance(english, tuple | list) else (str(english or ""),)


_english: Mapping[str, tuple[str, ...]] = {}


def language() -> str:
    """Of this request: what the person chose, else Chinese."""
    chosen = request.cookies.get(COOKIE, CHINESE) if has_request_context() else CHINESE
    return chosen if chosen in LANGUAGES else CHINESE


def _(chinese: str) -> str:
    """In the language of the request."""
    return _form(chinese, 0)


def ngettext(chinese: str, _many: str, number: int) -> str:
    """Chinese has one form for one and for many; English two."""
    return _form(chinese, 0 if number == 1 else 1)


def N_(chinese: str) -> str:  # noqa: N802 # gettext's own name for it
    """Marks words that are looked up later."""
    return chinese


def _form(chinese: str, form: int) -> str:
    found = _english.get(chinese) if language() == ENGLISH else None
    return chinese if not found else (found[min(form, len(found) - 1)] or chinese)


def add_words(app: Flask) -> None:
    """Into the templates: `_`, `gettext`, `ngettext` and {% trans %}."""
    global _english  # noqa: PLW0603 # the same files for every application of this process
    _english = _english or read_catalogue()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    environment: Any = app.jinja_env
    environment.install_gettext_callables(_, ngettext, newstyle=True)

    @app.context_processor
    def about_language() -> dict[str, object]:
        return {"language": language(), "languages": LANGUAGES, "html_language": HTML_LANGUAGES[language()]}
