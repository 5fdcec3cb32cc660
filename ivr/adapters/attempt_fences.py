"""What the dialplan wrote of each attempt to call somebody back: one file of its name, one line for each step.

    v1|taken|TOKEN|AT          somebody goes on with it; his phone rings
    v1|dialled|AT              the customer's phone is about to ring
    v1|answered|AT             a person speaks with the customer
    v1|ended|RESULT|AT

A line stands before what it tells of happens, and outlives the switch. A file nobody can read is never taken for none.
"""

import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ivr.adapters.switch_moments import MOMENT
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName

KEPT_DAYS: Final = 7
CLEARED_EVERY_SECONDS: Final = 3600.0
_LARGEST: Final = 4096
_NAME: Final = re.compile(r"([0-9]{1,18})-(n?)([0-9]{1,9})-([0-9a-f]{8})")
_LINE: Final = re.compile(
    rf"v1\|(?:taken\|[0-9A-Za-z-]{{8,64}}|(?P<step>dialled|answered)|ended\|(?P<result>[a-z_]{{2,40}}))\|(?P<at>{MOMENT})"
)


def parse_name(text: str) -> AttemptName | None:
    """A name as the dialplan says it; None for what is none."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    announces = bool(found[2])
    return AttemptName(
        callback_id=int(found[1]), number=int(found[3]), nonce=found[4], is_announcement=announces
    )


class UnreadableFence(Exception):
    """The file is there and says nothing we understand."""


@dataclass(frozen=True, kw_only=True)
class Fence:
    """How far an attempt came."""

    dialled: bool = False
    served_at: datetime | None = None  # None again when it turned out that no person spoke with him
    result: AttemptResult | None = None
    ended_at: datetime | None = None


class AttemptFences:
    """The directory of them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, name: AttemptName) -> Fence | None:
        """None where the switch never saw this attempt. Raises UnreadableFence."""
        try:
            with (self._directory / str(name)).open("rb") as file:
                text = file.read(_LARGEST).decode("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFence(str(error)) from error
        return _parsed(text)

    def forbid(self, name: AttemptName) -> None:
        """From now on this attempt rings no customer; one that rings already is not ended by this."""
        with suppress(OSError):
            (self._directory / f"{name}.stop").touch(mode=0o600)

    def run(self, stop: threading.Event) -> None:
        """Clear away what is old, until `stop`; not at the start, when what became of the last is still to be read."""
        while not stop.wait(CLEARED_EVERY_SECONDS):
            with suppress(OSError):
                self.clear()

    def clear(self) -> int:
        """Remove what is days old, long after its lease; how many."""
        before = time.time() - KEPT_DAYS * 86400
        old = [path for path in self._directory.glob("[0-9]*-*") if path.stat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _parsed(text: str) -> Fence:
    fence = Fence()
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise UnreadableFence(line[:80])
        fence = _after(fence, found)
    return fence


def _after(fence: Fence, line: re.Match[str]) -> Fence:
    at = datetime.fromtimestamp(float(line["at"]), UTC)
    if line["result"]:
        result = _result(line["result"])
        served_at = fence.served_at if result is AttemptResult.REACHED else None
        return Fence(dialled=fence.dialled, served_at=served_at, result=result, ended_at=at)
    if line["step"] == "answered":
        return Fence(dialled=True, served_at=at)
    return Fence(dialled=fence.dialled or line["step"] == "dialled", served_at=fence.served_at)


def _result(word: str) -> AttemptResult:
    try:
        return AttemptResult(word)
    except ValueError as error:
        raise UnreadableFence(word) from error
