"""A caller at the Twilio door by hand: a webhook at a time, the document's addresses followed on demand."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from flask.testing import FlaskClient

from ivr.adapters.spool_files import SpoolFiles
from ivr.adapters.sql_schema import calls
from ivr.policy.commands import LineCommand
from ivr.service.ports import BookUnavailable
from ivr.service.switchboard import Switchboard
from tests.fakes.fake_twilio import ACCOUNT
from tests.fakes.twilio_wire import signature
from tests.fakes.twiml_schema import parse
from tests.scenarios.stages import PUBLIC, TOKEN, twilio_web
from tests.service.house import House

SID = "CA" + "1" * 32
CALLER = "+8613800138000"


class SometimesAway(Switchboard):
    """A switchboard whose book does not answer while `away`."""

    away = False

    def handle(self, *told: Any) -> tuple[LineCommand, ...]:
        self._refuse()
        return super().handle(*told)

    def note(self, *told: Any) -> None:
        self._refuse()
        super().note(*told)

    def _refuse(self) -> None:
        if self.away:
            raise BookUnavailable("locked")


class Caller:
    """Twilio's side. Without the directory of a spool nothing can be written down."""

    def __init__(self, home: House, spool: Path | None = None) -> None:
        self.home = home
        self.spool = SpoolFiles(spool or Path("no-spool"))
        self.switchboard = SometimesAway(home.book, home.rules)
        self.restarts()
        self.document, self.said = ET.Element("Response"), b""

    def restarts(self) -> None:
        """The web server."""
        home = self.home
        web = twilio_web(self.switchboard, home.clock, home.rules, spool=self.spool)
        self.web: FlaskClient = web.test_client()

    def asks(self, path: str, **more: str) -> list[str]:
        """The tags of the document that came."""
        fields = {
            "AccountSid": ACCOUNT,
            "CallSid": SID,
            "CallStatus": "in-progress",
            "From": CALLER,
            "To": "+852",
        }
        fields |= more
        path = path.removeprefix(PUBLIC).partition("#")[0]
        headers = {"X-Twilio-Signature": signature(TOKEN, PUBLIC + path, fields)}
        answer = self.web.post(path, data=fields, headers=headers)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml"), answer.status
        self.document, self.said = parse(answer.data), answer.data
        return [element.tag for element in self.document]

    def dials(self) -> list[str]:
        return self.asks("/twilio/incoming", CallStatus="ringing")

    def goes_on(self, seconds: float = 0, **more: str) -> list[str]:
        self.home.clock.advance(seconds)
        return self.asks(self.onward, **more)

    @property
    def onward(self) -> str:
        """Where the last document leads."""
        last = self.document[-1]
        return last.get("action") or last.text or ""

    @property
    def leg(self) -> str:
        return self.document[-1][0].get("statusCallback", "")

    @property
    def heard(self) -> list[str]:
        return [(play.text or "").rpartition("/")[2] for play in self.document.iter("Play")]

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.home.rows(calls)
        return row
