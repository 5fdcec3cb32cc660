"""Twilio's own list of calls, as far as they came in and are over: what our webhooks never heard of stands there.

Asked for once a minute, the latest calls alone. An account may have other numbers: calls of a number that is not known
to be ours are ended here where the book has them, and never opened.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from ivr.adapters.twilio_orders import CallRefused, OutcomeUnknown, TooFast
from ivr.policy.one_line import one_line
from ivr.service.ports import Clock
from ivr.service.reconciler import LoggedCall

EVERY: Final = timedelta(seconds=60)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CallSeen:
    """A call that came in, as Twilio lists it, in whole seconds; `ended_at` None while it runs.

    `lasted_seconds` counts from the pickup, None where it was never picked up.
    """

    sid: str
    called: str
    caller: str
    made_at: datetime
    ended_at: datetime | None
    lasted_seconds: int | None


class CallsThatCameIn(Protocol):
    """Raises CallRefused, TooFast or OutcomeUnknown, within seconds."""

    def came_in(self) -> tuple[CallSeen, ...]: ...


class TwilioLog:
    """CallLog over one account. `rest` is made when it is first needed; `ours` are numbers of the hotline's."""

    def __init__(self, rest: Callable[[], CallsThatCameIn], clock: Clock, ours: Collection[str]) -> None:
        self._rest, self._clock, self._ours = rest, clock, frozenset(ours)
        self._asked_at: datetime | None = None
        self._read: set[str] = set()

    def unread(self) -> tuple[LoggedCall, ...]:
        """Of the latest calls those that are over; none where Twilio does not say."""
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < EVERY:
            return ()
        self._asked_at = now
        try:
            seen = self._rest().came_in()
        except (CallRefused, TooFast, OutcomeUnknown) as error:
            log.info("Twilio's list of calls is looked at again later: %s", error)
            return ()
        self._read &= {call.sid for call in seen}
        logged = [self._logged(call, call.ended_at) for call in seen if call.ended_at is not None]
        unread = [call for call in logged if call.ref not in self._read]
        return tuple(sorted(unread, key=lambda call: call.ended_at))

    def read_up_to(self, call: LoggedCall) -> None:
        """Remembered while this process lives: reading a call twice changes nothing."""
        self._read.add(call.ref)

    def _logged(self, call: CallSeen, ended_at: datetime) -> LoggedCall:
        """Its pickup is known to the second; said rather late than early."""
        lasted = None if call.lasted_seconds is None else timedelta(seconds=call.lasted_seconds - 1)
        return LoggedCall(
            door="twilio",
            ref=call.sid,
            hotline=one_line(call.called, 64),
            caller=one_line(call.caller, 80),
            presented_at=call.made_at,
            answered_at=None if lasted is None else min(ended_at - lasted, ended_at),
            ended_at=ended_at,
            opens=call.called in self._ours,
        )
