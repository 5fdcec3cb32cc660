"""A fault asked of one running part: a small file in the data directory, absent while the part is well.

"once" is taken by the process that is running and lasts until it dies: its successor starts in health. A fault
with a moment lasts until then, in every successor too.
"""

import time
from pathlib import Path

ONCE = "once"


def strike(data_dir: Path, part: str, kind: str, seconds: float | None = None) -> None:
    """That part shall have that fault: for so many seconds, or (None) for the life of the process that runs now."""
    path = fault_path(data_dir, part)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(f"{kind} {ONCE if seconds is None else time.time() + seconds}", "ascii")
    fresh.rename(path)


def heal(data_dir: Path, part: str) -> None:
    """No fault for whoever looks next."""
    fault_path(data_dir, part).unlink(missing_ok=True)


def fault_path(data_dir: Path, part: str) -> Path:
    return data_dir / f"fault-{part}"


class Fault:
    """What this process shall do wrong now, if anything."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._for_life: str | None = None

    @property
    def kind(self) -> str | None:
        """None in health."""
        if self._for_life is None:
            kind, until = self._asked()
            if until != ONCE:
                return kind if float(until) > time.time() else None
            self._for_life = kind
            self._path.unlink(missing_ok=True)
        return self._for_life

    def over_within(self, seconds: float, kind: str) -> bool:
        """Whether that fault ends in that time; waits for it."""
        until = time.monotonic() + seconds
        while self.kind == kind:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def _asked(self) -> tuple[str, str]:
        try:
            kind, until = self._path.read_text("ascii").split()
        except FileNotFoundError:
            return "", "0"
        return kind, until
