"""Callers at the Asterisk door, and the agents whom it rings: light telephones; what a caller hears is kept.

What a packet is, its bytes say: a prompt's, the music's, an agent's voice, or silence. A caller takes what he is given:
he presses nothing, talks with whoever comes, and leaves when he has waited long enough.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from ivr.cli.telephone.sip_log import Message
from tests.fakes.live_agents import Agents
from tests.kills.legs import HERE, Leg, bound
from tests.kills.sounds import Sounds
from tests.kills.telephones import Telephones
from tests.real_asterisk.hotline import ROOT
from tests.real_asterisk.sip.media import PACKET_SAMPLES, PCMU, RTP_HEADER
from tests.unplug.timeline import Door, Ending, Hearing, Kind, Line, Stretch, kind_of_prompt, stretches

PROMPTS: Final = ROOT / "config" / "prompts" / "zh_CN"
MUSIC: Final = "../music/hold"
VOICE: Final = "voice of "
DEAD_AFTER_SECONDS: Final = 8.0  # without any packet: nobody is there any more
BREATH_SECONDS: Final = 0.2  # a packet of his own so often, for the switch knows him by it
BREATH: Final = b"\xff" * PACKET_SAMPLES
_LEVEL: Final = bytes((~code & 0x7F) for code in range(256))  # of a code; silence is 0
_LOUD: Final = 24 * PACKET_SAMPLES


def sounds() -> Sounds:
    """Every prompt, and the music."""
    return Sounds(PROMPTS, [*sorted(path.stem for path in PROMPTS.glob("*.wav")), MUSIC])


def kind_of(name: str | None, payload: bytes) -> Kind | None:
    """What a packet is to the caller; None for one that is quiet. A loud one that is no prompt's is the music's."""
    if name is None:
        return Kind.MUSIC if sum(payload.translate(_LEVEL)) > _LOUD else None
    if name.startswith(VOICE):
        return Kind.AGENT
    return Kind.MUSIC if name == MUSIC else kind_of_prompt(name)


@dataclass
class _Ear:
    """One caller on the line."""

    hearing: Hearing = field(default_factory=Hearing)
    taken_at: float | None = None
    cut_at: float | None = None


class SipPeople(Telephones):
    """`lines` has every caller who is through."""

    def __init__(self, server_port: int, agents: Agents, *, patience_seconds: float) -> None:
        super().__init__(server_port, sounds())
        self._agents, self._patience_seconds = agents, patience_seconds
        self.answers_after_seconds, self.talk_seconds = agents.answers_after_seconds, agents.talk_seconds
        self._ears: dict[str, _Ear] = {}
        self.lines: list[Line] = []

    def die(self) -> None:
        """The switch is dead: the network notices, and ends the calls it had taken."""
        at = time.time()
        self._loop.call_soon_threadsafe(self._die, at)

    def _die(self, at: float) -> None:
        for call_id, leg in list(self._legs.items()):
            ear = self._ears.get(call_id)
            if ear is None or ear.taken_at is not None:
                leg.over.set()
            if ear is not None and ear.taken_at is not None:
                ear.cut_at = at

    # ---- a caller ------------------------------------------------------------------------------------------------

    async def _caller(self, number: str, to: str) -> None:
        dialled_at = time.time()
        call_id = f"u{next(self._names)}-{self.port}"
        leg = Leg(
            call_id=call_id,
            local=f"<sip:{number}@{HERE}:{self.port}>;tag=t{call_id}",
            remote=f"<sip:{to}@{HERE}>",
            target=f"sip:{to}@{HERE}:{self._server[1]}",
            sock=bound(),
        )
        self._legs[call_id] = leg
        ear = self._ears[call_id] = _Ear()
        picked_up_at: float | None = None
        left = False
        try:
            if await self._picked_up_or_cut(leg):
                picked_up_at = time.time()
                left = await self._stays(leg)
                await self._leave(leg)
        finally:
            ended_at = ear.cut_at or leg.ended_at or time.time()
            self._forget(leg)
            self.lines.append(self._line(number, dialled_at, picked_up_at, ended_at, ear, left=left))
            del self._ears[call_id]
            self.in_calls -= 1

    async def _picked_up_or_cut(self, leg: Leg) -> bool:
        """False also where the switch dies meanwhile."""
        pickup = asyncio.ensure_future(self._picked_up(leg))
        death = asyncio.ensure_future(leg.over.wait())
        await asyncio.wait({pickup, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if pickup.done():
            return pickup.result()
        pickup.cancel()
        return False

    async def _stays(self, leg: Leg) -> bool:
        """Until the far side hangs up; whether it was he who left."""
        until = time.monotonic() + self._patience_seconds
        leg.sound_at = time.monotonic()
        while not leg.over.is_set():
            if time.monotonic() - leg.sound_at > DEAD_AFTER_SECONDS:
                return False
            if time.monotonic() > until and not self._talks(leg):
                return True
            self._send(leg, PCMU, BREATH, round(BREATH_SECONDS * 8000))
            await asyncio.sleep(BREATH_SECONDS)
        return False

    def _talks(self, leg: Leg) -> bool:
        heard = self._ears[leg.call_id].hearing.heard
        return bool(heard) and heard[-1].kind is Kind.AGENT and time.time() - heard[-1].ended_at < 1.0

    def _line(
        self,
        number: str,
        dialled_at: float,
        picked_up_at: float | None,
        ended_at: float,
        ear: _Ear,
        *,
        left: bool,
    ) -> Line:
        until = picked_up_at or ended_at
        before = [
            Stretch(kind=kind, began_at=began_at, ended_at=end)
            for kind, began_at, end in (
                (Kind.UNREACHABLE, dialled_at, ear.taken_at or until),
                (Kind.RINGING, ear.taken_at or until, until),
            )
            if end - began_at > 0.3 or (kind is Kind.RINGING and end > began_at)
        ]
        after = () if picked_up_at is None else stretches(ear.hearing.heard, picked_up_at, ended_at)
        return Line(
            door=Door.ASTERISK,
            number=number,
            dialled_at=dialled_at,
            taken_at=ear.taken_at,
            picked_up_at=picked_up_at,
            ended_at=ended_at,
            ending=_ending(ear, picked_up_at, left=left),
            stretches=(*before, *after),
        )

    # ---- an agent --------------------------------------------------------------------------------------------------

    async def _serve(self, leg: Leg, name: str) -> None:
        login = name.partition("/")[0]
        began_at = self._agents.begins(login)
        try:
            await super()._serve(leg, name)
        finally:
            self._agents.ends(login, began_at)

    # ---- what comes ------------------------------------------------------------------------------------------------

    def _in_call(self, leg: Leg, message: Message) -> None:
        ear = self._ears.get(leg.call_id)
        if ear is not None and ear.taken_at is None and message.status is not None:
            ear.taken_at = time.time()
        super()._in_call(leg, message)

    def _sound_came(self, leg: Leg, data: bytes) -> None:
        super()._sound_came(leg, data)
        ear = self._ears.get(leg.call_id)
        if ear is None:
            return
        payload = data[RTP_HEADER.size :]
        name = self._sounds.name_of(payload)
        kind = kind_of(name, payload)
        if kind is not None:
            ear.hearing.hears(kind, time.time())


def _ending(ear: _Ear, picked_up_at: float | None, *, left: bool) -> Ending:
    kinds = {heard.kind for heard in ear.hearing.heard}
    if ear.taken_at is None:
        return Ending.UNREACHED
    if ear.cut_at is not None or picked_up_at is None:
        return Ending.CUT
    if Kind.AGENT in kinds:
        return Ending.SERVED
    if Kind.NOTED in kinds:
        return Ending.NOTED
    return Ending.LEFT if left else Ending.CUT
