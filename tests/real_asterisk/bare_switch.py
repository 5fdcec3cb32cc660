"""A switch with the hotline's dialplan and nobody behind it: callbacks are placed and judged without a book.

Phones are sipp's; the customers' network is one too, and its own log says who was rung, when and how often.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agi_scripts import callback_ended
from agi_scripts.fastagi import FastAgiServer, Script
from agi_scripts.session import AgiSession
from config.prompt_pack import PromptPack
from config.secrets import load_or_create
from ivr.adapters.asterisk_callbacks import AsteriskCallbacks
from ivr.adapters.asterisk_switch import AsteriskSwitch
from ivr.adapters.attempt_fences import AttemptFences
from ivr.adapters.sql_sip_accounts import SipAccount
from ivr.adapters.system_clock import SystemClock
from ivr.cli import asterisk_config
from ivr.cli.private_asterisk import find_asterisk
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import free_udp_port
from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName, AttemptSeen, PlaceOrder
from tests.real_asterisk.hotline import ROOT, RunningHotline, wait_until
from tests.real_asterisk.sip.phones import PATIENCE_SECONDS, AgentPhone

OWN_NUMBER = "01087654321"
CUSTOMER = "+8613800138000"


@dataclass
class News:
    """What the switch told of its own accord."""

    heard_served: list[tuple[AttemptName, datetime]] = field(default_factory=list)
    heard_ended: list[tuple[AttemptName, AttemptResult, datetime | None, datetime]] = field(
        default_factory=list
    )
    heard_told: list[tuple[AttemptName, bool]] = field(default_factory=list)

    def served(self, name: AttemptName, at: datetime) -> None:
        self.heard_served.append((name, at))

    def ended(
        self, name: AttemptName, result: AttemptResult, served_at: datetime | None, at: datetime
    ) -> None:
        self.heard_ended.append((name, result, served_at, at))

    def told(self, name: AttemptName, heard: bool, at: datetime) -> None:
        self.heard_told.append((name, heard))


def attempt(callback_id: int, nonce: str = "0badc0de", *, is_announcement: bool = False) -> AttemptName:
    """The name of a callback's first attempt, or announcement."""
    return AttemptName(callback_id=callback_id, number=1, nonce=nonce, is_announcement=is_announcement)


class BareSwitch:
    """Runs while entered; `callbacks` places over its manager connection."""

    def __init__(
        self,
        directory: Path,
        accounts: tuple[SipAccount, ...] = (),
        scripts: Mapping[str, Script] | None = None,
    ) -> None:
        self.customers_port = free_udp_port()
        trunk = {"HOTLINE_OUTBOUND_TRUNK": f"sip:127.0.0.1:{self.customers_port}"}
        self.hotline = RunningHotline(directory, f'own_numbers = ["{OWN_NUMBER}"]\n', trunk)  # never started
        self.settings = self.hotline.settings
        found = find_asterisk(self.settings.tools_dir)
        assert found is not None
        config = asterisk_config.render(self.settings, found, accounts)
        self._argv = [*found.argv, "-C", str(config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.news = News()
        self.server = self._listening(scripts or {})
        secret = load_or_create(self.settings.data_dir).ami_secret
        self.switch = AsteriskSwitch(
            self.settings.ami_port,
            secret,
            on_stamp=lambda _ref, _event: None,
            on_callback_served=self.news.served,
        )
        self.fences_directory = asterisk_config.attempts_dir(self.settings)
        pack = PromptPack(ROOT / "config" / "prompts", self.settings.data_dir / "custom", "zh_CN")
        self.callbacks = AsteriskCallbacks(
            self.switch.manager,
            AttemptFences(self.fences_directory),
            sound=pack.path,
            outbound_trunk=self.settings.outbound_trunk,
            own_number=OWN_NUMBER,
        )

    def _listening(self, scripts: Mapping[str, Script]) -> FastAgiServer:
        token = load_or_create(self.settings.data_dir).agi_token
        known = {"callback_ended": self._ended, **scripts}
        return FastAgiServer(known, token=token, port=self.settings.agi_port)

    def _ended(self, agi: AgiSession) -> None:
        callback_ended.main(agi, self.news)

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.start()
        self.switch.start()
        self.wait(lambda: self.switch.connected, 15)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.switch.stop()
        self.server.stop()
        self.kill()
        self.hotline.stop()

    def start(self) -> None:
        with (self.settings.data_dir / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._argv, "-f"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.wait(lambda: "fully booted" in self.command("core waitfullybooted"), 20)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def restart(self) -> None:
        """After `kill`: a new Asterisk, and the manager connected to it again."""
        self.wait(lambda: not self.switch.connected, 10)
        self.start()
        self.wait(lambda: self.switch.connected, 15)

    def command(self, text: str) -> str:
        return subprocess.run(
            [*self._argv, "-rx", text], capture_output=True, text=True, timeout=10, check=False
        ).stdout

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        wait_until(condition, seconds, self.story)

    def story(self) -> str:
        fences = "\n".join(f"{path.name}:\n{path.read_text()}" for path in self.fences_directory.iterdir())
        log = (self.settings.data_dir / "console.log").read_text("utf-8", "replace")[-3000:]
        return f"{self.news}\n{fences}\n{log}"

    def order(self, callback_id: int, phone: str, **changes: Any) -> PlaceOrder:
        """An attempt as the book orders it."""
        values: dict[str, Any] = {
            "name": attempt(callback_id),
            "agent": "ann",
            "number": CUSTOMER,
            "whisper": ("still_busy",),
            "not_after_at": SystemClock().now() + timedelta(seconds=80),
            "agent_ring_seconds": 20.0,
            "customer_ring_seconds": 20.0,
        }
        return PlaceOrder(phone=phone, **{**values, **changes})

    def fence(self, callback_id: int) -> list[str]:
        """The steps written of its first attempt."""
        path = self.fences_directory / str(attempt(callback_id))
        return [line.split("|")[1] for line in path.read_text().splitlines()] if path.exists() else []

    def ended(self, callback_id: int, seconds: float = PATIENCE_SECONDS) -> AttemptSeen:
        """What the switch says of the first attempt once it is over."""
        self.wait(lambda: self.callbacks.attempt(attempt(callback_id)).result is not None, seconds)
        return self.callbacks.attempt(attempt(callback_id))

    def agent(self, **options: Any) -> AgentPhone:
        return self.hotline.phone("ann", **options)


class Customers(AgentPhone):
    """The customers' network: whoever is rung through the outbound trunk. Its own log is the judge."""

    def __init__(self, switch: BareSwitch, **options: Any) -> None:
        super().__init__(
            switch.hotline.sipp,
            server_port=switch.settings.sip_port,
            user="customer",
            port=switch.customers_port,
            **options,
        )

    def rung(self, number: str = CUSTOMER) -> list[Message]:
        """Every INVITE to that customer, oldest first; repeated packets once."""
        found = [invite for invite in self.find("received", "INVITE") if number in invite.start_line]
        return list({invite.call_id: invite for invite in found}.values())


def accept(phone: AgentPhone, call: int = 0, key: str = "1") -> None:
    """The agent answers that call of his phone and presses the key during the whisper."""
    phone.wait_for("sent", "INVITE", 180, call=call)
    phone.order("ANSWER", call=call)
    phone.wait_for("sent", "INVITE", 200, call=call)
    time.sleep(0.4)
    phone.media.press(key, to=phone.find("received", "INVITE", call=call)[0].media_port)
