"""A carrier for tests: a second real Asterisk, which registers trunks, asks for passwords and passes calls on.

The public telephones on its far side are sipp: people who dial, and whoever is called through it.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ivr.cli.telephone.sipp import free_udp_port
from tests.real_asterisk.sip.programs import telephone_programs

CARRIER, PBX, PUBLIC = "127.0.0.3", "127.0.0.6", "127.0.0.5"
USER, SECRET = "12345678", "the-carriers-secret"
PBX_USER, PBX_SECRET = "branch", "the-pbxs-secret"

_MODULES = """
res_timing_timerfd res_crypto res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject
res_http_websocket res_rtp_asterisk res_pjsip res_pjsip_session res_pjsip_pubsub res_pjsip_acl
res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_endpoint_identifier_user
res_pjsip_endpoint_identifier_ip res_pjsip_registrar res_pjsip_nat res_pjsip_sdp_rtp res_pjsip_caller_id
res_pjsip_dlg_options res_pjsip_logger chan_pjsip bridge_simple codec_ulaw pbx_config app_dial func_callerid
""".split()  # noqa: SIM905 (a list this long reads better in lines)

_PJSIP = """[global]
type = global
endpoint_identifier_order = username,ip
[line]
type = transport
protocol = udp
bind = {carrier}:{port}
[pbx-line]
type = transport
protocol = udp
bind = {pbx}:{pbx_port}
[public-line]
type = transport
protocol = udp
bind = 127.0.0.1:{public_port}
[any](!)
type = endpoint
transport = line
disallow = all
allow = ulaw
direct_media = no
[public](any)
transport = public-line
context = from-public
[public]
type = identify
endpoint = public
match = {public}
; what the hotline sends: calls have to prove the same account as the registration
[hotline](any)
context = from-hotline
auth = account
[hotline]
type = identify
endpoint = hotline
match = 127.0.0.1
[{user}](any)
context = from-hotline
auth = account
aors = {user}
[{user}]
type = aor
max_contacts = 1
remove_existing = yes
[account]
type = auth
auth_type = userpass
username = {user}
password = {secret}
; the PBX elsewhere, with the right password and with a wrong one
[pbx](!,any)
transport = pbx-line
aors = to-hotline
[good](pbx)
outbound_auth = good
[good]
type = auth
auth_type = userpass
username = {pbx_user}
password = {pbx_secret}
[wrong](pbx)
outbound_auth = wrong
[wrong]
type = auth
auth_type = userpass
username = {pbx_user}
password = guessed
[bare](pbx)
[to-hotline]
type = aor
contact = sip:127.0.0.1:{hotline_port}
"""

_DIALPLAN = """[from-public]
exten => registered,1,Dial(PJSIP/{user},20)
exten => _[gwb].,1,Dial(PJSIP/4001234567@${{EXTEN}},20)
[from-hotline]
exten => _[+X]!,1,Dial(PJSIP/public/sip:${{EXTEN}}@127.0.0.1:{customer_port},60)
"""


class Carrier:
    """Entered, it runs. Trunks reach it at `port`, people dial at `public_port` and are rung at `customer_port`."""

    def __init__(self, home: Path, hotline_port: int) -> None:
        self.port, self.public_port, self.customer_port = (free_udp_port() for _ in range(3))
        self._home = home
        self._asterisk = telephone_programs()[0]
        self._places = {
            "home": home,
            "carrier": CARRIER,
            "port": self.port,
            "pbx": PBX,
            "pbx_port": free_udp_port(),
            "public": PUBLIC,
            "public_port": self.public_port,
            "user": USER,
            "secret": SECRET,
            "pbx_user": PBX_USER,
            "pbx_secret": PBX_SECRET,
            "hotline_port": hotline_port,
            "customer_port": self.customer_port,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._configure()
        argv = [*self._argv(), "-f", "-n"]
        with (self._home / "screen").open("wb") as screen:
            self._process = subprocess.Popen(argv, stdout=screen, stderr=screen, start_new_session=True)
        for _ in range(100):
            if "fully booted" in self.console("core waitfullybooted"):
                self.console("pjsip set logger on")
                return self
            time.sleep(0.1)
        self.stop()
        raise AssertionError("the carrier's Asterisk did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
            self._process = None

    def console(self, command: str) -> str:
        """What its console says."""
        argv = [*self._argv(), "-rx", command]
        return subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False).stdout

    def registered_contact(self) -> str | None:
        """Where the hotline said it is to be called."""
        found = re.search(rf"Contact:\s+{USER}/(sip:\S+)", self.console("pjsip show contacts"))
        return found[1] if found else None

    def heard(self) -> str:
        """Every SIP message it got and sent, as text."""
        return (self._home / "screen").read_text("utf-8", "replace")

    def _argv(self) -> list[str]:
        return [*self._asterisk.argv, "-C", str(self._home / "asterisk.conf")]

    def _configure(self) -> None:
        names = "etc varlib db key agi spool run log cache".split()  # noqa: SIM905 (a row of words)
        ours = "".join(f"ast{name}dir => {self._home}\n" for name in names)
        theirs = f"astmoddir => {self._asterisk.module_dir}\nastdatadir => {self._asterisk.data_dir}\n"
        files = {
            "asterisk.conf": f"[directories]\n{ours}{theirs}",
            "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {m}.so\n" for m in _MODULES),
            "logger.conf": "[general]\n[logfiles]\nconsole = notice,warning,error,verbose\n",
            "rtp.conf": "[general]\nrtpstart = 29100\nrtpend = 29199\nicesupport = no\n",
            "pjproject.conf": "[startup]\ntype = startup\nlog_level = 2\n",
            "indications.conf": "[general]\ncountry = cn\n[cn]\ndescription = China\nring = 450/1000,0/4000\n",
            "cel.conf": "[general]\nenable = no\n",
            **dict.fromkeys(("ccss.conf", "udptl.conf", "features.conf", "cdr.conf"), "[general]\n"),
            **dict.fromkeys(("acl.conf", "manager.conf", "http.conf"), ""),
            "pjsip.conf": _PJSIP.format(**self._places),
            "extensions.conf": _DIALPLAN.format(**self._places),
        }
        (self._home / "keys").mkdir(exist_ok=True)
        for name, text in files.items():
            (self._home / name).write_text(text)
