"""Callers at the Twilio door: what each hears is kept, from his first ring to the end of his call."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

from tests.fakes.fake_twilio import CallerLeft, TwilioCall
from tests.fakes.live_agents import Agents
from tests.fakes.live_callers import LiveCallers
from tests.fakes.live_twilio import ERROR, MUSIC, SILENCE, VOICE, LiveCall
from tests.fakes.telephones import RING_TONE
from tests.unplug.timeline import Door, Ending, Heard, Kind, Line, kind_of_prompt, stretches

KINDS: Final = {RING_TONE: Kind.RINGING, MUSIC: Kind.MUSIC, SILENCE: Kind.SILENCE, ERROR: Kind.ERROR}
STAYS_FOR: Final = frozenset({Kind.AGENT, Kind.NOTED, Kind.ERROR})


class TwilioPeople(LiveCallers):
    """`lines` has every caller who is through."""

    def __init__(
        self, public: str, port: int, token: str, agents: Agents, *, patience_seconds: float
    ) -> None:
        super().__init__(public, port, token, agents)
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._left: set[str] = set()
        self.lines: list[Line] = []

    def _looks(self, live: LiveCall, call: TwilioCall) -> None:
        """Whether he has waited long enough; who talks does not leave."""
        over = call.picked_up_at is None or live.ended_at is not None or call.sid in self._left
        if over or kind_of(call.ear.heard[-1][1]) in STAYS_FOR:
            return
        if live.timeline.seconds - (call.picked_up_at or 0.0) >= self._patience_seconds:
            self._left.add(call.sid)
            assert call.process is not None
            call.process.break_in(CallerLeft())

    def _is_through(self, live: LiveCall, call: TwilioCall, dialled_at: float) -> None:
        ended_at = live.ended_at or time.time()
        line = line_of(call, dialled_at, ended_at, left=call.sid in self._left)
        with self._lock:
            self.lines.append(line)


def line_of(call: TwilioCall, dialled_at: float, ended_at: float, *, left: bool) -> Line:
    """What became of him."""
    heard = list(_heard(call.ear.heard, dialled_at, ended_at))
    return Line(
        door=Door.TWILIO,
        number=call.number,
        dialled_at=dialled_at,
        taken_at=dialled_at,
        picked_up_at=None if call.picked_up_at is None else dialled_at + call.picked_up_at,
        ended_at=ended_at,
        ending=_ending({each.kind for each in heard}, left=left),
        stretches=stretches(heard, dialled_at, ended_at),
    )


def kind_of(name: str) -> Kind:
    """What a sound is to a caller."""
    return Kind.AGENT if name.startswith(VOICE) else KINDS.get(name) or kind_of_prompt(name)


def _heard(changes: Sequence[tuple[float, str]], dialled_at: float, ended_at: float) -> Iterator[Heard]:
    """Silence is what lies between."""
    for (at, name), after in itertools.zip_longest(changes, changes[1:]):
        until = ended_at if after is None else dialled_at + after[0]
        if (kind := kind_of(name)) is not Kind.SILENCE:
            yield Heard(kind, dialled_at + at, until)


def _ending(kinds: set[Kind], *, left: bool) -> Ending:
    if Kind.AGENT in kinds:
        return Ending.SERVED
    if Kind.NOTED in kinds:
        return Ending.NOTED
    return Ending.LEFT if left else Ending.CUT
