"""A caller at the Asterisk door, as far as the dialplan goes: its five verbs, its bursts, in virtual time.

Follows config/asterisk/hotline_dialplan.conf ([hl-burst], [hl-verb], [hl-pickup], [hl-gone]); the real dialplan is
driven by tests/real_asterisk. A burst takes no time and is always answered here: what happens when it is not is
tested there. Read's keys come all at once.
"""

import wave
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime

from agi_scripts.door import Door
from agi_scripts.server import ENTRIES
from ivr.policy.events import AgentAnswered, CallerGreeted, Event
from ivr.service.ports import Contact
from ivr.simulation.timeline import Life, Process, Timeline, Wait
from tests.fakes.telephones import ANSWERED, DECLINED, KEYED, LEFT, Ear, Phone, Telephones

Onward = tuple[str, str] | None  # the next burst's event and extra; None: on with the next verb
Verb = Generator[Wait, str, Onward]


class CallerLeft(Exception):
    """The caller hung up."""


class Fetched(Exception):
    """The server took him out of his music: [hl-fetched]."""


class HungUpByUs(Exception):
    """The verb hangup."""


@dataclass
class FakeBurst:
    """What AgiSession is to the door."""

    env: dict[str, str]
    arguments: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)

    def set_variables(self, values: dict[str, object]) -> None:
        self.variables |= {name: str(value) for name, value in values.items()}


@dataclass
class FakeLine:
    """One call; `ref` is its linkedid and, for short, its channel's name."""

    door: Door
    timeline: Timeline
    phones: Telephones
    ref: str
    number: str
    hotline: str = "4001234567"
    greeted_at: datetime | None = None
    served_at: datetime | None = None
    keys: str = ""
    process: Process | None = None

    def __post_init__(self) -> None:
        self.ear = Ear(lambda: self.timeline.seconds)
        self.presented_at = self.door.clock.now()
        self._turn = 0
        self._variables: dict[str, str] = {}
        self.ear.waits()  # Ringing()

    def dials(self) -> None:
        self.process = Process(self.timeline, self._life())

    def hangs_up(self) -> None:
        assert self.process is not None
        self.process.break_in(CallerLeft())

    def presses(self, keys: str) -> None:
        assert self.process is not None
        self.keys = keys
        self.process.tell(KEYED)

    def is_fetched(self) -> None:
        """The switch redirects his channel."""
        assert self.process is not None
        self.process.break_in(Fetched())

    def _life(self) -> Life:
        here: Onward = ("offered", "")
        try:
            while here is not None:
                try:
                    here = yield from self._burst_and_verbs(*here)
                except Fetched:
                    here = ("fetched", "")
        except (CallerLeft, HungUpByUs):
            pass
        self._burst("hung_up", "end", _stamp(self.door.clock.now()))

    def _burst_and_verbs(self, event: str, extra: str) -> Verb:
        self._turn += 1
        self._burst(event, str(self._turn), extra)
        for verb in self._variables["HL_VERBS"].split("-"):
            onward = yield from getattr(self, f"_{verb}")()
            if onward is not None:
                return onward  # type: ignore[no-any-return]  # of a verb found by its name
        raise AssertionError("the verbs ran out: [hl-static]")

    def _burst(self, event: str, turn: str, extra: str) -> None:
        """[hl-burst]: arguments in their order, and nothing believed without the sentinel."""
        stamps = [
            _stamp(self.presented_at),
            self.ref,
            self.hotline,
            _stamp(self.greeted_at),
            _stamp(self.served_at),
        ]
        environment = {"agi_callerid": self.number, "agi_channel": self.ref}
        burst = FakeBurst(environment, (turn, *stamps, extra))
        ENTRIES[event](burst, self.door)  # type: ignore[arg-type]  # a fake session
        assert burst.variables["HL_DONE"] == turn
        self._variables |= {"HL_KEY": ""} | burst.variables

    # ---- [hl-verb] --------------------------------------------------------------------------------------------

    def _ring(self) -> Verb:
        sound = self._variables["HL_SOUND"]
        if not self._variables["HL_DIAL"]:
            return "ring_ended", "CHANUNAVAIL"
        phone = self.phones.dialled(self._variables["HL_DIAL"])
        assert phone is not None
        if sound != "ringing":
            self._pick_up()
        if sound == "greeting":  # a music class whose first file is the greeting
            greeting = self.door.prompts.path(self.door.rules.greeting)
            self.ear.hears("greeting")
            self.timeline.after(
                sound_seconds(str(greeting)), lambda: self._music_if(phone.ringing is not None)
            )
        else:
            self.ear.waits()
        try:
            return (yield from self._dial(phone, float(self._variables["HL_SECONDS"])))
        finally:
            phone.stops(self.process)

    def _dial(self, phone: Phone, seconds: float) -> Verb:
        assert self.process is not None
        phone.rings(self.process)
        word = yield Wait(seconds, frozenset({ANSWERED, DECLINED}))
        if word == ANSWERED:  # U(hl-answered)
            for sound in filter(None, self._variables["HL_WHISPER"].split("&")):
                phone.heard.append(sound.rpartition("/")[2])
                yield Wait(sound_seconds(f"{sound}.wav"))
            self.served_at = self.door.clock.now()
            self._user_event(AgentAnswered(at=self.served_at))
            self.ear.picked_up = True
            self.ear.hears(phone.login)
            yield Wait(None, frozenset({LEFT}))
        return "ring_ended", {ANSWERED: "ANSWER", DECLINED: "BUSY"}.get(word, "NOANSWER")

    def _say(self) -> Verb:
        word = yield from self._playback()
        return ("digits", self.keys) if self._is_awaited(word) else None

    def _is_awaited(self, word: str) -> bool:
        """[hl-key]"""
        return word == KEYED and self.keys == self._variables["HL_KEY"]

    def _ask(self) -> Verb:
        self.keys = ""
        word = yield from self._playback()
        if word != KEYED:
            yield Wait(float(self._variables["HL_SECONDS"]), frozenset({KEYED}))
        return "digits", self.keys

    def _hold(self) -> Verb:
        if self._variables["HL_SOUND"] != "ringing":
            self._pick_up()
        self.ear.waits()
        awaited = frozenset({KEYED}) if self._variables["HL_KEY"] else frozenset()
        word = yield Wait(float(self._variables["HL_SECONDS"]), awaited)
        return ("digits", self.keys) if self._is_awaited(word) else ("hold_elapsed", "")

    def _hangup(self) -> Verb:
        yield from ()
        raise HungUpByUs

    def _music_if(self, it_still_rings: bool) -> None:
        if it_still_rings:
            self.ear.waits()

    def _playback(self) -> Generator[Wait, str, str]:
        self._pick_up()
        word = ""
        for sound in self._variables["HL_SAY"].split("&"):
            if word != KEYED:
                self.ear.hears(sound.rpartition("/")[2])
                word = yield Wait(
                    sound_seconds(f"{self._variables['HL_FROM']}{sound}.wav"), frozenset({KEYED})
                )
        return word

    def _pick_up(self) -> None:
        """[hl-pickup]"""
        if self.greeted_at is None:
            self.greeted_at = self.door.clock.now()
            self.ear.picked_up = True
            self._user_event(CallerGreeted(at=self.greeted_at))

    def _user_event(self, event: Event) -> None:
        """Heard live by the switch's event connection."""
        contact = Contact(
            door="asterisk", ref=self.ref, hotline="", caller=None, presented_at=self.presented_at
        )
        self.door.switchboard.note(contact, event)


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.timestamp():.3f}"


def sound_seconds(path: str) -> float:
    with wave.open(path, "rb") as sound:
        return sound.getnframes() / sound.getframerate()
