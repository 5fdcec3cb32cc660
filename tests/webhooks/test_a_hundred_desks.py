"""A hundred connected desks cost a ringing call nothing: bursts and webhooks stay quick while everybody listens."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.secrets import load_or_create
from config.settings import ROOT, environment
from ivr.adapters.sql_schema import calls
from tests.bench.load import percentile
from tests.fakes.twilio_wire import signature
from tests.webhooks.event_streams import Client, Stream
from tests.webhooks.web_server import WebServer, free_port, running_web_server

DESKS = 100
SECONDS = 20.0
BURSTS_A_SECOND, WEBHOOKS_A_SECOND = 10, 5
LONGEST_SECONDS = 0.150
PUBLIC, ACCOUNT, TOKEN = "https://hotline.example", "AC" + "a" * 32, "0" * 32
TWILIO = {"PUBLIC_BASE_URL": PUBLIC, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}


@contextmanager
def running_bursts(web: WebServer) -> Iterator[int]:
    """The FastAGI server beside the web server: one database, one Redis."""
    port, ami = free_port(), free_port()
    ports = {"HOTLINE_AGI_PORT": str(port), "HOTLINE_AMI_PORT": str(ami)}
    with (web.settings.data_dir / "agi.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "agi_scripts.server"],
            cwd=ROOT,
            env={**environment(), **web.environ, **ports},
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def burst(port: int, token: str, entry: str, number: int, turn: str) -> float:
    """One burst as the dialplan makes it; how long it took."""
    at = f"{time.time():.6f}"
    script = f"{token}/{entry}"
    lines = [
        "agi_network: yes",
        f"agi_network_script: {script}",
        f"agi_request: agi://127.0.0.1:{port}/{script}",
        f"agi_channel: PJSIP/trunk-{number:08x}",
        f"agi_callerid: 138{number:08d}",
        f"agi_uniqueid: 17640000.{number}",
        *(
            f"agi_arg_{place}: {value}"
            for place, value in enumerate((turn, at, f"1764.{number}", "12366", "", "", at), 1)
        ),
    ]
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall("".join(f"{line}\n" for line in (*lines, "")).encode())
        asked, done = b"", False
        while not done:
            chunk = sock.recv(4096)
            assert chunk, f"{entry}: no sentinel in {asked!r}"
            asked += chunk
            done = b"HL_DONE" in asked
            sock.sendall(b"200 result=1\n" * chunk.count(b"\n"))
    return time.monotonic() - began


def webhook(web: WebServer, number: int) -> float:
    """One signed call at the second door; how long its answer took."""
    fields = {"AccountSid": ACCOUNT, "CallSid": f"CA{number:032x}", "CallStatus": "ringing"}
    fields |= {"From": f"+86139{number:08d}", "To": "+85230001234"}
    url = f"{PUBLIC}/twilio/incoming"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature(TOKEN, url, fields),
        "Host": "hotline.example",
    }
    connection = http.client.HTTPConnection("127.0.0.1", web.settings.web_port, timeout=10)
    began = time.monotonic()
    try:
        connection.request("POST", "/twilio/incoming", urlencode(fields), headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()[:300]
        answer.read()
    finally:
        connection.close()
    return time.monotonic() - began


class Listening:
    """A hundred desks, read to the end."""

    def __init__(self, web: WebServer) -> None:
        clients = [Client(web.base_url, login) for login in ("ana", "ben", "mia", "root")]
        self.streams: list[Stream] = [clients[i % len(clients)].stream() for i in range(DESKS)]
        self.lines = 0
        self._threads = [threading.Thread(target=self._read, args=(stream,)) for stream in self.streams]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Stream) -> None:
        for event in stream.events():
            self.lines += event.kind == "line"

    def close(self) -> None:
        for stream in self.streams:
            stream.cut()
        for thread in self._threads:
            thread.join(10)


@pytest.mark.alone
@pytest.mark.slow
def test_with_a_hundred_desks_a_burst_and_a_webhook_answer_within_150_ms(tmp_path: Path) -> None:
    with running_web_server(tmp_path, **TWILIO) as web, running_bursts(web) as port:
        for login in ("dora", "emil", "fay"):
            web.database.add_agent(login, "available")
        token = load_or_create(web.settings.data_dir).agi_token
        listening = Listening(web)
        bursts: list[float] = []
        webhooks: list[float] = []

        def ring() -> None:
            for number in range(int(SECONDS * BURSTS_A_SECOND / 2)):
                began = time.monotonic()
                bursts.append(burst(port, token, "offered", number, "1"))
                bursts.append(burst(port, token, "hung_up", number, "end"))
                time.sleep(max(0.0, 2 / BURSTS_A_SECOND - (time.monotonic() - began)))

        def post() -> None:
            for number in range(int(SECONDS * WEBHOOKS_A_SECOND)):
                webhooks.append(webhook(web, number))
                time.sleep(max(0.0, 1 / WEBHOOKS_A_SECOND - webhooks[-1]))

        try:
            webhook(web, 99_999_999)  # the first one opens what is opened once
            threads = [threading.Thread(target=work) for work in (ring, post)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(0.5)
        finally:
            listening.close()
        late = {"burst": percentile(bursts, 0.99), "webhook": percentile(webhooks, 0.99)}
        print(
            {name: f"p99 {seconds * 1000:.0f} ms" for name, seconds in late.items()},
            listening.lines,
            "lines heard",
        )
        assert len(web.database.rows(calls)) == SECONDS * (BURSTS_A_SECOND / 2 + WEBHOOKS_A_SECOND) + 1
        assert listening.lines >= DESKS * SECONDS, "everybody was told all the time"
        assert max(late.values()) <= LONGEST_SECONDS, late
