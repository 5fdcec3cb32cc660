"""One caller on the line: he does what callers do, and his line carries out what the switchboard says.

Neither decides anything about the call: each event goes to the switchboard, whose commands are executed in order.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say, Sound
from ivr.policy.events import (
    AgentAnswered,
    CallerFetched,
    CallerGreeted,
    CallOffered,
    DigitsPressed,
    Event,
    HoldElapsed,
    HungUp,
    RingEnded,
    RingResult,
)
from ivr.policy.offer import CALLBACK_KEY, CONFIRM_KEY
from ivr.policy.prompts import Prompt
from ivr.service.ports import Clock, Contact
from ivr.service.switchboard import Switchboard
from ivr.simulation.demand import Caller
from ivr.simulation.timeline import Life, Process, Timeline, Wait

DOOR = "asterisk"  # callers come through the trunk, whose channels are counted
KEY_SECONDS = 1.5  # until he has found the key
USUAL_PROMPT_SECONDS = 1.5
FETCH_SECONDS = 0.005  # until the switch has taken a caller out of his music

Verb = Generator[Wait, str, Event | None]


class CallerLeft(Exception):
    """He hung up, or his talk is over."""


class Fetched(Exception):
    """The switch took him out of his music."""


class HungUpByUs(Exception):
    """The command HangUp."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What every line has in common. `prompt_seconds` are the recordings' lengths; `talking` are agents in a talk."""

    clock: Clock
    timeline: Timeline
    switchboard: Switchboard
    answer_seconds: float
    prompt_seconds: Mapping[str, float] = field(default_factory=dict)
    talking: set[str] = field(default_factory=set)


class CallersLine:
    """One call, from the offer to its end."""

    def __init__(self, around: Surroundings, caller: Caller, ref: str) -> None:
        self.caller = caller
        self._around = around
        self._contact = Contact(
            door=DOOR, ref=ref, hotline="simulation", caller=caller.number, presented_at=caller.presented_at
        )
        self._turn = 0
        self._picked_up = self._served = False
        self._stamps: tuple[Event, ...] = ()  # not told to the switchboard yet
        self._ringing: tuple[str | None, float] = None, 0.0  # whose phone rang last, and since when
        self._rang_until = 0.0
        self._process = Process(around.timeline, self._life())

    def loses_patience(self) -> None:
        """Whoever is served or already gone does not."""
        if not self._served:
            self._process.break_in(CallerLeft())

    def is_fetched(self) -> None:
        """The switch needs a moment for it; whoever has left his music by then is not torn out of anything."""
        if not self._served:
            self._process.break_in(Fetched())

    # ---- the line -------------------------------------------------------------------------------------------------

    def _life(self) -> Life:
        here: Event | None = CallOffered(at=self._now)
        try:
            while here is not None:
                try:
                    here = yield from self._obey(self._burst(here))
                except Fetched:
                    here = CallerFetched(at=self._now)
        except (CallerLeft, HungUpByUs):
            pass
        self._burst(HungUp(at=self._now))

    def _burst(self, event: Event) -> tuple[LineCommand, ...]:
        self._turn += 1
        events, self._stamps = (*self._stamps, event), ()
        return self._around.switchboard.handle(self._contact, str(self._turn), events)

    def _obey(self, commands: tuple[LineCommand, ...]) -> Verb:
        for command in commands:
            onward = yield from self._carry_out(command)
            if onward is not None:
                return onward
        raise AssertionError(f"the commands ran out: {commands}")

    def _carry_out(self, command: LineCommand) -> Verb:
        match command:
            case Say(prompts=prompts):
                return self._hears(prompts)
            case Hold():
                return self._holds(command)
            case Ring():
                return self._rings(command)
            case Ask():
                return self._is_asked(command)
            case HangUp():
                return self._is_hung_up()

    def _hears(self, prompts: tuple[str, ...]) -> Verb:
        self._pick_up()
        yield Wait(sum(self._around.prompt_seconds.get(key, USUAL_PROMPT_SECONDS) for key in prompts))
        return None

    def _holds(self, hold: Hold) -> Verb:
        if hold.sound is not Sound.RINGING:
            self._pick_up()
        yield Wait(hold.seconds)
        return HoldElapsed(at=self._now)

    def _is_asked(self, ask: Ask) -> Verb:
        """He hears it to the end; silence lasts as long as the line waits for a key."""
        yield from self._hears(ask.prompts)
        digits = self._key(ask.prompts)
        yield Wait(KEY_SECONDS if digits else ask.seconds)
        return DigitsPressed(at=self._now, digits=digits)

    def _key(self, prompts: tuple[str, ...]) -> str:
        """What he presses when he has heard that; '' is nothing."""
        if Prompt.PRESS_FOR_CALLBACK in prompts:
            return CALLBACK_KEY if self.caller.takes_callback else ""
        return CONFIRM_KEY if Prompt.CONFIRM_NUMBER in prompts else ""

    def _is_hung_up(self) -> Verb:
        yield from ()
        raise HungUpByUs

    def _rings(self, ring: Ring) -> Verb:
        if ring.sound is not Sound.RINGING:
            self._pick_up()
        to_answer = self._seconds_to_answer(ring)
        if to_answer is not None and to_answer < ring.seconds:
            yield Wait(to_answer)
            yield from self._talks(ring.agent)
        yield Wait(ring.seconds)
        self._rang_until = self._around.timeline.seconds
        return RingEnded(at=self._now, result=RingResult.NO_ANSWER)

    def _seconds_to_answer(self, ring: Ring) -> float | None:
        """None: nobody comes to this phone. A ring that was cut by the pickup goes on where it was."""
        if ring.agent is None or ring.agent in self._around.talking:
            return None
        seconds = self._around.timeline.seconds
        agent, since = self._ringing
        if agent != ring.agent or self._rang_until != seconds:
            since = seconds
        self._ringing = ring.agent, since
        return max(since + self._around.answer_seconds - seconds, 0.0)

    def _talks(self, agent: str | None) -> Generator[Wait, str, None]:
        assert agent is not None
        self._served = True
        self._around.talking.add(agent)
        self._around.switchboard.note(self._contact, AgentAnswered(at=self._now))
        yield Wait(self.caller.handling_seconds)
        self._around.talking.discard(agent)
        raise CallerLeft

    def _pick_up(self) -> None:
        if not self._picked_up:
            self._picked_up = True
            self._stamps = (CallerGreeted(at=self._now),)

    @property
    def _now(self) -> datetime:
        return self._around.clock.now()
