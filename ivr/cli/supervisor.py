"""Runs the Procfile's processes, starts again what ends, and at last ends all it started and nothing else.

"All it started" is exact: each part leads a session of its own, whose group can be signalled safely while its
leader is not yet reaped, and every process inherits a mark by which even one that left its group is found.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from ivr.cli.procfile import Part
from ivr.cli.strays import MARK, end_strays

LOOK_SECONDS: Final = 0.05
PROBE_SECONDS: Final = 0.4
PROBES_MISSED: Final = (
    2  # with half a second for each answer: found well within the two that the pickup leaves
)
FIRST_DELAY_SECONDS: Final = 0.2
LONGEST_DELAY_SECONDS: Final = 5.0
STEADY_AFTER_SECONDS: Final = 10.0
LONGEST_START_SECONDS: Final = 80.0
END_WITHIN_SECONDS: Final = 5.0
IN_TURN_SECONDS: Final = 0.5
LOG_BYTES: Final = 20 * 1024 * 1024

# A supervisor killed with -9 can end nobody, and parts left behind would keep the ports its successor needs.
# So the kernel is asked to send each part SIGTERM when we die (PR_SET_PDEATHSIG = 1; it survives exec). A
# program of its own asks: between fork and exec (preexec_fn) Python is not safe once there are threads.
# A listening socket that is kept for a part is handed over as systemd does it (sd_listen_fds: descriptor 3).
GUARD: Final = """
import ctypes, os, signal, sys
parent, fate, kept, *argv = sys.argv[1:]
if fate == "follow":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(parent):
    sys.exit("the supervisor ended first")
if kept:
    os.dup2(int(kept), 3)
    if int(kept) != 3:
        os.close(int(kept))
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
try:
    os.execvp(argv[0], argv)
except OSError as error:
    print(f"cannot start {argv[0]}: {error.strerror}", file=sys.stderr)
    sys.exit(127)
"""


# The switch carries people's talks; if we are killed it goes on alone (its dialplan knows how) until the next start.
OUTLIVES_US: Final = frozenset({"asterisk"})


class AlreadyRunningError(Exception):
    """Another supervisor holds the lock; says who and what it runs."""


@contextmanager
def locked(path: Path, about: Mapping[str, object]) -> Iterator[None]:
    """Holds the lock file, telling in it what is running. Raises AlreadyRunningError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what lies beside it names callers
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(_who_runs(file)) from error
        _rewrite(file, json.dumps({"pid": os.getpid(), **about}, ensure_ascii=False))
        try:
            yield
        finally:
            _rewrite(file, "")  # emptied, not removed: whoever waits for it has it open


def _rewrite(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()


def _who_runs(file: IO[str]) -> str:
    file.seek(0)
    try:
        about: dict[str, object] = json.loads(file.read())
    except ValueError:
        return "already running: another start is just under way"
    since = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)  # written once, at the start
    what = "".join(f"\n  {name}: {_plain(value)}" for name, value in about.items() if name != "pid")
    return f"already running: pid {about.get('pid')} since {since:%Y-%m-%d %H:%M:%S} UTC{what}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class _Process:
    """One part: the process it runs as, or the moment it is due to be started again."""

    def __init__(
        self, part: Part, log_path: Path, lock_path: Path, cwd: Path | None, kept: socket.socket | None
    ) -> None:
        self.part = part
        self._kept = kept
        self.log_path = log_path
        self._env = {**part.env, MARK: str(lock_path)}
        self._cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._delay_seconds = 0.0
        self._due_at = 0.0

    @property
    def runs(self) -> bool:
        return self._popen is not None

    @property
    def number(self) -> int:
        """Its process number; 0 while it does not run."""
        return self._popen.pid if self._popen is not None else 0

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self._started_at if self._popen is not None else 0.0

    def start(self) -> None:
        """From the main thread alone: the kernel takes the end of the starting thread for our death."""
        fate = "outlive" if self.part.name in OUTLIVES_US else "follow"
        descriptors = () if self._kept is None else (self._kept.fileno(),)
        kept = "".join(map(str, descriptors))
        guard = [sys.executable, "-I", "-S", "-c", GUARD, str(os.getpid()), fate, kept, *self.part.argv]
        with _open_log(self.log_path) as log:
            self._popen = subprocess.Popen(
                guard,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
                pass_fds=descriptors,
            )
        self._started_at = time.monotonic()

    def has_ended(self) -> bool:
        """Leaves the process unreaped, so that its number cannot yet belong to somebody else."""
        return (
            self._popen is None
            or os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        )

    def wait_until(self, moment: float) -> bool:
        while not (ended := self.has_ended()) and time.monotonic() < moment:
            time.sleep(LOOK_SECONDS / 5)
        return ended

    def signal_group(self, number: signal.Signals) -> None:
        if self._popen is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)

    def bury(self) -> str:
        """Kills what is left of the group, reaps the leader, and sets when to start again; how it ended."""
        assert self._popen is not None
        self.signal_group(signal.SIGKILL)
        code = self._popen.wait()
        self._popen = None
        now = time.monotonic()
        # what a signal killed can start: only what ends by itself, soon, again and again is given time
        steady = now - self._started_at >= STEADY_AFTER_SECONDS
        longer = min(max(self._delay_seconds * 2, FIRST_DELAY_SECONDS), LONGEST_DELAY_SECONDS)
        self._delay_seconds = FIRST_DELAY_SECONDS if steady or code < 0 else longer
        if code < 0 and now - self._started_at >= 1.0:
            self._delay_seconds = 0.0  # it did start: nobody has to wait for the next one
        self._due_at = now + self._delay_seconds
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
        return f"{how} after {now - self._started_at:.1f} s"

    def look_after(self, tell: Callable[[str], None]) -> None:
        if not self.runs:
            if time.monotonic() >= self._due_at:
                self._try_to_start(tell)
        elif self.has_ended():
            how = self.bury()
            again = f"starting again in {self._delay_seconds:g} s"
            tell(f"{self.part.name} ended ({how}): {again}, see {self.log_path}")

    def _try_to_start(self, tell: Callable[[str], None]) -> None:
        try:
            self.start()
        except OSError as error:  # no process or disk space left: the other parts go on
            self._due_at = time.monotonic() + LONGEST_DELAY_SECONDS
            tell(f"{self.part.name} cannot be started ({error}): trying again in {LONGEST_DELAY_SECONDS:g} s")


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


class Supervisor:
    """Keeps the parts running until SIGINT, SIGTERM or SIGHUP. A second one's user is told `about`.

    `probes` maps a part's name to a question it has to answer; one that answered and then falls silent twice
    is killed and started again, for a process that lives but does not work holds its callers.
    `sockets` maps a part's name to a listening socket of ours that outlives it: who comes while the part is
    being started again waits in its queue instead of being refused.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        log_dir: Path,
        lock_path: Path,
        say: Callable[[str], None],
        *,
        about: Mapping[str, object] | None = None,
        cwd: Path | None = None,
        probes: Mapping[str, Callable[[], bool | None]] | None = None,
        sockets: Mapping[str, socket.socket] | None = None,
    ) -> None:
        self._probes = dict(probes or {})
        self._lock_path = lock_path.resolve()
        kept = sockets or {}
        self._processes = [
            _Process(part, log_dir / f"{part.name}.log", self._lock_path, cwd, kept.get(part.name))
            for part in parts
        ]
        self._say = say
        self._about = {"parts": [part.name for part in parts], **(about or {})}
        self._stopping = False

    def run(self, ready: Callable[[], None]) -> int:
        """The exit code. Calls `ready` once, in a thread of its own, when every part has been started."""
        try:
            with locked(self._lock_path, self._about), self._signals():
                if ended := end_strays(self._lock_path, grace_seconds=3.0):
                    self._tell(f"ended {ended} processes that an earlier run had left behind")
                self._supervise(ready)
        except AlreadyRunningError as error:
            self._tell(str(error))
            return 1
        return 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        wanted = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else started with nohup, meant to stay
            wanted.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._stop) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _supervise(self, ready: Callable[[], None]) -> None:
        try:
            for process in self._processes:
                process.look_after(self._tell)
            threading.Thread(target=ready, name="ready", daemon=True).start()
            for process in self._processes:
                if (probe := self._probes.get(process.part.name)) is not None:
                    threading.Thread(target=self._watch, args=(process, probe), daemon=True).start()
            while not self._stopping:
                for process in self._processes:
                    process.look_after(self._tell)
                time.sleep(LOOK_SECONDS)
        finally:
            self._end_all()

    def _watch(self, process: _Process, probe: Callable[[], bool | None]) -> None:
        """Never kills one that is still starting: only who listens can fall silent. A miss is asked again at once.

        Where a start was cut short the next one gets twice the time: on a machine with too much to do all would be.
        """
        answered, misses, patience = 0, 0, STEADY_AFTER_SECONDS
        while not self._stopping:
            time.sleep(0.0 if misses else PROBE_SECONDS)
            number = process.number
            answer = probe()
            starting = answer is None and number != answered and process.age_seconds <= patience
            if answer:
                answered, misses, patience = number, 0, STEADY_AFTER_SECONDS
            elif starting:
                misses = 0
            else:
                misses += 1
            if misses >= PROBES_MISSED:
                misses = 0
                if number != answered:
                    patience = min(patience * 2, LONGEST_START_SECONDS)
                self._tell(f"{process.part.name} does not answer: killed")
                process.signal_group(signal.SIGKILL)

    def _end_all(self) -> None:
        deadline = time.monotonic() + END_WITHIN_SECONDS
        running = [process for process in reversed(self._processes) if process.runs]
        for process in running:  # in turn, so that a worker can still say goodbye to Redis
            process.signal_group(signal.SIGTERM)
            process.wait_until(min(deadline, time.monotonic() + IN_TURN_SECONDS))
        for process in running:
            if not process.wait_until(deadline):
                self._tell(f"{process.part.name} did not end within {END_WITHIN_SECONDS:g} s: killed")
            process.bury()
        end_strays(self._lock_path, grace_seconds=0.0)

    def _tell(self, line: str) -> None:
        try:
            self._say(line)
        except OSError:  # a closed terminal is no reason to stop the hotline, nor to end it with an error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
