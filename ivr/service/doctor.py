"""The doctor: looks at everything at the same time, within a bound, and keeps looking when one look fails.

An examination that raises or does not answer in time is itself a finding, so nothing goes unsaid.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ivr.service.doctor_ports import Examination, Finding, Severity, Words, well, wrong
from ivr.service.readiness import Check, NotReadyError, Readiness
from ivr.service.readiness import Finding as Told

LOOK_SECONDS = 4.0  # for all of them together; each probe of a network has a shorter bound of its own


def examine(examinations: Sequence[Examination], look_seconds: float = LOOK_SECONDS) -> tuple[Finding, ...]:
    """Every finding, in the order of the examinations."""
    found: dict[str, tuple[Finding, ...]] = {}
    checks = [Check(name=each.name, probe=partial(_looked, each, found)) for each in examinations]
    told = Readiness(checks, look_seconds).look()
    return tuple(finding for each in told for finding in _of(each, found))


def exit_code(findings: Sequence[Finding]) -> int:
    """0 while no finding is an error, else 1."""
    return int(any(finding.severity is Severity.ERROR for finding in findings))


def ready_or_not(check: Check, troubles: Mapping[str, Words]) -> Examination:
    """A readiness probe as an examination; `troubles` holds the remedy by the check's name."""
    return Examination(name=check.name, look=partial(_asked, check, troubles[check.name]))


def _looked(examination: Examination, found: dict[str, tuple[Finding, ...]]) -> str:
    found[examination.name] = tuple(examination.look())
    return ""


def _of(told: Told, found: Mapping[str, tuple[Finding, ...]]) -> tuple[Finding, ...]:
    return found[told.name] if told.ok else (_failed(told),)


def _failed(told: Told) -> Finding:
    return wrong(
        told.name,
        Words(
            f"没有查成：{told.detail}（{told.seconds:g} 秒）",
            f"could not look: {told.detail} ({told.seconds:g} s)",
        ),
        Words(
            "再查一次；还是这样，就看日志目录里相应的日志",
            "ask once more; if it stays so, see that part's log",
        ),
    )


def _asked(check: Check, remedy: Words) -> Iterator[Finding]:
    try:
        detail = check.probe()
    except NotReadyError as error:
        detail = str(error)
    except Exception as error:  # noqa: BLE001  whatever is wrong there, its kind and the remedy say it
        detail = type(error).__name__
    else:
        yield well(check.name, Words(f"正常（{detail}）", detail))
        return
    yield wrong(check.name, Words(f"不正常：{detail}", f"not well: {detail}"), remedy)
