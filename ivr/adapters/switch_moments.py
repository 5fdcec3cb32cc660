"""Moments as the switch writes them, on channels, in files and in events: epoch seconds with or without a fraction."""

import re
from datetime import UTC, datetime
from typing import Final

MOMENT: Final = r"[0-9]{9,11}(?:\.[0-9]{1,9})?"
_MOMENT: Final = re.compile(MOMENT)


def parse_moment(text: str) -> datetime | None:
    """In UTC; None for what is no stamp."""
    return datetime.fromtimestamp(float(text), UTC) if _MOMENT.fullmatch(text) else None
