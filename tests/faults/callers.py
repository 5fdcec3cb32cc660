"""Waves of callers: one sipp, so many callers evenly spread, each with a number of his own.

Their sound goes to a port nobody reads; what counts is the message log, read when all of them are through.
"""

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ivr.cli.telephone.sipp import Sipp
from tests.faults.judge import Caller, callers_of
from tests.real_asterisk.hotline import NUMBER, RunningHotline

SCENARIO: Final = Path(__file__).with_name("caller.xml")
PATIENCE_MS: Final = (
    35_000  # far beyond the third ring: a caller who hangs up earlier would hide a late pickup
)


def numbers(first: int) -> Iterator[str]:
    """Mobile numbers, one a caller."""
    return (str(number) for number in itertools.count(first))


class Wave:
    """Dials when entered; `stay_seconds` after the pickup each hangs up, if nobody hung up on him before."""

    def __init__(
        self, hotline: RunningHotline, called_by: list[str], *, spread_seconds: float, stay_seconds: float
    ) -> None:
        self._hotline = hotline
        self.numbers = called_by
        self._spread_seconds = spread_seconds
        self._stay_seconds = stay_seconds
        self._sipp = Sipp(hotline.sipp, SCENARIO, server_port=hotline.settings.sip_port)
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._ear.bind(("127.0.0.1", 0))
        listing = self._hotline.data_dir / f"callers-{self.numbers[0]}.csv"
        listing.write_text("SEQUENTIAL\n" + "".join(f"{number};\n" for number in self.numbers), "ascii")
        count, spread_ms = str(len(self.numbers)), str(round(self._spread_seconds * 1000))
        keys = {
            "to": NUMBER,
            "sound_port": str(self._ear.getsockname()[1]),
            "patience_ms": str(PATIENCE_MS),
            "stay_ms": str(round(self._stay_seconds * 1000)),
        }
        pace = ("-m", count, "-r", count, "-rp", spread_ms, "-l", "1000")
        self._sipp.start(keys, "-inf", str(listing), *pace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sipp.stop()
        self._ear.close()

    def through(self) -> bool:
        """Whether every call of it is over."""
        return not self._sipp.running()

    def callers(self) -> list[Caller]:
        """What each of them saw."""
        return callers_of(self._sipp.messages())
