"""A telephone number never reaches a log whole: 13800138000 is written 138******00, 138-0013-8000 138-****-**00.

Seven digits make a number, also with single spaces, dashes or brackets between them. A date is none, nor are the
switch's own counters (00000012) and our endpoints' names (ag-12345678).
"""

import re

_NUMBER = re.compile(
    r"(?P<own>\bag-[0-9a-f]{8}\b|(?<![0-9a-f])0000[0-9a-f]{4}\b)"
    r"|(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))\d(?:[ ()\-\u2010-\u2015]{0,2}\d){6,}"
)


def masked(text: str) -> str:
    """The same text with every number's digits but the first three and the last two made stars."""
    return _NUMBER.sub(_stars, text)


def _stars(number: re.Match[str]) -> str:
    shown = number.group()
    if number["own"]:
        return shown
    places = [place for place, letter in enumerate(shown) if letter.isdigit()][3:-2]
    hidden = set(places)
    return "".join("*" if place in hidden else letter for place, letter in enumerate(shown))
