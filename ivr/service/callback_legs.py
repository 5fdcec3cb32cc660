"""What happens on the legs of a callback that a switch far away placed: each step written before it is acted on.

Every step may be told twice, late, or not at all. The book of placed calls decides; the callback's own book is told
after it, and what it could not take is found by the sweep.
"""

import logging

from ivr.policy.callback_events import AttemptResult
from ivr.service.callback_ports import AttemptName, CallbackNews
from ivr.service.placed_call_ports import PlacedCall, PlacedCalls
from ivr.service.ports import Clock

log = logging.getLogger(__name__)


class CallbackLegs:
    """Every method raises BookUnavailable; then nothing that rings anybody was allowed."""

    def __init__(self, placed: PlacedCalls, news: CallbackNews, clock: Clock) -> None:
        self._placed, self._news, self._clock = placed, news, clock

    def picked_up(self, name: AttemptName, sid: str) -> PlacedCall | None:
        """The first phone was answered; None where nothing may follow: too late, over, or another leg's order."""
        call = self._placed.find(name)
        if call is None or not call.runs_as(sid, self._clock.now()):
            return None
        self._placed.asked(name, sid, self._clock.now())
        return call

    def runs(self, name: AttemptName, sid: str) -> None:
        """The switch tells that it has it."""
        self._placed.taken_as(name, sid)

    def accepted(self, name: AttemptName, sid: str) -> PlacedCall | None:
        """The agent takes it: whom to ring now. The same leg is answered alike again, anybody else gets None."""
        now = self._clock.now()
        if self._placed.dial(name, sid, now):
            return self._placed.find(name)
        call = self._placed.find(name)
        if call is None:
            return None
        if call.dialled_at is None:
            self._end(name, AttemptResult.NOT_PLACED)
            return None
        return call if call.sid == sid and call.result is None and call.served_at is None else None

    def declined(self, name: AttemptName) -> None:
        """Another key, or none."""
        self._end(name, AttemptResult.AGENT_DECLINED)

    def heard(self, name: AttemptName) -> None:
        """He has heard the greeting, and is put through next; or all of what we had to tell him."""
        now = self._clock.now()
        self._placed.serve(name, now)
        if name.is_announcement:
            self._end(name, AttemptResult.REACHED)
        else:
            self._news.served(name, now)

    def customer_left(
        self, name: AttemptName, result: AttemptResult | None, *, bridged: bool | None, agent_left: bool
    ) -> bool:
        """His leg is over, `result` None where it was answered; True where the agent may still say it was a machine.

        `bridged` None: the switch does not say whether he was put through. Who has heard
        the greeting to its end and was not has not left: the last document did not reach him.
        """
        call = self._placed.find(name)
        if call is None or call.result is not None:
            return False
        if result is None and (call.served_at is not None if bridged is None else bridged):
            self._placed.serve(name, self._clock.now())  # where the moment itself was lost
            if agent_left:
                self._end(name, AttemptResult.REACHED)
            return not agent_left
        ours = agent_left or (result is None and call.served_at is not None)
        if ours and result is not AttemptResult.BUSY:
            result = AttemptResult.INTERRUPTED
        self._end(name, result or AttemptResult.NO_ANSWER)  # he left during the greeting
        return False

    def machine(self, name: AttemptName, *, it_was: bool) -> None:
        """What the agent says of the voice that answered."""
        self._end(name, AttemptResult.VOICEMAIL if it_was else AttemptResult.REACHED)

    def over(self, name: AttemptName, sid: str, result: AttemptResult | None) -> None:
        """The first leg is over, by itself with that result; None: it had been picked up."""
        call = self._placed.find(name)
        if call is None or call.sid not in {None, sid}:
            return
        self._placed.taken_as(name, sid)
        self._end(name, call.ended_with_its_leg(result, self._clock.now()))

    def _end(self, name: AttemptName, result: AttemptResult) -> None:
        self._placed.end(name, result, self._clock.now())
        call = self._placed.find(name)
        if call is None or call.result is None or call.ended_at is None:
            return
        if name.is_announcement:
            self._news.told(name, call.result is AttemptResult.REACHED, call.ended_at)
        else:
            self._news.ended(name, call.result, call.spoke_at, call.ended_at)
