"""Callers and agents by the dozen: light telephones in one thread, each call a coroutine of its own.

A caller takes whatever callback he is offered: he presses 1 until he has heard that it is booked. An agent answers,
takes a callback by key, and speaks until he was heard. What they do depends on nothing but what reaches their phones.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from ivr.cli.telephone.sip_log import Message
from tests.kills.legs import HERE, Leg, Legs, bound, described
from tests.kills.sounds import Sounds, voice
from tests.real_asterisk.sip.media import PCMU

PRESS_EVERY_SECONDS: Final = 0.6
PATIENCE_SECONDS: Final = 40.0
ANSWER_AFTER_SECONDS: Final = 0.1
SPEAK_EVERY_SECONDS: Final = 0.1
DEAD_AFTER_SECONDS: Final = 4.0  # without any sound: nobody is there any more
TALK_SECONDS: Final = 0.8  # from when he was heard
LONGEST_TALK_SECONDS: Final = 60.0
_REPEATS: Final = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0)


@dataclass
class CallerSaw:
    """One caller, as he tells it himself; epoch seconds. `heard` has when each sound began."""

    number: str
    dialled_at: float
    picked_up_at: float | None = None
    ended_at: float | None = None
    heard: dict[str, float] = field(default_factory=dict)

    @property
    def promised_at(self) -> float | None:
        """When he was told that he would be called."""
        told = [self.heard[name] for name in PROMISES if name in self.heard]
        return min(told, default=None)

    @property
    def served(self) -> bool:
        """A person spoke with him on this very call."""
        return any(name.startswith("voice of ") for name in self.heard)


PROMISES: Final = ("callback_booked", "callback_stands", "callback_late")
LISTED: Final = "number_noted"


class Telephones(Legs):
    """Those of callers and agents; an agent rings for `answers_after_seconds` and is heard for `talk_seconds`."""

    answers_after_seconds = ANSWER_AFTER_SECONDS
    talk_seconds = TALK_SECONDS

    def __init__(self, server_port: int, sounds: Sounds) -> None:
        super().__init__(server_port, sounds)
        self.was_heard: dict[str, float] = {}
        self.callers: list[CallerSaw] = []
        self.in_calls = 0

    def phone(self, login: str) -> str:
        """An agent's address; it rings here."""
        return f"sip:{login}@{HERE}:{self.port}"

    def dial(self, number: str, to: str) -> None:
        """One caller more; what he saw stands in `callers` once he is through."""
        self.in_calls += 1
        self._loop.call_soon_threadsafe(self._spawn, self._caller(number, to))

    def heard_elsewhere(self, speaker: str) -> None:
        self.was_heard.setdefault(speaker, time.time())

    # ---- a caller ----------------------------------------------------------------------------------------------

    async def _caller(self, number: str, to: str) -> None:
        saw = CallerSaw(number=number, dialled_at=time.time())
        call_id = f"k{next(self._names)}-{self.port}"
        leg = Leg(
            call_id=call_id,
            local=f"<sip:{number}@{HERE}:{self.port}>;tag=t{call_id}",
            remote=f"<sip:{to}@{HERE}>",
            target=f"sip:{to}@{HERE}:{self._server[1]}",
            sock=bound(),
        )
        self._legs[call_id] = leg
        try:
            if await self._picked_up(leg):
                saw.picked_up_at = time.time()
                await self._take_callback(leg)
                await self._leave(leg)
        finally:
            saw.ended_at, saw.heard = time.time(), leg.heard
            self._forget(leg)
            self.callers.append(saw)
            self.in_calls -= 1

    async def _picked_up(self, leg: Leg) -> bool:
        """Until the INVITE is settled; repeated while nothing comes, as UDP needs it."""
        repeats = iter(_REPEATS)
        pause, until = next(repeats), time.monotonic() + PATIENCE_SECONDS
        answered = False
        self._request(leg, "INVITE", body=described(leg))
        while time.monotonic() < until:
            with suppress(TimeoutError):
                message = await asyncio.wait_for(leg.inbox.get(), 1.0 if answered else pause)
                answered = True
                if message.status is None or message.method != "INVITE" or message.status < 200:
                    continue
                return await self._settled(leg, message)
            if not answered:
                pause = next(repeats, 0.0)
                if not pause:
                    return False
                self._request(leg, "INVITE", body=described(leg))
        return False

    async def _settled(self, leg: Leg, message: Message) -> bool:
        leg.remote = message.headers.get("to", leg.remote)
        taken = message.status == 200
        if taken and "<" in message.headers.get("contact", ""):
            leg.target = message.headers["contact"].split("<", 1)[1].split(">", 1)[0]
        self._request(leg, "ACK", fresh=taken)
        if taken and message.media_port is not None:
            await self._hears(leg, message.media_port)
        return taken

    async def _take_callback(self, leg: Leg) -> None:
        """Presses 1 until he is promised a call, a person speaks with him, or the line is gone."""
        until = time.monotonic() + PATIENCE_SECONDS
        leg.sound_at = time.monotonic()
        while time.monotonic() < until and not leg.over.is_set():
            if time.monotonic() - leg.sound_at > DEAD_AFTER_SECONDS:
                return
            if any(name in leg.heard for name in (*PROMISES, LISTED)):
                await _unless(leg.over, 0.4)  # he has heard that much
                return
            if any(name.startswith("voice of ") for name in leg.heard):
                await _unless(leg.over, TALK_SECONDS)
                return
            await self._press(leg, 1)
            await _unless(leg.over, PRESS_EVERY_SECONDS)

    # ---- an agent ----------------------------------------------------------------------------------------------

    async def _rings(self, invite: Message) -> None:
        """Rings for a moment, answers, takes it, speaks until he was heard and a little longer."""
        number = next(self._names)
        tag = f";tag=a{number}"
        login = invite.headers["to"].split("sip:", 1)[1].split("@", 1)[0]
        leg = Leg(
            call_id=invite.call_id,
            local=invite.headers["to"] + tag,
            remote=invite.headers["from"],
            target=invite.headers["contact"].split("<", 1)[1].split(">", 1)[0],
            sock=bound(),
        )
        self._legs[leg.call_id] = leg
        try:
            self._reply(invite, "180 Ringing", tag)
            if await self._answered(leg, invite, tag):
                assert invite.media_port is not None
                await self._hears(leg, invite.media_port)
                await self._serve(leg, f"{login}/{number}")
                await self._leave(leg)
        finally:
            self._forget(leg)

    async def _answered(self, leg: Leg, invite: Message, tag: str) -> bool:
        """False where the caller left meanwhile."""
        await asyncio.sleep(self.answers_after_seconds)
        for pause in _REPEATS:
            if leg.inbox.empty():
                self._reply(invite, "200 OK", tag, described(leg))
            with suppress(TimeoutError):
                while (message := await asyncio.wait_for(leg.inbox.get(), pause)).method != "ACK":
                    if message.method == "CANCEL":
                        self._reply(message, "200 OK", tag)
                        self._reply(invite, "487 Request Terminated", tag)
                        return False
                return True
        return False

    async def _serve(self, leg: Leg, name: str) -> None:
        """He presses 1 until the whisper has ended in a talk; his voice says who he is."""
        speaker = f"voice of {name}"
        until, next_key = time.monotonic() + LONGEST_TALK_SECONDS, time.monotonic() + 0.3
        keys = 2
        while time.monotonic() < until and not leg.over.is_set():
            heard_at = self.was_heard.get(speaker)
            if heard_at is not None and time.time() - heard_at >= self.talk_seconds:
                return
            if keys and time.monotonic() >= next_key:
                await self._press(leg, 1)
                keys, next_key = keys - 1, time.monotonic() + 1.0
            self._send(leg, PCMU, voice(name), round(SPEAK_EVERY_SECONDS * 8000))
            await _unless(leg.over, SPEAK_EVERY_SECONDS)


async def _unless(event: asyncio.Event, seconds: float) -> None:
    """So long, or until it happens."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
