"""The AGI door: a burst's arguments become events, line commands become channel variables. Nothing is decided here.

The sentinel HL_DONE is set last: only with it does the dialplan believe anything of a burst.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Protocol, assert_never

from agi_scripts.session import AgiSession
from config.prompt_pack import PromptPack
from ivr.adapters.asterisk_phones import dial_string
from ivr.adapters.asterisk_sounds import sound_list
from ivr.adapters.switch_moments import parse_moment
from ivr.policy.commands import Ask, HangUp, Hold, LineCommand, Ring, Say
from ivr.policy.events import AgentAnswered, CallerGreeted, Event, HungUp, RingResult
from ivr.policy.one_line import one_line
from ivr.policy.phone import is_page, parse_phone
from ivr.policy.phone_number import caller_identity
from ivr.policy.rules import Rules
from ivr.service.drainer import Spool, line_about
from ivr.service.ports import BookUnavailable, Clock, Contact
from ivr.service.switchboard import Switchboard

# Asterisk's words for how a Dial ended; a word not listed here is a bug to be heard of, not a no-answer.
RING_RESULTS = {
    "ANSWER": RingResult.ANSWERED,
    "NOANSWER": RingResult.NO_ANSWER,
    "CANCEL": RingResult.NO_ANSWER,
    "BUSY": RingResult.BUSY,
    "CONGESTION": RingResult.UNREACHABLE,
    "CHANUNAVAIL": RingResult.UNREACHABLE,
    "INVALIDARGS": RingResult.UNREACHABLE,
}
_REF = re.compile(r"[A-Za-z0-9_.-]{1,150}")
_TURN = re.compile(r"[0-9]{1,6}|end|noted")


class BadBurst(ValueError):
    """The dialplan asked something this server cannot read; `field` names it."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        super().__init__(f"burst argument {field}: {value[:40]!r}")


@dataclass(frozen=True, kw_only=True)
class Burst:
    """What the dialplan sent along: the call, its stamps and what the last verb brought."""

    turn: str
    contact: Contact
    greeted_at: datetime | None
    served_at: datetime | None
    extra: str

    @property
    def stamps(self) -> tuple[Event, ...]:
        """The two moments the switch has stamped so far; importing one again changes nothing."""
        greeted = () if self.greeted_at is None else (CallerGreeted(at=self.greeted_at),)
        served = () if self.served_at is None else (AgentAnswered(at=self.served_at),)
        return tuple(sorted((*greeted, *served), key=lambda event: event.at))


EventsOf = Callable[[Burst, datetime], tuple[Event, ...]]
Answer = Callable[[], Mapping[str, object]]
"""Gives the variables to set, the sentinel last, or raises."""

Aside = Callable[[Callable[[], None]], None]
"""Runs something in a thread that may wait."""


class Answers(Protocol):
    """What an entry needs that only says what happened."""

    def answer(self, agi: AgiSession, events_of: EventsOf) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Door:
    """What every entry needs."""

    switchboard: Switchboard
    clock: Clock
    rules: Rules
    prompts: PromptPack
    outbound_trunk: str | None
    spool: Spool

    def answer(self, agi: AgiSession, events_of: EventsOf) -> None:
        """One burst: what happened goes in, the next verbs come out."""
        burst, events = self._asked(agi, events_of)
        try:
            commands = self.switchboard.handle(burst.contact, burst.turn, events)
        except BookUnavailable as error:
            agi.set_variables(self._unwritten(burst, events, error))
        else:
            agi.set_variables(self._answer(burst, commands))

    def answer_later(
        self, agi: AgiSession, events_of: EventsOf, then: Callable[[Answer], None], aside: Aside
    ) -> None:
        """The same without waiting: `then` is called once, in whatever thread, with what gives the variables.

        What may have to wait for a disk is done `aside`.
        """
        burst, events = self._asked(agi, events_of)

        def handled(result: Callable[[], tuple[LineCommand, ...]]) -> None:
            try:
                values = self._answer(burst, result())
            except BookUnavailable as error:
                unwritten = partial(self._unwritten, burst, events, error)
                aside(lambda: then(unwritten))
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                then(partial(_raise, error))
            else:
                then(lambda: values)

        self.switchboard.handle_later(burst.contact, burst.turn, events, handled)

    def _asked(self, agi: AgiSession, events_of: EventsOf) -> tuple[Burst, tuple[Event, ...]]:
        burst = self.read(agi)
        return burst, (*burst.stamps, *events_of(burst, self.clock.now()))

    def _answer(self, burst: Burst, commands: tuple[LineCommand, ...]) -> dict[str, object]:
        return {**self.verbs(commands), "HL_DONE": burst.turn}

    def _unwritten(
        self, burst: Burst, events: tuple[Event, ...], error: BookUnavailable
    ) -> dict[str, object]:
        if not isinstance(events[-1], HungUp):
            raise error  # the dialplan asks again while there is time, then goes on by itself
        self.write_down(burst, "ended", events[-1].at)
        return self._answer(burst, ())

    def write_down(self, burst: Burst, kind: str, at: datetime, number: str = "") -> None:
        """The second rung: what the book does not take is on the disk before anybody hears of it."""
        served_at = burst.served_at
        line = line_about(
            burst.contact, kind, at, greeted_at=burst.greeted_at, served_at=served_at, number=number
        )
        self.spool.write(line)

    def read(self, agi: AgiSession) -> Burst:
        """Raises BadBurst naming the argument at fault."""
        arguments = dict(zip(_ARGUMENTS, agi.arguments, strict=False))
        presented_at = moment_in("HL_AT", arguments.get("HL_AT", ""))
        contact = Contact(
            door="asterisk",
            ref=_checked("HL_REF", arguments.get("HL_REF", ""), _REF),
            hotline=one_line(arguments.get("HL_HOTLINE", ""), 64),
            caller=caller_identity(agi.env.get("agi_callerid", ""), self.rules.area_code),
            presented_at=presented_at,
            channel=one_line(agi.env.get("agi_channel", ""), 160) or None,
        )
        return Burst(
            turn=_checked("HL_TURN", arguments.get("HL_TURN", ""), _TURN),
            contact=contact,
            greeted_at=_stamp("HL_GREETED", arguments.get("HL_GREETED", "")),
            served_at=_stamp("HL_SERVED", arguments.get("HL_SERVED", "")),
            extra=arguments.get("HL_EXTRA", ""),
        )

    def verbs(self, commands: tuple[LineCommand, ...]) -> dict[str, object]:
        """Line commands as the variables the dialplan's verbs read."""
        values: dict[str, object] = {"HL_VERBS": "-".join(_verb(command) for command in commands)}
        for command in commands:
            values |= self._arguments(command)
        return values

    def _arguments(self, command: LineCommand) -> dict[str, object]:
        match command:
            case Say(prompts=prompts):
                return self._said(prompts)
            case Ring(phone=phone, seconds=seconds, sound=sound, whisper=whisper):
                rung = {**self.dialled(phone), "HL_SECONDS": f"{seconds:.3f}", "HL_SOUND": sound.value}
                return {**rung, "HL_WHISPER": self.sounds(whisper)}
            case Ask(prompts=prompts, digits=digits, seconds=seconds):
                return {**self._said(prompts), "HL_DIGITS": digits, "HL_SECONDS": f"{seconds:.0f}"}
            case Hold(seconds=seconds, sound=sound, key=key):
                return {"HL_SECONDS": f"{seconds:.3f}", "HL_SOUND": sound.value, "HL_KEY": key or ""}
            case HangUp():
                return {}
            case _ as never:
                assert_never(never)

    def dialled(self, text: str) -> dict[str, object]:
        """What Dial is told of a phone; HL_LEG is set for a page alone, and the dialplan empties it."""
        phone = parse_phone(text)
        dial = {"HL_DIAL": dial_string(phone, self.outbound_trunk) or ""}
        return {**dial, "HL_LEG": "b(hl-page-leg^s^1)"} if is_page(phone) else {**dial}

    def _said(self, prompts: tuple[str, ...]) -> dict[str, object]:
        directory, names = sound_list([self.prompts.path(prompt) for prompt in prompts])
        return {"HL_FROM": directory, "HL_SAY": names}

    def sounds(self, prompts: tuple[str, ...]) -> str:
        """Prompts as Playback takes them: paths without ending, joined by &; a new recording is heard in a second."""
        return _sounds(self.prompts, prompts, int(time.monotonic()))


@dataclass(frozen=True)
class LaterDoor:
    """For one burst of a server in which nobody waits: what an entry answers reaches `then` once it is written."""

    door: Door
    then: Callable[[Answer], None]
    aside: Aside

    def answer(self, agi: AgiSession, events_of: EventsOf) -> None:
        """See Door."""
        self.door.answer_later(agi, events_of, self.then, self.aside)


_ARGUMENTS = ("HL_TURN", "HL_AT", "HL_REF", "HL_HOTLINE", "HL_GREETED", "HL_SERVED", "HL_EXTRA")


def _raise(error: Exception) -> Mapping[str, object]:
    raise error


@lru_cache(maxsize=256)
def _sounds(pack: PromptPack, prompts: tuple[str, ...], _second: int) -> str:
    return "&".join(str(pack.path(prompt).with_suffix("")) for prompt in prompts)


def _verb(command: LineCommand) -> str:
    return {Say: "say", Ring: "ring", Ask: "ask", Hold: "hold", HangUp: "hangup"}[type(command)]


def _checked(field: str, value: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(value) is None:
        raise BadBurst(field, value)
    return value


def moment_in(field: str, value: str) -> datetime:
    """As the switch stamps it. Raises BadBurst."""
    moment = parse_moment(value)
    if moment is None:
        raise BadBurst(field, value)
    return moment


def _stamp(field: str, value: str) -> datetime | None:
    return moment_in(field, value) if value else None


def moment_of(burst: Burst, field: str) -> datetime:
    """The burst's extra as a moment. Raises BadBurst."""
    return moment_in(field, burst.extra)
