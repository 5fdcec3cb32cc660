"""One call at the Twilio door in real time, played by the tests' own Twilio (tests/fakes/fake_twilio.py).

What is added to it, as Twilio's pages tell it: an address that cannot be had is tried again as its own fragment says
(rt=2500 and rc=1; the status rc=5); with the fallback gone too the caller hears of an application error and is cut off;
a recording is fetched once and kept. Where the pages do not say: a phone whose own document cannot be had is let go
(no-answer), and a recording that cannot be had is passed over. While a document is fetched, who has been picked up
hears nothing.
"""

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

from ivr.simulation.timeline import Life, Process, Timeline, Wait
from tests.fakes.fake_twilio import CallerLeft, FakeTwilio, Redirected, TwilioCall, Verbs
from tests.fakes.live_agents import Agents
from tests.fakes.telephones import ANSWERED, DECLINED, LEFT, RING_TONE, Ear, Phone, Telephones
from tests.fakes.twilio_legs import Leg
from tests.fakes.twilio_wire import Answer, Delivery, Fields, Request, Wire
from tests.fakes.twiml_schema import BadTwiml

ANSWER_SECONDS: Final = 2.5  # rt=2500: each address of ours asks for no more patience
RETRY_SECONDS: Final = 0.4
ERROR_SECONDS: Final = 3.0  # for "we are sorry, an application error has occurred"
BUSY_SECONDS: Final = 0.2
NOWHERE: Final = Answer(502, {}, b"")
MUSIC, SILENCE, ERROR = "music", "silence", "error"
VOICE: Final = "voice of "


@dataclass
class LiveEar(Ear):
    """`heard` has every change by name, an agent as `voice of LOGIN`; `filler` is what a verb fills its time with."""

    filler: str = RING_TONE
    agents: frozenset[str] = frozenset()
    on_agent: Callable[[str], None] = lambda login: None

    def hears(self, what: str) -> None:
        if what in self.agents:
            self.on_agent(what)
            what = VOICE + what
        super().hears(what)

    def waits(self) -> None:
        self.hears(self.filler if self.picked_up else RING_TONE)

    def listens(self) -> None:
        if self.picked_up:
            self.hears(SILENCE)


@dataclass
class LivePhone(Phone):
    """Answers, talks, hangs up; busy while its owner talks."""

    timeline: Timeline | None = None
    agents: Agents | None = None
    began_at: float | None = None

    def rings(self, process: Process) -> None:
        super().rings(process)
        if self._owners.is_busy(self.login):
            self._after(BUSY_SECONDS, lambda: self._declines(process))
        else:
            self._after(self._owners.answers_after_seconds, lambda: self._answers(process))

    def stops(self, process: Process | None) -> None:
        if self.began_at is not None and self.talking is process:
            self._owners.ends(self.login, self.began_at)
            self.began_at = None
        super().stops(process)

    def talk_begins(self) -> None:
        """They are bridged."""
        process = self.talking
        self._after(self._owners.talk_seconds, lambda: process is not None and process.tell(LEFT))

    def _declines(self, process: Process) -> None:
        if self.ringing is process:
            self.ringing = None
            process.tell(DECLINED)

    def _answers(self, process: Process) -> None:
        if self.ringing is process:
            self.began_at = self._owners.begins(self.login)
            self.ringing, self.talking = None, process
            process.tell(ANSWERED)

    def _after(self, seconds: float, action: Callable[[], object]) -> None:
        assert self.timeline is not None
        self.timeline.after(seconds, action)

    @property
    def _owners(self) -> Agents:
        assert self.agents is not None
        return self.agents


class LivePhones(Telephones):
    """The agents' phones as one call meets them; whoever is no agent's is unreachable."""

    def __init__(self, agents: Agents, timeline: Timeline) -> None:
        super().__init__()
        self.by_login = {
            login: LivePhone(login, timeline=timeline, agents=agents) for login in sorted(agents.logins)
        }
        self.phones.update(self.by_login)


@dataclass
class PatientWire(Wire):
    """Asks again as an address says (rc=1; rc=5), with the same token; `kept` has recordings for all calls."""

    answer_seconds: float = ANSWER_SECONDS
    kept: dict[str, Answer] = field(default_factory=dict)

    def post(self, url: str, fields: Fields, *, delivery: Delivery = Delivery.ONCE) -> Answer:
        try:
            return super().post(url, fields, delivery=delivery)
        except OSError:
            again = int(url.partition("rc=")[2][:1] or 0)
            return self._again(self.sent[-1], again)

    def _again(self, request: Request, times: int) -> Answer:
        for left in reversed(range(times)):
            try:
                return self.send(*request)
            except OSError:
                if left:
                    time.sleep(RETRY_SECONDS)
        return NOWHERE

    def get(self, url: str) -> Answer:
        if url not in self.kept:
            answer = super().get(url)
            if answer.status != 200:
                raise ConnectionError(f"HTTP {answer.status}")
            self.kept[url] = answer
        return self.kept[url]


class _LegLost(Exception):
    """The rung phone's own document could not be had."""


@dataclass
class LiveCall(FakeTwilio):
    """`dials` once; `verb` is being carried out; `ended_at` (epoch seconds) once it is over."""

    sid: str = ""
    verb: str = ""
    ended_at: float | None = None

    def dials(self, number: str) -> TwilioCall:
        phones = self.phones
        assert isinstance(phones, LivePhones)
        ear = LiveEar(
            lambda: self.timeline.seconds,
            agents=frozenset(phones.by_login),
            on_agent=lambda login: phones.by_login[login].talk_begins(),
        )
        call = TwilioCall(self.sid, number, ear)
        self.calls[self.sid] = call
        ear.waits()
        call.process = Process(self.timeline, self._life(call))
        return call

    def _life(self, call: TwilioCall) -> Life:
        try:
            yield from super()._life(call)
        except BadTwiml as error:
            call.error, call.status = f"{error}", "completed"  # nobody can take it elsewhere any more
            call.ear.hears(ERROR)
            with suppress(CallerLeft, Redirected):
                yield Wait(ERROR_SECONDS)
            self._over(call)

    def _over(self, call: TwilioCall) -> None:
        self.ended_at = time.time()
        super()._over(call)

    def _fetched(self, call: TwilioCall, url: str, more: dict[str, str]) -> list[ET.Element]:
        call.ear.listens()
        return super()._fetched(call, url, more)

    def _execute(self, call: TwilioCall, verb: ET.Element) -> Verbs:
        assert isinstance(call.ear, LiveEar)
        self.verb = verb.tag
        call.ear.filler = {"Pause": SILENCE, "Dial": RING_TONE}.get(verb.tag, MUSIC)
        return (yield from super()._execute(call, verb))

    def _sounds(self, call: TwilioCall, verb: ET.Element) -> Generator[Wait, str, str]:
        try:
            return (yield from super()._sounds(call, verb))
        except OSError:
            call.ear.listens()
            return ""

    def _ring(self, call: TwilioCall, leg: Leg, seconds: float) -> Generator[Wait, str, None]:
        try:
            yield from super()._ring(call, leg, seconds)
        except _LegLost:
            leg.status = "no-answer"

    def _whispered(self, leg: Leg, url: str, fields: Fields) -> Generator[Wait, str, None]:
        try:
            yield from super()._whispered(leg, url, fields)
        except (OSError, BadTwiml) as error:
            raise _LegLost from error
