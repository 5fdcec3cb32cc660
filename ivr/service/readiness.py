"""Whether everything the hotline leans on answers, told in a second even when some of it does not.

A probe that hangs is left alone: the next look waits for that one instead of starting another beside it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LOOK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Check:
    """`probe` returns a word about what it found; it raises NotReadyError, or anything else, if not well."""

    name: str
    probe: Callable[[], str]


class NotReadyError(Exception):
    """It answers, but not as it should; the text says why and names no secret."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found, and how long it took."""

    name: str
    ok: bool
    detail: str
    seconds: float


class Readiness:
    """Looks at every check at the same time."""

    def __init__(self, checks: Sequence[Check], look_seconds: float = LOOK_SECONDS) -> None:
        self._checks = checks
        self._look_seconds = look_seconds
        self._probes: dict[str, _Probe] = {}
        self._lock = threading.Lock()

    def look(self) -> tuple[Finding, ...]:
        until = time.monotonic() + self._look_seconds
        with self._lock:
            probes = [self._probe(check) for check in self._checks]
        return tuple(probe.finding(until) for probe in probes)

    def _probe(self, check: Check) -> "_Probe":
        probe = self._probes.get(check.name)
        if probe is None or not probe.running:
            probe = self._probes[check.name] = _Probe(check)
        return probe


@dataclass
class _Probe:
    """One check under way, in a thread that may be left behind."""

    check: Check
    began: float = field(default_factory=time.monotonic)
    found: Finding | None = None

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"check-{self.check.name}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def finding(self, until: float) -> Finding:
        self._thread.join(max(0.0, until - time.monotonic()))
        return self.found or self._told(ok=False, detail="no answer yet")

    def _run(self) -> None:
        try:
            self.found = self._told(ok=True, detail=self.check.probe())
        except NotReadyError as error:
            self.found = self._told(ok=False, detail=str(error))
        except Exception as error:  # noqa: BLE001  whatever is wrong there, here it is one word
            self.found = self._told(ok=False, detail=type(error).__name__)

    def _told(self, *, ok: bool, detail: str) -> Finding:
        seconds = round(time.monotonic() - self.began, 3)
        return Finding(name=self.check.name, ok=ok, detail=detail, seconds=seconds)
