"""A second Asterisk with the hotline's own configuration and modules, and the rivals' dialplan in its place.

It never runs while the hotline is measured, nor the hotline while the rivals are.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from config.settings import load
from ivr.cli.asterisk_config import render
from ivr.cli.private_asterisk import find_asterisk
from tests.bench.processes import tree
from tests.bench.sounds import WHOLE_SECONDS, write_wav

HERE = Path(__file__).parent
TABLES = """
CREATE TABLE calls (id INTEGER PRIMARY KEY, ref TEXT UNIQUE, caller TEXT, presented_at REAL, ended_at REAL);
CREATE TABLE ring_backs (id INTEGER PRIMARY KEY, ref TEXT, number TEXT, listed_at REAL);
"""


class Rivals:
    """Entering waits until the switch is up. `phone_port` is where app_queue's one member listens."""

    def __init__(self, data_dir: Path, environ: Mapping[str, str], phone_port: int = 9) -> None:
        self.settings = load({**environ, "HOTLINE_DATA_DIR": str(data_dir)})
        self.database = data_dir / "classic.sqlite3"
        self._phone_port = phone_port
        self._argv: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        asterisk = find_asterisk(self.settings.tools_dir)
        assert asterisk is not None, "no Asterisk: `.venv/bin/hotline install-tools` unpacks one"
        conf = render(self.settings, asterisk, [])
        self._replace(conf.parent)
        self._make_book()
        argv = self._argv = [*asterisk.argv, "-C", str(conf)]
        with (self.settings.log_dir / "asterisk.log").open("ab") as log:
            self._process = subprocess.Popen([*argv, "-f"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait = [*argv, "-rx", "core waitfullybooted"]
        for _ in range(100):
            if subprocess.run(wait, capture_output=True).returncode == 0:
                return self
        raise AssertionError("the rivals' Asterisk does not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def written(self) -> int:
        """Calls of the classic script that are whole in its tables."""
        with sqlite3.connect(self.database) as book:
            whole = "SELECT count(*) FROM calls JOIN ring_backs USING (ref) WHERE ended_at IS NOT NULL"
            return int(book.execute(whole).fetchone()[0])

    def is_quiet(self) -> bool:
        """No channel and no process of a script is left."""
        told = subprocess.run(
            [*self._argv, "-rx", "core show channels count"], capture_output=True, text=True
        )
        return "0 active channels" in told.stdout.splitlines() and len(tree(self.pid)) == 1

    def _replace(self, etc: Path) -> None:
        sound = write_wav(self.settings.data_dir / "sounds" / "half_a_second.wav", WHOLE_SECONDS)
        values = {
            "@SOUND@": str(sound.with_suffix("")),
            "@CLASSIC@": str(self._script()),
            "@DATABASE@": str(self.database),
            "@PHONE_PORT@": str(self._phone_port),
        }
        for source, target in (
            ("rivals.conf", "extensions.conf"),
            ("rivals_queues.conf", "queues.conf"),
            ("rivals_pjsip.conf", "pjsip_phones.conf"),
        ):
            text = (HERE / source).read_text("utf-8")
            for name, value in values.items():
                text = text.replace(name, value)
            (etc / target).write_text(text, "utf-8")
        with (etc / "modules.conf").open("a") as modules:
            modules.write("load = app_queue.so\n")

    def _script(self) -> Path:
        """The script as Asterisk runs it: executable, under the environment's own Python."""
        script = self.settings.data_dir / "classic_agi"
        script.write_text(f"#!{sys.executable}\n{(HERE / 'classic_agi.py').read_text('utf-8')}", "utf-8")
        script.chmod(0o755)
        return script

    def _make_book(self) -> None:
        with sqlite3.connect(self.database) as book:
            book.execute("PRAGMA journal_mode=WAL")
            book.executescript(TABLES)
