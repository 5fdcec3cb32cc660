"""A window of load: one sipp, one rate, so many seconds; what its callers saw, counted by sipp itself."""

import csv
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.cli.private_asterisk import Program

SCENARIO = Path(__file__).with_name("caller.xml")
ANSWER_MS = 5000  # one ring cycle: a call not picked up by then has failed
BYE_MS = 5000
DRAIN_SECONDS = 12
FIRST_NUMBER = 13800000000


@dataclass(frozen=True, kw_only=True)
class Window:
    """`pickup_seconds` is INVITE to 200 of every call that got one."""

    rate: float
    calls: int
    failed: int
    pickup_seconds: tuple[float, ...]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least that share does not exceed (nearest rank); nan of nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def numbers_file(directory: Path, count: int) -> Path:
    """A number a caller, so that nobody is taken for somebody who calls again."""
    path = directory / "numbers.csv"
    numbers = "".join(f"{FIRST_NUMBER + i};\n" for i in range(count))
    path.write_text(f"SEQUENTIAL\n{numbers}", "ascii")
    return path


def sipp_argv(
    program: Program,
    *,
    port: int,
    to: str,
    directory: Path,
    sound_port: int,
    calls: int,
    bye_ms: int = BYE_MS,
) -> list[str]:
    """The caller's sipp without its rate."""
    keys = {"to": to, "sound_port": sound_port, "answer_ms": ANSWER_MS, "bye_ms": bye_ms}
    return [
        *program.argv,
        f"127.0.0.1:{port}",
        *("-i", "127.0.0.1", "-sf", str(SCENARIO), "-nostdin", "-skip_rlimit"),
        *("-inf", str(numbers_file(directory, calls)), "-m", str(calls)),
        *(word for name, value in keys.items() for word in ("-key", name, str(value))),
    ]


def place_calls(program: Program, *, port: int, to: str, rate: float, seconds: float) -> Window:
    """One window; comes back when every call is over or has failed."""
    calls = max(1, round(rate * seconds))
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))  # takes the sound and is never read: the kernel drops the rest
        directory = Path(name)
        argv = sipp_argv(
            program, port=port, to=to, directory=directory, sound_port=sink.getsockname()[1], calls=calls
        )
        argv += ["-r", f"{rate:g}", "-l", "20000", "-timeout", f"{round(seconds + DRAIN_SECONDS)}s"]
        argv += ["-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1"]
        run_sipp(argv, directory, seconds + DRAIN_SECONDS + 5)
        return _read(directory, rate, calls)


def run_sipp(argv: Sequence[str], directory: Path, seconds: float) -> None:
    """Its exit code only repeats that some call failed."""
    subprocess.run(
        argv,
        cwd=directory,
        env={"TZ": "UTC", "TERM": "dumb", "LC_ALL": "C.UTF-8", "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
    )


def _read(directory: Path, rate: float, calls: int) -> Window:
    with (directory / "stat.csv").open(encoding="ascii", errors="replace") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    times: list[float] = []
    for path in directory.glob("*_rtt.csv"):
        rows = path.read_text("ascii").splitlines()[1:]
        times += [float(row.split(";")[1]) / 1000 for row in rows if row.count(";") >= 2]
    # sipp's own limit starts anew with every provisional answer
    late = sum(seconds * 1000 > ANSWER_MS for seconds in times)
    failed = min(
        calls, calls - int(last["SuccessfulCall(C)"]) + late
    )  # never begun for want of time: failed too
    return Window(rate=rate, calls=calls, failed=failed, pickup_seconds=tuple(times))
