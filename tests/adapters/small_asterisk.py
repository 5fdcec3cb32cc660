"""A small real Asterisk for the tests of its two protocols: loopback only, few modules, own ports."""

import subprocess
import time
from pathlib import Path

import psutil
import pytest

from ivr.cli.private_asterisk import Asterisk, find_asterisk

AMI_PORT, AGI_PORT = 27038, 27573
USERNAME, SECRET = "hotline", "s3cret"
TOOLS = Path(__file__).parents[2] / ".tools"

_MODULES = (
    "res_speech res_agi pbx_config app_userevent app_stack app_exec func_callerid func_channel func_timeout"
    " func_strings func_global func_logic func_base64 app_playback format_wav codec_ulaw res_clioriginate"
)
_MANAGER = f"""[general]
enabled=yes
bindaddr=127.0.0.1
port={AMI_PORT}
[{USERNAME}]
secret={SECRET}
deny=0.0.0.0/0.0.0.0
permit=127.0.0.1/255.255.255.255
read=user,system
write=originate,call
"""


class SmallAsterisk:
    """`dialplan` is extensions.conf. Channels are made by `place_call`, two halves of a Local one each."""

    def __init__(self, directory: Path, dialplan: str) -> None:
        self._installed = _installed()
        self._directory = directory
        self._write_configuration(dialplan)
        self._log = (directory / "console.log").open("wb")
        self._process = self._started()

    def command(self, text: str) -> str:
        result = subprocess.run(
            [*self._program(), "-rx", text], capture_output=True, text=True, timeout=10, check=False
        )
        return result.stdout

    @property
    def age_seconds(self) -> float:
        """Since its process began."""
        created_at: float = psutil.Process(self._process.pid).create_time()
        return time.time() - created_at

    def place_call(self, extension: str) -> None:
        """A channel that runs `extension@test`; its other half runs `wait@rest`."""
        self.command(f"channel originate Local/{extension}@test extension wait@rest")

    def crash_and_restart(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process = self._started()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _program(self) -> list[str]:
        return [*self._installed.argv, "-C", str(self._directory / "asterisk.conf")]

    def _write_configuration(self, dialplan: str) -> None:
        names = (
            "astetcdir",
            "astvarlibdir",
            "astdbdir",
            "astkeydir",
            "astspooldir",
            "astrundir",
            "astlogdir",
        )
        ours = "".join(f"{name} => {self._directory}\n" for name in names)
        theirs = f"astmoddir => {self._installed.module_dir}\nastdatadir => {self._installed.data_dir}\n"
        loads = "".join(f"load={name}.so\n" for name in _MODULES.split())
        files = {
            "asterisk.conf": f"[directories]\n{ours}{theirs}[options]\nlive_dangerously=no\n",
            "modules.conf": f"[modules]\nautoload=no\n{loads}",
            "logger.conf": "[logfiles]\nmessages.log => notice,warning,error\n",
            "manager.conf": _MANAGER,
            "extensions.conf": dialplan,
        }
        for name, text in files.items():
            (self._directory / name).write_text(text)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*self._program(), "-f"], stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._await_booted(process)
        return process

    def _await_booted(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(100):
            if "fully booted" in self.command("core waitfullybooted"):
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self._directory / "console.log").read_text(errors="replace")[-2000:])


def _installed() -> Asterisk:
    return find_asterisk(TOOLS) or pytest.skip("no Asterisk on this machine")


def start(tmp_path_factory: pytest.TempPathFactory, dialplan: str) -> SmallAsterisk:
    # Its control socket lives in the directory, and a socket's path has at most 107 bytes.
    directory = tmp_path_factory.mktemp("small")
    return SmallAsterisk(directory, dialplan)
