"""`hotline call`: one real SIP call to the running hotline, and what happened, from the caller's own log."""

import socket
import threading
import time
from collections.abc import Iterable

import click

from config.settings import Settings
from ivr.adapters.sql_reports import SqlReports
from ivr.cli.addresses import own_host
from ivr.cli.private_asterisk import find_sipp
from ivr.cli.telephone.sip_log import Message
from ivr.cli.telephone.sipp import CALLER, Sipp
from ivr.policy.rules import Rules

DIALLED = "4001234567"
UNAVAILABLE, FAILED = 3, 1
RTP_HEADER_BYTES = 12
WORDS = {
    180: "rings (the caller hears his own ring tone)",
    183: "early sound",
    200: "picked up",
}


class Ear:
    """Counts the sound packets the caller hears."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port: int = self._socket.getsockname()[1]
        self.packets = 0
        self.first_at: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                datagram = self._socket.recv(2048)
            except TimeoutError:
                continue
            if len(datagram) > RTP_HEADER_BYTES:
                self.packets += 1
                self.first_at = self.first_at or time.time()


def place_call(settings: Settings, rules: Rules, number: str, seconds: int) -> int:
    """Call, hang up after so many seconds, tell the story; the exit code."""
    program = find_sipp(settings.tools_dir)
    if program is None:
        click.echo("no sipp: `.venv/bin/hotline install-tools` unpacks one", err=True)
        return UNAVAILABLE
    ear = Ear()
    phone = Sipp(program, CALLER, server_port=settings.sip_port)
    keys = {"to": DIALLED, "from": number, "from_name": "call", "sound_port": str(ear.port)}
    click.echo(f"{number} dials sip:{DIALLED}@{own_host(settings)}:{settings.sip_port}")
    try:
        phone.start(keys, "-m", "1", "-r", "100")
        _hang_up_after(phone, seconds)
    finally:
        phone.stop()
        ear.close()
    return _tell(settings, rules, phone.messages(), ear)


def _hang_up_after(phone: Sipp, seconds: int) -> None:
    until = time.monotonic() + seconds
    told = 0
    started: float | None = None
    while phone.running() and time.monotonic() < until:
        messages = phone.messages()
        started = started or (messages[0].at if messages else None)
        for message in messages[told:]:
            _tell_message(message, started or message.at)
        told = len(messages)
        time.sleep(0.1)
    messages = phone.messages()
    if phone.running() and messages:
        click.echo(f"+{seconds:6.2f} s  the caller hangs up")
        phone.order("HANGUP", messages[0].call_id)
        phone.wait(5)


def _tell_message(message: Message, started: float) -> None:
    if message.direction != "received":
        return
    if message.method == "INVITE" and message.status in WORDS:
        click.echo(f"+{message.at - started:6.2f} s  {message.status} {WORDS[message.status]}")
    elif message.method == "INVITE" and (message.status or 0) >= 300:
        click.echo(f"+{message.at - started:6.2f} s  refused: {message.start_line}")
    elif message.status is None and message.method == "BYE":
        click.echo(f"+{message.at - started:6.2f} s  the hotline hangs up")


def _tell(settings: Settings, rules: Rules, messages: Iterable[Message], ear: Ear) -> int:
    received = [m for m in messages if m.direction == "received"]
    sent = [m for m in messages if m.direction == "sent"]
    if not received:
        click.echo(f"nobody answers at port {settings.sip_port}: is `make run` running?", err=True)
        return UNAVAILABLE
    picked_up = [m.at for m in received if m.method == "INVITE" and m.status == 200]
    if not picked_up:
        click.echo("never picked up")
        return FAILED
    waited = picked_up[0] - sent[0].at
    verdict = "within" if waited <= rules.deadline_seconds else "NOT within"
    click.echo(
        f"picked up after {waited:.2f} s, {verdict} {rules.rings} rings ({rules.deadline_seconds:g} s)"
    )
    click.echo(f"sound: {ear.packets} packets, {ear.packets * 0.02:.1f} s of it")
    _tell_stored(settings)
    return 0 if waited <= rules.deadline_seconds else FAILED


def _tell_stored(settings: Settings) -> None:
    time.sleep(0.5)  # the hang-up's own burst
    calls = SqlReports(settings.database_url).calls(None)
    if calls:
        last = calls[-1]
        story = f"greeted by {last['greeted_by'] or 'nobody'}, outcome {last['outcome']}"
        click.echo(
            f"in the book: call {last['id']}, {story}; `.venv/bin/hotline why {last['id']}` explains it"
        )
