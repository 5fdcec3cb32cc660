"""The rung phone's side of the fake Twilio's <Dial>, and what its verbs measure."""

import io
import re
import wave
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from ivr.simulation.timeline import Process
from tests.fakes.telephones import Phone


@dataclass
class Leg:
    """The rung phone's side of a Dial."""

    sid: str
    noun: ET.Element
    phone: Phone | None
    status: str = "no-answer"
    process: Process | None = None
    answered_at: float | None = None
    bridged: bool = False

    def ends(self) -> None:
        if self.phone is not None:
            self.phone.stops(self.process)

    def result(self, now: float) -> dict[str, str]:
        bridged = self.bridged
        lasted = {"DialCallDuration": str(round(now - (self.answered_at or 0)))} if bridged else {}
        return {
            "DialCallSid": self.sid,
            "DialCallStatus": self.status,
            "DialBridged": str(bridged).lower(),
            **lasted,
        }


def absolute(url: str | None) -> str:
    assert url is not None
    assert re.match("https?://", url), f"not absolute: {url}"
    return url


def length(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav), "rb") as sound:
        return sound.getnframes() / sound.getframerate()
