"""The calls we ordered from Twilio, played out: people pick up or not, documents are asked for and obeyed.

Time passes by the test's own clock. What it is known to do otherwise than Twilio: recordings last no time; whose leg
ends while the other one lives is said by the person; a status is posted where the person's story says so, in whatever
order and as often as the test wants. Verbs known: Gather Play Pause Redirect Dial(Number) Hangup.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from ivr.simulation.timeline import VirtualClock
from tests.fakes.twilio_legs import absolute
from tests.fakes.twilio_rest import FakeTwilioRest, Ordered
from tests.fakes.twilio_wire import Delivery, Wire
from tests.fakes.twiml_schema import parse

ANSWERS, BUSY, NO_ANSWER, FAILED = "answers", "busy", "no-answer", "failed"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """`presses` when asked; `star` is what he keys while they talk; `leaves_while_it_rings`: the customer's phone."""

    does: str = ANSWERS
    presses: str = "1"
    star: str = ""
    leaves_while_it_rings: bool = False
    hangs_up_first: bool = True


@dataclass(frozen=True, kw_only=True)
class Customer:
    does: str = ANSWERS
    leaves_in_the_greeting: bool = False


class Gone(Exception):
    """The leg whose documents we read is over."""


@dataclass
class PlacedLegs:
    """Plays the orders of `rest` out; `rung` counts how often each number's phone rang, `heard` what it was played."""

    rest: FakeTwilioRest
    wire: Wire
    clock: VirtualClock
    agent: Agent = field(default_factory=Agent)
    customer: Customer = field(default_factory=Customer)
    action_after_hangup: bool = True
    delivery: Delivery = Delivery.ONCE
    loses_statuses: bool = False
    rung: Counter[str] = field(default_factory=Counter)
    talks: Counter[str] = field(default_factory=Counter)
    heard: dict[str, list[str]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    late: list[Callable[[], None]] = field(default_factory=list)
    pauses: int = 0
    on_pause: Callable[[], None] = lambda: None
    on_dial: Callable[[], None] = lambda: None
    on_picked_up: Callable[[], None] = lambda: None

    def play(self, call: Ordered) -> None:
        """From the first ring of whom we ordered to be rung to the end."""
        self.rung[call.to] += 1
        self.shown[call.to] = call.shown
        person = self.agent.does if self._is_agents(call) else self.customer.does
        if call.status == "canceled":
            self._over(call, "canceled")
            return
        if person != ANSWERS:
            self.clock.advance(call.timeout if person == NO_ANSWER else 1)
            self._over(call, person)
            return
        self.clock.advance(2)
        call.status = "in-progress"
        self._status(call, "answered", "in-progress")
        with suppress(Gone):
            self._follows(call, call.url, {})
        self._over(call, "completed")

    def deliver_late(self) -> None:
        """The statuses that were kept back."""
        waiting, self.late = self.late, []
        for post in waiting:
            post()

    def _is_agents(self, call: Ordered) -> bool:
        return "-n" not in urlsplit(call.url).path

    # ---- statuses ----------------------------------------------------------------------------------------------

    def _over(self, call: Ordered, status: str) -> None:
        call.status = status
        self._status(call, "completed", status)

    def _status(self, call: Ordered, event: str, status: str) -> None:
        if event not in call.events:
            return
        at = format_datetime(self.clock.now().replace(microsecond=0))
        fields = {**self._fields(call), "CallStatus": status, "Timestamp": at}
        if self.loses_statuses:
            self.late.append(lambda: self._told(call.status_url, fields))
        else:
            self._post(call.status_url, fields)

    def _told(self, url: str, fields: dict[str, str]) -> None:
        self._post(url, fields)

    def _post(self, url: str, fields: dict[str, str]) -> list[ET.Element]:
        answer = self.wire.post(url, fields, delivery=self.delivery)
        assert answer.status in {200, 503}, (url, answer.status)
        return list(parse(answer.body)) if answer.status == 200 else []

    def _fields(self, call: Ordered) -> dict[str, str]:
        return {
            "AccountSid": self.rest.account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "From": call.shown,
            "To": call.to,
        }

    # ---- documents ---------------------------------------------------------------------------------------------

    def _follows(self, call: Ordered, url: str, more: dict[str, str]) -> None:
        """The documents of the first leg, one after the other."""
        onward: tuple[str, dict[str, str]] | None = (url, more)
        while onward is not None:
            verbs = self._post(onward[0], self._fields(call) | onward[1])
            onward = None
            for verb in verbs:
                onward = self._execute(call, verb)
                if onward is not None or verb.tag == "Hangup":
                    break

    def _execute(self, call: Ordered, verb: ET.Element) -> tuple[str, dict[str, str]] | None:
        match verb.tag:
            case "Play":
                self._hears(call.to, verb)
            case "Pause":
                self.clock.advance(float(verb.get("length", "1")))
                self.pauses += 1
                self.on_pause()
            case "Redirect":
                return (verb.text or "").strip(), {}
            case "Gather":
                return self._gather(call, verb)
            case "Dial":
                return self._dial(call, verb)
            case "Hangup":
                pass
            case _:
                raise NotImplementedError(verb.tag)
        return None

    def _hears(self, who: str, play: ET.Element) -> None:
        address = absolute((play.text or "").strip())
        name = urlsplit(address).path.rpartition("/")[2].removesuffix(".wav")
        self.heard.setdefault(who, []).append(name)

    def _gather(self, call: Ordered, verb: ET.Element) -> tuple[str, dict[str, str]] | None:
        for play in verb:
            self._hears(call.to, play)
        self.on_picked_up()
        after_talk = "machine" in (verb.get("action") or "")
        digits = self.agent.star.removeprefix("*") if after_talk else self.agent.presses
        self.clock.advance(1 if digits else float(verb.get("timeout", "5")))
        if digits or verb.get("actionOnEmptyResult") == "true":
            return verb.get("action") or "", {"Digits": digits}
        return None

    def _dial(self, call: Ordered, verb: ET.Element) -> tuple[str, dict[str, str]]:
        [noun] = verb
        number = (noun.text or "").strip()
        self.rung[number] += 1
        on_dial, self.on_dial = self.on_dial, lambda: None
        on_dial()
        self.shown[number] = verb.get("callerId") or call.shown
        self.clock.advance(3)
        action = verb.get("action") or ""
        if self.agent.leaves_while_it_rings:
            self._agent_gone(call, action, {"DialCallStatus": "no-answer", "DialBridged": "false"})
        if self.customer.does != ANSWERS:
            return action, {"DialCallStatus": self.customer.does, "DialBridged": "false"}
        bridged = self._customers_leg(call, noun.get("url") or "", number)
        result = {"DialCallStatus": "completed", "DialBridged": str(bridged).lower()}
        if bridged:
            self.talks[number] += 1
            self.clock.advance(30)
            result["DialCallDuration"] = "30"
            if self.agent.hangs_up_first and not self.agent.star:
                self._agent_gone(call, action, result)
        return action, result

    def _agent_gone(self, call: Ordered, action: str, result: dict[str, str]) -> None:
        """Twilio's pages do not say whether the action is asked for then: stories run both ways."""
        call.status = "completed"
        if self.action_after_hangup:
            self._post(action, self._fields(call) | result)
        raise Gone

    def _customers_leg(self, call: Ordered, url: str, number: str) -> bool:
        """Whether he is put through: he hears a document of ours first."""
        fields = {
            **self._fields(call),
            "CallSid": call.sid.replace("CA0", "CAf"),
            "ParentCallSid": call.sid,
            "CallStatus": "in-progress",
            "To": number,
        }
        while url:
            verbs, url = self._post(url, fields), ""
            for verb in verbs:
                match verb.tag:
                    case "Play":
                        self._hears(number, verb)
                        if self.customer.leaves_in_the_greeting:
                            return False
                    case "Redirect":
                        url = (verb.text or "").strip()
                    case "Hangup":
                        return False
                    case _:
                        raise NotImplementedError(verb.tag)
        return True
