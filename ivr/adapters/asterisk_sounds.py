"""Recordings in Asterisk's words: joined by &, without ending, and the directory most of them lie in said once.

A burst's command has at most 2,000 bytes and a line to the manager 1,024: thirty whole paths would not fit.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def sound_list(recordings: Sequence[Path]) -> tuple[str, str]:
    """(HL_FROM, names): the dialplan puts the first before each of the second. Of nothing, nothing."""
    if not recordings:
        return "", ""
    ((home, _),) = Counter(recording.parent for recording in recordings).most_common(1)
    names = "&".join(os.path.relpath(recording.with_suffix(""), home) for recording in recordings)
    return f"{home}/", names
