"""The supervisor, with tiny real processes: restarts what ends, ends all it started, touches nothing else."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ivr.cli.procfile import Part, ProcfileError, parse_procfile
from ivr.cli.strays import MARK, find_strays
from ivr.cli.supervisor import LOG_BYTES

pytestmark = pytest.mark.slow

RUN = """
import socket, sys
from pathlib import Path
from ivr.cli.procfile import parse_procfile
from ivr.cli.supervisor import Supervisor

def say(line):
    print(line, flush=True)

folder = Path(sys.argv[1])
parts = parse_procfile((folder / "Procfile").read_text(), {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable})
web = socket.create_server(("127.0.0.1", 0))
(folder / "port").write_text(str(web.getsockname()[1]))
supervisor = Supervisor(
    parts, folder / "log", folder / "run.lock", say, about={"web": "http://127.0.0.1:8080"}, cwd=folder,
    sockets={"web": web},
)
sys.exit(supervisor.run(lambda: say("ready")))
"""

SLOW = """
import sys
from pathlib import Path
from ivr.cli import supervisor
from ivr.cli.procfile import Part

folder = Path(sys.argv[1])
supervisor.STEADY_AFTER_SECONDS = 0.5
program = "import os, time; time.sleep(1.5); open(f'{os.getpid()}.agi', 'w'); time.sleep(60)"
part = Part("agi", (sys.executable, "-c", program), {})
probe = lambda: True if list(folder.glob("*.agi")) else None
run = supervisor.Supervisor(
    [part], folder / "log", folder / "run.lock", lambda line: print(line, flush=True), cwd=folder,
    probes={"agi": probe},
)
sys.exit(run.run(lambda: None))
"""

# Each run of a part leaves its process number in a file of its own.
SLEEPER = "import os, time; open(f'{os.getpid()}.NAME', 'w'); time.sleep(60)"
FAMILY = "import subprocess as s, sys; s.Popen([sys.executable, '-c', sys.argv[1]]); exec(sys.argv[2])"
RUNAWAY = "import os; os.setsid(); " + SLEEPER.replace("NAME", "runaway")
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER.replace(
    "NAME", "stubborn"
)


# A server on the socket that was kept for it; it takes a moment to come up, and says who it is.
SERVER = """
import os, socket, time
assert (os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"]) == ("1", str(os.getpid()))
time.sleep(0.3)
server = socket.socket(fileno=3)
open(f"{os.getpid()}.web", "w")
while True:
    client, _ = server.accept()
    client.sendall(str(os.getpid()).encode())
    client.close()
"""


def sleeper(name: str) -> str:
    return f'{name}: $PYTHON -c "{SLEEPER.replace("NAME", name)}"\n'


class Hotline:
    """A supervisor running in `folder`, as a user starts it."""

    def __init__(self, folder: Path, procfile: str) -> None:
        self.folder = folder
        (folder / "Procfile").write_text(procfile)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-c", RUN, str(self.folder)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def start_ready(self, names: list[str]) -> "subprocess.Popen[str]":
        process = self.start()
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        for name in names:
            self.pid_of(name)
        return process

    def pid_of(self, name: str, other_than: int = 0) -> int:
        def found() -> list[int]:
            return [pid for pid in self.pids(name) if pid != other_than and is_alive(pid)]

        wait_until(lambda: len(found()) == 1)
        return found()[0]

    def pids(self, name: str) -> list[int]:
        return [int(path.stem) for path in self.folder.glob(f"*.{name}")]

    def log(self, name: str) -> str:
        return (self.folder / "log" / f"{name}.log").read_text()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else's, of the same program."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        assert process.poll() is None
        process.kill()


@pytest.fixture
def hotline(tmp_path: Path, bystander: object) -> Iterator[Callable[[str], Hotline]]:
    made: list[Hotline] = []

    def make(procfile: str) -> Hotline:
        made.append(Hotline(tmp_path, procfile))
        return made[-1]

    yield make
    for process in [process for one in made for process in one.processes]:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
    for pid in find_strays(tmp_path / "run.lock"):
        os.kill(pid, signal.SIGKILL)


Make = Callable[[str], Hotline]


def test_a_part_that_is_killed_is_started_again_and_the_others_are_left_alone(hotline: Make) -> None:
    run = hotline(sleeper("agi") + sleeper("web"))
    process = run.start_ready(["agi", "web"])
    first, web = run.pid_of("agi"), run.pid_of("web")
    killed_at = time.monotonic()
    os.kill(first, signal.SIGKILL)
    assert run.pid_of("agi", other_than=first) != first
    assert time.monotonic() - killed_at < 1
    assert run.pids("web") == [web]
    assert process.stdout
    assert "agi ended (killed by SIGKILL after " in (line := process.stdout.readline())
    assert line.endswith(f"starting again in 0.2 s, see {run.folder}/log/agi.log\n")


def test_who_comes_while_the_web_server_is_started_again_waits_instead_of_being_refused(
    hotline: Make,
) -> None:
    run = hotline("web: $PYTHON server.py\n")
    (run.folder / "server.py").write_text(SERVER)
    run.start_ready(["web"])
    port, first = int((run.folder / "port").read_text()), run.pid_of("web")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_alive(first))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        answered_by = int(client.recv(32))
    assert answered_by == run.pid_of("web", other_than=first)


def test_a_part_whose_start_was_cut_short_gets_twice_the_time_for_the_next(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SLOW, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: bool(list(tmp_path.glob("*.agi"))), 20)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.stdout
        assert "agi does not answer: killed\n" in process.stdout.readlines()


def test_a_part_that_cannot_stay_up_is_started_again_ever_more_slowly(hotline: Make) -> None:
    run = hotline("bad: $PYTHON -c 'import sys; sys.exit(3)'\nabsent: ./no-such-program\n")
    process = run.start_ready([])
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(6)]
    delays = [line.rpartition(" in ")[2].split()[0] for line in lines if line.startswith("bad ended (exit 3")]
    assert delays == ["0.2", "0.4", "0.8"][: len(delays)]
    assert any(line.startswith("absent ended (exit 127") for line in lines)
    assert "cannot start ./no-such-program: No such file or directory" in run.log("absent")


@pytest.fixture
def hangups_are_heard() -> Iterator[None]:
    """Also where the tests themselves were started by nohup: whoever is started inherits what is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangups_are_heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_all_it_started_children_of_children_too(hotline: Make, number: signal.Signals) -> None:
    child, parent = (SLEEPER.replace("NAME", name) for name in ("child", "parent"))
    family = f'family: $PYTHON -c "{FAMILY}" "{child}" "{parent}"\n'
    run = hotline(sleeper("agi") + family)
    process = run.start_ready(["agi", "child", "parent"])
    process.send_signal(number)
    assert process.wait(4.5) == 0  # by itself: whoever is deaf is killed after five seconds
    assert not [pid for name in ("agi", "child", "parent") for pid in run.pids(name) if is_alive(pid)]


def test_a_descendant_that_made_a_session_of_its_own_is_ended_too(hotline: Make) -> None:
    run = hotline(f'family: $PYTHON -c "{FAMILY}" "{RUNAWAY}" "{SLEEPER.replace("NAME", "parent")}"\n')
    process = run.start_ready(["parent", "runaway"])
    process.terminate()
    assert process.wait(3) == 0
    assert find_strays(run.folder / "run.lock") == []


def test_a_part_deaf_to_sigterm_is_killed_after_five_seconds(hotline: Make) -> None:
    run = hotline(f'stubborn: $PYTHON -c "{STUBBORN}"\n' + sleeper("agi"))
    process = run.start_ready(["stubborn", "agi"])
    asked_at = time.monotonic()
    process.terminate()
    wait_until(lambda: not any(map(is_alive, run.pids("agi"))), 1)
    assert process.wait(8) == 0
    assert 4.5 < time.monotonic() - asked_at < 7
    assert process.stdout
    assert process.stdout.read() == "stubborn did not end within 5 s: killed\n"
    assert not any(map(is_alive, run.pids("stubborn")))


def test_a_second_start_is_refused_and_says_what_is_running(hotline: Make) -> None:
    run = hotline(sleeper("agi") + sleeper("web"))
    first = run.start_ready(["agi", "web"])
    second = run.start()
    said, _ = second.communicate(timeout=5)
    assert second.returncode == 1
    assert said.startswith(f"already running: pid {first.pid} since 20")
    assert said.endswith(" UTC\n  parts: agi, web\n  web: http://127.0.0.1:8080\n")
    assert is_alive(run.pid_of("agi"))
    assert json.loads((run.folder / "run.lock").read_text())["pid"] == first.pid
    first.terminate()
    assert first.wait(3) == 0
    assert run.start_ready(["agi", "web"]).poll() is None


def test_the_parts_die_with_a_supervisor_killed_with_9_so_that_the_next_one_finds_its_ports_free(
    hotline: Make,
) -> None:
    run = hotline(sleeper("agi") + f'stubborn: $PYTHON -c "{STUBBORN}"\n')
    process = run.start_ready(["agi", "stubborn"])
    agi, stubborn = run.pid_of("agi"), run.pid_of("stubborn")
    process.kill()
    wait_until(lambda: not is_alive(agi), 2)
    assert is_alive(stubborn)
    again = run.start()
    assert again.stdout
    assert again.stdout.readline() == "ended 1 processes that an earlier run had left behind\n"
    assert not is_alive(stubborn)
    assert again.stdout.readline() == "ready\n"


def test_each_part_writes_a_log_of_its_own_and_a_big_one_is_put_aside(hotline: Make) -> None:
    speaker = (
        "{0}: $PYTHON -uc \"import sys, time; print('{0}'); print(1, file=sys.stderr); time.sleep(9)\"\n"
    )
    run = hotline(speaker.format("agi") + speaker.format("web"))
    (run.folder / "log").mkdir()
    with (run.folder / "log" / "web.log").open("w") as big:
        big.truncate(LOG_BYTES + 1)
    (run.folder / "log" / "agi.log").write_text("yesterday\n")
    run.start_ready([])
    wait_until(lambda: (run.log("agi"), run.log("web")) == ("yesterday\nagi\n1\n", "web\n1\n"))
    assert (run.folder / "log" / "web.log.1").stat().st_size == LOG_BYTES + 1


def test_a_closed_terminal_does_not_stop_the_hotline(hotline: Make) -> None:
    run = hotline(sleeper("agi"))
    process = run.start_ready(["agi"])
    assert process.stdout
    process.stdout.close()
    first = run.pid_of("agi")
    os.kill(first, signal.SIGKILL)
    assert run.pid_of("agi", other_than=first)
    process.terminate()
    assert process.wait(3) == 0


def test_a_procfile_is_read_in_its_order_with_variables_and_assignments() -> None:
    environ = {"HOME": "/home/wang lei"}
    text = "# parts\n\nredis: a 'b c' $HOME/x\nworker-2:X=$HOME Y= run --cost=$$5\n"
    assert parse_procfile(text, environ) == [
        Part("redis", ("a", "b c", "/home/wang lei/x"), environ),
        Part("worker-2", ("run", "--cost=$5"), {**environ, "X": "/home/wang lei", "Y": ""}),
    ]
    assert MARK not in environ


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("web", "Procfile line 1: must read NAME: command"),
        ("# x\nweb:", "Procfile line 2: web has no command"),
        ("web: A=1", "Procfile line 1: web has no command"),
        ("web: a\nweb: b", "Procfile line 2: web is there twice"),
        ("web: 'a", "Procfile line 1: No closing quotation"),
        ("web: $NOWHERE", r"Procfile line 1: \$NOWHERE is not set"),
        ("web: $5", r"Procfile line 1: '\$5' has a \$ that names no variable"),
    ],
)
def test_a_line_of_the_procfile_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(ProcfileError, match=says):
        parse_procfile(text, {})
