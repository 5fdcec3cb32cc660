"""Somebody else's Asterisk: its own directories, dialplan and trunk, with the hotline's files included line by line."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from config.settings import Settings
from ivr.cli.private_asterisk import find_asterisk
from tests.real_asterisk.hotline import ROOT, wait_until

SERVICE_NUMBER: Final = "95001"
_DIRECTORIES: Final = (
    "astetcdir astvarlibdir astdbdir astkeydir astagidir astspooldir astrundir astlogdir astcachedir".split()  # noqa: SIM905
)


class ForeignAsterisk:
    """Running while entered. `attach` is the directory of the hotline's rendered files."""

    def __init__(self, directory: Path, settings: Settings, attach: Path) -> None:
        asterisk = find_asterisk(settings.tools_dir)
        assert asterisk is not None
        self._directory, self._settings, self._attach = directory, settings, attach
        (directory / "cdr-custom").mkdir(parents=True)
        places = "".join(f"{name} => {directory}\n" for name in _DIRECTORIES)
        theirs = f"astmoddir => {asterisk.module_dir}\nastdatadir => {asterisk.data_dir}\n"
        self._write("asterisk.conf", f"[directories]\n{places}{theirs}")
        for name, text in self._files().items():
            self._write(name, text)
        self._argv = [*asterisk.argv, "-C", str(directory / "asterisk.conf")]

    def _files(self) -> dict[str, str]:
        settings, attach = self._settings, self._attach
        own = ROOT / "config" / "asterisk"
        shared = {name: (own / name).read_text("utf-8") for name in ("modules.conf", "indications.conf")}
        return {
            **shared,
            "extensions.conf": f"""[from-carrier]
exten => {SERVICE_NUMBER},1,Goto(hotline,${{EXTEN}},1)
exten => 8001,1,Hangup(17)

#include {attach}/hotline_dialplan.conf
""",
            "pjsip.conf": f"""[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{settings.sip_port}
[carrier]
type = endpoint
context = from-carrier
disallow = all
allow = ulaw,alaw
[carrier]
type = identify
endpoint = carrier
match = 127.0.0.1
#include {attach}/hotline_pjsip.conf
""",
            "manager.conf": f"""[general]
enabled = yes
bindaddr = 127.0.0.1
port = {settings.ami_port}
#include {attach}/hotline_manager.conf
""",
            "musiconhold.conf": f"[general]\n#include {attach}/hotline_music.conf\n",
            "cdr.conf": "[general]\nenable = yes\nunanswered = yes\n",
            "cdr_custom.conf": f"#include {attach}/hotline_cdr.conf\n",
            "rtp.conf": "[general]\nrtpstart = {}\nrtpend = {}\n".format(*settings.rtp_ports),
            "logger.conf": "[logfiles]\nmessages.log = notice,warning,error\n",
        }

    def __enter__(self) -> Self:
        with (self._directory / "console.log").open("wb") as log:
            self._process = subprocess.Popen([*self._argv, "-f"], stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: "fully booted" in self.command("core waitfullybooted"), 20, self.log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def command(self, text: str) -> str:
        argv = [*self._argv, "-rx", text]
        return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False).stdout

    def log(self) -> str:
        """What it complained about."""
        paths = [self._directory / name for name in ("console.log", "messages.log")]
        return "\n".join(path.read_text("utf-8", "replace")[-3000:] for path in paths if path.exists())

    def _write(self, name: str, text: str) -> None:
        (self._directory / name).write_text(text, "utf-8")
