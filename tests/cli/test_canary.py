"""A server that lives but does not work is found by its canary and replaced."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agi_scripts import canary as entry
from agi_scripts.fastagi import FastAgiServer
from ivr.cli.canary import canary
from tests.real_asterisk.hotline import wait_until

TOKEN = "a-token-long-enough"


@contextmanager
def serving(script: object = entry.main) -> Iterator[int]:
    server = FastAgiServer({"canary": script}, token=TOKEN, port=0)  # type: ignore[dict-item] # also bad ones
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.address[1]
    finally:
        server.stop()
        thread.join()


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A port that says that, or accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            sock, _ = listener.accept()
            held.append(sock)
            if answer is not None:
                sock.sendall(answer)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        for sock in held:
            sock.close()


def test_a_working_server_answers_its_canary() -> None:
    with serving() as port:
        assert canary(port, TOKEN)()


def test_a_wrong_token_or_a_closed_port_is_no_answer() -> None:
    with serving() as port:
        assert not canary(port, "another-token-long-enough")()
    assert not canary(port, TOKEN)()


@pytest.mark.parametrize("answer", [None, b"SET VARIABLE", b"garbage\n", b"x" * 5000])
def test_a_silent_babbling_or_half_line_server_is_no_answer_within_a_second(
    answer: bytes | None,
) -> None:
    with listening(answer) as port:
        started = time.monotonic()
        assert not canary(port, TOKEN)()
        assert time.monotonic() - started < 1.0


SERVER = """
import sys
from agi_scripts import canary
from agi_scripts.fastagi import FastAgiServer
FastAgiServer({"canary": canary.main}, token=sys.argv[2], port=int(sys.argv[1])).serve_forever()
"""


@pytest.mark.slow
@pytest.mark.alone
def test_a_frozen_server_is_found_killed_and_replaced_within_five_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = (sys.executable, "-c", SERVER, str(port), TOKEN)
    program = tmp_path / "supervise.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom ivr.cli.canary import canary\n"
        "from ivr.cli.procfile import Part\nfrom ivr.cli.supervisor import Supervisor\n"
        f"part = Part(name='agi', argv={argv!r}, env={{'PATH': {os.defpath!r}, 'PYTHONPATH': {str(Path.cwd())!r}}})\n"
        f"home = Path({str(tmp_path)!r})\n"
        "say = lambda line: print(line, flush=True)\n"
        f"probes = {{'agi': canary({port}, {TOKEN!r})}}\n"
        "sys.exit(Supervisor([part], home, home / 'lock', say, probes=probes).run(lambda: None))\n"
    )
    out = (tmp_path / "out").open("wb")
    with subprocess.Popen([sys.executable, str(program)], stdout=out, cwd=Path.cwd()) as supervisor:
        try:
            probe = canary(port, TOKEN)
            wait_until(lambda: probe() is True, 10, (tmp_path / "out").read_text)
            frozen = _listener(supervisor.pid)
            time.sleep(1.5)  # it has answered once to its own watch by then
            os.kill(frozen, signal.SIGSTOP)
            stopped_at = time.monotonic()
            wait_until(lambda: probe() is True, 8, (tmp_path / "out").read_text)
            assert time.monotonic() - stopped_at < 6.5
            assert "agi does not answer: killed" in (tmp_path / "out").read_text()
        finally:
            supervisor.send_signal(signal.SIGINT)
            supervisor.wait(10)
    out.close()


def _listener(supervisor: int) -> int:
    import psutil

    [child] = psutil.Process(supervisor).children()
    return int(child.pid)
