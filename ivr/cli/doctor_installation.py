"""What this installation is: whether it runs, which processes are its own, whether the switch is its own too."""

import json
import re
import socket
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psutil

from config.settings import Settings
from ivr.cli import asterisk_config
from ivr.cli.phones import console
from ivr.cli.render import MARK as ATTACHED
from ivr.cli.strays import find_strays

KNOCK_SECONDS = 0.5


@dataclass(frozen=True)
class Installation:
    """`switch_pid` is our own Asterisk's process, if one runs."""

    settings: Settings
    running: bool
    attached: bool
    switch_pid: int | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As it is now."""
        switch = _our_switch(settings)
        attached = switch is None and (settings.data_dir / ATTACHED).exists()
        return cls(settings, _is_supervised(settings) or _accepts(settings.agi_port), attached, switch)

    def is_ours(self, pid: int) -> bool:
        """One of the hotline's own processes, whoever started it."""
        return pid in self._started or _is_at_work_in(pid, self.settings.root, self.settings.data_dir)

    def console(self, command: str) -> str | None:
        """What our Asterisk says to a command."""
        return console(self.settings, command)

    def modules(self) -> tuple[str, ...]:
        """Those modules.conf loads."""
        return tuple(re.findall(r"^load = (\S+)", self._template("modules.conf"), re.MULTILINE))

    def contexts(self) -> tuple[str, ...]:
        """Those of the hotline's dialplan; one that holds nothing is not kept by Asterisk."""
        text = self._template("hotline_dialplan.conf")
        return tuple(re.findall(r"^\[([\w-]+)\]\n(?:;.*\n)*exten", text, re.MULTILINE))

    @cached_property
    def _started(self) -> frozenset[int]:
        return frozenset(find_strays((self.settings.data_dir / "run.lock").resolve()))

    def _template(self, name: str) -> str:
        return (self.settings.root / "config" / "asterisk" / name).read_text("utf-8")


def policy_values(settings: Settings) -> dict[str, Any]:
    """Every policy key as written, also those without effect yet."""
    paths = [
        settings.root / "config" / "policy.toml",
        *([settings.policy_path] if settings.policy_path else []),
    ]
    values: dict[str, Any] = {}
    for path in paths:
        values |= tomllib.loads(path.read_text("utf-8-sig"))
    return values


def _is_supervised(settings: Settings) -> bool:
    try:
        about = json.loads((settings.data_dir / "run.lock").read_text("utf-8"))
        return bool(psutil.pid_exists(int(about["pid"])))
    except (OSError, ValueError, KeyError):
        return False


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(KNOCK_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _our_switch(settings: Settings) -> int | None:
    config = str(asterisk_config.etc_dir(settings) / "asterisk.conf")
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if config in words and "-f" in words:
            return int(process.pid)
    return None


def _is_at_work_in(pid: int, *places: Path) -> bool:
    """A part started by another runner than ours: in the repository's root, or with our files in its command line."""
    try:
        process = psutil.Process(pid)
        words, directory = " ".join(process.cmdline()), process.cwd()
    except psutil.Error:
        return False
    return directory in map(str, places) or any(str(place) in words for place in places)
