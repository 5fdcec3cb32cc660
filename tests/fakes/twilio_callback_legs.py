"""The calls we order from Twilio, in virtual time, by the people of a story: their documents are asked for and obeyed.

As in tests/fakes/fake_twilio.py, whose manners these are; tests/fakes/twilio_placed.py plays the same legs out one by
one, with everything that may go wrong. Verbs known: Gather Play Pause Redirect Dial(Number) Hangup.
"""

from collections.abc import Generator
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from ivr.service.ports import Clock
from ivr.simulation.timeline import Life, Process, Timeline, Wait
from tests.fakes.fake_twilio import ACCOUNT, DIAL_ADDS_SECONDS
from tests.fakes.telephones import (
    ANSWERED,
    CUSTOMER_ANSWERED,
    CUSTOMER_DECLINED,
    CUSTOMER_LEFT,
    DECLINED,
    KEYED,
    LEFT,
    CustomersPhone,
    Phone,
    Telephones,
)
from tests.fakes.twilio_legs import absolute, length
from tests.fakes.twilio_rest import Ordered
from tests.fakes.twilio_wire import Delivery, Wire
from tests.fakes.twiml_schema import parse

Next = tuple[str, dict[str, str]] | None
Verbs = Generator[Wait, str, Next]


class AgentLeft(Exception):
    """The first leg is over, and with it every leg it dialled."""


@dataclass
class TwilioCallbackLegs:
    """What `rest` is ordered to do is begun by `begins`."""

    timeline: Timeline
    clock: Clock
    wire: Wire
    phones: Telephones
    delivery: Delivery = Delivery.ONCE
    action_after_hangup: bool = True

    def begins(self, call: Ordered) -> None:
        phone = self.phones.dialled(call.to)
        assert phone is not None, call.to
        life = _Life(self, call, phone)
        life.process = Process(self.timeline, life.lived())


@dataclass
class _Life:
    """One order, from its first ring."""

    twilio: TwilioCallbackLegs
    call: Ordered
    agent: Phone
    process: Process | None = None

    def lived(self) -> Life:
        assert self.process is not None
        self.call.status = "ringing"
        self.agent.rings(self.process)
        word = yield Wait(self.call.timeout + DIAL_ADDS_SECONDS, frozenset({ANSWERED, DECLINED}))
        if word == ANSWERED:
            self.call.status = "in-progress"
            self._status("answered")
            try:
                here: Next = (self.call.url, {})
                while here is not None:
                    here = yield from self._document(*here)
            except AgentLeft:
                pass
            self.call.status = "completed"
        else:
            self.call.status = "busy" if word == DECLINED else "no-answer"
        self.agent.stops(self.process)
        self._status("completed")

    def _document(self, url: str, more: dict[str, str]) -> Verbs:
        for verb in self._asked(url, self._fields() | more):
            onward = yield from self._execute(verb)
            if onward is not None or verb.tag == "Hangup":
                return onward
        return None

    def _execute(self, verb: ET.Element) -> Verbs:
        match verb.tag:
            case "Gather":
                return (yield from self._gather(verb))
            case "Dial":
                return (yield from self._dial(verb))
            case "Redirect":
                return (verb.text or "").strip(), {}
            case "Pause":
                yield Wait(float(verb.get("length", "1")))
            case "Hangup":
                pass
            case _:
                raise NotImplementedError(verb.tag)
        return None

    def _gather(self, verb: ET.Element) -> Verbs:
        word, words = "", frozenset({KEYED, LEFT})
        self.agent.keys = ""
        for play in verb:
            if not word or word == "elapsed":
                name, seconds = self._sound(play)
                self.agent.heard.append(name)
                word = yield Wait(seconds, words)
        if word not in words:
            word = yield Wait(float(verb.get("timeout", "5")), words)
        if word == LEFT:
            raise AgentLeft
        if self.agent.keys or verb.get("actionOnEmptyResult") == "true":
            return absolute(verb.get("action")), {"Digits": self.agent.keys}
        return None

    def _dial(self, verb: ET.Element) -> Verbs:
        [noun] = verb
        number, action = (noun.text or "").strip(), absolute(verb.get("action"))
        customer = self.twilio.phones.customers[number]
        assert self.process is not None
        customer.rings(self.process)
        words = frozenset({CUSTOMER_ANSWERED, CUSTOMER_DECLINED, LEFT})
        word = yield Wait(float(verb.get("timeout", "30")) + DIAL_ADDS_SECONDS, words)
        answered = word == CUSTOMER_ANSWERED
        bridged = False
        if answered:
            word, bridged = yield from self._customers_leg(customer, noun.get("url") or "", number)
        customer.stops()
        status = {CUSTOMER_DECLINED: "busy", LEFT: "completed" if answered else "canceled"}
        result = {
            "DialCallStatus": "completed" if answered else status.get(word, "no-answer"),
            "DialBridged": str(bridged).lower(),
        }
        if word != LEFT:
            return action, result
        self.call.status = "completed"
        if self.twilio.action_after_hangup:
            self._asked(action, self._fields() | result)
        raise AgentLeft

    def _customers_leg(
        self, customer: CustomersPhone, url: str, number: str
    ) -> Generator[Wait, str, tuple[str, bool]]:
        """He hears a document of ours first; who ended it, and whether they were put through."""
        sid = self.call.sid.replace("CA0", "CAf")
        fields = {**self._fields(), "CallSid": sid, "ParentCallSid": self.call.sid, "To": number}
        words = frozenset({LEFT, CUSTOMER_LEFT})
        while url:
            verbs, url = self._asked(url, fields), ""
            for verb in verbs:
                if verb.tag == "Redirect":
                    url = (verb.text or "").strip()
                    break
                assert verb.tag == "Play", verb.tag
                name, seconds = self._sound(verb)
                customer.ear.hears(name)
                word = yield Wait(seconds, words)
                if word in words:
                    return word, False
        customer.ear.hears(self.agent.login)
        return (yield Wait(None, words)), True

    # ---- the wire ----------------------------------------------------------------------------------------------

    def _sound(self, play: ET.Element) -> tuple[str, float]:
        text = (play.text or "").strip()
        answer = self.twilio.wire.get(text)
        assert answer.status == 200, f"recording {text}: HTTP {answer.status}"
        return urlsplit(text).path.rpartition("/")[2].removesuffix(".wav"), length(answer.body)

    def _status(self, event: str) -> None:
        if event in self.call.events:
            at = format_datetime(self.twilio.clock.now().replace(microsecond=0))
            self._asked(self.call.status_url, {**self._fields(), "Timestamp": at})

    def _asked(self, url: str, fields: dict[str, str]) -> list[ET.Element]:
        answer = self.twilio.wire.post(url, fields, delivery=self.twilio.delivery)
        assert answer.status == 200, (url, answer.status)
        return list(parse(answer.body))

    def _fields(self) -> dict[str, str]:
        return {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": self.call.sid,
            "CallStatus": self.call.status,
            "Direction": "outbound-api",
            "From": self.call.shown,
            "To": self.call.to,
        }
