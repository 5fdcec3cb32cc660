"""The beginnings of a faithful Twilio: it asks for TwiML by signed posts and carries it out in virtual time.

Where it is known to differ from Twilio, or where Twilio's page does not say:
- A document takes no time to fetch and verbs follow each other without a gap; recordings are played from their WAV
  header's length (fetched over HTTP, so a missing recording is heard of).
- A first <Pause> leaves the call ringing (documented); that a <Redirect> after it still does, is taken for granted.
- A quiet <Dial> (answerOnBridge) keeps the call ringing; any other verb that sounds picks it up at once.
- When the caller leaves during <Dial>, its action is asked for as well (`action_after_hangup`), with CallStatus
  completed; the pages do not say whether, so stories run both ways. A REST redirect during <Dial> asks for the action
  too (DialCallStatus completed) and drops the answer, as users have measured.
- A REST redirect of a call not picked up is refused (400, 21220); of one that is over likewise.
- Keys pressed come all at once; a barge-in ends the prompt. finishOnKey and numDigits do not matter then.
- Known verbs: Play Pause Dial(Sip|Client|Number, one phone) Gather Redirect Hangup; Say lasts 0.25 s a letter. On the
  rung side (a noun's url) Play and Redirect.
- Connection overrides in a fragment are read past: nothing is retried. `delivery` repeats every webhook instead.
- Errors are 11200 (not 2xx), 12100, 12200 and 11750; 12200 is fatal here, a mere warning at Twilio.
- Statuses are posted at once and in order unless `leg_delay_seconds` holds a leg's back.
"""

from collections.abc import Generator
from dataclasses import dataclass
from email.utils import format_datetime
from functools import partial
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from ivr.simulation.timeline import Life, Process, Timeline, Wait
from tests.fakes.fake_clock import FakeClock
from tests.fakes.telephones import ANSWERED, DECLINED, LEFT, Ear, Telephones
from tests.fakes.twilio_legs import Leg, absolute, length
from tests.fakes.twilio_wire import Answer, Delivery, Fields, Wire
from tests.fakes.twiml_schema import BadTwiml, parse

ACCOUNT = "AC" + "0" * 32
KEYED = "keyed "
DIAL_ADDS_SECONDS = 5.0

Next = tuple[str, dict[str, str]] | None  # where the call goes on, with what; None: the document has run out
Verbs = Generator[Wait, str, Next]


class CallerLeft(Exception):
    """The caller hung up."""


class Redirected(Exception):
    """Somebody took the call elsewhere over REST."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(url)


@dataclass
class TwilioCall:
    """One call and its caller."""

    sid: str
    number: str
    ear: Ear
    status: str = "ringing"
    picked_up_at: float | None = None
    digits: str = ""
    process: Process | None = None
    error: str | None = None

    def hangs_up(self) -> None:
        assert self.process is not None
        self.process.break_in(CallerLeft())

    def presses(self, keys: str) -> None:
        assert self.process is not None
        self.digits = keys
        self.process.tell(KEYED)


@dataclass
class FakeTwilio:
    """One number of one account. `voice_url`, `fallback_url`, `status_url` as its console would hold them."""

    timeline: Timeline
    clock: FakeClock
    wire: Wire
    phones: Telephones
    hotline: str = "+85230001234"
    action_after_hangup: bool = True
    leg_delay_seconds: float = 0.0
    delivery: Delivery = Delivery.ONCE
    voice_path: str = "/twilio/incoming"

    def __post_init__(self) -> None:
        self.voice_url = f"{self.wire.public}{self.voice_path}#ct=1000&rt=2500&tt=5000&rc=1&rp=all"
        self.fallback_url = f"{self.wire.public}/twilio/fallback"
        self.status_url = f"{self.wire.public}/twilio/status"
        self.calls: dict[str, TwilioCall] = {}
        self._legs = 0

    def dials(self, number: str) -> TwilioCall:
        """A caller dials the hotline."""
        sid = f"CA{len(self.calls) + 1:032x}"
        call = TwilioCall(sid, number, Ear(lambda: self.timeline.seconds))
        self.calls[sid] = call
        call.ear.waits()
        call.process = Process(self.timeline, self._life(call))
        return call

    def redirect(self, sid: str, url: str) -> tuple[int, int] | None:
        """The REST side of a fetch."""
        call = self.calls.get(sid)
        if call is None:
            return 404, 20404
        if call.status != "in-progress" or call.process is None:
            return 400, 21220
        self.timeline.after(0, partial(call.process.break_in, Redirected(url)))
        return None

    # ---- a call's life ----------------------------------------------------------------------------------------

    def _life(self, call: TwilioCall) -> Life:
        here: Next = (self.voice_url, {})
        while here is not None:
            try:
                here = yield from self._document(call, *here)
            except Redirected as redirected:
                here = (redirected.url, {})
            except CallerLeft:
                here = None
        self._over(call)

    def _document(self, call: TwilioCall, url: str, more: dict[str, str]) -> Verbs:
        try:
            verbs = self._fetched(call, url, more)
        except BadTwiml as error:
            call.error = call.error or str(error)
            told = {"ErrorCode": str(error.code), "ErrorUrl": url.partition("#")[0]}
            verbs = self._fetched(call, self.fallback_url, told)
        for verb in verbs:
            onward = yield from self._execute(call, verb)
            if onward is not None or verb.tag == "Hangup":
                return onward
        return None

    def _fetched(self, call: TwilioCall, url: str, more: dict[str, str]) -> list[ET.Element]:
        """Raises BadTwiml."""
        answer = self._post(call, url, more)
        if answer.status != 200:
            raise BadTwiml(11200, f"HTTP {answer.status}")
        if "xml" not in answer.headers.get("content-type", ""):
            raise BadTwiml(12300, answer.headers.get("content-type", ""))
        return list(parse(answer.body))

    def _post(self, call: TwilioCall, url: str, more: dict[str, str]) -> Answer:
        fields = self._fields(call) | more
        return self.wire.post(url, fields, delivery=self.delivery)

    def _fields(self, call: TwilioCall) -> dict[str, str]:
        return {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": self.hotline,
            "Caller": call.number,
            "Direction": "inbound",
            "From": call.number,
            "FromCity": "北京",
            "To": self.hotline,
        }

    def _over(self, call: TwilioCall) -> None:
        lasted = 0.0 if call.picked_up_at is None else self.timeline.seconds - call.picked_up_at
        call.status = "no-answer" if call.picked_up_at is None else "completed"
        length = {"CallDuration": str(round(lasted))} if call.status == "completed" else {}
        self._post(call, self.status_url, {**length, **self._stamp(0)})

    def _stamp(self, sequence: int) -> dict[str, str]:
        at = format_datetime(self.clock.now().replace(microsecond=0))
        return {"Timestamp": at, "CallbackSource": "call-progress-events", "SequenceNumber": str(sequence)}

    # ---- verbs ------------------------------------------------------------------------------------------------

    def _execute(self, call: TwilioCall, verb: ET.Element) -> Verbs:
        match verb.tag:
            case "Play" | "Say":
                yield from self._sounds(call, verb)
            case "Pause":
                call.ear.waits()
                yield Wait(float(verb.get("length", "1")))
            case "Dial":
                return (yield from self._dial(call, verb))
            case "Gather":
                return (yield from self._gather(call, verb))
            case "Redirect":
                return (verb.text or "").strip(), {}
            case "Hangup":
                pass
            case _:
                raise NotImplementedError(verb.tag)
        return None

    def _pick_up(self, call: TwilioCall) -> None:
        if call.picked_up_at is None:
            call.picked_up_at, call.status, call.ear.picked_up = self.timeline.seconds, "in-progress", True

    def _sounds(self, call: TwilioCall, verb: ET.Element) -> Generator[Wait, str, str]:
        """The word that ended it."""
        self._pick_up(call)
        text = (verb.text or "").strip()
        if verb.tag == "Say":
            call.ear.hears(text)
            return (yield Wait(len(text) / 4))
        answer = self.wire.get(text)
        assert answer.status == 200, f"recording {text}: HTTP {answer.status}"
        if "/music/" in text:
            call.ear.waits()
        else:
            call.ear.hears(urlsplit(text).path.rpartition("/")[2].removesuffix(".wav"))
        return (yield Wait(length(answer.body), frozenset({KEYED})))

    def _gather(self, call: TwilioCall, verb: ET.Element) -> Verbs:
        call.digits, word = "", ""
        for nested in verb:
            if word != KEYED:
                word = yield from self._sounds(call, nested)
        if word != KEYED:
            call.ear.listens()
            word = yield Wait(float(verb.get("timeout", "5")), frozenset({KEYED}))
        if word == KEYED or verb.get("actionOnEmptyResult") == "true":
            return absolute(verb.get("action")), {"Digits": call.digits, "FinishedOnKey": "#"}
        return None

    def _dial(self, call: TwilioCall, verb: ET.Element) -> Verbs:
        [noun] = verb
        if verb.get("answerOnBridge") != "true":
            self._pick_up(call)
        call.ear.waits()
        leg = Leg(self._next_sid(), noun, self.phones.dialled(noun.text or ""))
        try:
            yield from self._ring(call, leg, float(verb.get("timeout", "30")) + DIAL_ADDS_SECONDS)
        except (CallerLeft, Redirected) as broken_off:
            self._broken_off(call, verb, leg, broken_off)
            raise
        finally:
            leg.ends()
        return absolute(verb.get("action")), leg.result(self.timeline.seconds)

    def _ring(self, call: TwilioCall, leg: Leg, seconds: float) -> Generator[Wait, str, None]:
        if leg.phone is None:
            leg.status = "failed"
            return
        assert call.process is not None
        leg.process = call.process
        leg.phone.rings(call.process)
        word = yield Wait(seconds, frozenset({ANSWERED, DECLINED}))
        leg.status = {ANSWERED: "completed", DECLINED: "busy"}.get(word, "no-answer")
        if word == ANSWERED:
            leg.answered_at = self.timeline.seconds
            told = {"CallSid": leg.sid, "ParentCallSid": call.sid, "CallStatus": "in-progress"}
            fields = {**self._fields(call), "Direction": "outbound-dial", **told}
            yield from self._whispered(leg, leg.noun.get("url", ""), fields)
            self._pick_up(call)
            leg.bridged = True
            if "answered" in leg.noun.get("statusCallbackEvent", "").split():
                self._tell_leg(leg.noun.get("statusCallback", ""), {**fields, **self._stamp(2)})
            call.ear.hears(leg.phone.login)
            yield Wait(None, frozenset({LEFT}))

    def _whispered(self, leg: Leg, url: str, fields: Fields) -> Generator[Wait, str, None]:
        """A noun's `url`: carried out on the rung side before the bridge; where it fails that side is let go."""
        while url:
            verbs, url = list(parse(self.wire.post(url, fields, delivery=self.delivery).body)), ""
            for verb in verbs:
                text = (verb.text or "").strip()
                if verb.tag == "Redirect":
                    url = text
                    break
                assert verb.tag == "Play", verb.tag
                assert leg.phone is not None
                leg.phone.heard.append(urlsplit(text).path.rpartition("/")[2].removesuffix(".wav"))
                yield Wait(length(self.wire.get(text).body))

    def _tell_leg(self, url: str, fields: Fields) -> None:
        def tell() -> None:
            self.wire.post(url, fields, delivery=self.delivery)

        if self.leg_delay_seconds:
            self.timeline.after(self.leg_delay_seconds, tell)
        else:
            tell()

    def _broken_off(self, call: TwilioCall, verb: ET.Element, leg: Leg, why: Exception) -> None:
        """The action of a Dial that did not end by itself is asked for, and its answer dropped."""
        if isinstance(why, CallerLeft):
            call.status = "no-answer" if call.picked_up_at is None else "completed"
        if isinstance(why, Redirected) or self.action_after_hangup:
            leg.status = "completed" if leg.bridged or isinstance(why, Redirected) else "canceled"
            self._post(call, absolute(verb.get("action")), leg.result(self.timeline.seconds))

    def _next_sid(self) -> str:
        self._legs += 1
        return f"CA{self._legs:032x}".replace("CA0", "CAf")
