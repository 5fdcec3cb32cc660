"""The campaign: lanes of cases, each lane on a hotline of its own, callers all the while; then the judge.

A lane's cases follow one another without waiting for the callers of the last one to be through: what is left of a
fault meets the next case's callers, as it would.
"""

import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from ivr.adapters.sql_schema import calls, events
from tests.faults.callers import Wave, numbers
from tests.faults.cases import Case, Scene
from tests.faults.judge import Caller, Outage, Row, Verdict, judge, nobodys, table_trouble
from tests.real_asterisk.hotline import RunningHotline
from tests.real_asterisk.stories import on_duty

PROCFILE: Final = Path(__file__).with_name("Procfile")
POLICY: Final = "wrap_up_seconds = 0\n"
AGENTS: Final = 2
THROUGH_SECONDS, SETTLED_SECONDS, DOUBLES_SECONDS = 90.0, 60.0, 4.0
_one_at_a_time = threading.Lock()
_IMPORTED = re.compile(r"imported ([A-Za-z0-9_.-]+?)\.\d{15,}\.taken")
_MENDED = re.compile(r"call ([A-Za-z0-9_.-]+): ended at the switch, not in the book")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many callers a case has, over how long they dial, and how long each kind stays after the pickup."""

    whole: bool
    callers: int
    spread_seconds: float
    stays_seconds: tuple[float, ...]


WHOLE: Final = Size(whole=True, callers=20, spread_seconds=12.0, stays_seconds=(3.0, 8.0, 30.0))
SHORT: Final = Size(whole=False, callers=4, spread_seconds=5.0, stays_seconds=(4.0, 20.0))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One case judged; `rungs` counts how far down the ladder its callers were caught."""

    name: str
    verdict: Verdict
    rungs: Counter[str]


@dataclass(frozen=True, kw_only=True)
class _Played:
    case: Case
    scene: Scene
    waves: tuple[Wave, ...]


def run(directory: Path, cases: Sequence[Case], size: Size, lanes: int) -> list[Outcome]:
    """Every case; lanes run side by side."""
    with ThreadPoolExecutor(lanes) as pool:
        jobs = [
            pool.submit(
                _lane, directory / f"lane{lane}", cases[lane::lanes], size, 13_810_000_000 + lane * 10_000
            )
            for lane in range(lanes)
        ]
        found = [outcome for job in jobs for outcome in job.result()]
    order = [case.name for case in cases]
    return sorted(found, key=lambda outcome: order.index(outcome.name))


def _lane(directory: Path, cases: Sequence[Case], size: Size, first_number: int) -> list[Outcome]:
    given = numbers(first_number)
    with ExitStack() as stack:
        with _one_at_a_time:  # the migrations of a new database are no work for two threads of one process
            fresh = RunningHotline(directory, POLICY, procfile=PROCFILE)
        hotline = stack.enter_context(fresh)
        for name in itertools.islice(("ana", "ben", "cao"), AGENTS):
            stack.enter_context(on_duty(hotline, name, answer_after_seconds=0.5, hang_up_after_seconds=3.0))
        hotline.wait(lambda: "manager events connected" in hotline.log("agi"))
        played: list[_Played] = []
        for case in cases:
            if case.alone:
                _wait_until_through(played)
            played.append(_play(case, hotline, size, given, stack))
        _wait_until_through(played)
        return _judged(hotline, played)


def _wait_until_through(played: Sequence[_Played]) -> None:
    _wait(lambda: all(wave.through() for one in played for wave in one.waves), THROUGH_SECONDS)


def _play(case: Case, hotline: RunningHotline, size: Size, given: Iterator[str], stack: ExitStack) -> _Played:
    shares = [size.callers // len(size.stays_seconds)] * len(size.stays_seconds)
    shares[0] += size.callers - sum(shares)
    waves = tuple(
        stack.enter_context(
            Wave(
                hotline,
                list(itertools.islice(given, share)),
                spread_seconds=size.spread_seconds,
                stay_seconds=stay,
            )
        )
        for share, stay in zip(shares, size.stays_seconds, strict=True)
    )
    scene = Scene(hotline=hotline, whole=size.whole)
    case.happen(scene)
    scene.at(*case.seconds)
    return _Played(case=case, scene=scene, waves=waves)


def _judged(hotline: RunningHotline, played: Sequence[_Played]) -> list[Outcome]:
    outages = [outage for one in played for outage in one.scene.outages]
    everybody = [caller for one in played for wave in one.waves for caller in wave.callers()]
    _wait(lambda: not table_trouble(everybody, rows_of(hotline)), SETTLED_SECONDS)
    time.sleep(DOUBLES_SECONDS)  # two rounds of every importer: nothing comes a second time
    rows, rungs = rows_of(hotline), rungs_of(hotline)
    _write_down(hotline.data_dir / "judged.json", everybody, outages, rungs)
    found = [_outcome(one, rows, outages, rungs) for one in played]
    if strangers := nobodys(everybody, rows):
        verdict = replace(found[-1].verdict, wrong=(*found[-1].verdict.wrong, *strangers))
        found[-1] = replace(found[-1], verdict=verdict)
    return found


def _write_down(
    path: Path, callers: Sequence[Caller], outages: Sequence[Outage], rungs: dict[str, str]
) -> None:
    """For whoever looks into a verdict: beside the logs it was made of."""
    told = [{**asdict(caller), "rung": rungs.get(caller.number)} for caller in callers]
    path.write_text(json.dumps({"callers": told, "outages": [asdict(one) for one in outages]}, indent=1))


def _outcome(one: _Played, rows: Sequence[Row], outages: Sequence[Outage], rungs: dict[str, str]) -> Outcome:
    callers: list[Caller] = [caller for wave in one.waves for caller in wave.callers()]
    verdict = judge(callers, rows, outages)
    dialled = {number for wave in one.waves for number in wave.numbers}
    if silent := sorted(dialled - {caller.number for caller in callers}):
        verdict = replace(verdict, wrong=(*verdict.wrong, f"never dialled: {', '.join(silent)}"))
    used = Counter(rungs[caller.number] for caller in callers if caller.number in rungs)
    return Outcome(name=one.case.name, verdict=verdict, rungs=used)


def rows_of(hotline: RunningHotline) -> list[Row]:
    """The calls table as the judge wants it; numbers as they were dialled from."""
    return [
        Row(number=_dialled(row), ended=row["ended_at"] is not None and row["outcome"] != "in_progress")
        for row in hotline.calls()
    ]


def rungs_of(hotline: RunningHotline) -> dict[str, str]:
    """How far down each call was caught: the switch's log, the spool, the static flow, or none of these."""
    noted = sa.select(calls).join(events).where(events.c.kind == "NumberNoted").distinct()
    static = {row["ref"] for row in hotline.rows(noted)}
    log = hotline.log("relay")
    imported, mended = set(_IMPORTED.findall(log)), set(_MENDED.findall(log))

    def rung(ref: str) -> str:
        if ref in mended:
            return "call log"
        if ref in static:
            return "static"
        return "spool" if ref in imported else "normal"

    return {_dialled(row): rung(row["ref"]) for row in hotline.calls()}


def _dialled(row: dict[str, Any]) -> str:
    return str(row["caller"]).removeprefix("+86").removeprefix("raw:")


def _wait(condition: Any, seconds: float) -> None:
    """Until it holds or the time is up: what is missing then is the judge's to say."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.2)


def as_text(outcomes: Sequence[Outcome]) -> str:
    """A line a case, a line in all, then everything that went wrong."""
    lines = [f"{'case':28} calls picked cut slowest  rungs"]
    for one in outcomes:
        verdict = one.verdict
        rungs = " · ".join(f"{name} {count}" for name, count in one.rungs.most_common())
        lines.append(
            f"{one.name:28} {verdict.callers:5} {len(verdict.pickup_seconds):6} {verdict.cut_off:3} "
            f"{verdict.slowest_seconds:6.2f}s  {rungs}"
        )
    calls_made = sum(one.verdict.callers for one in outcomes)
    picked = sum(len(one.verdict.pickup_seconds) for one in outcomes)
    cut = sum(one.verdict.cut_off for one in outcomes)
    lines.append(
        f"{len(outcomes)} cases, {calls_made} calls, {picked} picked up, {cut} cut off by the switch's death"
    )
    lines += [f"WRONG {one.name}: {sentence}" for one in outcomes for sentence in one.verdict.wrong]
    return "\n".join(lines)
