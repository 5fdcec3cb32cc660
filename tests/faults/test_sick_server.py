"""The sick server misbehaves as asked, the canary hears it, and a successor of one that was ill once is well."""

import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agi_scripts import canary as entry
from ivr.cli.canary import canary
from tests.faults.fault_file import Fault, fault_path, heal, strike
from tests.faults.sick_part import cut
from tests.faults.sick_server import KINDS, SickServer

pytestmark = pytest.mark.slow

TOKEN = "a-token-long-enough"
KILLS_ITSELF = {"stopped", "dies_after_one_reply"}


@contextmanager
def serving(data_dir: Path) -> Iterator[int]:
    fault = Fault(fault_path(data_dir, "agi"))
    server = SickServer({"canary": entry.main}, token=TOKEN, port=0, fault=fault)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.address[1]
    finally:
        heal(data_dir, "agi")
        server.stop(0.2)
        thread.join()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - KILLS_ITSELF))
def test_a_canary_falls_silent_in_each_kind_of_illness_and_sings_when_it_is_over(
    tmp_path: Path, kind: str
) -> None:
    with serving(tmp_path) as port:
        sings = canary(port, TOKEN)
        assert sings()
        strike(tmp_path, "agi", kind, 60)
        threading.Event().wait(0.3)  # one round of the accept loop
        assert not sings()
        heal(tmp_path, "agi")
        threading.Event().wait(0.3)
        assert sings()


def test_an_illness_for_one_life_is_gone_for_the_successor(tmp_path: Path) -> None:
    strike(tmp_path, "agi", "silent")
    path = fault_path(tmp_path, "agi")
    first = Fault(path)
    assert first.kind == "silent"
    assert Fault(path).kind is None
    assert first.kind == "silent"


def test_an_illness_for_a_time_is_the_successors_too_and_then_over(tmp_path: Path) -> None:
    strike(tmp_path, "agi", "silent", 0.2)
    path = fault_path(tmp_path, "agi")
    assert (Fault(path).kind, Fault(path).kind) == ("silent", "silent")
    assert Fault(path).over_within(2, "silent")


def test_a_line_to_that_port_is_cut_and_no_other() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(one.getsockname()) as to_be_cut,
        socket.create_connection(other.getsockname()) as kept,
    ):
        before = len(list(Path("/proc/self/fd").iterdir()))
        cut(one.getsockname()[1])
        assert len(list(Path("/proc/self/fd").iterdir())) == before
        assert to_be_cut.recv(1) == b""
        kept.sendall(b"still here")


def test_cutting_a_line_leaves_a_database_locked(tmp_path: Path) -> None:
    book = sqlite3.connect(tmp_path / "book.db", isolation_level=None)
    book.execute("CREATE TABLE calls (number TEXT)")
    book.execute("BEGIN EXCLUSIVE")
    cut(9)
    other = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN EXCLUSIVE')"
    tried = subprocess.run(
        [sys.executable, "-c", other, str(tmp_path / "book.db")], capture_output=True, text=True
    )
    assert "database is locked" in tried.stderr
    book.close()
