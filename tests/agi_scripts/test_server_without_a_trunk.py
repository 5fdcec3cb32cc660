"""The server started anew without its outbound trunk: what it promised before is not forgotten."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import ROOT, environment
from ivr.adapters.sql_callback_schema import callbacks, promises
from ivr.adapters.sql_schema import alerts, ring_backs
from tests.adapters.books import Books
from tests.adapters.rows import Database
from tests.agi_scripts.house import eventually


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


@pytest.mark.slow
def test_a_server_without_a_trunk_still_watches_what_it_promised_r10_r28b(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.add_agent("ana", "talking")
    books = Books(database)
    books.promised()  # long ago
    books.book.close()
    ports = {f"HOTLINE_{name}_PORT": free_port() for name in ("AGI", "AMI")}
    given = {"HOTLINE_DATA_DIR": str(tmp_path), "DATABASE_URL": database.url, "HOTLINE_OUTBOUND_TRUNK": ""}
    with (tmp_path / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "agi_scripts.server"],
            cwd=ROOT,
            env={**environment(), **ports, **given},
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: database.rows(ring_backs), within_seconds=30)
    finally:
        server.terminate()
        server.wait(10)
    [listed], [promise], [callback] = map(database.rows, (ring_backs, promises, callbacks))
    assert (listed["reason"], listed["owner"], promise["state"]) == ("no_route", "ana", "broken")
    assert (callback["state"], callback["epoch"]) == ("handed_over", 0)
    kinds = [row["kind"] for row in database.rows(alerts)]
    assert kinds == ["promise_broken", "callback_without_route"]
