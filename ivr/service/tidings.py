"""What one transaction means for open pages: kept until its commit, then told; of one undone nothing is heard."""

from collections.abc import Iterable

from ivr.policy.call import IN_LINE, Call, Phase, Step
from ivr.policy.commands import (
    AlertManager,
    Command,
    CountMiss,
    Knock,
    LeaveCallback,
    ListForRingBack,
    PromiseCallback,
    Release,
    Reserve,
    Ring,
    ServeCallback,
    StartTalk,
    StartWrapUp,
)
from ivr.service.live_ports import EVERYBODY, MANAGERS, LiveKind, LiveNews, News


class Tidings:
    """Of one unit; each thing once, in the order in which it happened."""

    def __init__(self) -> None:
        self._kept: dict[News, None] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def add(
        self, to: str, kind: LiveKind, call_id: int | None = None, callback_id: int | None = None
    ) -> None:
        """One more."""
        self._kept[News(to=to, kind=kind.value, call_id=call_id, callback_id=callback_id)] = None

    def of_call(self, before: Call, step: Step) -> None:
        """What a call's decision means."""
        for news in _of_call(before, step):
            self._kept[news] = None

    def of_freed(self, logins: Iterable[str]) -> None:
        """Agents whom time has brought back."""
        for login in logins:
            self.add(login, LiveKind.STATE)
            self.add(EVERYBODY, LiveKind.LINE)

    def tell(self, news: LiveNews) -> None:
        """After the commit."""
        for each in self._kept:
            news.tell(each.to, each.kind, each.call_id, each.callback_id)


def _of_call(before: Call, step: Step) -> Iterable[News]:
    call = step.call
    yield from _of_ring(before, step)
    for command in step.commands:
        yield from _of_command(command, call.call_id)
    moved = before.agent != call.agent or before.phase is not call.phase
    if moved and (before.agent or call.agent or before.phase in IN_LINE or call.phase in IN_LINE):
        yield News(to=EVERYBODY, kind=LiveKind.LINE)


def _of_ring(before: Call, step: Step) -> Iterable[News]:
    """It begins, it goes on under the greeting, it ends."""
    call = step.call
    was, rings = _rung(before), _rung(call)
    answered = any(isinstance(command, StartTalk) for command in step.commands)
    if was is not None and was != rings and not answered:
        yield News(to=was, kind=LiveKind.RING_OVER, call_id=call.call_id)
    if rings is not None and rings != was:
        yield News(to=rings, kind=LiveKind.RING, call_id=call.call_id)
    elif rings is not None and any(isinstance(command, Ring) for command in step.commands):
        yield News(to=rings, kind=LiveKind.STATE, call_id=call.call_id)


def _rung(call: Call) -> str | None:
    return call.agent if call.phase is Phase.RINGING else None


def _of_command(command: Command, call_id: int) -> Iterable[News]:
    match command:
        case StartTalk(agent=agent):
            yield News(to=agent, kind=LiveKind.TALK, call_id=call_id)
        case Reserve() | Knock() | Release() | CountMiss() | StartWrapUp():
            yield News(to=command.agent, kind=LiveKind.STATE, call_id=call_id)
        case AlertManager():
            yield News(to=MANAGERS, kind=LiveKind.ALERT, call_id=call_id)
        case PromiseCallback() | ListForRingBack() | ServeCallback() | LeaveCallback():
            yield News(to=EVERYBODY, kind=LiveKind.CALLBACKS)
        case _:
            pass
