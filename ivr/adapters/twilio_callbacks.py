"""Callbacks through Twilio: one order an attempt, sent once; what became of it by our own book, else by asking Twilio.

Ordering waits for Twilio on threads of its own: the floor gives an order and goes on. What is not certain is looked up
in Twilio's list before anything is ordered again, and its fence closed first: no order carried out late rings anybody.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from ivr.adapters.twilio_addresses import PATIENCE
from ivr.adapters.twilio_orders import (
    CallRefused,
    CallsOverRest,
    LegSeen,
    NewCall,
    NobodyThere,
    OutcomeUnknown,
    Pace,
    TooFast,
)
from ivr.adapters.twilio_words import FIRST_LEG_OVER, RUNNING
from ivr.policy.callback_events import AttemptResult, SwitchSays
from ivr.policy.phone import PhoneError, parse_phone
from ivr.service.callback_ports import AnnounceOrder, AttemptName, AttemptSeen, Placed, PlaceOrder
from ivr.service.placed_call_ports import PlacedCall, PlacedCalls
from ivr.service.ports import BookUnavailable, Clock

AT_ONCE: Final = 8  # orders on their way at the same time
LEAST_RING_SECONDS: Final = 5
RING_ADDED_SECONDS: Final = 5  # by Twilio itself, to whatever we ask for
WAIT_AT_MOST_SECONDS: Final = 10.0  # so long an agent is kept for an order that must not leave yet
ORDERED_AT_MOST: Final = 3
UNDER_WAY_SECONDS: Final = 6.0  # our own order may still be on its way
LOOK_AGAIN_SECONDS: Final = 10.0
NOT_LISTED_SECONDS: Final = (
    15.0  # what Twilio does not list by then it does not have, as far as anybody can tell
)
CLOCKS_DIFFER: Final = timedelta(seconds=10)

log = logging.getLogger(__name__)


class TwilioCallbacks:
    """CallbackSwitch over Twilio's REST. `rest` is made when it is first needed; `shown` is the number customers see.

    `run` carries a piece of work out beside us, `wait` passes the time there.
    """

    def __init__(
        self,
        rest: Callable[[], CallsOverRest],
        placed: PlacedCalls,
        clock: Clock,
        *,
        public_base_url: str,
        shown: str,
        calls_a_second: float,
        run: Callable[[Callable[[], None]], object] | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rest, self._placed, self._clock = rest, placed, clock
        self._base, self._shown = f"{public_base_url}/twilio/callbacks", shown
        self._pace = Pace(clock, calls_a_second)
        self._run = run or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="twilio-calls").submit
        self._wait = wait
        self._looked: dict[str, datetime] = {}

    def leads(self) -> bool:
        """Whether an order given now would leave at once."""
        return self._pace.waits_seconds < 1.0

    # ---- ordering ----------------------------------------------------------------------------------------------

    def place(self, order: PlaceOrder) -> Placed:
        """Written down here, ordered beside us; never more than once a name."""
        try:
            rung = _dialled(order.phone)
        except PhoneError as error:
            log.warning("callback attempt %s not placed: %s", order.name, type(error).__name__)
            return Placed.REFUSED
        call = PlacedCall(
            name=order.name,
            rung=rung,
            customer=order.number,
            customer_seconds=order.customer_ring_seconds,
            prompts=order.whisper,
            not_after_at=order.not_after_at,
            ordered_at=self._clock.now(),
        )
        return self._written(call, order.agent_ring_seconds)

    def announce(self, order: AnnounceOrder) -> Placed:
        """The same to the customer himself, with nobody on our side."""
        call = PlacedCall(
            name=order.name,
            rung=order.number,
            customer=order.number,
            customer_seconds=order.customer_ring_seconds,
            prompts=order.prompts,
            not_after_at=order.not_after_at,
            ordered_at=self._clock.now(),
        )
        return self._written(call, order.customer_ring_seconds)

    def _written(self, call: PlacedCall, ring_seconds: float) -> Placed:
        try:
            if not self._placed.order(call):
                return Placed.REFUSED
        except BookUnavailable:
            return Placed.REFUSED  # the row may stand there all the same; without an order it rings nobody
        self._run(lambda: self._order_safely(call, ring_seconds))
        return Placed.UNKNOWN

    def _order_safely(self, call: PlacedCall, ring_seconds: float) -> None:
        try:
            self._order(call, ring_seconds)
        except BookUnavailable:
            log.warning("callback attempt %s: its end was not written; the sweep asks Twilio", call.name)
        except Exception:
            log.exception("callback attempt %s stumbled; the sweep asks Twilio", call.name)

    def _order(self, call: PlacedCall, ring_seconds: float) -> None:
        new = NewCall(
            rung=call.rung,
            shown=self._shown,
            url=f"{self._base}/picked-up/{call.name}{PATIENCE}",
            status_url=f"{self._base}/status/{call.name}#rc=5&rp=all",
            ring_seconds=max(LEAST_RING_SECONDS, round(ring_seconds) - RING_ADDED_SECONDS),
        )
        attempts = (self._left_us(call, new) for _ in range(ORDERED_AT_MOST))
        left = next((known for known in attempts if known is not None), False)
        if not left:
            self._placed.end(call.name, AttemptResult.NOT_PLACED, self._clock.now())

    def _left_us(self, call: PlacedCall, new: NewCall) -> bool | None:
        """False where for certain nothing will happen; None where it was too fast: that alone is worth another word."""
        seconds = self._pace.take()
        if seconds > WAIT_AT_MOST_SECONDS:
            return False
        self._wait(seconds)
        if not self._may_leave(call):
            return False
        try:
            sid = self._rest().create(new)
        except TooFast as error:
            self._pace.back_off(error.seconds)
            log.warning("callback attempt %s: Twilio wants %g s of rest", call.name, error.seconds)
            return None
        except CallRefused as error:
            if isinstance(error, NobodyThere):
                self._pace.stumbled()
            log.warning("callback attempt %s not placed: %s", call.name, error)
            return False
        except OutcomeUnknown as error:
            self._pace.stumbled()
            log.warning("callback attempt %s: nobody knows whether Twilio has it (%s)", call.name, error)
            return True
        self._pace.went_well()
        self._placed.taken_as(call.name, sid)
        return True

    def _may_leave(self, call: PlacedCall) -> bool:
        now = self._placed.find(call.name)
        late = self._clock.now() + timedelta(seconds=LEAST_RING_SECONDS) >= call.not_after_at
        return now is not None and not now.stopped and now.result is None and not late

    # ---- what became of it -------------------------------------------------------------------------------------

    def attempt(self, name: AttemptName) -> AttemptSeen:
        """By our book; where that says nothing, by Twilio, every ten seconds."""
        try:
            call = self._placed.find(name)
            if call is None:
                return AttemptSeen(says=SwitchSays.NEVER_SEEN)
            if call.result is None and not self._known(call):
                return AttemptSeen(says=SwitchSays.UNKNOWN, served_at=call.spoke_at)
            call = self._placed.find(name) or call
        except BookUnavailable:
            return AttemptSeen(says=SwitchSays.UNKNOWN)
        if call.result is not None:
            self._looked.pop(str(name), None)
            self._looked.pop(f"stop {name}", None)
        return AttemptSeen(
            says=SwitchSays.SEEN, result=call.result, served_at=call.spoke_at, ended_at=call.ended_at
        )

    def _known(self, call: PlacedCall) -> bool:
        """Whether Twilio has it, as far as it can be asked; its end is written down where it has come."""
        now, key = self._clock.now(), str(call.name)
        looked_at = self._looked.get(key, call.ordered_at + timedelta(seconds=UNDER_WAY_SECONDS))
        if now < looked_at:
            return call.sid is not None
        self._looked[key] = now + timedelta(seconds=LOOK_AGAIN_SECONDS)
        try:
            return self._look(call, now)
        except (CallRefused, TooFast, OutcomeUnknown) as error:
            log.info("callback attempt %s: Twilio cannot be asked: %s", call.name, error)
            return False

    def _look(self, call: PlacedCall, now: datetime) -> bool:
        leg = self._rest().fetch(call.sid) if call.sid is not None else self._found(call)
        if leg is None:
            return self._nothing_of_it(call, now)
        self._placed.taken_as(call.name, leg.sid)
        if leg.status in FIRST_LEG_OVER:
            self._placed.end(call.name, call.ended_with_its_leg(FIRST_LEG_OVER[leg.status], now), now)
        elif leg.status not in RUNNING:
            log.error(
                "callback attempt %s: Twilio says %.20r, which is no word of ours", call.name, leg.status
            )
        return True

    def _found(self, call: PlacedCall) -> LegSeen | None:
        """The leg made for this order: to his phone, since then, and no other order's. An agent has one at a time."""
        legs = self._rest().placed_to(call.rung, call.ordered_at - CLOCKS_DIFFER)
        until = call.not_after_at + CLOCKS_DIFFER
        inside = (leg for leg in legs if leg.made_at is None or leg.made_at <= until)
        return next((leg for leg in inside if not self._placed.knows(leg.sid)), None)

    def _nothing_of_it(self, call: PlacedCall, now: datetime) -> bool:
        """Twilio was asked in vain more than once: closed, so that it rings no customer whatever becomes of it.

        An agent is not kept for it until its lease ends. Who is told a new time is himself the one that rings: there
        its time has to be over.
        """
        patience = timedelta(seconds=NOT_LISTED_SECONDS)
        over_at = (
            call.not_after_at + CLOCKS_DIFFER if call.name.is_announcement else call.ordered_at + patience
        )
        if now < over_at:
            return False
        return self._placed.end(call.name, AttemptResult.NOT_PLACED, now)

    # ---- stopping ----------------------------------------------------------------------------------------------

    def stop(self, name: AttemptName) -> None:
        """The customer is not rung any more; what rings already is ended, if Twilio can be told."""
        try:
            self._placed.stop(name)
            call = self._placed.find(name)
        except BookUnavailable:
            return
        if call is not None and call.result is None and call.sid is not None and self._is_first_stop(call):
            sid = call.sid
            self._run(lambda: self._complete(name, sid))

    def _is_first_stop(self, call: PlacedCall) -> bool:
        """It is asked for at every sweep."""
        key, now = f"stop {call.name}", self._clock.now()
        if self._looked.get(key, now) > now:
            return False
        self._looked[key] = now + timedelta(seconds=LOOK_AGAIN_SECONDS)
        return True

    def _complete(self, name: AttemptName, sid: str) -> None:
        try:
            self._rest().complete(sid)
        except (CallRefused, TooFast, OutcomeUnknown) as error:
            log.info("callback attempt %s not ended: %s", name, error)


def _dialled(phone: str) -> str:
    """An agent's phone in Twilio's form. Raises PhoneError."""
    parsed = parse_phone(phone)
    if parsed.kind == "tel":
        return parsed.address
    if parsed.kind in {"sip", "client"}:
        return str(parsed)
    raise PhoneError(f"Twilio rings no {parsed.kind}: phone")
