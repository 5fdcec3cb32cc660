"""What the doctor says: findings in two languages, each with its remedy, and the examinations that lead to them.

A finding that is not well always says what to do. None of this names a secret or a caller.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`warning`: works, but not as it should or not for long. `error`: callers are not served as promised."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Words:
    """The same thing said in Chinese and in English."""

    zh: str
    en: str


NOTHING_TO_DO = Words("", "")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `check` is its stable name, `remedy` is empty only where all is well."""

    check: str
    severity: Severity
    found: Words
    remedy: Words = NOTHING_TO_DO

    @property
    def ok(self) -> bool:
        """Nothing to do here."""
        return self.severity is Severity.OK

    def row(self) -> dict[str, object]:
        """The finding for programs: English under the plain keys, Chinese beside it."""
        return {
            "check": self.check,
            "ok": self.ok,
            "severity": self.severity.value,
            "found": self.found.en,
            "remedy": self.remedy.en,
            "found_zh": self.found.zh,
            "remedy_zh": self.remedy.zh,
        }


@dataclass(frozen=True, kw_only=True)
class Examination:
    """`look` tells what it found; whatever it raises becomes a finding too."""

    name: str
    look: Callable[[], Iterable[Finding]]


def well(check: str, found: Words) -> Finding:
    """As it should be."""
    return Finding(check=check, severity=Severity.OK, found=found)


def warning(check: str, found: Words, remedy: Words) -> Finding:
    """To be mended soon."""
    return Finding(check=check, severity=Severity.WARNING, found=found, remedy=remedy)


def wrong(check: str, found: Words, remedy: Words) -> Finding:
    """To be mended now."""
    return Finding(check=check, severity=Severity.ERROR, found=found, remedy=remedy)
