"""A browser that is a telephone: it speaks a tone of 1000 Hz into its microphone and counts what it hears.

ICE offers no loopback address: the machine needs another one, whatever it is.
"""

import math
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Error, Page

from tests.browser.chromium import running_chromium
from tests.real_asterisk.sip.media import tone_share
from tests.real_asterisk.sip.phones import Caller, Phone

AGENT_HZ: Final = 1000
CALLER_HZ: Final = 440
PHONE: Final = "(await import('/static/js/phone.js'))"
CALLS: Final = f"async () => {PHONE}.look().calls"
REGISTERED: Final = f"async () => {PHONE}.look().registered"
RATE: Final = 48_000


@contextmanager
def browser_with_a_voice(directory: Path, *more: str) -> Iterator[Browser]:
    """Chromium with a microphone into which somebody hums."""
    sound = directory / "hum.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        samples = (round(9000 * math.sin(2 * math.pi * AGENT_HZ * n / RATE)) for n in range(RATE * 2))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    fake = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={sound}")
    with running_chromium(*fake, *more) as browser:
        yield browser


def choose_the_page(page: Page) -> None:
    """As an agent does it: the microphone's check comes before the first call."""
    page.context.grant_permissions(["microphone"])
    page.get_by_role("button", name="本页就是我的电话").click()
    page.get_by_role("button", name="听得见，就用它").click()
    wait_until_ready(page, 30)


def wait_until_ready(page: Page, seconds: float = 20) -> None:
    """Until callers can ring it."""
    page.locator("#phone[data-state=ready]").wait_for(timeout=seconds * 1000)


def wait_for(page: Page, state: str, seconds: float = 20) -> None:
    """Until the phone's strip says so: ringing, talking, held, none…"""
    try:
        page.locator(f"#phone[data-state={state}]").wait_for(timeout=seconds * 1000)
    except Error as error:
        said = page.locator("#phone").get_attribute("data-state")
        raise AssertionError(f"the phone is {said}, not {state}: {calls(page)}") from error


def calls(page: Page) -> list[dict[str, Any]]:
    """What the phone is in: id, ref, from, outgoing, state, muted."""
    found: list[dict[str, Any]] = page.evaluate(CALLS)
    return found


def packets(page: Page) -> dict[str, int]:
    """Received, sent and lost of its first call."""
    counted: dict[str, int] = page.evaluate(
        f"async () => {{ const phone = {PHONE}; return phone.packets(phone.look().calls[0].id); }}"
    )
    return counted


DIAL: Final = """async (number) => {
    const {default: JsSIP} = await import('/static/vendor/jssip/jssip-3.13.8.js');
    const strip = document.getElementById('phone');
    const answer = await fetch(strip.dataset.renew, {method: 'POST', headers: {'X-CSRFToken': strip.dataset.csrf},
        body: new URLSearchParams({held: strip.dataset.account})});
    const {name, secret} = await answer.json();
    const sockets = [new JsSIP.WebSocketInterface(strip.dataset.socket)];
    const ua = new JsSIP.UA({sockets, uri: `sip:${name}@127.0.0.1`, password: secret, register: false});
    return await new Promise((told) => {
        const heard = {failed: ({cause}) => told(cause), progress: () => told('rings'), accepted: () => told('talks')};
        ua.on('connected', () => ua.call(`sip:${number}@127.0.0.1`,
            {mediaConstraints: {audio: true, video: false}, eventHandlers: heard}));
        ua.start();
    });
}"""


def dial(page: Page, number: str) -> str:
    """What becomes of a number dialled with the page's own account, as somebody with a debugger could."""
    ended: str = page.evaluate(DIAL, number)
    return ended


def hums(caller: Caller) -> None:
    """Once he is through, the caller hums as long as he talks."""
    answered = caller.wait_for("received", "INVITE", 200)
    caller.media.send_tone(CALLER_HZ, to=answered.media_port)


def leaves(caller: Caller) -> None:
    """He hangs up, and his telephone is there until that has been heard."""
    caller.hang_up()
    caller.wait_for("received", "BYE", 200)


def share_of_the_agent(caller: Phone, seconds: float = 1.0) -> float:
    """How much of what he has heard last is the agent's tone, 0 to 1."""
    last = caller.media.packets[-1].arrived_epoch
    return tone_share(caller.media.audio(last - seconds), AGENT_HZ)


def longest_gap(caller: Phone, since: float) -> float:
    """Seconds in which nothing reached him."""
    arrived = [packet.arrived_epoch for packet in caller.media.packets if packet.arrived_epoch >= since]
    return max(later - earlier for earlier, later in pairwise(arrived))
