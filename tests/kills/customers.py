"""The customers' network: a sipp that answers, whose log says who was rung, and an ear that says who spoke with whom.

Sound is joined to a call by the port the switch named in its INVITE, and by the time of the call. Nothing here knows a
table of ours. Until it has read that he answered, the switch lets the agent's line through to the customer: on a busy
machine that is a packet or two before the greeting, in which nobody speaks with anybody.
"""

import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from ivr.cli.telephone.sip_log import Message
from tests.kills.judge import Ring
from tests.kills.sounds import Sounds
from tests.real_asterisk.callback_people import CallbackHotline
from tests.real_asterisk.sip.media import RTP_HEADER, MediaPort, kernel_time
from tests.real_asterisk.sip.phones import AgentPhone

ANSWERS_AFTER_SECONDS: Final = 0.3
GIVES_UP_AFTER_SECONDS: Final = 20.0  # of a line that says nothing any more
_DIALLED: Final = re.compile(r"sip:(?:\+86)?(\+?[0-9]+)@")
_LATE_SECONDS: Final = 0.2
GREETING: Final = "greeting"
_GREETED_SECONDS: Final = 15.0  # so long after it a port is taken to be still that call's


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The first packet of one sound from one port of the switch."""

    at: float
    port: int
    name: str


class Ear(MediaPort):
    """A port that keeps nothing of what it hears but its beginnings.

    `on_voice` is told of agents' voices; where customers are greeted first (`greets`), of those after the greeting.
    """

    def __init__(self, sounds: Sounds, on_voice: Callable[[str], None], *, greets: bool) -> None:
        super().__init__()
        self._sounds, self._on_voice, self._greets = sounds, on_voice, greets
        self._last: dict[tuple[int, str], float] = {}
        self._lock = threading.Lock()
        self.heard: list[Heard] = []

    def _listen(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        while not self._closing.is_set():
            try:
                data, notes, _, peer = self._socket.recvmsg(4096, 64)
            except (TimeoutError, ConnectionError):
                continue
            name = self._sounds.name_of(data[RTP_HEADER.size :])
            if name is not None:
                self._note(peer[1], name, kernel_time(notes))

    def _note(self, port: int, name: str, at: float) -> None:
        before, greeted = (self._last.get((port, each), 0.0) for each in (name, GREETING))
        self._last[(port, name)] = at
        if at - before > 1.0 or before < greeted < at:  # a new beginning: the same port serves many calls
            with self._lock:
                self.heard.append(Heard(at=at, port=port, name=name))
            if name.startswith("voice of ") and (not self._greets or self._was_greeted(port, at)):
                self._on_voice(name)

    def _was_greeted(self, port: int, at: float) -> bool:
        return at - self._last.get((port, GREETING), 0.0) < _GREETED_SECONDS

    def voices(self) -> int:
        """How many agents' voices were heard so far."""
        with self._lock:
            return len({each.name for each in self.heard if each.name.startswith("voice of ")})


class Network(AgentPhone):
    """Every customer's phone: each answers whatever call comes, and stays until he is hung up on."""

    def __init__(
        self, hotline: CallbackHotline, sounds: Sounds, on_voice: Callable[[str], None], *, greets: bool
    ) -> None:
        super().__init__(
            hotline.sipp,
            server_port=hotline.settings.sip_port,
            user="customer",
            port=hotline.customers_port,
            answer_after_seconds=ANSWERS_AFTER_SECONDS,
            hang_up_after_seconds=GIVES_UP_AFTER_SECONDS,
        )
        self.ear = Ear(sounds, on_voice, greets=greets)
        self._keys["sound_port"] = str(self.ear.port)

    def __enter__(self) -> Self:
        self.ear.__enter__()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.ear.__exit__(None, None, None)

    def rings(self, deaths: Sequence[float]) -> list[Ring]:
        """Every call to a customer, oldest first; the switch died at those moments."""
        return rings_of(self.messages(), self.ear.heard, deaths)


def rings_of(messages: Iterable[Message], heard: Iterable[Heard], deaths: Sequence[float] = ()) -> list[Ring]:
    """The log's calls, each with what was heard in it; with the switch every call of it ends."""
    by_call: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_call[message.call_id].append(message)
    by_port: dict[int, list[Heard]] = defaultdict(list)
    for each in heard:
        by_port[each.port].append(each)
    found = [ring for call in by_call.values() if (ring := _ring(call, by_port, deaths)) is not None]
    return sorted(found, key=lambda ring: ring.rung_at)


def _ring(call: list[Message], by_port: dict[int, list[Heard]], deaths: Sequence[float]) -> Ring | None:
    invite = next(
        (m for m in call if (m.direction, m.method, m.status) == ("received", "INVITE", None)), None
    )
    if invite is None:
        return None
    dialled = _DIALLED.search(invite.start_line)
    answered = [m.at for m in call if (m.direction, m.method, m.status) == ("sent", "INVITE", 200)]
    ended = [m.at for m in call if m.method in {"BYE", "CANCEL"} and m.status is None]
    ended += [at for at in deaths if at > invite.at]
    end = min(ended, default=float("inf"))
    sounds = [
        each
        for each in by_port.get(invite.media_port or 0, [])
        if answered and answered[0] <= each.at <= end + _LATE_SECONDS
    ]
    return Ring(
        number=dialled[1] if dialled else invite.start_line,
        rung_at=invite.at,
        answered_at=answered[0] if answered else None,
        ended_at=min(ended, default=None),
        heard=_first_heard(sounds),
    )


def _first_heard(sounds: Sequence[Heard]) -> dict[str, float]:
    """When each began; of a voice nothing counts that was let through before the greeting."""
    greeted_at = min((each.at for each in sounds if each.name == GREETING), default=0.0)
    return {
        each.name: each.at
        for each in reversed(sounds)
        if not each.name.startswith("voice of ") or each.at >= greeted_at
    }
