"""A telephone number never reaches a log whole: 13800138000 is written 138******00, 138-0013-8000 138-****-**00.

Seven digits make a number, also with single spaces, dashes or brackets between them. A date is none.
"""

import re

_NUMBER = re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))\d(?:[ ()\-\u2010-\u2015]{0,2}\d){6,}")


def masked(text: str) -> str:
    """The same text with every number's digits but the first three and the last two made stars."""
    return _NUMBER.sub(_stars, text)


def _stars(number: re.Match[str]) -> str:
    shown = number.group()
    places = [place for place, letter in enumerate(shown) if letter.isdigit()][3:-2]
    hidden = set(places)
    return "".join("*" if place in hidden else letter for place, letter in enumerate(shown))
