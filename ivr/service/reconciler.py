"""The last rung: the switch's own log of calls is held against the book, and what is missing there is opened.

Whatever failed before (server, database, spool), a caller the switch has seen is in the table exactly once.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ivr.policy.call import Phase
from ivr.policy.events import CallerGreeted, Event, HungUp
from ivr.policy.phone_number import caller_identity
from ivr.policy.rules import Rules
from ivr.service.ports import BookUnavailable, Clock, Contact
from ivr.service.switchboard import Switchboard

LOOK_SECONDS = 5.0
SETTLED_SECONDS = 5.0  # by then the call's own bursts and its spool lines have had their turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoggedCall:
    """One call as the switch logged it; `answered_at` is when its line was picked up, by whomever.

    Without `opens` it may have been no call of the hotline's: where the book has it, it is ended there.
    """

    door: str = "asterisk"
    ref: str
    hotline: str
    caller: str
    presented_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    opens: bool = True


class CallLog(Protocol):
    """The switch's log of ended calls."""

    def unread(self) -> Iterable[LoggedCall]:
        """Calls logged since the last `read_up_to`, oldest first, one entry a call."""

    def read_up_to(self, call: LoggedCall) -> None:
        """This call and everything before it need not be read again."""


class Reconciler:
    """Opens what the book misses."""

    def __init__(self, calls: CallLog, switchboard: Switchboard, clock: Clock, rules: Rules) -> None:
        self._calls = calls
        self._switchboard = switchboard
        self._clock = clock
        self._rules = rules

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; with the database away it looks again."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except (BookUnavailable, OSError) as error:
                log.warning("the switch's call log waits: %s", error)
            except Exception:
                log.exception("the call log stumbled; it goes on")

    def turn(self) -> int:
        """How many calls were opened or ended for having been missed."""
        mended = 0
        before = self._clock.now() - timedelta(seconds=SETTLED_SECONDS)
        for call in self._calls.unread():
            if call.ended_at > before:
                break
            mended += self._mend(call)
            self._calls.read_up_to(call)
        return mended

    def _mend(self, call: LoggedCall) -> bool:
        contact = Contact(
            door=call.door,
            ref=call.ref,
            hotline=call.hotline,
            caller=caller_identity(call.caller, self._rules.area_code),
            presented_at=call.presented_at,
        )
        phase = self._switchboard.phase(contact)
        if phase is Phase.ENDED or (phase is None and not call.opens):
            return False
        log.warning("call %s: ended at the switch, not in the book; mended", call.ref)
        self._switchboard.handle(contact, "call-log", _events(call))
        return True


def _events(call: LoggedCall) -> tuple[Event, ...]:
    """That it was picked up says that it was greeted; nobody's stamp says that it was served (R68)."""
    greeted = () if call.answered_at is None else (CallerGreeted(at=call.answered_at),)
    return (*greeted, HungUp(at=call.ended_at))
